package ingest_test

import (
	"context"
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

// life is a run among workers that die, come late and come twice, and people who
// release, discard and drive it again. What it promises must hold after every
// step: statuses only move as documented, an execution speaks for its own attempt only, and
// a run that has failed has nothing in the lake and never will have by what it did until then.
type life struct {
	w        *world
	i        ingest.Import
	ref      ingest.Ref
	seen     []ingest.Run // the run as it was, at some time
	last     ingest.Status
	commits  []time.Time // when those that may still be under way began
	finished string      // the execution that a commit has told that it is done
}

var died = fault.New(fault.RunAborted, "it died")

func TestLifeOfARun(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld()
		l := &life{w: w, i: w.due(t, noon, 24)}
		l.i.Guards.OnExpiry = rapid.SampledFrom([]ingest.OnExpiry{"", ingest.Discard, ingest.Release}).Draw(rt, "policy")
		_, err := w.store.UpdateImport(t.Context(), l.i)
		ok(rt, err)
		r, err := w.service().Start(t.Context(), "w", l.i.ID)
		ok(rt, err)
		l.ref, l.last = r.Ref(), r.Status
		rt.Repeat(map[string]func(*rapid.T){
			"plan":        l.plan,
			"hold":        l.hold,
			"release":     l.release,
			"discard":     l.discard,
			"redrive":     l.redrive,
			"begin":       l.begin,
			"land":        l.land,
			"die":         l.die,
			"reach end":   l.reachEnd,
			"catch":       l.catch,
			"late report": l.lateReport,
			"sweep":       l.sweep,
			"late move":   l.lateMove,
			"start again": l.startAgain,
			"wait": func(rt *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "minutes")) * time.Minute)
			},
			"lake": func(rt *rapid.T) { w.lakeErr = rapid.SampledFrom([]error{nil, errors.New("down")}).Draw(rt, "lake") },
			"":     l.check,
		})
		// Whatever has happened: a day later the sweep has ended it, and where it was to release it, a day after that.
		w.lakeErr = nil
		for range 2 {
			w.now = w.now.Add(25 * time.Hour)
			l.sweep(rt)
			l.check(rt)
		}
		if l.run(rt).Status.Open() {
			rt.Fatalf("two days later the run is %s", l.run(rt).Status)
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
	l.move(rt, func(r *ingest.Run) { r.Status, r.StartedAt, r.PlanKey = ingest.Running, l.w.now, "plan" })
}

// hold is the commit function whose guards find something, unless somebody has released the run in spite of them.
func (l *life) hold(rt *rapid.T) {
	if r := l.run(rt); r.Status != ingest.Running || r.Released != nil {
		rt.Skip()
	}
	l.move(rt, func(r *ingest.Run) { r.Status, r.Deadline = ingest.Held, l.w.now.Add(time.Hour) })
}

// decides holds that what a person decides is done if the run is one to decide on, and refused otherwise.
func (l *life) decides(rt *rapid.T, can bool, refusal fault.Code, decide func(ctx context.Context) (ingest.Run, error)) {
	before := l.run(rt)
	l.seen = append(l.seen, before)
	after, err := decide(rt.Context())
	switch {
	case can && err != nil:
		rt.Fatalf("a run that is %s: %v", before.Status, err)
	case can:
		same(rt, "the run that was decided on", after, l.run(rt))
	case fault.CodeOf(err) != refusal:
		rt.Fatalf("a run that is %s: error %v, want %s", before.Status, err, refusal)
	}
}

func (l *life) release(rt *rapid.T) {
	l.decides(rt, l.run(rt).Status == ingest.Held, fault.RunNotHeld, func(ctx context.Context) (ingest.Run, error) {
		return l.w.service().Release(ctx, l.ref, "ada")
	})
}

func (l *life) discard(rt *rapid.T) {
	l.decides(rt, l.run(rt).Status == ingest.Held, fault.RunNotHeld, func(ctx context.Context) (ingest.Run, error) {
		return l.w.service().Discard(ctx, l.ref, "ada")
	})
}

func (l *life) redrive(rt *rapid.T) {
	r := l.run(rt)
	l.decides(rt, r.Status == ingest.Failed && r.PlanKey != "", fault.RunFinal, func(ctx context.Context) (ingest.Run, error) {
		return l.w.service().Redrive(ctx, l.ref)
	})
}

// lateReport is an execution of an earlier attempt that says how it ended.
func (l *life) lateReport(rt *rapid.T) {
	r := l.run(rt)
	if r.Attempt == 0 {
		rt.Skip()
	}
	earlier := r
	earlier.Attempt = rapid.IntRange(0, r.Attempt-1).Draw(rt, "attempt")
	ended, err := l.w.settler().SettleExecution(rt.Context(), l.ref, earlier.Execution(), rapid.SampledFrom([]*fault.Error{nil, died}).Draw(rt, "cause"))
	if ended || err != nil {
		rt.Fatalf("what %s reports ended %s: %v", earlier.Execution(), r.Execution(), err)
	}
	same(rt, "the run that another execution works on", r, l.run(rt))
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
		l.finished = l.run(rt).Execution()
	}
}

func (l *life) die(rt *rapid.T) {
	if len(l.underWay()) == 0 {
		rt.Skip()
	}
	l.commits = l.commits[1:]
}

func (l *life) settle(rt *rapid.T, execution string, cause *fault.Error) {
	before := l.run(rt)
	ended, err := l.w.settler().SettleExecution(rt.Context(), l.ref, execution, cause)
	if err != nil && l.w.lakeErr == nil {
		rt.Fatalf("Settle: %v", err)
	}
	if after := l.run(rt); ended != (before.Status.Open() && !after.Status.Open()) {
		rt.Fatalf("Settle = %t when the run went from %s to %s", ended, before.Status, after.Status)
	}
}

func (l *life) reachEnd(rt *rapid.T) {
	if l.finished == "" {
		rt.Skip()
	}
	l.settle(rt, l.finished, nil)
}

func (l *life) catch(rt *rapid.T) {
	execution := l.run(rt).Execution()
	l.settle(rt, rapid.SampledFrom([]string{execution, ""}).Draw(rt, "execution"), died)
}

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
	if seen.Revision == l.run(rt).Revision {
		rt.Skip() // nobody has moved it since
	}
	write := rapid.SampledFrom([]func(context.Context, ingest.Run, ingest.Run) (bool, error){l.w.store.MoveRun, l.w.store.Reopen}).Draw(rt, "write")
	moved, err := write(rt.Context(), seen, to)
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
		ingest.Running:    {ingest.Committing, ingest.Held, ingest.Failed},
		ingest.Held:       {ingest.Queued, ingest.Failed},
		ingest.Committing: {ingest.Succeeded, ingest.Failed},
		ingest.Failed:     {ingest.Queued},
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
	if r.Status.Open() != (i.OpenRunID == r.ID) || !r.Status.Open() && i.LastRunID != r.ID {
		rt.Fatalf("the run is %s, the import holds %q and remembers %q", r.Status, i.OpenRunID, i.LastRunID)
	}
}
