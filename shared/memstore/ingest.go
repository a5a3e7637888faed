package memstore

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

func noRun() error { return fault.New(fault.RunNotFound, "there is no such run") }

// CreateImport writes an import and its name.
func (s *Store) CreateImport(_ context.Context, i ingest.Import) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.imports[owned{i.WorkspaceID, i.ID}]; taken {
		return errors.New("creating import: its id is taken")
	}
	n := nameOf(i.WorkspaceID, "import", i.Name)
	if _, taken := s.names[n]; taken {
		return fault.Field(fault.ImportNameTaken, "name", "another import of the workspace has this name")
	}
	s.names[n] = i.ID
	s.putImport(i)
	return nil
}

func (s *Store) putImport(i ingest.Import) {
	i = clone(i)
	i.NextRunAt, i.CreatedAt, i.ResetAt = milli(i.NextRunAt), milli(i.CreatedAt), milli(i.ResetAt)
	s.imports[owned{i.WorkspaceID, i.ID}] = i
}

// Import returns one import.
func (s *Store) Import(_ context.Context, workspaceID, id string) (ingest.Import, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.imports[owned{workspaceID, id}]
	if !ok {
		return ingest.Import{}, fault.New(fault.ImportNotFound, "there is no such import")
	}
	return clone(i), nil
}

// Imports returns a page of a workspace's imports, newest first.
func (s *Store) Imports(_ context.Context, workspaceID, after string, limit int) ([]ingest.Import, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newest(s.imports, after, limit, func(i ingest.Import) (string, bool) { return i.ID, i.WorkspaceID == workspaceID }), nil
}

// DueImports returns imports whose next run is at or before now.
func (s *Store) DueImports(_ context.Context, now time.Time, limit int) ([]ingest.Import, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return earliest(s.imports, limit, func(i ingest.Import) (time.Time, bool) {
		return i.NextRunAt, !i.NextRunAt.IsZero() && !i.NextRunAt.After(milli(now))
	}), nil
}

// SkipSlot moves NextRunAt from the one seen to next.
func (s *Store) SkipSlot(_ context.Context, seen ingest.Import, next time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.imports[owned{seen.WorkspaceID, seen.ID}]
	if !ok || !i.NextRunAt.Equal(milli(seen.NextRunAt)) {
		return false, nil
	}
	i.NextRunAt = next
	s.putImport(i)
	return true, nil
}

// OpenRun writes a queued run and makes it the import's open run, at once.
func (s *Store) OpenRun(_ context.Context, seen ingest.Import, r ingest.Run, next time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.imports[owned{seen.WorkspaceID, seen.ID}]
	if !ok {
		return fault.New(fault.ImportNotFound, "there is no such import")
	}
	takes := r.Trigger == ingest.Scheduled
	if i.OpenRunID != "" || takes && !i.NextRunAt.Equal(milli(seen.NextRunAt)) {
		return fault.New(fault.ImportRunOpen, "another run of this import is open, or has just taken the slot")
	}
	if _, taken := s.runs[r.Ref()]; taken {
		return errors.New("opening run: its id is taken")
	}
	if r.Trigger == ingest.Replay {
		replayed, ok := s.runs[replayedBy(r)]
		switch {
		case !ok:
			return noRun()
		case !s.markReplayed(r, r.ID):
			return fault.New(fault.QuarantineUsed, "run "+replayed.ReplayedBy+" has replayed it")
		}
	}
	if i.OpenRunID = r.ID; takes {
		i.NextRunAt = next
	}
	s.putImport(i)
	s.putRun(r)
	return nil
}

// replayedBy names the run whose quarantine a replay reads.
func replayedBy(r ingest.Run) ingest.Ref {
	return ingest.Ref{WorkspaceID: r.WorkspaceID, ImportID: r.ImportID, RunID: r.Replays}
}

// markReplayed sets the mark of a replay on the run that it replays, "" for none; false when another replay's is there.
func (s *Store) markReplayed(r ingest.Run, mark string) bool {
	replayed, ok := s.runs[replayedBy(r)]
	if !ok || replayed.ReplayedBy != "" && replayed.ReplayedBy != r.ID {
		return false
	}
	replayed.ReplayedBy = mark
	s.putRun(replayed)
	return true
}

func (s *Store) putRun(r ingest.Run) {
	r = clone(r)
	r.AsOf = milli(r.AsOf)
	if r.Released != nil {
		r.Released.At = milli(r.Released.At)
	}
	r.CreatedAt, r.StartedAt, r.EndedAt, r.Deadline = milli(r.CreatedAt), milli(r.StartedAt), milli(r.EndedAt), milli(r.Deadline)
	s.runs[r.Ref()] = r
}

// Run returns one run.
func (s *Store) Run(_ context.Context, ref ingest.Ref) (ingest.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.runs[ref]
	if !ok {
		return ingest.Run{}, noRun()
	}
	return clone(r), nil
}

// Runs returns a page of an import's runs, newest first.
func (s *Store) Runs(_ context.Context, workspaceID, importID, after string, limit int) ([]ingest.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newest(s.runs, after, limit, func(r ingest.Run) (string, bool) {
		return r.ID, r.WorkspaceID == workspaceID && r.ImportID == importID
	}), nil
}

