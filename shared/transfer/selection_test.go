package transfer_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/memsource"
)

// platform is memsource that also takes queries and limits: the one query that
// it knows is all of the table. It can be one that applies no filter, or reads as of a moment.
type platform struct {
	*memsource.Driver
	w *world
}

func (w *world) platform() source.Driver { return platform{w.driver, w} }

const allPeople = "SELECT * FROM people"

func (p platform) Spec() source.Spec {
	spec := p.Driver.Spec()
	if p.w.unfiltered {
		spec.Capabilities = nil
	}
	spec.Capabilities = append(spec.Capabilities, source.Queries, source.CostEstimate)
	return spec
}

func (p platform) Open(ctx context.Context, cfg source.Config) (source.Session, error) {
	opened, err := p.Driver.Open(ctx, cfg)
	return planning{opened, p.w}, err
}

type planning struct {
	source.Session
	w *world
}

func (s planning) Plan(ctx context.Context, req source.PlanRequest) (source.Plan, error) {
	s.w.mu.Lock()
	s.w.asked = append(s.w.asked, req)
	s.w.mu.Unlock()
	if req.Query != "" {
		if req.Query != allPeople {
			return source.Plan{}, fault.New(fault.SourceInvalidQuery, "there is no such query")
		}
		req.Table.Name = tableName
	}
	if s.w.unfiltered && len(req.Filter) > 0 {
		return source.Plan{}, fault.New(fault.SourceUnsupported, "the platform filters no rows")
	}
	made, err := s.Session.Plan(ctx, req)
	if s.w.momentary {
		made.AsOf = s.w.time()
	}
	return made, err
}

// Count counts as the driver does, or as the test says.
func (s planning) Count(ctx context.Context, req source.CountRequest) (source.Tally, error) {
	if s.w.count != nil {
		return s.w.count()
	}
	return s.Session.(source.Counter).Count(ctx, req)
}

func TestTheSourceLearnsWhatIsWanted(t *testing.T) {
	filter := source.Filter{{Column: "age", Op: source.GreaterOrEqual, Values: []string{"80"}}}
	w := newWorld(t, ingest.Append, people, func(n *ingest.NewImport) { n.Filter, n.MaximumBytes = filter, 1<<30 })
	r := w.whole(t)
	if r.Status != ingest.Succeeded {
		t.Fatalf("the run ended as %+v", r)
	}
	got := w.asked[0]
	want := source.PlanRequest{
		Table: got.Table, Columns: []string{"id", "age"}, Filter: filter, TargetBytes: 100 * rowsPerSplit, MaximumBytes: 1 << 30,
		Labels: map[string]string{"headwater_workspace": workspace, "headwater_import": w.imp.ID, "headwater_run": r.ID},
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Table.Name != tableName || len(got.Table.Columns) != 2 {
		t.Errorf("the plan's request (-want +got):\n%s", diff)
	}
	w.wantRows(t, 20, 1) // of each ninety the ten from 80 on; nobody without an identifier is as old
}

func TestAFilterThatNoLongerFits(t *testing.T) {
	filter := source.Filter{{Column: "age", Op: source.Equal, Values: []string{"7"}}}
	w := newWorld(t, ingest.Append, people, func(n *ingest.NewImport) { n.Filter = filter })
	table := peopleTable()
	table.Columns[1].Type = schema.Date
	w.driver.Datasets = map[string][]memsource.Table{"crm": {{Table: table, Rows: `[{"id":"a","age":"2026-01-01"}]`}}}
	_, err := w.planner().Plan(t.Context(), w.begin(t))
	if !errors.Is(err, &fault.Error{Code: fault.RunSchemaGate}) {
		t.Errorf("error %v, want %s", err, fault.RunSchemaGate)
	}
}

func TestAQueryIsImported(t *testing.T) {
	query := func(n *ingest.NewImport) { n.Table, n.Query = "", allPeople }
	w := newWorld(t, ingest.FullRefresh, people, query)
	if w.imp.Mapping[1].Type != "" {
		t.Errorf("mapping %+v of columns that nobody knows yet", w.imp.Mapping)
	}
	if r := w.whole(t); r.Status != ingest.Succeeded || r.Counts.RowsWritten != people || r.SchemaVersion == "" {
		t.Errorf("the run ended as %+v", r)
	}
	if got := w.asked[0]; got.Query != allPeople || got.Table.Name != "" {
		t.Errorf("asked for %q and table %q", got.Query, got.Table.Name)
	}
	w.wantRows(t, people, 1)
}

func TestAQueryThatDoesNotFit(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*ingest.NewImport)
		code   fault.Code
	}{
		"unknown to the platform": {func(n *ingest.NewImport) { n.Query = "SELECT 1" }, fault.SourceInvalidQuery},
		"another column in its filter": {
			func(n *ingest.NewImport) { n.Filter = source.Filter{{Column: "shoe", Op: source.NotNull}} }, fault.RunSchemaGate,
		},
		"another type": {
			func(n *ingest.NewImport) { n.Mapping[1].Type = schema.Date }, fault.RunSchemaGate,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ingest.Append, people, func(n *ingest.NewImport) { n.Table, n.Query = "", allPeople }, test.change)
			_, err := w.planner().Plan(t.Context(), w.begin(t))
			if !errors.Is(err, &fault.Error{Code: test.code}) {
				t.Errorf("error %v, want %s", err, test.code)
			}
		})
	}
}

