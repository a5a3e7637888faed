package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	domain "github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/task"
)

// kill kills a function as soon as it is at work, a moment later, or never when the run has ended before.
func (w workspace) kill(t *testing.T, function string, i imported, r run, later time.Duration) (hit bool) {
	t.Helper()
	soon(t, function+" is at work, or the run has ended", func() bool {
		time.Sleep(later)
		if hit = here.KillFunction(function); hit {
			return true
		}
		seen, err := here.store.Run(t.Context(), w.ref(i, r))
		return err != nil || !seen.Status.Open()
	})
	return hit
}

// TestAKilledExtractNeitherLosesNorRepeatsRows kills extract in the middle of its work, again and again.
func TestAKilledExtractNeitherLosesNorRepeatsRows(t *testing.T) {
	w := newWorkspace(t)
	const files, each = 3, 60_000
	for n := range files {
		w.put(t, fmt.Sprintf("people/%d.csv", n), people(n*each+1, (n+1)*each).csv())
	}
	i := w.importing(t, w.active(t), "people", "full_refresh")
	hits := 0
	for attempt := 0; hits == 0 && attempt < 5; attempt++ {
		r := w.begin(t, i)
		for n := range 3 {
			if w.kill(t, names.Extract, i, r, time.Duration(n*40)*time.Millisecond) {
				hits++
			}
		}
		w.succeeded(t, i, r, counts{Read: files * each, Written: files * each})
		if made := w.snapshotsOf(t, i, r); len(made) != 1 || made[0].Summary["total-records"] != fmt.Sprint(files*each) {
			t.Errorf("snapshots: %+v", made)
		}
	}
	if hits == 0 {
		t.Error("extract was never killed")
	}
	t.Logf("killed %d times", hits)
	w.holds(t, i, people(1, files*each), 1)
}

// TestAKilledPlanOrSettleIsTriedAgain: the run succeeds as if nothing had happened.
func TestAKilledPlanOrSettleIsTriedAgain(t *testing.T) {
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 100).csv())
	i := w.importing(t, w.active(t), "people", "append")
	rounds := 0
	for _, function := range []string{names.Plan, names.Settle} {
		for hit := false; !hit; rounds++ {
			if rounds == 20 {
				t.Fatalf("%s was never killed", function)
			}
			r := w.begin(t, i)
			hit = w.kill(t, function, i, r, time.Millisecond)
			w.succeeded(t, i, r, counts{Read: 100, Written: 100})
			if made := w.snapshotsOf(t, i, r); len(made) != 1 {
				t.Errorf("%s: snapshots: %+v", function, made)
			}
		}
	}
	w.holds(t, i, people(1, 100), rounds)
}

// TestAKilledCommitCommitsOnce kills commit at any moment, and then as soon as its snapshot can be seen. Every run succeeds, with
// one snapshot, and its rows are there once.
func TestAKilledCommitCommitsOnce(t *testing.T) {
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 100).csv())
	i := w.importing(t, w.active(t), "people", "append")
	w.succeed(t, i, counts{Read: 100, Written: 100})
	rounds, hits := 1, 0
	for ; rounds < 9 || hits == 0 && rounds < 20; rounds++ {
		r := w.begin(t, i)
		var hit bool
		if rounds%2 == 0 {
			hit = w.kill(t, names.Commit, i, r, time.Duration(rand.IntN(20))*time.Millisecond)
		} else {
			before := w.metadata(t, i)
			soon(t, "the snapshot is there", func() bool { return w.metadata(t, i) != before })
			hit = here.KillFunction(names.Commit)
		}
		if hit {
			hits++
		}
		w.succeeded(t, i, r, counts{Read: 100, Written: 100})
		if made := w.snapshotsOf(t, i, r); len(made) != 1 {
			t.Errorf("round %d: snapshots: %+v", rounds, made)
		}
	}
	t.Logf("killed %d times in %d rounds", hits, rounds)
	w.holds(t, i, people(1, 100), rounds)
}

