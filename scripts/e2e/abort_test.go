package e2e_test

import (
	"testing"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
)

// TestAnAbortedRunEnds stops the execution at each of its stages. Whatever the worker at work did, the run ends: failed, and nothing
// of it in the lake, or succeeded with all of it. The import goes on as if it had not been.
func TestAnAbortedRunEnds(t *testing.T) {
	for _, stage := range []string{"Plan", "Extract", "Commit", "committing", "landed", "Settle"} {
		t.Run(stage, func(t *testing.T) {
			w := newWorkspace(t)
			w.put(t, "people/a.csv", people(1, 2000).csv())
			i := w.importing(t, w.active(t), "people", "append")
			r, landed := w.abort(t, i, stage)
			switch {
			case r.Status == "succeeded":
				landed++
			case r.Error == nil || r.Error.Code != "run.aborted":
				t.Errorf("the run %s: %+v", r.Status, r.Error)
			}
			if made := w.snapshotsOf(t, i, r); len(made) > 1 || len(made) == 1 != (r.Status == "succeeded") {
				t.Errorf("the run %s with snapshots %+v", r.Status, made)
			}
			t.Logf("the run %s", r.Status)
			w.succeed(t, i, counts{Read: 2000, Written: 2000})
			w.holds(t, i, people(1, 2000), landed+1)
		})
	}
}

// reached reports whether a run has come to a stage: a state of its machine, or what shows from outside of its commit.
func (w workspace) reached(t *testing.T, i imported, r run, stage string) bool {
	t.Helper()
	switch stage {
	case "committing":
		seen, err := here.store.Run(t.Context(), w.ref(i, r))
		return err == nil && seen.Status != ingest.Queued && seen.Status != ingest.Running
	case "landed":
		return len(w.snapshotsOf(t, i, r)) > 0
	}
	return entered(t, execution(names.RunImport, r.ID), stage)
}

// abort starts runs until one could be stopped at a stage, and waits for its end. It also returns how many were through before.
func (w workspace) abort(t *testing.T, i imported, stage string) (r run, through int) {
	t.Helper()
	for ; ; through++ {
		if through == 10 {
			t.Fatalf("no execution could be stopped at %s", stage)
		}
		r = w.begin(t, i)
		soon(t, "the run has come to "+stage, func() bool { return w.reached(t, i, r, stage) })
		if stop(t, execution(names.RunImport, r.ID)) {
			break
		}
		w.succeeded(t, i, r, counts{Read: 2000, Written: 2000})
	}
	// A commit that was under way when the execution stopped may end later. Nobody then knows of it but the lake, so the run stays
	// open until its deadline; the sweep asks the lake.
	eventually(t, "the run has ended, or its commit", func() bool {
		r = w.run(t, i, r.ID)
		return r.ended() || r.Snapshot != ""
	})
	if r.Status == "committing" {
		w.age(t, i, r, ingest.Committing)
		dispatch(t)
	}
	return w.end(t, i, r.ID), through
}

// TestAnAbortedValidationEnds: the connection leaves processing, and says why.
func TestAnAbortedValidationEnds(t *testing.T) {
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 3).csv())
	for range 10 {
		var c connection
		w.post(t, "/v1/connections", w.newConnection(here.Customer), &c)
		w.killValidation(t, names.Check, c) // so that the execution waits a moment before it tries again
		seen, err := here.store.Connection(t.Context(), w.id, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		stopped := stop(t, execution(names.ValidateConnection, seen.ValidationID))
		c = w.validated(t, c)
		if !stopped {
			continue
		}
		if c.Status != "inactive" || c.LastValidation.Outcome != "failed" || c.LastValidation.Error == nil || c.LastValidation.Error.Code != "validation.aborted" {
			t.Errorf("the connection is %s: %+v", c.Status, c.LastValidation)
		}
		return
	}
	t.Fatal("no execution could be stopped")
}