// A filter leaves the same rows out wherever it is applied, and they are counted where it is here.
func TestAFilterIsTheSameHereAndThere(t *testing.T) {
	filter := source.Filter{
		{Column: "age", Op: source.GreaterOrEqual, Values: []string{"80"}, OrNull: true},
		{Column: "id", Op: source.NotEqual, Values: []string{"u0085"}},
	}
	for _, here := range []bool{false, true} {
		w := newWorld(t, ingest.Append, people, func(n *ingest.NewImport) { n.Filter = filter })
		w.unfiltered = here
		if here {
			w.imp.Mapping = w.imp.Mapping[:1] // the filter's column is read although nothing else needs it
			if _, err := w.store.UpdateImport(t.Context(), w.imp); err != nil {
				t.Fatal(err)
			}
		}
		r := w.run1(t, "the run", w.begin(t))
		w.wantRows(t, 19, 1)
		if here && (r.Counts.RowsRead != people+1 || r.Counts.RowsFiltered != people+1-19) {
			t.Errorf("counts %+v, want every row read, and all but 19 filtered", r.Counts)
		}
		if r.Proved == nil || r.Proved.Verdict != ingest.Complete {
			t.Errorf("proved %+v", r.Proved)
		}
		if pushed := w.asked[0].Filter; (len(pushed) == 0) != here {
			t.Errorf("the source was asked to filter by %v", pushed)
		}
	}
}

// A query's result is filtered where nobody else can, by columns that nothing else needs.
func TestAQueryIsFiltered(t *testing.T) {
	w := newWorld(t, ingest.Append, people, func(n *ingest.NewImport) {
		n.Table, n.Query, n.Mapping = "", allPeople, n.Mapping[:1]
		n.Filter = source.Filter{{Column: "age", Op: source.GreaterOrEqual, Values: []string{"80"}}}
	})
	if r := w.run1(t, "the run", w.begin(t)); r.Counts.RowsFiltered != people+1-20 {
		t.Errorf("counts %+v", r.Counts)
	}
	w.wantRows(t, 20, 1)
}

func TestHashesUseTheWorkspacesKey(t *testing.T) {
	w := newWorld(t, ingest.Append, 1, func(n *ingest.NewImport) { n.Mapping[0].Transforms = []ingest.Transform{ingest.HMACSHA256} })
	w.whole(t)
	keys, err := workspaceKeys{}.WorkspaceKeys(t.Context(), workspace)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, keys.HMAC)
	mac.Write([]byte("u0000"))
	rows, err := w.lake.Rows(t.Context(), lake.TableOf(w.imp), 2)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got, _ := rows[0].Value("identifier"); got != hex.EncodeToString(mac.Sum(nil)) {
		t.Errorf("the identifier is %v", got)
	}
}
