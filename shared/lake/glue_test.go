package lake_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// glueServer answers the Glue operations that a lake uses as the API reference
// says: JSON 1.1, errors named in __type, UpdateTable only for the VersionId
// that the table has. https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html
type glueServer struct {
	mu        sync.Mutex
	databases map[string]bool
	tables    map[string]map[string]any // as GetTable shows them
	refuse    bool                      // every UpdateTable comes too late
	conflicts int
}

func (g *glueServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		DatabaseName, Name, VersionId string
		DatabaseInput                 struct{ Name string }
		TableInput                    map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var answer any = struct{}{}
	failure := ""
	name, _ := in.TableInput["Name"].(string)
	switch operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSGlue."); operation {
	case "CreateDatabase":
		if g.databases[in.DatabaseInput.Name] {
			failure = "AlreadyExistsException"
		}
		g.databases[in.DatabaseInput.Name] = true
	case "GetDatabase":
		answer = map[string]any{"Database": map[string]any{"Name": in.Name}}
		if !g.databases[in.Name] {
			failure = "EntityNotFoundException"
		}
	case "CreateTable":
		if _, ok := g.tables[in.DatabaseName+"."+name]; ok {
			failure = "AlreadyExistsException"
			break
		}
		g.put(in.DatabaseName, name, in.TableInput, 0)
	case "GetTable":
		found, ok := g.tables[in.DatabaseName+"."+in.Name]
		if !ok {
			failure = "EntityNotFoundException"
		}
		answer = map[string]any{"Table": found}
	case "GetDatabases":
		list := []map[string]any{{"Name": "analytics"}} // of somebody else
		for _, name := range slices.Sorted(maps.Keys(g.databases)) {
			list = append(list, map[string]any{"Name": name})
		}
		answer = map[string]any{"DatabaseList": list}
	case "GetTables":
		list := []map[string]any{{"Name": "a_view"}} // of another kind
		for _, name := range slices.Sorted(maps.Keys(g.tables)) {
			if strings.HasPrefix(name, in.DatabaseName+".") {
				list = append(list, g.tables[name])
			}
		}
		answer = map[string]any{"TableList": list}
	case "UpdateTable":
		version := g.tables[in.DatabaseName+"."+name]["VersionId"].(string)
		if g.refuse || in.VersionId != version {
			failure = "ConcurrentModificationException"
			g.conflicts++
			break
		}
		number, _ := strconv.Atoi(version)
		g.put(in.DatabaseName, name, in.TableInput, number+1)
	default:
		failure = "UnknownOperationException"
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if failure != "" {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"__type": failure, "Message": "no"}
	}
	json.NewEncoder(w).Encode(answer)
}

func (g *glueServer) put(database, name string, input map[string]any, version int) {
	input["DatabaseName"], input["VersionId"] = database, strconv.Itoa(version)
	g.tables[database+"."+name] = input
}

func newGlue(t *testing.T) (place, *glueServer) {
	t.Helper()
	p := newPlace(t)
	glue := &glueServer{databases: make(map[string]bool), tables: make(map[string]map[string]any)}
	server := httptest.NewServer(glue)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_GLUE", server.URL)
	p.config.Catalog, p.config.URI = lake.Glue, ""
	return p, glue
}

func TestGlueCommitsOnceUnderContention(t *testing.T) {
	const runs, committers, rows = 3, 3, 10
	p, glue := newGlue(t)
	l := p.open(t)
	if _, err := l.Rows(t.Context(), people, 1); fault.CodeOf(err) != fault.LakeTableMissing {
		t.Errorf("before there is a table: %v", err)
	}
	var group sync.WaitGroup
	for r := range runs {
		runID := fmt.Sprintf("run_%d", r)
		files := landPeople(t, l, runID, runID, rows)
		for range committers {
			own := p.open(t)
			group.Go(func() {
				snapshot, err := own.Commit(t.Context(), people, runID, ingest.Append, parts(files))
				if err != nil || snapshot == "" {
					t.Errorf("%s: %q, %v", runID, snapshot, err)
				}
			})
		}
	}
	group.Wait()
	for identifier, n := range identifiers(t, l) {
		if n != 1 {
			t.Errorf("%s is there %d times", identifier, n)
		}
	}
	if n := len(identifiers(t, l)); n != runs*rows {
		t.Errorf("%d rows, want %d", n, runs*rows)
	}
	if glue.databases["ws_acme_1"] != true || glue.tables["ws_acme_1.user_profile_imp_01"] == nil {
		t.Errorf("Glue has %v", glue.databases)
	}
}

func TestGlueConflictIsRetryable(t *testing.T) {
	p, glue := newGlue(t)
	l := p.open(t)
	files := landPeople(t, l, "run_1", "a", 1)
	glue.mu.Lock()
	glue.refuse = true
	glue.mu.Unlock()
	_, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(files))
	if fault.CodeOf(err) != fault.LakeConflict || !fault.Retryable(err) {
		t.Errorf("got %v", err)
	}
	if glue.conflicts < 2 {
		t.Errorf("gave up after %d conflicts", glue.conflicts)
	}
}

// All tables of all workspaces are to be found, in either catalog, and nothing of others.
func TestTables(t *testing.T) {
	onGlue, _ := newGlue(t)
	for name, p := range map[string]place{"SQL": newPlace(t), "Glue": onGlue} {
		t.Run(name, func(t *testing.T) {
			l := p.open(t)
			want := []lake.TableRef{}
			for _, id := range []lake.TableID{{Workspace: "acme", Name: "a-1"}, {Workspace: "acme", Name: "b"}, {Workspace: "Other", Name: "a-1"}} {
				if err := l.Ensure(t.Context(), id, peopleColumns, lake.Spread{}); err != nil {
					t.Fatal(err)
				}
				want = append(want, id.Ref())
			}
			got := []lake.TableRef{}
			for ref, err := range l.Tables(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, ref)
				if _, err := l.MaintainTable(t.Context(), ref, gentle); err != nil {
					t.Errorf("%v: %v", ref, err)
				}
			}
			inOrder := cmpopts.SortSlices(func(a, b lake.TableRef) bool { return a.Namespace+a.Table < b.Namespace+b.Table })
			if diff := cmp.Diff(want, got, inOrder); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
