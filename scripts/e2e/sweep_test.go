package e2e_test

import (
	"testing"
	"time"

	"github.com/headwaterhq/headwater/scripts/demo"
	domain "github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/task"
)

// dispatch lets five minutes pass, so that dispatch-imports runs, and with it the sweep.
func dispatch(t *testing.T) {
	t.Helper()
	fired, err := here.AdvanceClock(5 * time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if len(fired) == 0 {
		t.Fatal("no schedule fired")
	}
}

// TestAValidationThatNeverStartedEnds: whoever created the connection died before the execution was started.
func TestAValidationThatNeverStartedEnds(t *testing.T) {
	w, now := newWorkspace(t), time.Now().UTC()
	c := domain.Connection{
		WorkspaceID: w.id, ID: id.New(id.Connection), Name: "Left behind", Platform: "s3",
		Settings: object{"bucket": demo.SourceBucket, "region": "us-east-1"}, AuthMethod: "access_key", Status: domain.Processing,
		StatusChange: domain.Change{Reason: "created", Actor: "key:e2e", At: now.Add(-domain.Deadline)},
		ValidationID: id.New(id.Validation), CreatedAt: now.Add(-domain.Deadline), CreatedBy: "key:e2e",
	}
	v := domain.Validation{
		WorkspaceID: w.id, ConnectionID: c.ID, ID: c.ValidationID, Trigger: "created", Outcome: domain.Running,
		StartedAt: c.CreatedAt, Deadline: now.Add(-time.Second),
	}
	if err := here.store.CreateConnection(t.Context(), c, v); err != nil {
		t.Fatal(err)
	}
	dispatch(t)
	got := w.validated(t, connection{ID: c.ID})
	if got.Status != "inactive" || got.LastValidation.Error == nil || got.LastValidation.Error.Code != "validation.timed_out" {
		t.Errorf("the connection is %s: %+v", got.Status, got.LastValidation)
	}
}

// TestARunThatDiedWhileCommittingEnds: the lake says how.
func TestARunThatDiedWhileCommittingEnds(t *testing.T) {
	for name, committed := range map[string]bool{"before its snapshot": false, "after its snapshot": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorkspace(t)
			w.put(t, "people/a.csv", people(1, 10).csv())
			i := w.importing(t, w.active(t), "people", "append")
			r := w.queue(t, i)
			ref := w.ref(i, r)
			call[task.Planned](t, names.Plan, ref)
			call[task.Pass](t, names.Extract, ingest.SplitRef{Ref: ref})
			if committed {
				call[task.Committed](t, names.Commit, ref)
			}
			w.age(t, i, r, ingest.Committing)
			dispatch(t)
			r = w.end(t, i, r.ID)
			switch {
			case committed && r.Status != "succeeded", !committed && (r.Status != "failed" || r.Error.Code != "run.timed_out"):
				t.Errorf("the run %s: %+v", r.Status, r.Error)
			}
			w.succeed(t, i, counts{Read: 10, Written: 10})
			w.holds(t, i, people(1, 10), map[bool]int{false: 1, true: 2}[committed])
		})
	}
}
