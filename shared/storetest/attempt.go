package storetest

import (
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// reopen is what a release and a re-drive write.
func reopen(seen ingest.Run) ingest.Run {
	r := seen
	r.Status, r.Attempt, r.EndedAt, r.ErrorCode, r.ErrorMessage = ingest.Queued, seen.Attempt+1, time.Time{}, "", ""
	r.Deadline = noon.Add(48 * time.Hour)
	return r
}

func reopens(t *testing.T, s Store, want bool, seen, r ingest.Run) {
	t.Helper()
	done, err := s.Reopen(t.Context(), seen, r)
	did(t, "Reopen", want, done, err)
}

// A held run stays its import's open run all the while.
func testReleased(t *testing.T, s Store) {
	r := addRunning(t, s, 1)
	r = move(t, s, r, func(r *ingest.Run) {
		r.Status, r.Findings, r.Deadline = ingest.Held, Full[ingest.Run]().Findings, noon.Add(time.Hour)
	})
	i := getImport(t, s, ingest.Import{WorkspaceID: r.WorkspaceID, ID: r.ImportID})
	same(t, "overdue while held", []string{r.ID}, overdueRuns(t, s, noon.Add(2*time.Hour)))
	released := reopen(r)
	released.Released = &ingest.Decision{Actor: "ann", At: noon}
	reopens(t, s, true, r, released)
	released.Revision = r.Revision + 1
	same(t, "released run", released, getRun(t, s, r))
	same(t, "import of a released run", i, getImport(t, s, i))
	same(t, "overdue at its old deadline", nil, overdueRuns(t, s, noon.Add(2*time.Hour)))
	found, err := s.UnstartedRuns(t.Context(), noon.Add(time.Minute), 10)
	ok(t, "UnstartedRuns", err)
	same(t, "unstarted", []string{r.ID}, idsOf(found))

	reopens(t, s, false, r, released)
	same(t, "run released twice", released, getRun(t, s, r))
	unknown := newRun(i)
	reopens(t, s, false, unknown, reopen(unknown))
	_, err = s.Run(t.Context(), unknown.Ref())
	fails(t, "a run after it was opened again without having been there", err, fault.RunNotFound)
}

func testRedriven(t *testing.T, s Store) {
	r := addRunning(t, s, 1)
	kept, err := s.RecordPart(t.Context(), r.Ref(), part(0, 0, "", "a", true))
	did(t, "RecordPart", true, kept, err)
	failed := move(t, s, r, func(r *ingest.Run) {
		r.Status, r.EndedAt, r.ErrorCode, r.ErrorMessage = ingest.Failed, noon, "source.unavailable", "m"
	})
	i := getImport(t, s, ingest.Import{WorkspaceID: r.WorkspaceID, ID: r.ImportID})
	again := reopen(failed)
	reopens(t, s, true, failed, again)
	again.Revision++
	same(t, "re-driven run", again, getRun(t, s, r))
	want := i
	want.OpenRunID = r.ID
	same(t, "import of a re-driven run", want, getImport(t, s, i))
	reopens(t, s, false, failed, reopen(failed))

	failed = move(t, s, again, func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Failed, noon })
	other := addRun(t, s, i)
	reopens(t, s, false, failed, reopen(failed))
	move(t, s, other, func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Failed, noon })
	reopens(t, s, false, failed, reopen(failed)) // it is not the last one any more
	same(t, "a run that is not the last", failed, getRun(t, s, failed))
	want.OpenRunID, want.LastRunID = "", other.ID
	same(t, "import after its runs", want, getImport(t, s, i))
}

func newReplay(i ingest.Import, of ingest.Run) ingest.Run {
	r := newRun(i)
	r.Trigger, r.Replays = ingest.Replay, of.ID
	return r
}

