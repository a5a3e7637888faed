package lake_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

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

// A merge of all rows replaces the keys that the run has by all of its rows, as often as they are there, and no others.
func TestMergeOfAllRowsOfAKey(t *testing.T) {
	whole := lake.Merge{Key: []string{"identifier", "at"}, All: true}
	for name, spread := range map[string]lake.Spread{"in one piece": {}, "in buckets": inBuckets, "by day": byDay} {
		for _, memory := range []int64{0, 2} { // the rows of a run fit, or go through temporary files
			t.Run(fmt.Sprintf("%s, %d rows in memory", name, memory), func(t *testing.T) {
				p := newPlace(t)
				p.config.MergeRows = memory
				l := p.open(t)
				id := lake.TableID{Workspace: "acme-1", Name: "changes"}
				a, b := change{Identifier: "a", At: 1, Visits: 2}, change{Identifier: "b", At: 1, Visits: 4}
				later, other := change{Identifier: "a", At: 2, Visits: 6}, change{Identifier: "c", At: 2, Visits: 8}
				steps := []struct {
					rows []change
					want map[change]int
					keep bool // what the table has
				}{
					{rows: []change{a, a, b}, want: map[change]int{a: 2, b: 1}},
					{rows: []change{a, a, a, later}, want: map[change]int{a: 3, b: 1, later: 1}},
					{rows: []change{b, b}, want: map[change]int{a: 3, b: 2, later: 1}},
					{rows: nil, want: map[change]int{a: 3, b: 2, later: 1}},
					{rows: []change{a}, want: map[change]int{a: 1, b: 2, later: 1}},
					{rows: []change{a, a, other, b, other}, want: map[change]int{a: 1, b: 2, later: 1, other: 2}, keep: true},
					{rows: []change{a, other}, want: map[change]int{a: 1, b: 2, later: 1, other: 2}, keep: true},
					{rows: []change{a, a}, want: map[change]int{a: 2, b: 2, later: 1, other: 2}},
				}
				for i, step := range steps {
					runID := fmt.Sprintf("run_%d", i)
					by := whole
					by.KeepEqual = step.keep
					landed := landSpread(t, l, id, spread, runID, step.rows)
					for range 2 {
						if _, err := l.Merge(t.Context(), id, runID, by, landed); err != nil {
							t.Fatal(err)
						}
					}
					rows, err := l.Rows(t.Context(), id, 100)
					if err != nil {
						t.Fatal(err)
					}
					got := make(map[change]int)
					for _, row := range rows {
						got[changeOf(row)]++
					}
					if diff := cmp.Diff(step.want, got); diff != "" {
						t.Fatalf("%s (-want +got):\n%s", runID, diff)
					}
				}
			})
		}
	}
}

// Snapshots tell which run made which version, and how many rows.
func TestSnapshots(t *testing.T) {
	l := newPlace(t).open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	want := []lake.Snapshot{
		{RunID: "run_0", AddedRows: 2, TotalRows: 2, Operation: "append"},
		{RunID: "run_1", AddedRows: 1, TotalRows: 3, Operation: "overwrite"},
		{TotalRows: 2, AddedRows: 2, Operation: "replace"}, // of the data files
		{TotalRows: 2, Operation: "replace"},               // of the deletes that apply to none any more
	}
	for i, rows := range [][]change{{{Identifier: "a"}, {Identifier: "b"}}, {{Identifier: "a", Visits: 2}}} {
		runID := fmt.Sprintf("run_%d", i)
		landed := landChanges(t, l, id, runID, rows)
		snapshot, err := l.Merge(t.Context(), id, runID, byIdentifier, landed)
		if err != nil {
			t.Fatal(err)
		}
		want[i].ID = snapshot
	}
	if _, err := l.Maintain(t.Context(), id, thorough); err != nil {
		t.Fatal(err)
	}
	got, err := l.Snapshots(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if i > 0 && (got[i].Parent != got[i-1].ID || got[i].At.Before(got[i-1].At)) {
			t.Errorf("%+v does not follow %+v", got[i], got[i-1])
		}
	}
	for i := range got {
		if got[i].RunID == "" {
			got[i].ID = ""
		}
		got[i].Parent, got[i].At = "", time.Time{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
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
