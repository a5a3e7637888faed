package ingest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// opened returns a run that stands at a status.
func (w *world) opened(t testing.TB, status ingest.Status) ingest.Ref {
	t.Helper()
	i := w.due(t, noon.Add(time.Hour), 24)
	r := ingest.Run{WorkspaceID: "w", ImportID: i.ID, ID: "run_" + i.ID[4:], Status: ingest.Queued, CreatedAt: noon, Deadline: noon.Add(24 * time.Hour)}
	ok(t, w.store.OpenRun(t.Context(), i, r, time.Time{}))
	for _, next := range []ingest.Status{ingest.Running, ingest.Committing} {
		if status == ingest.Queued || w.run(t, r.Ref()).Status == status {
			break
		}
		w.move(t, r.Ref(), func(r *ingest.Run) {
			if r.Status = next; next == ingest.Committing {
				r.Deadline = noon.Add(ingest.CommitDeadline)
			}
		})
	}
	return r.Ref()
}

func TestSettle(t *testing.T) {
	down := errors.New("the catalog is down")
	for name, test := range map[string]struct {
		status   ingest.Status
		cause    *fault.Error
		known    string // snapshot that the run already names
		lake     string // snapshot that the lake has
		lakeErr  error
		after    time.Duration
		want     ingest.Status
		code     fault.Code
		snapshot string
		fails    bool
	}{
		"queued, died":                    {status: ingest.Queued, cause: died, want: ingest.Failed, code: fault.RunAborted},
		"running, died":                   {status: ingest.Running, cause: died, want: ingest.Failed, code: fault.RunAborted},
		"running, at its end":             {status: ingest.Running, want: ingest.Failed, code: fault.Internal},
		"running, the lake is down":       {status: ingest.Running, cause: died, lakeErr: down, want: ingest.Failed, code: fault.RunAborted},
		"committed":                       {status: ingest.Committing, known: "7", want: ingest.Succeeded, snapshot: "7"},
		"committed, then died":            {status: ingest.Committing, cause: died, known: "7", lakeErr: down, want: ingest.Succeeded, snapshot: "7"},
		"committed, did not say so":       {status: ingest.Committing, cause: died, lake: "7", want: ingest.Succeeded, snapshot: "7"},
		"committed, said nothing, ended":  {status: ingest.Committing, lake: "7", want: ingest.Succeeded, snapshot: "7"},
		"nothing to commit":               {status: ingest.Committing, want: ingest.Succeeded},
		"committing, may be under way":    {status: ingest.Committing, cause: died, after: 14 * time.Minute, want: ingest.Committing},
		"committing, cannot be under way": {status: ingest.Committing, cause: died, after: 15 * time.Minute, want: ingest.Failed, code: fault.RunAborted},
		"committing, the lake is down":    {status: ingest.Committing, cause: died, lakeErr: down, after: time.Hour, want: ingest.Committing, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			ref := w.opened(t, test.status)
			if test.known != "" {
				w.move(t, ref, func(r *ingest.Run) { r.SnapshotID = test.known })
			}
			if test.lake != "" {
				w.snapshots[ref.RunID] = test.lake
			}
			w.lakeErr, w.now = test.lakeErr, noon.Add(test.after)
			ended, err := w.settler().Settle(t.Context(), ref, test.cause)
			if (err != nil) != test.fails || ended == test.want.Open() {
				t.Fatalf("Settle = %t, %v", ended, err)
			}
			r := w.run(t, ref)
			if r.Status != test.want || r.ErrorCode != string(test.code) || r.SnapshotID != test.snapshot {
				t.Errorf("run %s with %q and snapshot %q, want %s with %q and %q", r.Status, r.ErrorCode, r.SnapshotID, test.want, test.code, test.snapshot)
			}
			i := w.get(t, ingest.Import{WorkspaceID: "w", ID: ref.ImportID})
			if held := i.OpenRunID == ref.RunID; held != r.Status.Open() || (i.LastRunID == ref.RunID) == held {
				t.Errorf("the run is %s and the import holds %q and remembers %q", r.Status, i.OpenRunID, i.LastRunID)
			}
			if !ended {
				return
			}
			if !r.EndedAt.Equal(w.now) {
				t.Errorf("ended at %v, want %v", r.EndedAt, w.now)
			}
			again, err := w.settler().Settle(t.Context(), ref, died)
			if again || err != nil {
				t.Errorf("Settle again = %t, %v", again, err)
			}
			same(t, "run settled again", r, w.run(t, ref))
		})
	}
}

func TestSettleOfNoRun(t *testing.T) {
	ended, err := newWorld().settler().Settle(t.Context(), ingest.Ref{WorkspaceID: "w", ImportID: "i", RunID: "r"}, nil)
	if ended || err != nil {
		t.Errorf("Settle = %t, %v", ended, err)
	}
}

// stuckStore cannot move one run.
type stuckStore struct {
	ingest.Store
	stuck string
}

func (s stuckStore) MoveRun(ctx context.Context, seen, r ingest.Run) (bool, error) {
	if seen.ID == s.stuck {
		return false, errors.New("stuck")
	}
	return s.Store.MoveRun(ctx, seen, r)
}

