package connection_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/snapshot"
	"github.com/headwaterhq/headwater/shared/source"
)

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		passed bool
		code   fault.Code
	}{
		"all well": {nil, true, ""},
		"refused":  {fault.New(fault.SourcePermission, "no"), false, fault.SourcePermission},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			_, ref := w.created(t)
			w.driver.check = test.err
			passed, err := w.validator().Check(t.Context(), ref)
			if err != nil || passed != test.passed {
				t.Fatalf("Check = %t, %v; want %t", passed, err, test.passed)
			}
			v := w.validation(t, ref)
			if len(v.Checks) != 1 || v.Checks[0].Code != string(test.code) || v.Trigger != "created" || v.Outcome != connection.Running {
				t.Errorf("validation %+v, want a report of one check that says %q", v, test.code)
			}
			cfg := w.driver.opened[0]
			if cfg.Settings["bucket"] != "b" || cfg.Credential.Fields["secret_key"].Reveal() != "canary" ||
				cfg.Connection != ref.ConnectionID || cfg.Workspace != ref.WorkspaceID {
				t.Error("the source was opened with something else")
			}
			if w.driver.closed != 1 {
				t.Errorf("the source was closed %d times, want once", w.driver.closed)
			}
		})
	}
}

func TestCheckBeginsWhatNobodyHas(t *testing.T) {
	w := newWorld()
	c, first := w.created(t)
	ref := connection.Ref{WorkspaceID: "w", ConnectionID: c.ID, ValidationID: id.New(id.Validation)}
	w.clock.now = noon.Add(24 * time.Hour)
	_, err := w.validator().Check(t.Context(), ref)
	ok(t, err)
	v := w.validation(t, ref)
	if v.Trigger != "daily" || !v.Deadline.Equal(w.clock.now.Add(connection.Deadline)) {
		t.Errorf("begun %+v, want a daily one with a deadline from now", v)
	}
	if got := w.connection(t, c.ID).ValidationID; got != ref.ValidationID {
		t.Errorf("the connection points to %s, want the newest", got)
	}
	if v := w.validation(t, first); v.Trigger != "created" || len(v.Checks) > 0 {
		t.Errorf("the first validation became %+v", v)
	}
}

func TestCheckThatComesTooLate(t *testing.T) {
	w := newWorld()
	_, ref := w.created(t)
	_, err := w.settler().Settle(t.Context(), ref, fault.New(fault.ValidationAborted, "aborted"))
	ok(t, err)
	_, err = w.validator().Check(t.Context(), ref)
	fails(t, err, fault.ValidationNotOpen)
	w.driver.pages = [][]schema.Table{tables("a")}
	_, err = w.validator().Discover(t.Context(), ref)
	fails(t, err, fault.ValidationNotOpen)
	if len(w.driver.asked) > 0 {
		t.Error("a discovery went on after the end")
	}
}

func TestCheckWithoutCredential(t *testing.T) {
	w := newWorld()
	_, ref := w.created(t)
	v := w.validator()
	v.Sources = connection.Sources{Registry: source.NewRegistry(w.driver), Credentials: newWorld().secrets}
	_, err := v.Check(t.Context(), ref)
	fails(t, err, fault.CredentialMissing)
}

// discovered returns the names of the tables in the snapshot that a finished discovery points to.
func (w *world) discovered(t *testing.T, ref connection.Ref) []string {
	t.Helper()
	d := w.validation(t, ref).Discovery
	if !d.Done() || !strings.Contains(d.Key, d.Version) || !strings.HasPrefix(d.Key, "schemas/w/"+ref.ConnectionID+"/") {
		t.Fatalf("discovery %+v, want a snapshot kept by its content", d)
	}
	index, err := snapshot.Open(t.Context(), w.objects, d.Key)
	ok(t, err)
	return tableNames(t, index)
}

func TestDiscover(t *testing.T) {
	w := newWorld()
	_, ref := w.created(t)
	w.driver.pages = [][]schema.Table{tables("c", "d"), tables(), tables("a", "b")}
	done, err := w.validator().Discover(t.Context(), ref)
	if err != nil || !done {
		t.Fatalf("Discover = %t, %v", done, err)
	}
	same(t, "tables", []string{"a", "b", "c", "d"}, w.discovered(t, ref))
	if d := w.validation(t, ref).Discovery; d.Pages != 3 || d.Tables != 4 || d.Cursor != "" {
		t.Errorf("discovery %+v, want 3 pages and 4 tables", d)
	}
	done, err = w.validator().Discover(t.Context(), ref)
	if err != nil || !done || len(w.driver.asked) != 3 {
		t.Errorf("Discover again = %t, %v after %d pages; want nothing more to do", done, err, len(w.driver.asked))
	}
}

func TestDiscoverResumes(t *testing.T) {
	w := newWorld()
	_, ref := w.created(t)
	w.driver.pages = [][]schema.Table{tables("a"), tables("b"), tables("c"), tables("d")}
	w.clock.step = 25 * time.Second // so that a call is worth a few pages
	calls := 0
	for done := false; !done; calls++ {
		if calls > 10 {
			t.Fatal("the discovery does not end")
		}
		var err error
		done, err = w.validator().Discover(t.Context(), ref)
		ok(t, err)
	}
	if calls < 2 {
		t.Errorf("%d calls, want it cut by its budget", calls)
	}
	same(t, "pages asked for", []string{"", "1", "2", "3"}, w.driver.asked)
	same(t, "tables", []string{"a", "b", "c", "d"}, w.discovered(t, ref))
}

