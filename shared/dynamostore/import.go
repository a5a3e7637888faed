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
	condition := exists + noneOpen + " AND " + same("watermark", seen.Watermark, v)
	moved := seen
	moved.Watermark, moved.ResetAt = literal, at
	return s.changeImport(ctx, "setting watermark", moved, []string{"watermark", "reset_at"}, condition, v)
}

// UpdateImport writes what may change of an import, if nobody has changed it, and it had no run, since it was seen.
func (s *Store) UpdateImport(ctx context.Context, i ingest.Import) (bool, error) {
	v := values{}
	condition := exists + noneOpen + " AND " + same("last_run_id", i.LastRunID, v) + " AND " + same("revision", i.Revision, v)
	i.Revision++
	what := []string{"mapping", "key", "deleted", "guards", "proof", "precedence", "respread", "revision"}
	return s.changeImport(ctx, "changing import", i, what, condition, v)
}

const noneOpen = " AND attribute_not_exists(#open_run_id)"

// same is the condition that an attribute, which is left out when it is zero, still is what was seen.
func same[T comparable](attribute string, seen T, v values) string {
	if seen == *new(T) {
		return "attribute_not_exists(#" + attribute + ")"
	}
	v[":seen_"+attribute] = seen
	return "#" + attribute + " = :seen_" + attribute
}

// changeImport writes some attributes of an import. It is a transaction of one so that, when an answer
// is lost, asking again does not find the condition spoilt by what was asked for first.
func (s *Store) changeImport(ctx context.Context, doing string, i ingest.Import, what []string, condition string, v values) (bool, error) {
	change, err := assign(newImportItem(i), what, v)
	if err != nil {
		return false, err
	}
	refused, err := s.transact(ctx, doing, update(importKey(i.WorkspaceID, i.ID), change, condition, v))
	return err == nil && refused == nil, err
}
