package lake_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

var (
	gentle   = lake.Upkeep{KeepSnapshots: 1, KeepFor: time.Hour, OrphanAge: lake.LeastOrphanAge}
	thorough = lake.Upkeep{Deletes: 1, KeepSnapshots: 1, KeepFor: time.Hour, OrphanAge: lake.LeastOrphanAge}
)

// merged makes a table by so many merges of two rows each, one of them always with the same key.
func merged(t *testing.T, l *lake.Lake, id lake.TableID, runs int) {
	t.Helper()
	for run := range runs {
		runID := fmt.Sprintf("run_%d", run)
		landed := landChanges(t, l, id, runID, []change{{Identifier: "same", Visits: int64(run)}, {Identifier: runID}, {Identifier: runID, Visits: 1}})
		if _, err := l.Merge(t.Context(), id, runID, byIdentifier, landed); err != nil {
			t.Fatal(err)
		}
	}
}

func maintain(t *testing.T, l *lake.Lake, id lake.TableID, how lake.Upkeep) lake.Maintained {
	t.Helper()
	done, err := l.Maintain(t.Context(), id, how)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestMaintainFoldsAndThenHasNothingToDo(t *testing.T) {
	const runs = 8
	l := newPlace(t).open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	merged(t, l, id, runs)
	before := rowsOf(t, l, id)
	want := lake.Maintained{FilesRewritten: runs, FilesWritten: 1, DeletesRemoved: runs + runs - 1} // the first run had nothing to replace
	if diff := cmp.Diff(want, maintain(t, l, id, gentle)); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(lake.Maintained{}, maintain(t, l, id, thorough)); diff != "" {
		t.Errorf("again (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, rowsOf(t, l, id)); diff != "" {
		t.Errorf("rows before and after:\n%s", diff)
	}
	if len(before) != runs+1 {
		t.Errorf("%d rows, want %d", len(before), runs+1)
	}
}

func TestMaintainLeavesWhatIsWellAsItIs(t *testing.T) {
	l := newPlace(t).open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	if _, err := l.Maintain(t.Context(), id, gentle); fault.CodeOf(err) != fault.LakeTableMissing {
		t.Errorf("no table: %v", err)
	}
	landChanges(t, l, id, "run_0")
	if diff := cmp.Diff(lake.Maintained{}, maintain(t, l, id, thorough)); diff != "" {
		t.Errorf("an empty table (-want +got):\n%s", diff)
	}
	merged(t, l, id, 3)
	if diff := cmp.Diff(lake.Maintained{}, maintain(t, l, id, gentle)); diff != "" {
		t.Errorf("few files with few deletes (-want +got):\n%s", diff)
	}
	done := maintain(t, l, id, thorough)
	if done.FilesRewritten == 0 || done.DeletesRemoved == 0 {
		t.Errorf("every delete must go: %+v", done)
	}
}

func TestMaintainBoundsItsWork(t *testing.T) {
	p := newPlace(t)
	p.config.TargetFileBytes = 2000 // two of the small files
	l := p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	merged(t, l, id, 6)
	before, how := rowsOf(t, l, id), thorough
	how.RewriteBytes = 1
	calls := 1
	for ; maintain(t, l, id, how).Postponed; calls++ {
		if calls > 10 {
			t.Fatal("it does not come to an end")
		}
	}
	if calls < 2 {
		t.Error("one call did everything")
	}
	if diff := cmp.Diff(before, rowsOf(t, l, id)); diff != "" {
		t.Errorf("rows before and after:\n%s", diff)
	}
}

// A full refresh leaves deletes behind that apply to nothing any more.
func TestMaintainDropsDeletesWithoutEffect(t *testing.T) {
	l := newPlace(t).open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	merged(t, l, id, 3)
	landed := landChanges(t, l, id, "run_full", []change{{Identifier: "new"}})
	if _, err := l.Commit(t.Context(), id, "run_full", ingest.FullRefresh, landed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lake.Maintained{DeletesRemoved: 5}, maintain(t, l, id, gentle)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := rowsOf(t, l, id); len(got) != 1 {
		t.Errorf("rows: %v", got)
	}
}

// Only files that are old and that no snapshot has may go, and none of another table.
func TestMaintainExpiresAndRemovesOrphans(t *testing.T) {
	const runs = 6
	p := newPlace(t)
	l := p.open(t)
	id, neighbour := lake.TableID{Workspace: "acme-1", Name: "changes"}, lake.TableID{Workspace: "acme-1", Name: "changes_2"}
	p.clock.Advance(-25 * time.Hour)
	merged(t, l, id, runs)
	merged(t, l, neighbour, 2)
	landChanges(t, l, id, "run_dead", []change{{Identifier: "x"}}) // a run that ended before its commit
	p.clock.Advance(2 * time.Hour)
	running := landChanges(t, l, id, "run_alive", []change{{Identifier: "alive"}})
	p.clock.Advance(23 * time.Hour)
	before, others := rowsOf(t, l, id), rowsOf(t, l, neighbour)
	how := thorough
	how.KeepFor, how.KeepSnapshots = 0, 2
	done := maintain(t, l, id, how)
	if done.SnapshotsExpired != runs || done.OrphansRemoved == 0 || done.OrphanBytes == 0 || done.Postponed { // upkeep made the two that are kept
		t.Errorf("done: %+v", done)
	}
	again := maintain(t, l, id, how)
	if again != (lake.Maintained{}) {
		t.Errorf("again: %+v", again)
	}
	if diff := cmp.Diff(before, rowsOf(t, l, id)); diff != "" {
		t.Errorf("rows before and after:\n%s", diff)
	}
	if diff := cmp.Diff(others, rowsOf(t, l, neighbour)); diff != "" {
		t.Errorf("the other table's rows before and after:\n%s", diff)
	}
	ofRuns := make(map[string]bool)
	for _, key := range p.keys(t, ".parquet") {
		if _, run, found := strings.Cut(key, "/changes/data/run_"); found {
			name, _, _ := strings.Cut(run, "/")
			ofRuns[name] = true
		}
	}
	if ofRuns["dead"] || !ofRuns["alive"] {
		t.Errorf("files are left of the runs %v", slices.Sorted(maps.Keys(ofRuns)))
	}
	if _, err := l.Merge(t.Context(), id, "run_alive", byIdentifier, running); err != nil {
		t.Fatal(err)
	}
	if _, alive := rowsOf(t, l, id)["alive"]; !alive {
		t.Error("the run that went on has lost its rows")
	}
}

// Upkeep that another writer overtakes must leave the table to that one, and an
// import must not notice upkeep.
func TestMaintainGivesWay(t *testing.T) {
	p := newPlace(t)
	l, other := p.open(t), p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	merged(t, l, id, 6)
	landed := landChanges(t, other, id, "run_other", []change{{Identifier: "run_1", Visits: 77}, {Identifier: "other"}})
	var overtaken atomic.Bool
	p.traffic.hooks(nil, func(request string) {
		if !strings.HasPrefix(request, "PUT ") && !strings.HasPrefix(request, "POST ") || !strings.HasSuffix(request, ".parquet") || overtaken.Swap(true) {
			return
		}
		// The compaction has written its file, and has not committed.
		if _, err := other.Merge(t.Context(), id, "run_other", byIdentifier, landed); err != nil {
			t.Error(err)
		}
	})
	done := maintain(t, l, id, thorough)
	p.traffic.hooks(nil, nil)
	if !done.Postponed || done.FilesRewritten != 0 {
		t.Errorf("done: %+v", done)
	}
	before := rowsOf(t, l, id)
	if before["run_1"].Visits != 77 || len(before) != 8 {
		t.Errorf("rows: %v", before)
	}
	if done := maintain(t, l, id, thorough); done.Postponed || done.FilesRewritten == 0 {
		t.Errorf("the next time: %+v", done)
	}
	if diff := cmp.Diff(before, rowsOf(t, l, id)); diff != "" {
		t.Errorf("rows before and after:\n%s", diff)
	}
}

// Merges go on while upkeep runs again and again: in the end the table is what the merges made it.
func TestMaintainBesideMerges(t *testing.T) {
	const runs = 12
	p := newPlace(t)
	l, keeper := p.open(t), p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "changes"}
	landChanges(t, l, id, "run_x")
	stop := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := keeper.Maintain(t.Context(), id, thorough); err != nil {
				t.Error(err)
				return
			}
		}
	})
	merged(t, l, id, runs)
	close(stop)
	group.Wait()
	maintain(t, l, id, thorough)
	want := map[string]change{"same": {Identifier: "same", Visits: runs - 1}}
	for run := range runs {
		name := fmt.Sprintf("run_%d", run)
		want[name] = change{Identifier: name, Visits: 1}
	}
	if diff := cmp.Diff(want, rowsOf(t, l, id)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMaintainRefuses(t *testing.T) {
	l := newPlace(t).open(t)
	for name, breakIt := range map[string]func(*lake.Upkeep){
		"no snapshot kept":       func(u *lake.Upkeep) { u.KeepSnapshots = 0 },
		"a negative age":         func(u *lake.Upkeep) { u.KeepFor = -1 },
		"negative deletes":       func(u *lake.Upkeep) { u.Deletes = -1 },
		"negative bytes":         func(u *lake.Upkeep) { u.RewriteBytes = -1 },
		"orphans that are young": func(u *lake.Upkeep) { u.OrphanAge-- },
	} {
		how := gentle
		breakIt(&how)
		if _, err := l.Maintain(t.Context(), people, how); err == nil || fault.CodeOf(err) == fault.LakeTableMissing {
			t.Errorf("%s: %v", name, err)
		}
	}
}