func TestDiscoverAfterAFailure(t *testing.T) {
	w := newWorld()
	_, ref := w.created(t)
	w.driver.pages = [][]schema.Table{tables("a"), tables("b"), tables("c")}
	w.driver.failPage = map[int]error{2: fault.New(fault.SourcePermission, "no")}
	_, err := w.validator().Discover(t.Context(), ref)
	fails(t, err, fault.SourcePermission)
	done, err := w.validator().Discover(t.Context(), ref)
	if err != nil || !done {
		t.Fatalf("Discover = %t, %v", done, err)
	}
	same(t, "pages asked for", []string{"", "1", "2", "2"}, w.driver.asked)
	same(t, "tables", []string{"a", "b", "c"}, w.discovered(t, ref))
}

// Two workers of one validation, as after a time-out whose worker lives on: what one has kept, the other goes on from.
func TestDiscoverBesideAnotherWorker(t *testing.T) {
	w := newWorld()
	_, ref := w.created(t)
	w.driver.pages = [][]schema.Table{tables("a"), tables("b"), tables("c")}
	once := false
	w.driver.onPage = func(page int) {
		if page != 1 || once {
			return
		}
		once = true
		done, err := w.validator().Discover(t.Context(), ref) // the other one does the rest
		if err != nil || !done {
			t.Errorf("the other worker's Discover = %t, %v", done, err)
		}
	}
	done, err := w.validator().Discover(t.Context(), ref)
	if err != nil || !done {
		t.Fatalf("Discover = %t, %v", done, err)
	}
	same(t, "pages asked for", []string{"", "1", "1", "2"}, w.driver.asked)
	same(t, "tables", []string{"a", "b", "c"}, w.discovered(t, ref))
}

func TestDiscoverOfATableTwiceIsRefused(t *testing.T) {
	w := newWorld()
	_, ref := w.created(t)
	w.driver.pages = [][]schema.Table{tables("a", "b"), tables("b")}
	_, err := w.validator().Discover(t.Context(), ref)
	fails(t, err, fault.SourceChanged)
	if d := w.validation(t, ref).Discovery; d.Done() {
		t.Errorf("discovery %+v, want it not done", d)
	}
}

func TestDiscoverOfSameSourceIsSameSnapshot(t *testing.T) {
	w := newWorld()
	c, first := w.created(t)
	w.driver.pages = [][]schema.Table{tables("a"), tables("b")}
	_, err := w.validator().Discover(t.Context(), first)
	ok(t, err)
	second := connection.Ref{WorkspaceID: "w", ConnectionID: c.ID, ValidationID: id.New(id.Validation)}
	_, err = w.validator().Check(t.Context(), second)
	ok(t, err)
	w.driver.pages = [][]schema.Table{tables("a", "b")} // in other pages
	_, err = w.validator().Discover(t.Context(), second)
	ok(t, err)
	if a, b := w.validation(t, first).Discovery.Version, w.validation(t, second).Discovery.Version; a != b {
		t.Errorf("versions %s and %s of an unchanged source", a, b)
	}
}

func TestWholeValidation(t *testing.T) {
	w := newWorld()
	c, ref := w.created(t)
	w.driver.pages = [][]schema.Table{tables("orders")}
	passed, err := w.validator().Check(t.Context(), ref)
	if err != nil || !passed {
		t.Fatalf("Check = %t, %v", passed, err)
	}
	_, err = w.validator().Discover(t.Context(), ref)
	ok(t, err)
	_, err = w.settler().Settle(t.Context(), ref, nil)
	ok(t, err)
	got, index, err := w.service().Schema(t.Context(), "w", c.ID)
	ok(t, err)
	same(t, "tables", []string{"orders"}, tableNames(t, index))
	if got.Status != connection.Active || !got.SchemaRefreshed.Equal(noon) {
		t.Errorf("connection %+v, want it active", got)
	}
	_, table, err := w.service().Table(t.Context(), "w", c.ID, "orders")
	if ok(t, err); len(table.Columns) != 1 {
		t.Errorf("table %+v, want its column", table)
	}
	_, _, err = w.service().Table(t.Context(), "w", c.ID, "order")
	fails(t, err, fault.TableNotFound)
	last, err := w.service().LastValidation(t.Context(), got)
	if err != nil || last.Outcome != connection.Passed {
		t.Errorf("last validation %s, %v", last.Outcome, err)
	}

	roster := connection.Roster{Store: w.store, Objects: w.objects}
	key, count, err := roster.Write(t.Context(), "upk_1")
	if err != nil || key != "upkeep/upk_1.jsonl" || count != 1 {
		t.Fatalf("Write = %s, %d, %v", key, count, err)
	}
	body, err := w.objects.Get(t.Context(), key)
	ok(t, err)
	var line connection.Ref
	ok(t, json.Unmarshal(body, &line))
	if line.WorkspaceID != "w" || line.ConnectionID != c.ID || !id.Is(id.Validation, line.ValidationID) || line.ValidationID == ref.ValidationID {
		t.Errorf("line %+v, want the connection with a validation to begin", line)
	}
}
