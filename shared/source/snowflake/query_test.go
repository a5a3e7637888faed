package snowflake_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// expiring is a context whose deadline passes when it is told to.
type expiring struct {
	context.Context
	late chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.late }

func (e expiring) Err() error {
	select {
	case <-e.late:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// A query that is not done when the worker's time is up is stopped at the server, and fails for
// good: it would be run, and paid for, once more for each attempt.
func TestQueryLongerThanAPlan(t *testing.T) {
	s := start(t)
	fill(t, s)
	r := &recorded{}
	src := open(t, r.serve(t, s), config())
	plan(t, src, source.PlanRequest{}) // the session is there
	const long = "SELECT COUNT(*) AS N FROM CRM.SALES.EVENTS A, CRM.SALES.EVENTS B, CRM.SALES.EVENTS C WHERE A.ID + B.ID * C.ID <> 8765"
	// That the query is waited for shows in that its result is asked for.
	waiting := func() bool {
		return slices.ContainsFunc(s.journal(t, "statements"), func(st statement) bool {
			return strings.Contains(st.Text, "8765") && r.has("/queries/"+st.ID+"/result")
		})
	}
	s.admin(t, "settings", object{"wait_ms": 100})
	ctx := expiring{t.Context(), make(chan struct{})}
	failed := make(chan error, 1)
	go func() {
		_, err := src.Plan(ctx, source.PlanRequest{Query: long})
		failed <- err
	}()
	for deadline := time.Now().Add(20 * time.Second); !waiting() && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	close(ctx.late)
	select {
	case err := <-failed:
		if fault.CodeOf(err) != fault.SourceCostLimit || fault.Retryable(err) {
			t.Errorf("got %v, want %s", err, fault.SourceCostLimit)
		}
	case <-time.After(15 * time.Second):
		t.Fatal("the plan goes on")
	}
	if !r.has("/queries/v1/abort-request") {
		t.Error("the server was not told to stop the query")
	}
}
