package transfer

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// land makes the run's rows the table's as the import's mode says, and returns the
// snapshot, empty when there was nothing to commit. Called again it finds the same one.
func land(ctx context.Context, l *lake.Lake, made plan, run ingest.Run, files iter.Seq2[[]byte, error]) (string, error) {
	i, table := made.Import, lake.TableOf(made.Import)
	switch {
	case i.Mode == ingest.Merge:
		return l.Merge(ctx, table, run.ID, byKey(i, run), files)
	case i.Mode == ingest.Append && i.Cursor != nil:
		return l.Merge(ctx, table, run.ID, byFingerprint(made), files)
	case i.Mode == ingest.FullRefresh && run.Replays != "": // what the last refresh left out is added to it
		return l.Commit(ctx, table, run.ID, ingest.Append, files)
	}
	return l.Commit(ctx, table, run.ID, i.Mode, files)
}

// byKey lets the last row of each key stand. Where the cursor does not tell two rows
// apart everything else of them does, so that it is the same one however
// the run was split.
func byKey(i ingest.Import, run ingest.Run) lake.Merge {
	m := lake.Merge{Key: i.Key, Deleted: i.Deleted}
	if i.Cursor != nil {
		// What a backfill reads is as it is now; what a replay reads is as it was.
		m.KeepNewer, m.KeepEqual = readsThePast(run), run.Replays != ""
	}
	add := func(column string) {
		if column != "" && !slices.Contains(m.Key, column) && !slices.Contains(m.Order, column) {
			m.Order = append(m.Order, column)
		}
	}
	if i.Cursor != nil {
		add(ingest.CursorColumn)
	}
	columns := i.Mapping
	if i.Type == ingest.GroupIdentity && slices.ContainsFunc(columns, func(c ingest.Column) bool { return c.Target == "cursor" }) {
		add("cursor")
	}
	add(i.Deleted)
	for _, c := range columns {
		add(c.Target)
	}
	return m
}

// byFingerprint replaces what was read before by what was read again: as many rows of a
// fingerprint as the source has. Rows of one fingerprint lie in one partition, whose columns keep the
// deletes to it; unless the mapping has moved them since, and then they are looked for in all of the table. A fingerprint is
// of the cursor too, so that a row with a cursor beyond the table's is not there.
//
// A replay has all rows of a fingerprint that its run read, as those are rejected alike; where they need
// not be, it leaves what landed of them.
func byFingerprint(made plan) lake.Merge {
	i := made.Import
	spread := lake.SpreadOf(i.Type)
	m := lake.Merge{All: true, Fresh: ingest.CursorColumn, KeepEqual: made.Some}
	for _, bucket := range spread.Buckets {
		m.Key = append(m.Key, bucket.Column)
	}
	if spread.Day != "" {
		m.Key = append(m.Key, spread.Day)
	}
	if i.Respread {
		m.Key = nil
	}
	m.Key = append(m.Key, ingest.RowColumn)
	return m
}

// readsThePast reports whether the table may have newer rows than the run reads.
func readsThePast(run ingest.Run) bool { return run.Range != nil || run.Replays != "" }

// files yields the encoded data files of a run, in the order of its parts; a few parts are in memory at a time.
func files(ctx context.Context, objects Objects, parts []ingest.Part) iter.Seq2[[]byte, error] {
	var keys []string
	for _, p := range parts {
		if p.FilesKey != "" {
			keys = append(keys, p.FilesKey)
		}
	}
	return ahead(ctx, keys, func(ctx context.Context, key string) ([]byte, error) {
		body, err := objects.Get(ctx, key)
		if err != nil {
			err = fmt.Errorf("reading data file list: %w", err)
		}
		return body, err
	})
}
