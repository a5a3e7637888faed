package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Claimer turns due imports into queued runs, each slot exactly once.
type Claimer struct {
	Store Store
	Now   func() time.Time // the real time, for what the sweep compares; slots follow the schedule's own time
	Log   *slog.Logger
}

// Start names a run that is to be started, and the execution to start it as.
type Start struct {
	Ref
	Execution string `json:"execution"`
}

// Start names the run's attempt.
func (r Run) Start() Start { return Start{Ref: r.Ref(), Execution: r.Execution()} }

// claimLimit bounds one call, so that its answer stays far below Step Functions' payload limit.
const claimLimit = 200

// Claim opens a run for every import that is due at the scheduled time, and hands out
// again those runs that were opened, or released, but never started. More says that
// another call would find more. Runs is never nil: a state machine iterates over it.
//
// An import that cannot be claimed does not keep the others, of whatever
// workspace, from it: it is logged and stays due. Only when nothing at all is
// handed out is its failure Claim's.
func (c *Claimer) Claim(ctx context.Context, scheduled time.Time) (runs []Start, more bool, err error) {
	due, err := c.Store.DueImports(ctx, scheduled, claimLimit)
	if err != nil {
		return nil, false, err
	}
	runs = make([]Start, 0, len(due))
	var failures []error
	for _, i := range due {
		start, claimed, err := c.claim(ctx, i, scheduled)
		if err != nil {
			failures = append(failures, fmt.Errorf("claiming %s of %s: %w", i.ID, i.WorkspaceID, err))
		}
		if claimed {
			runs = append(runs, start)
		}
	}
	unstarted, err := c.Store.UnstartedRuns(ctx, c.Now().Add(-unstartedAfter), claimLimit)
	if err != nil {
		return nil, false, err
	}
	for _, r := range unstarted {
		runs = append(runs, r.Start())
	}
	failed := errors.Join(failures...)
	if failed != nil && len(runs) == 0 {
		return nil, false, failed
	}
	if failed != nil {
		c.Log.ErrorContext(ctx, "imports not claimed", "count", len(failures), "error", failed.Error())
	}
	return runs, len(due) >= claimLimit && len(failures) < len(due), nil
}

func (c *Claimer) claim(ctx context.Context, i Import, scheduled time.Time) (Start, bool, error) {
	next := nextSlot(i, scheduled)
	if i.OpenRunID != "" { // no overlap: this slot is given up
		_, err := c.Store.SkipSlot(ctx, i, next)
		return Start{}, false, err
	}
	r := i.newRun(Scheduled, c.Now().UTC())
	err := c.Store.OpenRun(ctx, i, r, next)
	if fault.CodeOf(err) == fault.ImportRunOpen { // somebody else claimed the slot
		return Start{}, false, nil
	}
	return r.Start(), err == nil, err
}

// nextSlot is the first slot after now on the import's own grid: slots that
// were missed are run once, not one by one. An import by hand has none.
func nextSlot(i Import, now time.Time) time.Time {
	if i.EveryHours == 0 {
		return time.Time{}
	}
	missed := now.Sub(i.NextRunAt) / i.every()
	return i.NextRunAt.Add((missed + 1) * i.every())
}

// pastSlot is a slot up to now on the import's own grid: an import that is due
// there is claimed at once, and its schedule goes on as it was. By hand it is now.
func pastSlot(i Import, now time.Time) time.Time {
	switch {
	case i.EveryHours == 0:
		return now
	case !i.NextRunAt.After(now):
		return i.NextRunAt
	}
	ahead := (i.NextRunAt.Sub(now) + i.every() - 1) / i.every()
	return i.NextRunAt.Add(-ahead * i.every())
}
