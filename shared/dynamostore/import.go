package dynamostore

import (
	"context"
	"errors"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
)

func noImport() *fault.Error { return fault.New(fault.ImportNotFound, "there is no such import") }

// CreateImport writes an import and its name.
func (s *Store) CreateImport(ctx context.Context, i ingest.Import) error {
	const importAt = 0
	refused, err := s.transact(ctx, "creating import",
		put(newImportItem(i), absent),
		put(newNameItem(importNameKey(i.WorkspaceID, i.Name), i.ID), absent),
	)
	switch {
	case err != nil || refused == nil:
		return err
	case refused.at(importAt):
		return errors.New("creating import: its id is taken")
	}
	return fault.Field(fault.ImportNameTaken, "name", "another import of the workspace has this name")
}

// Import returns one import, or fault.ImportNotFound.
func (s *Store) Import(ctx context.Context, workspaceID, id string) (ingest.Import, error) {
	return one(ctx, s, "reading import", importKey(workspaceID, id), noImport(), decodeImport)
}

// Imports returns a page of a workspace's imports, newest first.
func (s *Store) Imports(ctx context.Context, workspaceID, after string, limit int) ([]ingest.Import, error) {
	if limit < 1 {
		return nil, nil
	}
	from := span{partition: importKey(workspaceID, "").partition, prefix: importSort, newest: true}
	if after != "" {
		from.after = importKey(workspaceID, after).sort
	}
	return page(ctx, s, "listing imports", from, limit, decodeImport)
}

// DueImports returns imports whose next run is at or before now.
func (s *Store) DueImports(ctx context.Context, now time.Time, limit int) ([]ingest.Import, error) {
	if limit < 1 {
		return nil, nil
	}
	const afterSeparator = "$" // the character after the "#" between time and id, so that now itself is in
	due := search{index: names.WorkDueImport, before: string(stamp(now)) + afterSeparator, of: names.WorkspacePartition}
	return find(ctx, s, "finding due imports", due, limit, decodeImport, func(i ingest.Import) bool {
		return !i.NextRunAt.IsZero() && stamp(i.NextRunAt) <= stamp(now)
	})
}

// slot is what changes when an import's next run moves.
var slot = []string{"next_run_at", names.WorkPartitionKey, names.WorkSortKey}

// SkipSlot moves NextRunAt from the one seen to next.
func (s *Store) SkipSlot(ctx context.Context, seen ingest.Import, next time.Time) (bool, error) {
	v := values{}
	condition := exists + " AND " + slotSeen(seen, v)
	moved := seen
	moved.NextRunAt = next
	change, err := assign(newImportItem(moved), slot, v)
	if err != nil {
		return false, err
	}
	return s.write(ctx, "skipping slot", update(importKey(seen.WorkspaceID, seen.ID), change, condition, v))
}

// slotSeen is the condition that nobody has moved the slot since it was seen.
func slotSeen(seen ingest.Import, v values) string {
	if seen.NextRunAt.IsZero() {
		return "attribute_not_exists(#next_run_at)"
	}
	v[":seen"] = string(stamp(seen.NextRunAt))
	return "#next_run_at = :seen"
}

// SetWatermark makes the watermark literal, if it still is the one seen and no run is open.
func (s *Store) SetWatermark(ctx context.Context, seen ingest.Import, literal string, at time.Time) (bool, error) {
	v := values{}
	condition := exists + " AND attribute_not_exists(#open_run_id) AND attribute_not_exists(#watermark)"
	if seen.Watermark != "" {
		condition, v[":seen"] = "attribute_not_exists(#open_run_id) AND #watermark = :seen", seen.Watermark
	}
	moved := seen
	moved.Watermark, moved.ResetAt = literal, at
	change, err := assign(newImportItem(moved), []string{"watermark", "reset_at"}, v)
	if err != nil {
		return false, err
	}
	return s.write(ctx, "setting watermark", update(importKey(seen.WorkspaceID, seen.ID), change, condition, v))
}

// UpdateImport writes what may change of an import, if no run is open and none has ended since it was seen.
func (s *Store) UpdateImport(ctx context.Context, i ingest.Import) (bool, error) {
	v := values{}
	change, err := assign(newImportItem(i), []string{"mapping", "key", "deleted", "guards", "proof", "precedence", "respread"}, v)
	if err != nil {
		return false, err
	}
	condition := exists + " AND attribute_not_exists(#open_run_id) AND attribute_not_exists(#last_run_id)"
	if i.LastRunID != "" {
		condition, v[":seen"] = "attribute_not_exists(#open_run_id) AND #last_run_id = :seen", i.LastRunID
	}
	return s.write(ctx, "changing import", update(importKey(i.WorkspaceID, i.ID), change, condition, v))
}