// testReplayed holds that what a run has in quarantine is replayed with success at most once.
func testReplayed(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	replayed := move(t, s, addRun(t, s, i), func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Succeeded, noon })
	by := func(want ingest.Run) {
		t.Helper()
		replayed.ReplayedBy = want.ID
		same(t, "replayed run", replayed, getRun(t, s, replayed))
	}
	unknown := newReplay(i, ingest.Run{ID: id.New(id.Run)})
	fails(t, "a replay of no run", s.OpenRun(t.Context(), i, unknown, time.Time{}), fault.RunNotFound)

	r := newReplay(i, replayed)
	ok(t, "OpenRun of a replay", s.OpenRun(t.Context(), i, r, time.Time{}))
	by(r)
	failed := move(t, s, r, func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Failed, noon })
	by(ingest.Run{})
	again := reopen(failed)
	reopens(t, s, true, failed, again)
	again.Revision++
	by(r)
	move(t, s, again, func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Failed, noon })
	by(ingest.Run{})

	second := newReplay(i, replayed)
	ok(t, "OpenRun of a second replay", s.OpenRun(t.Context(), i, second, time.Time{}))
	move(t, s, second, func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Succeeded, noon })
	by(second)
	third := newReplay(i, replayed)
	fails(t, "a replay of what has been replayed", s.OpenRun(t.Context(), i, third, time.Time{}), fault.QuarantineUsed)
	_, err := s.Run(t.Context(), third.Ref())
	fails(t, "a replay that was not opened", err, fault.RunNotFound)
	if got := getImport(t, s, i).OpenRunID; got != "" {
		t.Errorf("the import holds run %s, which was not opened", got)
	}
}

// testHandedOn holds what a run that succeeds leaves to its import.
func testHandedOn(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	for _, step := range []struct {
		status                      ingest.Status
		watermark, manifest         string
		wantWatermark, wantManifest string
	}{
		{ingest.Succeeded, "7", "aa", "7", "aa"},
		{ingest.Failed, "8", "bb", "7", "aa"},
		{ingest.Succeeded, "", "cc", "7", "cc"},
		{ingest.Succeeded, "9", "", "9", "cc"},
	} {
		move(t, s, addRun(t, s, i), func(r *ingest.Run) {
			r.Status, r.EndedAt, r.Watermark, r.ManifestHash = step.status, noon, step.watermark, step.manifest
		})
		if got := getImport(t, s, i); got.Watermark != step.wantWatermark || got.ManifestHash != step.wantManifest {
			t.Errorf("after %+v the import has watermark %q and manifest %q", step, got.Watermark, got.ManifestHash)
		}
	}
}

func testWatermark(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	set := func(want bool, seen ingest.Import, literal string) {
		t.Helper()
		done, err := s.SetWatermark(t.Context(), seen, literal, noon.Add(time.Minute))
		did(t, "SetWatermark", want, done, err)
	}
	set(true, i, "")
	want := i
	want.Watermark, want.ResetAt = "", noon.Add(time.Minute)
	same(t, "import without a watermark", want, getImport(t, s, i))
	set(false, i, "3") // it is not the one seen any more
	set(true, want, "4")
	want.Watermark = "4"
	same(t, "import with another watermark", want, getImport(t, s, i))

	r := addRun(t, s, i)
	set(false, getImport(t, s, i), "5")
	failed := move(t, s, r, func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Failed, noon })
	set(true, getImport(t, s, i), "6")
	reopens(t, s, false, failed, reopen(failed)) // it would set it back
	set(false, newImport("w"), "7")
}

func raceReopen(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	failed := move(t, s, addRun(t, s, i), func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Failed, noon })
	oneWon(t, race(func(n int) verdict {
		if n%2 == 0 { // against the claim
			done, err := s.Reopen(t.Context(), failed, reopen(failed))
			return verdict{done, err}
		}
		err := s.OpenRun(t.Context(), i, newClaim(i), noon.AddDate(0, 0, 1))
		if fault.CodeOf(err) == fault.ImportRunOpen {
			return verdict{}
		}
		return verdict{err == nil, err}
	}))
}

func raceReplay(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	replayed := move(t, s, addRun(t, s, i), func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Succeeded, noon })
	oneWon(t, race(func(int) verdict {
		err := s.OpenRun(t.Context(), i, newReplay(i, replayed), time.Time{})
		if code := fault.CodeOf(err); code == fault.ImportRunOpen || code == fault.QuarantineUsed {
			return verdict{}
		}
		return verdict{err == nil, err}
	}))
}
