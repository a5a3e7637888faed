package lake_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// An import may change its mode: what a merge leaves behind must not touch what comes later.
func TestMergeBesideTheOtherModes(t *testing.T) {
	l := newPlace(t).open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	const merge ingest.Mode = "merge"
	steps := []struct {
		mode ingest.Mode
		rows []change
		want []string
	}{
		{merge, []change{{Identifier: "a"}, {Identifier: "b"}, {Identifier: "b"}}, []string{"a", "b"}},
		{merge, nil, []string{"a", "b"}},
		{merge, []change{{Identifier: "b", Gone: true}, {Identifier: "c"}}, []string{"a", "c"}},
		{ingest.Append, []change{{Identifier: "b"}}, []string{"a", "b", "c"}},
		{ingest.FullRefresh, []change{{Identifier: "a"}, {Identifier: "b"}}, []string{"a", "b"}},
		{merge, []change{{Identifier: "a", Gone: true}, {Identifier: "b", Gone: true}}, nil},
		{merge, []change{{Identifier: "b", Visits: 2}}, []string{"b"}},
		{ingest.FullRefresh, nil, nil},
	}
	for i, step := range steps {
		runID := fmt.Sprintf("run_%d", i)
		landed := landChanges(t, l, id, runID, step.rows)
		var err error
		if step.mode == merge {
			_, err = l.Merge(t.Context(), id, runID, withDeletes, landed)
		} else {
			_, err = l.Commit(t.Context(), id, runID, step.mode, landed)
		}
		if err != nil {
			t.Fatalf("%s: %v", runID, err)
		}
		want := make(map[string]bool)
		for _, key := range step.want {
			want[key] = true
		}
		got := make(map[string]bool)
		for key := range rowsOf(t, l, id) {
			got[key] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", runID, diff)
		}
	}
}

// Merges that race, each called by several: every run comes in once, one after
// the other, so that each key is there once.
func TestMergesUnderContention(t *testing.T) {
	const runs, committers, keys = 4, 2, 20
	p := newPlace(t)
	l := p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	var group sync.WaitGroup
	snapshots := make([][committers]string, runs)
	for r := range runs {
		runID := fmt.Sprintf("run_%d", r)
		rows := []change{{Identifier: runID}}
		for k := range keys {
			rows = append(rows, change{Identifier: fmt.Sprint(k), Visits: int64(r)})
		}
		landed := landChanges(t, l, id, runID, rows)
		for c := range committers {
			own := p.open(t)
			group.Go(func() {
				for {
					snapshot, err := own.Merge(t.Context(), id, runID, byIdentifier, landed)
					if fault.Retryable(err) {
						continue // as the state machine does
					}
					if err != nil {
						t.Errorf("%s: %v", runID, err)
					}
					snapshots[r][c] = snapshot
					return
				}
			})
		}
	}
	group.Wait()
	for r, each := range snapshots {
		if each[0] == "" || each[0] != each[1] {
			t.Errorf("run_%d has the snapshots %v, want one", r, each)
		}
	}
	seen := rowsOf(t, l, id) // refuses a key that is there twice
	if len(seen) != runs+keys {
		t.Errorf("%d rows, want %d", len(seen), runs+keys)
	}
}

// Limits and filters count the rows that are there, also while deletes are pending.
func TestLookupWhileDeletesArePending(t *testing.T) {
	l := newPlace(t).open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	merged(t, l, id, 4)
	gone := landChanges(t, l, id, "run_gone", []change{{Identifier: "run_1", Gone: true}})
	if _, err := l.Merge(t.Context(), id, "run_gone", withDeletes, gone); err != nil {
		t.Fatal(err)
	}
	for identifier, want := range map[string]int{"same": 1, "run_0": 1, "run_1": 0, "nobody": 0} {
		rows, err := l.Lookup(t.Context(), id, "identifier", identifier, 10)
		if err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, %v; want %d", identifier, len(rows), err, want)
		}
	}
	const all = 4
	for limit := range all + 2 {
		rows, err := l.Rows(t.Context(), id, limit)
		if want := min(limit, all); err != nil || len(rows) != want {
			t.Errorf("limit %d: %d rows, %v; want %d", limit, len(rows), err, want)
		}
	}
}