// UnstartedRuns returns runs still queued that were created before the given time.
func (s *Store) UnstartedRuns(_ context.Context, before time.Time, limit int) ([]ingest.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return earliest(s.runs, limit, func(r ingest.Run) (time.Time, bool) {
		return r.CreatedAt, r.Status == ingest.Queued && r.CreatedAt.Before(milli(before))
	}), nil
}

// OverdueRuns returns open runs whose deadline is before now.
func (s *Store) OverdueRuns(_ context.Context, now time.Time, limit int) ([]ingest.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return earliest(s.runs, limit, func(r ingest.Run) (time.Time, bool) {
		return r.Deadline, r.Status.Open() && r.Deadline.Before(milli(now))
	}), nil
}

// MoveRun writes what changes of a run, if its revision is still the one seen.
func (s *Store) MoveRun(_ context.Context, seen, r ingest.Run) (bool, error) {
	return s.moveRun(seen, r, time.Time{})
}

// RepeatRun is MoveRun of a run that has ended, and makes its import due.
func (s *Store) RepeatRun(_ context.Context, seen, r ingest.Run, due time.Time) (bool, error) {
	return s.moveRun(seen, r, due)
}

func (s *Store) moveRun(seen, r ingest.Run, due time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, ok := s.runs[seen.Ref()]
	if !ok || stored.Revision != seen.Revision {
		return false, nil
	}
	if !r.Status.Open() {
		i := s.imports[owned{seen.WorkspaceID, seen.ImportID}]
		if i.OpenRunID != seen.ID {
			return false, errors.New("moving run: its import does not hold it as the open run")
		}
		if i.OpenRunID, i.LastRunID = "", seen.ID; !due.IsZero() {
			i.NextRunAt = due
		}
		if r.Status == ingest.Succeeded {
			i.Watermark, i.ManifestHash = cmp.Or(r.Watermark, i.Watermark), cmp.Or(r.ManifestHash, i.ManifestHash)
		}
		s.putImport(i)
		if stored.Trigger == ingest.Replay && r.Status == ingest.Failed {
			s.markReplayed(stored, "")
		}
	}
	s.putMoved(stored, r)
	return true, nil
}

// putMoved writes what a move changes of a stored run.
func (s *Store) putMoved(stored, r ingest.Run) {
	moved := stored
	moved.Status, moved.StartedAt, moved.EndedAt, moved.Deadline = r.Status, r.StartedAt, r.EndedAt, r.Deadline
	moved.PlanKey, moved.SchemaVersion, moved.Splits = r.PlanKey, r.SchemaVersion, r.Splits
	moved.SnapshotID, moved.ErrorCode, moved.ErrorMessage = r.SnapshotID, r.ErrorCode, r.ErrorMessage
	moved.From, moved.AsOf, moved.Watermark, moved.ManifestHash = r.From, r.AsOf, r.Watermark, r.ManifestHash
	moved.Attempt, moved.Findings, moved.Released, moved.Proved = r.Attempt, r.Findings, r.Released, r.Proved
	moved.Revision = stored.Revision + 1
	s.putRun(moved)
}

// Reopen queues a held or failed run for another attempt.
func (s *Store) Reopen(_ context.Context, seen, r ingest.Run) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, ok := s.runs[seen.Ref()]
	if !ok || stored.Revision != seen.Revision {
		return false, nil
	}
	if !seen.Status.Open() {
		i := s.imports[owned{seen.WorkspaceID, seen.ImportID}]
		if i.OpenRunID != "" || i.LastRunID != seen.ID || !stored.CreatedAt.After(i.ResetAt) {
			return false, nil
		}
		if stored.Trigger == ingest.Replay && !s.markReplayed(stored, stored.ID) {
			return false, nil
		}
		i.OpenRunID = seen.ID
		s.putImport(i)
	}
	s.putMoved(stored, r)
	return true, nil
}

// SetWatermark makes the watermark literal, if nobody has moved it and no run is open.
func (s *Store) SetWatermark(_ context.Context, seen ingest.Import, literal string, at time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.imports[owned{seen.WorkspaceID, seen.ID}]
	if !ok || i.OpenRunID != "" || i.Watermark != seen.Watermark {
		return false, nil
	}
	i.Watermark, i.ResetAt = literal, at
	s.putImport(i)
	return true, nil
}

// UpdateImport writes what may change of an import, if nobody has changed it, and it had no run, since it was seen.
func (s *Store) UpdateImport(_ context.Context, i ingest.Import) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, ok := s.imports[owned{i.WorkspaceID, i.ID}]
	if !ok || stored.OpenRunID != "" || stored.LastRunID != i.LastRunID || stored.Revision != i.Revision {
		return false, nil
	}
	stored.Key, stored.Deleted, stored.Respread = i.Key, i.Deleted, i.Respread
	stored.Mapping, stored.Guards, stored.Proof, stored.Precedence = i.Mapping, i.Guards, i.Proof, i.Precedence
	stored.Revision++
	s.putImport(stored)
	return true, nil
}
