package dynamostore

import (
	"context"
	"errors"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
)

func noRun() *fault.Error { return fault.New(fault.RunNotFound, "there is no such run") }

// OpenRun writes a queued run and makes it the import's open run, at once; a scheduled one also claims the slot seen.
func (s *Store) OpenRun(ctx context.Context, seen ingest.Import, r ingest.Run, next time.Time) error {
	v := values{}
	condition := exists + " AND attribute_not_exists(#open_run_id)"
	changed, opened := []string{"open_run_id"}, seen
	opened.OpenRunID = r.ID
	if r.Trigger == ingest.Scheduled {
		condition += " AND " + slotSeen(seen, v)
		changed, opened.NextRunAt = append(changed, slot...), next
	}
	change, err := assign(newImportItem(opened), changed, v)
	if err != nil {
		return err
	}
	const runAt, importAt, replayedAt = 0, 1, 2
	writes := []write{put(newRunItem(r), absent), update(importKey(seen.WorkspaceID, seen.ID), change, condition, v)}
	if r.Trigger == ingest.Replay {
		writes = append(writes, markReplayed(r))
	}
	refused, err := s.transact(ctx, "opening run", writes...)
	switch {
	case err != nil || refused == nil:
		return err
	case refused.at(importAt) && !refused.found(importAt):
		return noImport()
	case refused.at(importAt):
		return fault.New(fault.ImportRunOpen, "another run of this import is open, or has just taken the slot")
	case refused.at(runAt):
		return errors.New("opening run: its id is taken")
	case !refused.found(replayedAt):
		return noRun()
	}
	return fault.New(fault.QuarantineUsed, "another run has replayed it")
}

// replayed is the key of the run whose quarantine a replay reads.
func replayed(r ingest.Run) key {
	return runKey(ingest.Ref{WorkspaceID: r.WorkspaceID, ImportID: r.ImportID, RunID: r.Replays})
}

func markReplayed(r ingest.Run) write {
	return update(replayed(r), "SET #replayed_by = :run", exists+" AND attribute_not_exists(#replayed_by)", values{":run": r.ID})
}

func unmarkReplayed(r ingest.Run) write {
	return update(replayed(r), "REMOVE #replayed_by", "#replayed_by = :run", values{":run": r.ID})
}

// Run returns one run, or fault.RunNotFound.
func (s *Store) Run(ctx context.Context, ref ingest.Ref) (ingest.Run, error) {
	return one(ctx, s, "reading run", runKey(ref), noRun(), decodeRun)
}

// Runs returns a page of an import's runs, newest first.
func (s *Store) Runs(ctx context.Context, workspaceID, importID, after string, limit int) ([]ingest.Run, error) {
	if limit < 1 {
		return nil, nil
	}
	ref := ingest.Ref{WorkspaceID: workspaceID, ImportID: importID, RunID: after}
	from := span{partition: runKey(ref).partition, prefix: runSort, newest: true}
	if after != "" {
		from.after = runKey(ref).sort
	}
	return page(ctx, s, "listing runs", from, limit, decodeRun)
}

// everOpen is above every sort key of the work index.
const everOpen = "~"

// UnstartedRuns returns runs still queued that were created before the given time.
func (s *Store) UnstartedRuns(ctx context.Context, before time.Time, limit int) ([]ingest.Run, error) {
	if limit < 1 {
		return nil, nil
	}
	unstarted := search{
		index: names.WorkOpen, before: everOpen, of: names.ImportPartition,
		filter: "#status = :queued AND #created_at < :created_before",
		values: values{":queued": ingest.Queued, ":created_before": string(stamp(before))},
	}
	return find(ctx, s, "finding unstarted runs", unstarted, limit, decodeRun, func(r ingest.Run) bool {
		return r.Status == ingest.Queued && stamp(r.CreatedAt) < stamp(before)
	})
}

