package ingest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// commitTimeout is when Lambda kills a commit, see docs/architecture.md.
const commitTimeout = 10 * time.Minute

// life is a run among workers that die, come late and come twice. What it
// promises must hold after every step: statuses only move as documented, and
// a run that has failed has nothing in the lake and never will have.
type life struct {
	w        *world
	i        ingest.Import
	ref      ingest.Ref
	seen     []ingest.Run // the run as it was, at some time
	last     ingest.Status
	commits  []time.Time // when those that may still be under way began
	finished bool        // a commit has told the state machine that it is done
}

var died = fault.New(fault.RunAborted, "it died")

func TestLifeOfARun(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld()
		l := &life{w: w, i: w.due(t, noon, 24)}
		r, err := w.service().Start(t.Context(), "w", l.i.ID)
		ok(rt, err)
		l.ref, l.last = r.Ref(), r.Status
		rt.Repeat(map[string]func(*rapid.T){
			"plan":        l.plan,
			"begin":       l.begin,
			"land":        l.land,
			"die":         l.die,
			"reach end":   l.reachEnd,
			"catch":       l.catch,
			"sweep":       l.sweep,
			"late move":   l.lateMove,
			"start again": l.startAgain,
			"wait": func(rt *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "minutes")) * time.Minute)
			},
			"lake": func(rt *rapid.T) { w.lakeErr = rapid.SampledFrom([]error{nil, errors.New("down")}).Draw(rt, "lake") },
			"":     l.check,
		})
		// Whatever has happened: a day later the sweep has ended it.
		w.lakeErr, w.now = nil, w.now.Add(25*time.Hour)
		l.sweep(rt)
		l.check(rt)
		if l.run(rt).Status.Open() {
			rt.Fatalf("a day later the run is %s", l.run(rt).Status)
		}
	})
}

func (l *life) run(rt *rapid.T) ingest.Run {
	r, err := l.w.store.Run(rt.Context(), l.ref)
	ok(rt, err)
	return r
}

// move is what every worker does: look, then move if nobody else has.
func (l *life) move(rt *rapid.T, change func(*ingest.Run)) {
	seen := l.run(rt)
	l.seen = append(l.seen, seen)
	r := seen
	change(&r)
	moved, err := l.w.store.MoveRun(rt.Context(), seen, r)
	if err != nil || !moved {
		rt.Fatalf("MoveRun = %t, %v", moved, err)
	}
}

func (l *life) plan(rt *rapid.T) {
	if l.run(rt).Status != ingest.Queued {
		rt.Skip()
	}
	l.move(rt, func(r *ingest.Run) { r.Status, r.StartedAt = ingest.Running, l.w.now })
}

// begin is the commit function before it touches the lake.
func (l *life) begin(rt *rapid.T) {
	if s := l.run(rt).Status; s != ingest.Running && s != ingest.Committing {
		rt.Skip()
	}
	l.move(rt, func(r *ingest.Run) { r.Status, r.Deadline = ingest.Committing, l.w.now.Add(ingest.CommitDeadline) })
	l.commits = append(l.commits, l.w.now)
}

// underWay are the commits that Lambda has not killed yet.
func (l *life) underWay() []time.Time {
	l.commits = slices.DeleteFunc(l.commits, func(began time.Time) bool { return l.w.now.Sub(began) > commitTimeout })
	return l.commits
}

// land is a commit's snapshot, and perhaps its end, before it can say that it is done.
func (l *life) land(rt *rapid.T) {
	if len(l.underWay()) == 0 {
		rt.Skip()
	}
	l.commits = l.commits[1:]
	l.w.snapshots[l.ref.RunID] = "7"
	if l.run(rt).Status == ingest.Committing && rapid.Bool().Draw(rt, "says so") {
		l.move(rt, func(r *ingest.Run) { r.SnapshotID = "7" })
		l.finished = true
	}
}

func (l *life) die(rt *rapid.T) {
	if len(l.underWay()) == 0 {
		rt.Skip()
	}
	l.commits = l.commits[1:]
}

func (l *life) settle(rt *rapid.T, cause *fault.Error) {
	before := l.run(rt)
	ended, err := l.w.settler().Settle(rt.Context(), l.ref, cause)
	if err != nil && l.w.lakeErr == nil {
		rt.Fatalf("Settle: %v", err)
	}
	if after := l.run(rt); ended != (before.Status.Open() && !after.Status.Open()) {
		rt.Fatalf("Settle = %t when the run went from %s to %s", ended, before.Status, after.Status)
	}
}

func (l *life) reachEnd(rt *rapid.T) {
	if !l.finished {
		rt.Skip()
	}
	l.settle(rt, nil)
}

func (l *life) catch(rt *rapid.T) { l.settle(rt, died) }

func (l *life) sweep(rt *rapid.T) {
	if _, err := l.w.settler().Sweep(rt.Context()); err != nil && l.w.lakeErr == nil {
		rt.Fatalf("Sweep: %v", err)
	}
}

// lateMove is a worker that looked long ago.
func (l *life) lateMove(rt *rapid.T) {
	if len(l.seen) == 0 {
		rt.Skip()
	}
	seen := rapid.SampledFrom(l.seen).Draw(rt, "seen")
	to := seen
	to.Status = rapid.SampledFrom([]ingest.Status{ingest.Running, ingest.Committing, ingest.Failed}).Draw(rt, "to")
	moved, err := l.w.store.MoveRun(rt.Context(), seen, to)
	if moved || err != nil {
		rt.Fatalf("a move from revision %d = %t, %v; want it refused", seen.Revision, moved, err)
	}
}

func (l *life) startAgain(rt *rapid.T) {
	if !l.run(rt).Status.Open() {
		rt.Skip()
	}
	if _, err := l.w.service().Start(rt.Context(), "w", l.i.ID); fault.CodeOf(err) != fault.ImportRunOpen {
		rt.Fatalf("a second run beside an open one: %v", err)
	}
}

func (l *life) check(rt *rapid.T) {
	r := l.run(rt)
	may := map[ingest.Status][]ingest.Status{
		ingest.Queued:     {ingest.Running, ingest.Failed},
		ingest.Running:    {ingest.Committing, ingest.Failed},
		ingest.Committing: {ingest.Succeeded, ingest.Failed},
	}
	if r.Status != l.last && !slices.Contains(may[l.last], r.Status) {
		rt.Fatalf("the run went from %s to %s", l.last, r.Status)
	}
	l.last = r.Status
	_, landed := l.w.snapshots[r.ID]
	switch {
	case r.Status == ingest.Failed && landed:
		rt.Fatalf("the run failed and its rows are in the lake")
	case r.Status == ingest.Failed && len(l.underWay()) > 0:
		rt.Fatalf("the run failed while a commit is under way")
	case r.Status == ingest.Succeeded && (!landed || r.SnapshotID == ""):
		rt.Fatalf("the run succeeded with snapshot %q and its rows are in the lake: %t", r.SnapshotID, landed)
	case r.Status.Open() == !r.EndedAt.IsZero():
		rt.Fatalf("the run is %s and ended at %v", r.Status, r.EndedAt)
	}
	i, err := l.w.store.Import(rt.Context(), "w", l.i.ID)
	ok(rt, err)
	if r.Status.Open() != (i.OpenRunID == r.ID) || r.Status.Open() == (i.LastRunID == r.ID) {
		rt.Fatalf("the run is %s, the import holds %q and remembers %q", r.Status, i.OpenRunID, i.LastRunID)
	}
}
