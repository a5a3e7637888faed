package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// Committed returns the snapshot that the run's commit made. It is found as
// long as the snapshot has not been expired.
func (l *Lake) Committed(ctx context.Context, id TableID, runID string) (snapshotID string, found bool, err error) {
	tbl, err := l.load(l.with(ctx), id)
	if err != nil {
		return "", false, err
	}
	snapshotID, found = snapshotOf(tbl, runID)
	return snapshotID, found, nil
}

func snapshotOf(tbl *table.Table, runID string) (string, bool) {
	for _, snapshot := range tbl.Metadata().Snapshots() {
		if snapshot.Summary != nil && snapshot.Summary.Properties[RunIDKey] == runID {
			return strconv.FormatInt(snapshot.SnapshotID, 10), true
		}
	}
	return "", false
}

// Commit makes the run's files the table's in one snapshot, and returns its id.
// parts are Files.Encoded of the run's workers; they are read at most once, and
// only if the run is not committed yet. A file's description takes a few
// kilobytes; nothing else grows with their number.
//
// Append adds the files; without any it makes no snapshot and returns "".
// FullRefresh replaces all files of the table, also by none.
//
// It is exactly once by run id: a run that is committed already yields its
// snapshot. The new snapshot is built on a version of the table that was seen
// not to have the run, and pinned to it: if any other snapshot comes first, the
// catalog refuses, and everything begins again from the newer version. iceberg's
// own replay of a refused commit, which a table property turns on, would not look
// for the run again; the pin stops that too. An error leaves open whether the
// commit happened; calling again finds out. Too many conflicts in a row are
// fault.LakeConflict.
func (l *Lake) Commit(ctx context.Context, id TableID, runID string, mode ingest.Mode, parts iter.Seq2[[]byte, error]) (snapshotID string, err error) {
	if runID == "" {
		return "", errors.New("a commit needs a run id")
	}
	if mode != ingest.Append && mode != ingest.FullRefresh {
		return "", fmt.Errorf("there is no mode %q", mode)
	}
	ctx = l.with(ctx)
	run := commit{lake: l, id: id, runID: runID, parts: parts, stage: replaceFiles}
	if mode == ingest.Append {
		run.stage = addFiles
	}
	return l.retryConflicts(ctx, func() (string, error) { return run.try(ctx) })
}

type commit struct {
	lake  *Lake
	id    TableID
	runID string
	parts iter.Seq2[[]byte, error] // nil once read
	files []iceberg.DataFile
	stage stage
}

// stage adds a run's change of tbl to tx as one snapshot with this summary, or
// adds nothing where there is nothing to change. It may be called again, with a
// newer version of the table.
type stage func(ctx context.Context, c *commit, tbl *table.Table, tx *table.Transaction, summary iceberg.Properties) (staged bool, err error)

func (c *commit) try(ctx context.Context) (string, error) {
	tbl, err := c.lake.load(ctx, c.id)
	if err != nil {
		return "", err
	}
	if snapshotID, found := snapshotOf(tbl, c.runID); found {
		return snapshotID, nil
	}
	if err := c.read(tbl); err != nil {
		return "", err
	}
	tx := tbl.NewTransaction()
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
		return "", fmt.Errorf("pinning the table's version: %w", err)
	}
	staged, err := c.stage(ctx, c, tbl, tx, iceberg.Properties{RunIDKey: c.runID})
	if err != nil {
		return "", classify(fmt.Errorf("building a snapshot: %w", err))
	}
	if !staged {
		return "", nil
	}
	committed, err := tx.Commit(ctx)
	if err != nil {
		return "", c.lake.commitError(ctx, tbl, fmt.Errorf("committing: %w", err))
	}
	snapshotID, found := snapshotOf(committed, c.runID)
	if !found {
		return "", errors.New("the committed table does not have the run's snapshot")
	}
	return snapshotID, nil
}

func (c *commit) read(tbl *table.Table) error {
	if c.parts == nil {
		return nil
	}
	var files []iceberg.DataFile
	for encoded, err := range c.parts {
		if err != nil {
			return fmt.Errorf("reading the run's data files: %w", err)
		}
		if files, err = appendDecoded(files, encoded, tbl); err != nil {
			return err
		}
	}
	c.parts, c.files = nil, files
	return nil
}

func addFiles(ctx context.Context, c *commit, _ *table.Table, tx *table.Transaction, summary iceberg.Properties) (bool, error) {
	if len(c.files) == 0 {
		return false, nil
	}
	return true, tx.AddDataFiles(ctx, c.files, summary, table.WithoutDuplicateCheck())
}

func replaceFiles(ctx context.Context, c *commit, tbl *table.Table, tx *table.Transaction, summary iceberg.Properties) (bool, error) {
	replaced, err := currentFiles(ctx, tbl)
	if err != nil {
		return false, err
	}
	if len(replaced) == 0 && len(c.files) == 0 {
		return true, unchanged(ctx, tx, summary)
	}
	return true, tx.ReplaceDataFilesWithDataFiles(ctx, replaced, c.files, summary)
}

// unchanged makes a snapshot without a change, for the run's id alone.
func unchanged(ctx context.Context, tx *table.Transaction, summary iceberg.Properties) error {
	return tx.AddFiles(ctx, nil, summary, false)
}

// currentFiles lists the data files of the table's current snapshot.
func currentFiles(ctx context.Context, tbl *table.Table) ([]iceberg.DataFile, error) {
	snapshot := tbl.CurrentSnapshot()
	if snapshot == nil {
		return nil, nil
	}
	fs, err := tbl.FS(ctx)
	if err != nil {
		return nil, err
	}
	manifests, err := snapshot.Manifests(fs)
	if err != nil {
		return nil, err
	}
	var files []iceberg.DataFile
	for _, manifest := range manifests {
		if manifest.ManifestContent() != iceberg.ManifestContentData {
			continue
		}
		for entry, err := range manifest.Entries(fs, true) {
			if err != nil {
				return nil, err
			}
			files = append(files, entry.DataFile())
		}
	}
	return files, nil
}