// OverdueRuns returns open runs whose deadline is before now.
func (s *Store) OverdueRuns(ctx context.Context, now time.Time, limit int) ([]ingest.Run, error) {
	if limit < 1 {
		return nil, nil
	}
	overdue := search{index: names.WorkOpen, before: string(stamp(now)), of: names.ImportPartition}
	return find(ctx, s, "finding overdue runs", overdue, limit, decodeRun, func(r ingest.Run) bool {
		return r.Status.Open() && stamp(r.Deadline) < stamp(now)
	})
}

// MoveRun writes r's status, times, plan and outcome, if the run's revision is still the one seen. A run that ends also
// releases its import, at once.
//
// It is a transaction also when it is one write: its token tells an answer that got lost from a move by somebody else.
func (s *Store) MoveRun(ctx context.Context, seen, r ingest.Run) (bool, error) {
	return s.moveRun(ctx, seen, r, time.Time{})
}

// RepeatRun is MoveRun of a run that has ended, and makes its import due.
func (s *Store) RepeatRun(ctx context.Context, seen, r ingest.Run, due time.Time) (bool, error) {
	return s.moveRun(ctx, seen, r, due)
}

func (s *Store) moveRun(ctx context.Context, seen, r ingest.Run, due time.Time) (bool, error) {
	v := values{":seen": seen.Revision}
	r.Revision = seen.Revision + 1
	change, err := assign(newRunItem(r), runMove, v)
	if err != nil {
		return false, err
	}
	const importAt = 1
	writes := []write{update(runKey(seen.Ref()), change, "#revision = :seen", v)}
	if !r.Status.Open() {
		released, err := release(seen, r, due)
		if err != nil {
			return false, err
		}
		if writes = append(writes, released); seen.Trigger == ingest.Replay && r.Status == ingest.Failed {
			writes = append(writes, unmarkReplayed(seen))
		}
	}
	refused, err := s.transact(ctx, "moving run", writes...)
	switch {
	case err != nil || refused == nil:
		return err == nil, err
	case refused.at(0):
		return false, nil
	case refused.at(importAt):
		return false, errors.New("moving run: its import does not hold it as the open run")
	}
	return false, errors.New("moving run: the run that it replays does not hold it as its replay")
}

// release takes an ended run off its import, which is due then unless that is zero.
func release(seen, ended ingest.Run, due time.Time) (write, error) {
	i := ingest.Import{WorkspaceID: seen.WorkspaceID, ID: seen.ImportID, LastRunID: seen.ID, NextRunAt: due}
	changed := []string{"last_run_id", "open_run_id"}
	if !due.IsZero() {
		changed = append(changed, slot...)
	}
	if ended.Status == ingest.Succeeded {
		if i.Watermark = ended.Watermark; i.Watermark != "" {
			changed = append(changed, "watermark")
		}
		if i.ManifestHash = ended.ManifestHash; i.ManifestHash != "" {
			changed = append(changed, "manifest_hash")
		}
	}
	v := values{":run": seen.ID}
	change, err := assign(newImportItem(i), changed, v)
	return update(importKey(i.WorkspaceID, i.ID), change, "#open_run_id = :run", v), err
}

// Reopen queues a held or failed run for another attempt. What was released with a failed one is taken again, at once.
func (s *Store) Reopen(ctx context.Context, seen, r ingest.Run) (bool, error) {
	v := values{":seen": seen.Revision}
	r.Revision = seen.Revision + 1
	change, err := assign(newRunItem(r), runMove, v)
	if err != nil {
		return false, err
	}
	writes := []write{update(runKey(seen.Ref()), change, "#revision = :seen", v)}
	if !seen.Status.Open() {
		const last = "#last_run_id = :run AND attribute_not_exists(#open_run_id) AND (attribute_not_exists(#reset_at) OR #reset_at < :created)"
		writes = append(writes, update(importKey(seen.WorkspaceID, seen.ImportID), "SET #open_run_id = :run", last,
			values{":run": seen.ID, ":created": string(stamp(seen.CreatedAt))}))
		if seen.Trigger == ingest.Replay {
			writes = append(writes, markReplayed(seen))
		}
	}
	refused, err := s.transact(ctx, "opening run again", writes...)
	return err == nil && refused == nil, err
}
