package ingest

import (
	"context"
	"time"
)

// Store keeps imports, runs and their splits. Every answer about another
// workspace's import or run is fault.ImportNotFound or fault.RunNotFound.
type Store interface {
	Imports
	Runs
	Splits
}

// Imports keeps imports.
type Imports interface {
	// CreateImport writes an import and its name. fault.ImportNameTaken when the workspace has the name.
	CreateImport(ctx context.Context, i Import) error
	// Import returns one import.
	Import(ctx context.Context, workspaceID, id string) (Import, error)
	// Imports returns a page of a workspace's imports, newest first, after the
	// one with id after ("" starts), at most limit.
	Imports(ctx context.Context, workspaceID, after string, limit int) ([]Import, error)
	// DueImports returns imports whose next run is at or before now, in no particular
	// order, at most about limit.
	DueImports(ctx context.Context, now time.Time, limit int) ([]Import, error)
	// SkipSlot moves NextRunAt from the one seen to next; false when somebody else did.
	SkipSlot(ctx context.Context, seen Import, next time.Time) (bool, error)
	// UpdateImport writes i's mapping, key, deletion flag, guards, proof, precedence and Respread, and counts its Revision
	// up, if no run is open and LastRunID and Revision still are as i has them; false otherwise.
	UpdateImport(ctx context.Context, i Import) (bool, error)
	// SetWatermark makes the watermark literal, "" for none, and ResetAt at, if it still is the one seen and no run is open; false otherwise.
	SetWatermark(ctx context.Context, seen Import, literal string, at time.Time) (bool, error)
}

// Runs keeps runs.
type Runs interface {
	// OpenRun writes a queued run and makes it the import's open run, at once. A Scheduled run takes the
	// slot too: NextRunAt must still be as seen, and becomes next, zero for none. Any other leaves it alone.
	// fault.ImportRunOpen when the import has an open run or somebody else moved the slot. A Replay marks the run that it
	// replays, at once: fault.QuarantineUsed when another has, fault.RunNotFound when there is none.
	OpenRun(ctx context.Context, seen Import, r Run, next time.Time) error
	// Run returns one run.
	Run(ctx context.Context, ref Ref) (Run, error)
	// Runs returns a page of an import's runs, newest first.
	Runs(ctx context.Context, workspaceID, importID, after string, limit int) ([]Run, error)
	// UnstartedRuns returns runs still queued that were created before the given time.
	UnstartedRuns(ctx context.Context, before time.Time, limit int) ([]Run, error)
	// OverdueRuns returns open runs whose deadline is before now.
	OverdueRuns(ctx context.Context, now time.Time, limit int) ([]Run, error)
	// MoveRun writes r's status, times, plan, findings and outcome, if nobody has moved the run since it was seen; false when
	// somebody has. It leaves Counts and SplitsDone alone, which only RecordPart changes. When r's status is not open,
	// the import's open run is released and LastRunID set, at once. A run that succeeds hands its Watermark and ManifestHash,
	// where it has them, to the import, and a Replay that fails takes its mark off the run that it replayed, likewise at once.
	MoveRun(ctx context.Context, seen, r Run) (bool, error)
	// RepeatRun is MoveRun of a run that has ended and is to be made up for: the import's NextRunAt becomes due, at once.
	RepeatRun(ctx context.Context, seen, r Run, due time.Time) (bool, error)
	// Reopen is MoveRun of a held or failed run to r, which is queued for another Attempt. A failed one becomes the import's
	// open run again, at once, if it was its last, none is open and it was created after ResetAt; a Replay marks its run again. False when one of that does not hold.
	Reopen(ctx context.Context, seen, r Run) (bool, error)
}

// Splits keeps the progress of a run's splits.
type Splits interface {
	// CreateSplits writes the splits of a run; those that exist stay as they are.
	CreateSplits(ctx context.Context, ref Ref, splits []SplitProgress) error
	// Split returns one split's progress.
	Split(ctx context.Context, ref Ref, number int) (SplitProgress, error)
	// Splits returns a page of a run's splits, by number, from the given one.
	Splits(ctx context.Context, ref Ref, from, limit int) ([]SplitProgress, error)
	// RecordPart writes a part, moves its split on and adds to the run's counts, at once: if the run is
	// running and the split still stands at part p.Number and checkpoint p.From. False when it does not:
	// another worker was first, or the run has ended.
	RecordPart(ctx context.Context, ref Ref, p Part) (bool, error)
	// Parts returns all parts of a run, by split and number.
	Parts(ctx context.Context, ref Ref) ([]Part, error)
}
