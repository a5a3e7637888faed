package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Committed tells whether a run's rows are in the lake.
type Committed interface {
	Committed(ctx context.Context, i Import, runID string) (snapshotID string, found bool, err error)
}

// Settler ends runs.
type Settler struct {
	Store Store
	Lake  Committed
	Now   func() time.Time
}

// Settle is SettleExecution on behalf of nobody in particular.
func (s *Settler) Settle(ctx context.Context, ref Ref, cause *fault.Error) (bool, error) {
	return s.SettleExecution(ctx, ref, "", cause)
}

// SettleExecution ends a run; a nil cause means that the state machine got to its end.
// It reports false when the run had ended before, or cannot be ended yet. What an
// execution reports after the run was queued for another one is ignored; "" speaks for any.
//
// A run that died while committing may have its rows in the lake or not, and a
// commit may still be under way. If the rows are there the run succeeded.
// If they are not, it fails only after the commit's own deadline, when
// no commit can be under way any more; until then the sweep asks again.
//
// A held run waits for a person, whatever becomes of the execution that led to it.
// After its deadline the import's policy decides.
func (s *Settler) SettleExecution(ctx context.Context, ref Ref, execution string, cause *fault.Error) (bool, error) {
	for range moves {
		r, err := s.Store.Run(ctx, ref)
		switch {
		case fault.CodeOf(err) == fault.RunNotFound:
			return false, nil
		case err != nil:
			return false, err
		case !r.Status.Open(), execution != "" && execution != r.Execution():
			return false, nil
		}
		seen := r
		switch r.Status {
		case Committing:
			ended, err := s.decide(ctx, &r, cause)
			if err != nil || !ended {
				return false, err
			}
		case Held:
			if s.Now().Before(r.Deadline) {
				return false, nil
			}
			if r, err = s.expired(ctx, r); err != nil {
				return false, err
			}
			if r.Status == Queued {
				released, err := s.Store.Reopen(ctx, seen, r)
				if released || err != nil {
					return false, err
				}
				continue
			}
		default:
			r.fail(cause)
		}
		r.EndedAt = s.Now().UTC()
		if ended, err := s.end(ctx, seen, r); ended || err != nil {
			return ended, err
		}
	}
	return false, fault.New(fault.Unavailable, "the run was moved by others all the time")
}

// expired is a held run that nobody decided on, as its import wants it: released,
// for the next claim to start, or failed.
func (s *Settler) expired(ctx context.Context, r Run) (Run, error) {
	i, err := s.Store.Import(ctx, r.WorkspaceID, r.ImportID)
	switch {
	case err != nil:
		return r, err
	case i.Guards.OnExpiry == Release:
		return r.released(Policy, s.Now().UTC()), nil
	}
	r.fail(fault.New(fault.RunDiscarded, "nobody decided on the held run in time"))
	return r, nil
}

// moves is how often Settle looks at a run that others move under it: a worker
// may outlive its execution, and go on from queued to running and to
// committing. Were it left to the sweep, its import would wait for a day.
const moves = 5

// end writes how a run ended. One that failed because the source no longer has
// what was planned makes its import due at once, so that the next claim plans anew.
// That is done once in a row: a source that changes, or forgets what it prepared,
// faster than it is read would be read for ever. A backfill or a replay is not what a claim would open.
func (s *Settler) end(ctx context.Context, seen, r Run) (bool, error) {
	regular := r.Trigger != Backfill && r.Trigger != Replay
	if r.Status != Failed || !regular || !slices.Contains(stale, r.ErrorCode) {
		return s.Store.MoveRun(ctx, seen, r)
	}
	i, err := s.Store.Import(ctx, r.WorkspaceID, r.ImportID)
	if err != nil {
		return false, err
	}
	if i.LastRunID != "" {
		last, err := s.Store.Run(ctx, Ref{WorkspaceID: i.WorkspaceID, ImportID: i.ID, RunID: i.LastRunID})
		if err != nil {
			return false, err
		}
		if slices.Contains(stale, last.ErrorCode) {
			return s.Store.MoveRun(ctx, seen, r)
		}
	}
	return s.Store.RepeatRun(ctx, seen, r, pastSlot(i, r.EndedAt))
}

// decide finds out how a run that reached its commit ended; false when that is still open.
func (s *Settler) decide(ctx context.Context, r *Run, cause *fault.Error) (bool, error) {
	if r.SnapshotID == "" {
		i, err := s.Store.Import(ctx, r.WorkspaceID, r.ImportID)
		if err != nil {
			return false, err
		}
		snapshot, found, err := s.Lake.Committed(ctx, i, r.ID)
		if err != nil {
			return false, err
		}
		if !found && cause != nil {
			if s.Now().Before(r.Deadline) {
				return false, nil
			}
			r.fail(cause)
			return true, nil
		}
		r.SnapshotID = snapshot
	}
	r.Status = Succeeded
	return true, nil
}

// sweepLimit is how many a sweep looks up at once.
const sweepLimit = 100

// Sweep ends all that is overdue, whatever died before it could end by itself.
// One that cannot be ended does not keep the others from it.
func (s *Settler) Sweep(ctx context.Context) (settled int, err error) {
	late := fault.New(fault.RunTimedOut, "the run did not end in time and was ended by the sweep")
	for {
		overdue, err := s.Store.OverdueRuns(ctx, s.Now(), sweepLimit)
		if err != nil {
			return settled, err
		}
		before, failures := settled, []error(nil)
		for _, r := range overdue {
			ended, err := s.Settle(ctx, r.Ref(), late)
			if err != nil {
				failures = append(failures, fmt.Errorf("settling %s: %w", r.ID, err))
			}
			if ended {
				settled++
			}
		}
		if len(overdue) < sweepLimit || settled == before {
			return settled, errors.Join(failures...)
		}
	}
}

func (r *Run) fail(cause *fault.Error) {
	if cause == nil {
		cause = fault.New(fault.Internal, "the run reached its end without a commit")
	}
	r.Status, r.ErrorCode, r.ErrorMessage = Failed, string(cause.Code), cause.Message
}