// TestWorkersThatComeTwiceAndTogether does what a retry and a duplicate invocation would do: every function of a run is invoked
// several times at once, and again after the run has ended.
func TestWorkersThatComeTwiceAndTogether(t *testing.T) {
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 500).csv())
	i := w.importing(t, w.active(t), "people", "append")
	r := w.queue(t, i)
	ref := w.ref(i, r)
	together(t, names.Plan, ref, &task.Planned{})
	planned := call[task.Planned](t, names.Plan, ref)
	together(t, names.Extract, ingest.SplitRef{Ref: ref}, &task.Pass{})
	for n := range planned.Splits {
		call[task.Pass](t, names.Extract, ingest.SplitRef{Ref: ref, Split: n})
	}
	together(t, names.Commit, ref, &task.Committed{})
	first := call[task.Committed](t, names.Commit, ref)
	if second := call[task.Committed](t, names.Commit, ref); second != first || first.SnapshotID == "" {
		t.Errorf("two commits gave %+v and %+v", first, second)
	}
	settle := struct {
		Kind string `json:"kind"`
		ingest.Ref
	}{"run", ref}
	together(t, names.Settle, settle, &object{})
	if got := w.succeeded(t, i, r, counts{Read: 500, Written: 500}); got.Snapshot != first.SnapshotID {
		t.Errorf("the run has snapshot %s, the lake %s", got.Snapshot, first.SnapshotID)
	}
	for _, late := range []string{names.Plan, names.Extract, names.Commit} {
		var in any = ref
		if late == names.Extract {
			in = ingest.SplitRef{Ref: ref}
		}
		if failed, err := invoke(t.Context(), late, in, &object{}); err != nil || failed != "run.not_open" {
			t.Errorf("%s after the end: %s, %v", late, failed, err)
		}
	}
	if made := w.snapshots(t, i); len(made) != 1 {
		t.Errorf("snapshots: %+v", made)
	}
	w.holds(t, i, people(1, 500), 1)
}

// together invokes a function several times at once. Whoever does not get through must have a failure that is tried again.
func together[T any](t *testing.T, function string, in any, _ *T) {
	t.Helper()
	const callers = 3
	failures := make([]string, callers)
	errs := make([]error, callers)
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			var out T
			failures[n], errs[n] = invoke(t.Context(), function, in, &out)
		})
	}
	all.Wait()
	for n := range callers {
		if errs[n] != nil || !slices.Contains([]string{"", "internal.unavailable", "lake.conflict"}, failures[n]) {
			t.Errorf("%s: %s, %v", function, failures[n], errs[n])
		}
	}
}

// TestAKilledValidationIsTriedAgain: the connection becomes active as if nothing had happened.
func TestAKilledValidationIsTriedAgain(t *testing.T) {
	for _, function := range []string{names.Check, names.Discover, names.Settle} {
		t.Run(function, func(t *testing.T) {
			w := newWorkspace(t)
			w.put(t, "people/a.csv", people(1, 3).csv())
			for hit, attempt := false, 0; !hit; attempt++ {
				if attempt == 10 {
					t.Fatal("it was never killed")
				}
				var c connection
				w.post(t, "/v1/connections", w.newConnection(here.Customer), &c)
				hit = w.killValidation(t, function, c)
				if c = w.validated(t, c); c.Status != "active" {
					t.Errorf("the connection is %s: %+v", c.Status, c.LastValidation)
				}
			}
		})
	}
}

// killValidation kills a function as soon as it is at work for a connection; false when the validation has ended before.
func (w workspace) killValidation(t *testing.T, function string, c connection) (hit bool) {
	t.Helper()
	soon(t, function+" is at work, or the validation has ended", func() bool {
		if hit = here.KillFunction(function); hit {
			return true
		}
		seen, err := here.store.Connection(t.Context(), w.id, c.ID)
		return err != nil || seen.Status != domain.Processing
	})
	return hit
}

// TestACheckThatAlwaysDiesEndsTheValidation kills it until nobody tries any more.
func TestACheckThatAlwaysDiesEndsTheValidation(t *testing.T) {
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 3).csv())
	var c connection
	kills := 0
	for attempt := 1; kills < 5; attempt++ { // a check may get through before it is caught; then another connection is tried
		if attempt > 5 {
			t.Fatalf("check got through %d connections, the last time after %d kills", attempt-1, kills)
		}
		w.post(t, "/v1/connections", w.newConnection(here.Customer), &c)
		for kills = 0; w.killValidation(t, names.Check, c); {
			kills++
		}
	}
	c = w.validated(t, c)
	if c.Status != "inactive" || c.LastValidation.Error == nil || c.LastValidation.Error.Code != "internal.unavailable" {
		t.Errorf("the connection is %s: %+v", c.Status, c.LastValidation)
	}
}
