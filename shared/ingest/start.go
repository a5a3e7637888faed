package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
)

// Start begins a run by hand. fault.ImportRunOpen while another one is open.
func (s *Service) Start(ctx context.Context, workspaceID, importID string) (Run, error) {
	i, err := s.Store.Import(ctx, workspaceID, importID)
	if err != nil {
		return Run{}, err
	}
	return s.open(ctx, i, i.newRun(Manual, s.Now().UTC()))
}

// StartBackfill begins a run by hand that reads a range of the import's cursor and
// leaves its watermark alone. fault.ImportCursor when the import has no cursor, or the range is none of it.
func (s *Service) StartBackfill(ctx context.Context, workspaceID, importID string, between Range) (Run, error) {
	i, err := s.Store.Import(ctx, workspaceID, importID)
	if err != nil {
		return Run{}, err
	}
	if i.Cursor == nil {
		return Run{}, fault.New(fault.ImportCursor, "the import has no cursor, and every run of it reads everything")
	}
	var problems fault.List
	i.Cursor.literal("from", between.From, &problems)
	i.Cursor.literal("to", between.To, &problems)
	if len(problems) == 0 && i.Cursor.compare(between.From, between.To) >= 0 {
		problems.Add(fault.ImportCursor, "to", "must be above from")
	}
	if err := problems.Err(); err != nil {
		return Run{}, err
	}
	r := i.newRun(Backfill, s.Now().UTC())
	r.Range = &between
	return s.open(ctx, i, r)
}

// Replay begins a run by hand that reads what another run of the import has in
// quarantine, through the mapping as it is now. Once it has succeeded, none replays that again.
// fault.QuarantineSealed when the key of what it would read has been destroyed.
func (s *Service) Replay(ctx context.Context, of Ref) (Run, error) {
	i, err := s.Store.Import(ctx, of.WorkspaceID, of.ImportID)
	if err != nil {
		return Run{}, err
	}
	replayed, err := s.Store.Run(ctx, of)
	switch {
	case err != nil:
		return Run{}, err
	case replayed.ReplayedBy != "":
		return Run{}, fault.New(fault.QuarantineUsed, "run "+replayed.ReplayedBy+" has replayed it, or is about to")
	case replayed.Counts.RowsQuarantined == 0:
		return Run{}, fault.New(fault.QuarantineEmpty, "the run has no rows in quarantine")
	case replayed.Status != Succeeded:
		return Run{}, fault.New(fault.QuarantineEmpty, "the run is "+string(replayed.Status)+": what it read has not landed, and is read again by the next run or by driving this one again")
	}
	switch key, err := s.RunKeys.RunKey(ctx, of); {
	case err != nil:
		return Run{}, err
	case key.Destroyed():
		return Run{}, fault.New(fault.QuarantineSealed, "the run's key has been destroyed")
	}
	r := i.newRun(Replay, s.Now().UTC())
	r.Replays = replayed.ID
	return s.open(ctx, i, r)
}

func (i Import) newRun(t Trigger, now time.Time) Run {
	return Run{
		WorkspaceID: i.WorkspaceID, ImportID: i.ID, ID: id.New(id.Run),
		Trigger: t, Status: Queued, CreatedAt: now, Deadline: now.Add(runDeadline),
	}
}

// open opens a run that takes no slot, and starts it.
func (s *Service) open(ctx context.Context, i Import, r Run) (Run, error) {
	if err := s.Store.OpenRun(ctx, i, r, time.Time{}); err != nil {
		return Run{}, err
	}
	return r, s.start(ctx, r)
}

// start starts a queued run. One that fails here for now is repeated by the next claim.
func (s *Service) start(ctx context.Context, r Run) error {
	if err := s.Workflow.StartRun(ctx, r); err != nil && !fault.Retryable(err) {
		return fmt.Errorf("starting run: %w", err)
	}
	return nil
}

// maxCursorText bounds a value of a text cursor that a caller gives, in bytes.
const maxCursorText = 1024

// literal reports a value that is none of the cursor.
func (c Cursor) literal(field, text string, problems *fault.List) {
	switch {
	case text == "":
		problems.Add(fault.MissingField, field, "give a value of the cursor's column")
	case len(text) > maxCursorText || !IsLiteral(c.Type, text):
		problems.Add(fault.ImportCursor, field, "is not a "+string(c.Type))
	}
}