func TestSweep(t *testing.T) {
	w := newWorld()
	late := []ingest.Ref{w.opened(t, ingest.Queued), w.opened(t, ingest.Running)}
	w.now = noon.Add(24*time.Hour + time.Second)
	s := w.settler()
	s.Store = stuckStore{w.store, late[0].RunID}
	n, err := s.Sweep(t.Context())
	if n != 1 || err == nil {
		t.Errorf("Sweep = %d, %v; want one settled and the failure of the other", n, err)
	}
	n, err = w.settler().Sweep(t.Context())
	if n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v; want the one that was stuck", n, err)
	}
	for _, ref := range late {
		if r := w.run(t, ref); r.Status != ingest.Failed || r.ErrorCode != string(fault.RunTimedOut) {
			t.Errorf("run %s with %q, want failed by its time", r.Status, r.ErrorCode)
		}
	}
	n, err = w.settler().Sweep(t.Context())
	if n != 0 || err != nil {
		t.Errorf("Sweep = %d, %v; want nothing left", n, err)
	}
}

// What a source had planned and no longer has, or not as it was, is planned anew by the next claim: once in a row,
// and the schedule goes on as it was.
func TestSettleOfAReadThatExpired(t *testing.T) {
	expired := fault.New(fault.SourceReadExpired, "the read session has expired")
	changed := fault.New(fault.SourceChanged, "profiles/a.csv is another file now")
	const day, tick = 24 * time.Hour, 5 * time.Minute
	w := newWorld()
	i := w.due(t, noon, 24)
	for _, step := range []struct {
		claimed time.Duration // after noon; the run takes six hours
		cause   *fault.Error  // nil: it succeeds
		next    time.Duration // when the import is due then
	}{
		{0, expired, 0},
		{6*time.Hour + tick, changed, day},
		{day, expired, 2 * day},
		{2 * day, died, 3 * day},
		{3 * day, changed, 3 * day},
		{3*day + 6*time.Hour + tick, nil, 4 * day},
		{4 * day, expired, 4 * day},
	} {
		w.now = noon.Add(step.claimed)
		runs, _, err := w.claimer().Claim(t.Context(), w.now)
		ok(t, err)
		if len(runs) != 1 {
			t.Fatalf("%d runs claimed at %v, want one", len(runs), w.now)
		}
		w.move(t, runs[0].Ref, func(r *ingest.Run) { r.Status = ingest.Running })
		if step.cause == nil {
			w.move(t, runs[0].Ref, func(r *ingest.Run) { r.Status, r.SnapshotID = ingest.Committing, "7" })
		}
		w.now = w.now.Add(6 * time.Hour)
		ended, err := w.settler().Settle(t.Context(), runs[0].Ref, step.cause)
		ok(t, err)
		got := w.get(t, i)
		if want := noon.Add(step.next); !ended || got.OpenRunID != "" || got.LastRunID != runs[0].RunID || !got.NextRunAt.Equal(want) {
			t.Errorf("claimed at %v: ended %t, holds %q, next at %v; want it free, and next at %v", noon.Add(step.claimed), ended, got.OpenRunID, got.NextRunAt, want)
		}
	}
}

// An import by hand is run again too, and only then.
func TestSettleOfAReadByHandThatExpired(t *testing.T) {
	w := newWorld()
	i := w.due(t, time.Time{}, 0)
	r, err := w.service().Start(t.Context(), i.WorkspaceID, i.ID)
	ok(t, err)
	for _, want := range []int{1, 0} {
		w.now = w.now.Add(time.Hour)
		_, err = w.settler().Settle(t.Context(), r.Ref(), fault.New(fault.SourceReadExpired, "m"))
		ok(t, err)
		runs, _, err := w.claimer().Claim(t.Context(), w.now)
		ok(t, err)
		if got := w.get(t, i).NextRunAt; len(runs) != want || !got.IsZero() {
			t.Fatalf("%d runs claimed and next at %v, want %d and none", len(runs), got, want)
		}
		if want > 0 {
			r = w.run(t, runs[0].Ref)
		}
	}
}

// A repetition that was started by hand meanwhile is not claimed, and leaves no slot behind.
func TestClaimOfARepetitionThatRunsAlready(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon, 0)
	_, err := w.service().Start(t.Context(), i.WorkspaceID, i.ID)
	ok(t, err)
	runs, _, err := w.claimer().Claim(t.Context(), noon)
	ok(t, err)
	if got := w.get(t, i).NextRunAt; len(runs) != 0 || !got.IsZero() {
		t.Errorf("%d runs claimed and next at %v, want none", len(runs), got)
	}
}

// outlivedStore lets a worker that outlives its execution move the run between the look and the settling.
type outlivedStore struct {
	ingest.Store
	worker func()
}

func (s *outlivedStore) MoveRun(ctx context.Context, seen, r ingest.Run) (bool, error) {
	if work := s.worker; work != nil {
		s.worker = nil
		work()
	}
	return s.Store.MoveRun(ctx, seen, r)
}

// An aborted execution settles its run also when plan, still at work, has taken it to running meanwhile.
func TestSettleOfARunThatMoves(t *testing.T) {
	w := newWorld()
	ref := w.opened(t, ingest.Queued)
	s := w.settler()
	s.Store = &outlivedStore{w.store, func() {
		w.move(t, ref, func(r *ingest.Run) { r.Status = ingest.Running })
	}}
	ended, err := s.Settle(t.Context(), ref, died)
	ok(t, err)
	if r := w.run(t, ref); !ended || r.Status != ingest.Failed {
		t.Errorf("Settle = %t and the run is %s, want it failed", ended, r.Status)
	}
}

// After an outage more is overdue than one look shows; all of it has waited long enough.
func TestSweepOfMany(t *testing.T) {
	w := newWorld()
	for range 250 {
		w.opened(t, ingest.Queued)
	}
	w.now = noon.Add(25 * time.Hour)
	n, err := w.settler().Sweep(t.Context())
	if n != 250 || err != nil {
		t.Errorf("Sweep = %d, %v; want all 250", n, err)
	}
}
