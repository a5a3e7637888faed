package ingest_test

import (
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// hold opens a run of an import and holds it for an hour.
func (w *world) hold(t testing.TB, i ingest.Import) ingest.Run {
	t.Helper()
	r, err := w.service().Start(t.Context(), "w", i.ID)
	ok(t, err)
	w.move(t, r.Ref(), func(r *ingest.Run) {
		r.Status, r.PlanKey, r.Deadline = ingest.Held, "plan", w.now.Add(time.Hour)
		r.Findings = []ingest.Finding{{Guard: "volume", Action: ingest.Hold}}
	})
	return w.run(t, r.Ref())
}

func TestRelease(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon.Add(24*time.Hour), 24)
	held := w.hold(t, i)
	w.now = noon.Add(30 * time.Minute)
	got, err := w.service().Release(t.Context(), held.Ref(), "ada")
	ok(t, err)
	want := held
	want.Status, want.Attempt, want.Revision = ingest.Queued, 1, held.Revision+1
	want.Deadline, want.Released = w.now.Add(24*time.Hour+5*time.Minute), &ingest.Decision{Actor: "ada", At: w.now}
	same(t, "answer", want, got)
	same(t, "stored run", want, w.run(t, held.Ref()))
	same(t, "started as", held.ID+"-1", w.started[len(w.started)-1].Execution)
	if holds := w.get(t, i).OpenRunID; holds != held.ID {
		t.Errorf("the import holds %q", holds)
	}
	for name, decide := range map[string]func() (ingest.Run, error){
		"release": func() (ingest.Run, error) { return w.service().Release(t.Context(), held.Ref(), "bob") },
		"discard": func() (ingest.Run, error) { return w.service().Discard(t.Context(), held.Ref(), "bob") },
	} {
		if _, err := decide(); fault.CodeOf(err) != fault.RunNotHeld {
			t.Errorf("%s after the release: %v", name, err)
		}
	}
	foreign := held.Ref()
	foreign.WorkspaceID = "thief"
	_, err = w.service().Release(t.Context(), foreign, "thief")
	fails(t, err, fault.RunNotFound)
}

// A release that is throttled is not lost: the next claim starts the attempt.
func TestReleaseThatIsThrottled(t *testing.T) {
	w := newWorld()
	held := w.hold(t, w.due(t, noon.Add(24*time.Hour), 24))
	w.startErr = fault.New(fault.Throttled, "m")
	w.now = noon.Add(30 * time.Minute)
	released, err := w.service().Release(t.Context(), held.Ref(), "ada")
	ok(t, err)
	runs, _, err := w.claimer().Claim(t.Context(), w.now)
	ok(t, err)
	same(t, "handed out", []ingest.Start{released.Start()}, runs)
}

func TestDiscard(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon.Add(24*time.Hour), 24)
	held := w.hold(t, i)
	got, err := w.service().Discard(t.Context(), held.Ref(), "ada")
	ok(t, err)
	same(t, "stored run", got, w.run(t, held.Ref()))
	if got.Status != ingest.Failed || got.ErrorCode != string(fault.RunDiscarded) || !got.EndedAt.Equal(w.now) {
		t.Errorf("discarded %+v", got)
	}
	if after := w.get(t, i); after.OpenRunID != "" || after.LastRunID != held.ID || !after.NextRunAt.Equal(i.NextRunAt) {
		t.Errorf("import %+v", after)
	}
	_, err = w.service().Release(t.Context(), held.Ref(), "bob")
	fails(t, err, fault.RunNotHeld)
}

func TestRedrive(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon.Add(24*time.Hour), 24)
	failed := w.ended(t, i, func(r *ingest.Run) {
		r.Status, r.PlanKey, r.ErrorCode, r.ErrorMessage = ingest.Failed, "plan", string(fault.SourcePermission), "m"
	})
	w.now = noon.Add(time.Hour)
	got, err := w.service().Redrive(t.Context(), failed.Ref())
	ok(t, err)
	want := failed
	want.Status, want.Attempt, want.Revision = ingest.Queued, 1, failed.Revision+1
	want.EndedAt, want.ErrorCode, want.ErrorMessage, want.Deadline = time.Time{}, "", "", w.now.Add(24*time.Hour+5*time.Minute)
	same(t, "answer", want, got)
	same(t, "stored run", want, w.run(t, failed.Ref()))
	same(t, "started as", failed.ID+"-1", w.started[len(w.started)-1].Execution)
	if after := w.get(t, i); after.OpenRunID != failed.ID || after.LastRunID != failed.ID {
		t.Errorf("import %+v", after)
	}
	_, err = w.service().Start(t.Context(), "w", i.ID)
	fails(t, err, fault.ImportRunOpen)
}

func TestRedriveRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(*ingest.Run)
		after func(*testing.T, *world, ingest.Import)
		want  fault.Code
	}{
		"one that succeeded":       {end: func(r *ingest.Run) { r.Status, r.PlanKey = ingest.Succeeded, "plan" }, want: fault.RunFinal},
		"one that was not planned": {end: func(r *ingest.Run) { r.Status = ingest.Failed }, want: fault.RunFinal},
		"one whose source changed": {
			end: func(r *ingest.Run) {
				r.Status, r.PlanKey, r.ErrorCode = ingest.Failed, "plan", string(fault.SourceChanged)
			}, want: fault.RunFinal,
		},
		"one whose read expired": {
			end: func(r *ingest.Run) {
				r.Status, r.PlanKey, r.ErrorCode = ingest.Failed, "plan", string(fault.SourceReadExpired)
			},
			want: fault.RunFinal,
		},
		"beside an open run": {
			end: func(r *ingest.Run) { r.Status, r.PlanKey = ingest.Failed, "plan" },
			after: func(t *testing.T, w *world, i ingest.Import) {
				_, err := w.service().Start(t.Context(), "w", i.ID)
				ok(t, err)
			},
			want: fault.ImportRunOpen,
		},
		"one of three weeks ago": {
			end:   func(r *ingest.Run) { r.Status, r.PlanKey = ingest.Failed, "plan" },
			after: func(_ *testing.T, w *world, _ ingest.Import) { w.now = w.now.AddDate(0, 0, 21) },
			want:  fault.RunFinal,
		},
		"one from before the watermark was set": {
			end: func(r *ingest.Run) { r.Status, r.PlanKey = ingest.Failed, "plan" },
			after: func(t *testing.T, w *world, i ingest.Import) {
				done, err := w.store.SetWatermark(t.Context(), w.get(t, i), "7", noon.Add(time.Second))
				if err != nil || !done {
					t.Fatalf("SetWatermark = %t, %v", done, err)
				}
			},
			want: fault.RunFinal,
		},
		"one that is not the last": {
			end: func(r *ingest.Run) { r.Status, r.PlanKey = ingest.Failed, "plan" },
			after: func(t *testing.T, w *world, i ingest.Import) {
				w.ended(t, i, func(r *ingest.Run) { r.Status = ingest.Succeeded })
			},
			want: fault.RunFinal,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			i := w.due(t, noon.Add(24*time.Hour), 24)
			r := w.ended(t, i, test.end)
			if test.after != nil {
				test.after(t, w, i)
			}
			_, err := w.service().Redrive(t.Context(), r.Ref())
			fails(t, err, test.want)
			same(t, "the run", r, w.run(t, r.Ref()))
		})
	}
	w := newWorld()
	i := w.due(t, noon.Add(24*time.Hour), 24)
	_, err := w.service().Redrive(t.Context(), ingest.Ref{WorkspaceID: "w", ImportID: i.ID, RunID: "r"})
	fails(t, err, fault.RunNotFound)
}

// What becomes of a held run that nobody decides on is its import's policy.
func TestHeldRunsExpire(t *testing.T) {
	for name, test := range map[string]struct {
		policy ingest.OnExpiry
		want   ingest.Status
	}{
		"by default": {"", ingest.Failed},
		"discarded":  {ingest.Discard, ingest.Failed},
		"released":   {ingest.Release, ingest.Queued},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			i := w.due(t, noon.Add(24*time.Hour), 24)
			done, err := w.store.UpdateImport(t.Context(), ingest.Import{WorkspaceID: "w", ID: i.ID, Guards: ingest.Guards{OnExpiry: test.policy}})
			if err != nil || !done {
				t.Fatalf("UpdateImport = %t, %v", done, err)
			}
			held := w.hold(t, i)
			for _, cause := range []*fault.Error{nil, died} { // the execution that led here is of no matter
				ended, err := w.settler().SettleExecution(t.Context(), held.Ref(), held.Execution(), cause)
				if err != nil || ended {
					t.Fatalf("Settle of a held run = %t, %v", ended, err)
				}
			}
			w.now = noon.Add(time.Hour)
			_, err = w.settler().Sweep(t.Context())
			ok(t, err)
			same(t, "the run at its deadline", held, w.run(t, held.Ref()))
			w.now = noon.Add(time.Hour + time.Second)
			_, err = w.settler().Sweep(t.Context())
			ok(t, err)
			got := w.run(t, held.Ref())
			if got.Status != test.want {
				t.Fatalf("after its deadline it is %s, want %s", got.Status, test.want)
			}
			if test.want == ingest.Failed {
				if got.ErrorCode != string(fault.RunDiscarded) || w.get(t, i).OpenRunID != "" {
					t.Errorf("discarded %+v, and the import holds %q", got, w.get(t, i).OpenRunID)
				}
				return
			}
			same(t, "released by", &ingest.Decision{Actor: ingest.Policy, At: w.now}, got.Released)
			runs, _, err := w.claimer().Claim(t.Context(), w.now)
			ok(t, err)
			same(t, "handed out", []ingest.Start{got.Start()}, runs)
		})
	}
}

// What an execution reports after its run was queued for another one ends nothing.
func TestSettleOfAnEarlierAttempt(t *testing.T) {
	w := newWorld()
	held := w.hold(t, w.due(t, noon.Add(24*time.Hour), 24))
	released, err := w.service().Release(t.Context(), held.Ref(), "ada")
	ok(t, err)
	for _, late := range []string{held.Execution(), "by-hand"} {
		ended, err := w.settler().SettleExecution(t.Context(), held.Ref(), late, died)
		if err != nil || ended {
			t.Errorf("what %s reports ended the run: %t, %v", late, ended, err)
		}
	}
	same(t, "the run", released, w.run(t, held.Ref()))
	ended, err := w.settler().SettleExecution(t.Context(), held.Ref(), released.Execution(), died)
	if err != nil || !ended {
		t.Errorf("what its own execution reports did not end it: %t, %v", ended, err)
	}
}
