package ingest

import (
	"context"
	"slices"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Policy is the actor of what is decided when nobody has.
const Policy = "policy"

// stale are the ends of a run whose plan is of no use any more: what it was to read is not there as it was.
var stale = []string{string(fault.SourceChanged), string(fault.SourceReadExpired)}

// Release lets a held run go on to its commit, whatever the guards found. fault.RunNotHeld when it is not held.
func (s *Service) Release(ctx context.Context, ref Ref, actor string) (Run, error) {
	seen, err := s.held(ctx, ref)
	if err != nil {
		return Run{}, err
	}
	r := seen.released(actor, s.Now().UTC())
	switch done, err := s.Store.Reopen(ctx, seen, r); {
	case err != nil:
		return Run{}, err
	case !done:
		return Run{}, fault.New(fault.RunNotHeld, "somebody else has just decided on the run")
	}
	return r, s.start(ctx, r)
}

// Discard ends a held run; its rows do not land. fault.RunNotHeld when it is not held.
func (s *Service) Discard(ctx context.Context, ref Ref, actor string) (Run, error) {
	seen, err := s.held(ctx, ref)
	if err != nil {
		return Run{}, err
	}
	r := seen
	r.EndedAt = s.Now().UTC()
	r.fail(fault.New(fault.RunDiscarded, "the held run was discarded by "+actor))
	switch done, err := s.Store.MoveRun(ctx, seen, r); {
	case err != nil:
		return Run{}, err
	case !done:
		return Run{}, fault.New(fault.RunNotHeld, "somebody else has just decided on the run")
	}
	r.Revision++
	return r, nil
}

func (s *Service) held(ctx context.Context, ref Ref) (Run, error) {
	r, err := s.Store.Run(ctx, ref)
	if err == nil && r.Status != Held {
		err = fault.New(fault.RunNotHeld, "the run is "+string(r.Status))
	}
	return r, err
}

// Redrive queues a failed run again: it goes by its plan, and reads only what it had not read. fault.RunFinal
// when that is not possible, fault.ImportRunOpen while another run is open.
func (s *Service) Redrive(ctx context.Context, ref Ref) (Run, error) {
	i, err := s.Store.Import(ctx, ref.WorkspaceID, ref.ImportID)
	if err != nil {
		return Run{}, err
	}
	seen, err := s.Store.Run(ctx, ref)
	if err != nil {
		return Run{}, err
	}
	now := s.Now().UTC()
	if err := i.repeatable(seen, now); err != nil {
		return Run{}, err
	}
	r := seen.again(now)
	switch done, err := s.Store.Reopen(ctx, seen, r); {
	case err != nil:
		return Run{}, err
	case !done:
		return Run{}, fault.New(fault.RunFinal, "another run has just been opened, or has replayed what this one was to, or the watermark was set")
	}
	return r, s.start(ctx, r)
}

// repeatableFor is how long after its creation a run may be driven again.
const repeatableFor = 13 * 24 * time.Hour

// CommitsWithin is how long after its creation a run commits at most: driven again at the last moment, held as long as
// can be, and let go on. What it has written, and the description of it, must be kept for longer.
const CommitsWithin = repeatableFor + runDeadline + maxHoldHours*time.Hour + runDeadline + CommitDeadline

func (i Import) repeatable(r Run, now time.Time) error {
	switch {
	case r.Status != Failed:
		return fault.New(fault.RunFinal, "the run is "+string(r.Status))
	case r.PlanKey == "":
		return fault.New(fault.RunFinal, "the run failed before it was planned")
	case slices.Contains(stale, r.ErrorCode):
		return fault.New(fault.RunFinal, "the source no longer has what the run was to read")
	case now.Sub(r.CreatedAt) > repeatableFor:
		return fault.New(fault.RunFinal, "the run is too old: what it has read is not kept any longer")
	case i.OpenRunID != "":
		return fault.New(fault.ImportRunOpen, "another run of this import is open")
	case i.LastRunID != r.ID:
		return fault.New(fault.RunFinal, "the import has had another run since")
	case !r.CreatedAt.After(i.ResetAt):
		return fault.New(fault.RunFinal, "the import's watermark has been set since, and the run would set it too")
	}
	return nil
}

// again is the run as it is queued for another attempt.
func (r Run) again(now time.Time) Run {
	r.Status, r.Attempt, r.Revision, r.Deadline = Queued, r.Attempt+1, r.Revision+1, now.Add(runDeadline)
	r.EndedAt, r.ErrorCode, r.ErrorMessage = time.Time{}, "", ""
	return r
}

// released is a held run as it is queued for its commit.
func (r Run) released(actor string, now time.Time) Run {
	r = r.again(now)
	r.Released = &Decision{Actor: actor, At: now}
	return r
}

// ResetCursor makes the next run read from a value of the cursor, or everything when it is "".
// fault.ImportRunOpen while a run is open: it would set its own. fault.ImportChanged when it was moved at the same time.
func (s *Service) ResetCursor(ctx context.Context, workspaceID, importID, watermark string) (Import, error) {
	i, err := s.Store.Import(ctx, workspaceID, importID)
	if err != nil {
		return Import{}, err
	}
	if i.Cursor == nil {
		return Import{}, fault.New(fault.ImportCursor, "the import has no cursor, and every run of it reads everything")
	}
	var problems fault.List
	at := s.Now().UTC()
	if watermark != "" {
		i.Cursor.literal("watermark", watermark, &problems)
		if i.Cursor.beyond(watermark, at) {
			problems.Add(fault.ImportCursor, "watermark", "must not be in the future: rows would not be read until then")
		}
	}
	if err := problems.Err(); err != nil {
		return Import{}, err
	}
	switch done, err := s.Store.SetWatermark(ctx, i, watermark, at); {
	case err != nil:
		return Import{}, err
	case !done:
		return Import{}, s.overtaken(ctx, i)
	}
	i.Watermark, i.ResetAt = watermark, at
	return i, nil
}
