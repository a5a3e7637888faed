package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/ingest"
)

func testMoveRun(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	queued := addRun(t, s, i)
	full := Full[ingest.Run]()
	full.WorkspaceID, full.ImportID, full.ID, full.Trigger, full.CreatedAt = queued.WorkspaceID, queued.ImportID, queued.ID, queued.Trigger, queued.CreatedAt
	full.Status = ingest.Running
	moved, err := s.MoveRun(t.Context(), queued, full)
	did(t, "MoveRun", true, moved, err)
	want := full
	want.Revision, want.Counts, want.SplitsDone = 1, ingest.Counts{}, 0
	want.Range, want.Replays, want.ReplayedBy = nil, "", ""
	same(t, "moved run", want, getRun(t, s, queued))

	moved, err = s.MoveRun(t.Context(), queued, full)
	did(t, "MoveRun from where it was before", false, moved, err)
	same(t, "run after a late move", want, getRun(t, s, queued))

	bare := queued
	bare.Status, bare.Deadline = ingest.Committing, noon.Add(time.Minute)
	seen := getRun(t, s, queued)
	moved, err = s.MoveRun(t.Context(), seen, bare)
	did(t, "MoveRun to a run with less", true, moved, err)
	bare.Revision = 2
	same(t, "run with less", bare, getRun(t, s, queued))
	same(t, "overdue at its new deadline", []string{queued.ID}, overdueRuns(t, s, noon.Add(2*time.Minute)))
	if got := getImport(t, s, i).OpenRunID; got != queued.ID {
		t.Errorf("the import holds run %q, want the one that is open", got)
	}

	ended := move(t, s, bare, func(r *ingest.Run) { r.Status, r.EndedAt, r.SnapshotID = ingest.Succeeded, noon, "1" })
	got := getImport(t, s, i)
	if got.OpenRunID != "" || got.LastRunID != queued.ID {
		t.Errorf("after the run the import holds %q and remembers %q, want none and %s", got.OpenRunID, got.LastRunID, queued.ID)
	}
	same(t, "overdue when it has ended", nil, overdueRuns(t, s, noon.AddDate(1, 0, 0)))

	ended.Status = ingest.Failed
	moved, err = s.MoveRun(t.Context(), bare, ended)
	did(t, "MoveRun of a run that ended", false, moved, err)
	unknown := newRun(i)
	moved, err = s.MoveRun(t.Context(), unknown, unknown)
	did(t, "MoveRun of no run", false, moved, err)
}

// A run that is to be made up for ends as every other one, and its import is due in the same write.
func testRepeatRun(t *testing.T, s Store) {
	for name, next := range map[string]time.Time{"with a schedule": noon.Add(5 * time.Hour), "by hand": {}} {
		i := newImport("w")
		i.NextRunAt = next
		ok(t, "CreateImport", s.CreateImport(t.Context(), i))
		queued := addRun(t, s, i)
		ended := queued
		ended.Status, ended.EndedAt, ended.ErrorCode = ingest.Failed, noon, "source.read_expired"
		due := noon.Add(-19 * time.Hour)
		moved, err := s.RepeatRun(t.Context(), queued, ended, due)
		did(t, "RepeatRun", true, moved, err)
		ended.Revision = 1
		same(t, "ended run, "+name, ended, getRun(t, s, queued))
		want := i
		want.LastRunID, want.NextRunAt = queued.ID, due
		same(t, "import that is due, "+name, want, getImport(t, s, i))

		moved, err = s.RepeatRun(t.Context(), queued, ended, noon)
		did(t, "RepeatRun of a run that ended", false, moved, err)
		same(t, "import after a late end, "+name, want, getImport(t, s, i))
		found, err := s.DueImports(t.Context(), noon.Add(-time.Hour), 10)
		ok(t, "DueImports", err)
		if len(found) != 1 || found[0].ID != i.ID {
			t.Errorf("%s: %d imports are due, want the one", name, len(found))
		}
		ok(t, "OpenRun for the slot", s.OpenRun(t.Context(), want, newClaim(i), next))
		want = getImport(t, s, i)
		if !want.NextRunAt.Equal(ms(next)) && !next.IsZero() || next.IsZero() != want.NextRunAt.IsZero() {
			t.Errorf("%s: next at %v, want %v", name, want.NextRunAt, next)
		}
	}
}

func overdueRuns(t *testing.T, s Store, now time.Time) []string {
	t.Helper()
	found, err := s.OverdueRuns(t.Context(), now, 100)
	ok(t, "OverdueRuns", err)
	return idsOf(found)
}

func idsOf(runs []ingest.Run) []string {
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return ids
}

func testUnstarted(t *testing.T, s Store) {
	var queued, open []string
	for n := range 20 {
		r := addRun(t, s, addImport(t, s, []string{"w1", "w2"}[n%2]))
		if n%4 == 3 {
			move(t, s, r, func(r *ingest.Run) { r.Status = ingest.Running })
		} else {
			queued = append(queued, r.ID)
		}
		open = append(open, r.ID)
	}
	addConnection(t, s, "w1") // its validation shares the index
	unstarted := func(before time.Time, limit int) []string {
		t.Helper()
		found, err := s.UnstartedRuns(t.Context(), before, limit)
		ok(t, "UnstartedRuns", err)
		return idsOf(found)
	}
	same(t, "unstarted, created before noon", nil, unstarted(noon, 100))
	same(t, "unstarted", queued, unstarted(noon.Add(time.Millisecond), 100))
	if got := unstarted(noon.Add(time.Minute), 7); len(got) != 7 {
		t.Errorf("%d unstarted runs, want the limit of 7", len(got))
	}
	same(t, "overdue at the deadline", nil, overdueRuns(t, s, noon.Add(24*time.Hour)))
	same(t, "overdue", open, overdueRuns(t, s, noon.Add(24*time.Hour+time.Millisecond)))
}
