package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Merge says how rows of a run replace rows of the table.
type Merge struct {
	// Key names the columns that identify a row, at least one, none of them floating point.
	Key []string
	// Order names the columns that tell which of a run's rows with one key is the last: the cursor, then what decides
	// between equal cursors. They are compared in turn, ascending, null before any value. Where all are equal, the
	// later row of the later part is the last: for a result that does not depend on how a run was split, name columns
	// enough that equal rows are alike.
	Order []string
	// Deleted names a boolean column, or is empty. A row that is the last of its key and has true in it deletes the
	// key: no row of it stays. To keep such rows, marked, leave this empty: they are merged like any other.
	Deleted string
	// All makes all of the run's rows of a key the table's only ones, instead of the last: the key names a part of the
	// table, and the run has that part whole. It goes with neither Order nor Deleted.
	All bool
	// Fresh names a column that rows with one key have one value in, or is empty: whole numbers, texts, dates or times. A row with a
	// value greater than any that the table has is taken to be new, so that nothing is deleted for it: a run of nothing but
	// such rows makes no delete files. What the table has is taken from the bounds in its manifests. It goes with All only.
	Fresh string
	// KeepNewer leaves a key as it is in the table, and the run's rows of it out, if the table's is greater by the first
	// column of Order: for a run that reads a part of the past. A key that was deleted since is not in the table any
	// more, so a row of it comes back. What the table has in the run's partitions is read.
	KeepNewer bool
	// KeepEqual, with KeepNewer, leaves a key also if the table's is as great: for a run whose rows are older than they
	// say. With All instead, it leaves every key that the table has.
	KeepEqual bool
}

// keeps reports whether rows of the table may stay although the run has their key.
func (by Merge) keeps() bool { return by.KeepNewer || by.KeepEqual }

// Merge commits the run's files as Commit does, exactly once by run id, so that
// of each key that the run has, its last row in the run is the table's only one.
// The table's rows of other keys stay.
//
// A run's row replaces the table's whatever the latter's order: a source hands
// out its rows as they are now, so what a later run reads is newer. A run of
// which that is not so has KeepNewer or KeepEqual.
//
// The work is linear in the run: its files' columns of Key and Deleted and the
// first of Order are read, the others of Order only in files with rows that
// those leave equal, and without KeepNewer and KeepEqual never the table's.
// Replaced rows are named in delete files: equality deletes of the run's keys
// for what the table had, but not of rows that Fresh says are new; position
// deletes for rows that the run itself supersedes. Maintain folds them into the
// data. Of the run's rows, a few are held in memory at once (Config.MergeRows);
// of a larger run about 30 bytes and what is compared go through temporary files.
//
// A row without a value in a key column is refused with fault.LakeIncompatible
// and the column as Field, before anything is written; not where Fresh says of
// its whole file that it is new. A run without rows makes no snapshot and
// returns "".
func (l *Lake) Merge(ctx context.Context, id TableID, runID string, by Merge, parts iter.Seq2[[]byte, error]) (snapshotID string, err error) {
	if runID == "" {
		return "", errors.New("a commit needs a run id")
	}
	if err := by.validate(); err != nil {
		return "", err
	}
	ctx = l.with(ctx)
	if _, err := l.retryConflicts(ctx, func() (string, error) { return "", l.openGlobal(ctx, id, by.Key) }); err != nil {
		return "", err
	}
	m := &merge{Merge: by, inMemory: l.mergeRows}
	run := commit{lake: l, id: id, runID: runID, parts: parts, stage: m.stage}
	return l.retryConflicts(ctx, func() (string, error) { return run.try(ctx) })
}

func (by Merge) validate() error {
	switch {
	case len(by.Key) == 0:
		return errors.New("a merge needs key columns")
	case by.All && (len(by.Order) > 0 || by.Deleted != "" || by.KeepNewer):
		return errors.New("a merge of all rows of a key tells none of them from the others")
	case by.Fresh != "" && !by.All:
		return errors.New("which rows are new tells only a merge of all rows of a key")
	case by.KeepEqual && !by.KeepNewer && !by.All:
		return errors.New("a merge that keeps what is as great keeps what is greater")
	case by.KeepNewer && len(by.Order) == 0:
		return errors.New("a merge needs a column to tell which row is newer")
	}
	return nil
}

// merge keeps what a commit need not do again after a conflict: it depends on
// the run's files only.
type merge struct {
	Merge
	inMemory  int64 // how many claims may be
	verdict   *verdict
	rows      []iceberg.DataFile // the run's files that have rows to show
	positions []iceberg.DataFile
	keys      []iceberg.DataFile
	named     *reach // keys are of the rows that a table that goes so far may have; nil: of none yet
}

func (m *merge) stage(ctx context.Context, c *commit, tbl *table.Table, tx *table.Transaction, summary iceberg.Properties) (bool, error) {
	if len(c.files) == 0 {
		return false, nil
	}
	placed, err := withDataPath(tbl, tbl.Location()+"/data/"+c.runID)
	if err != nil {
		return false, fmt.Errorf("preparing delete files: %w", err)
	}
	if err := m.judge(ctx, placed, c.files); err != nil {
		return false, err
	}
	if err := m.name(ctx, c.lake, placed, c.files); err != nil {
		return false, fmt.Errorf("writing equality deletes: %w", err)
	}
	if len(m.rows)+len(m.positions)+len(m.keys) == 0 {
		return true, unchanged(ctx, tx, summary) // else a later call could delete what came between
	}
	return true, tx.NewRowDelta(summary).AddRows(m.rows...).AddDeletes(m.positions...).AddDeletes(m.keys...).Commit(ctx)
}

// judge finds the last row of each key and writes the position deletes of the others.
func (m *merge) judge(ctx context.Context, tbl *table.Table, files []iceberg.DataFile) error {
	if m.verdict != nil && !m.keeps() {
		return nil
	}
	m.rows, m.keys, m.named = nil, nil, nil // where it keeps rows: another version of the table, another verdict
	if err := m.check(tbl.Schema()); err != nil {
		return err
	}
	found, err := m.resolve(ctx, tbl, files)
	if err != nil {
		return err
	}
	if m.positions, err = writePositions(ctx, tbl, files, found); err != nil {
		return fmt.Errorf("writing position deletes: %w", err)
	}
	for i, file := range files {
		if !found.hidden(i) {
			m.rows = append(m.rows, file)
		}
	}
	m.verdict = found
	return nil
}

// name writes the equality deletes, unless those that were written are right for this version of the table too.
func (m *merge) name(ctx context.Context, l *Lake, tbl *table.Table, files []iceberg.DataFile) error {
	there, err := m.reachOf(ctx, tbl, files)
	if err != nil {
		return fmt.Errorf("reading what the table has: %w", err)
	}
	if there.same(m.named) {
		return nil
	}
	if m.keys, err = m.writeKeys(ctx, l, tbl, files, there); err != nil {
		return err
	}
	m.named = there
	return nil
}

// check refuses columns that the table lacks or that cannot be what they are named for.
func (m *merge) check(sc *iceberg.Schema) error {
	for _, name := range once(m.columns(), []string{m.Fresh}) {
		field, ok := sc.FindFieldByName(name)
		switch {
		case !ok:
			return fault.Field(fault.LakeIncompatible, name, "the table has no column of this name")
		case name == m.Deleted && !field.Type.Equals(iceberg.PrimitiveTypes.Bool):
			return fault.Field(fault.LakeIncompatible, name, "a column that says whether a row is deleted must be boolean")
		case slices.Contains(m.Key, name) && field.Type.Equals(iceberg.PrimitiveTypes.Float64):
			return fault.Field(fault.LakeIncompatible, name, "a floating point column cannot be a key")
		case name == m.Fresh && !reaches(field.Type):
			return fault.Field(fault.LakeIncompatible, name, "a column of this type does not tell which rows are new")
		}
	}
	return nil
}

// columns are those that a merge reads of a run, each once.
func (m *merge) columns() []string { return once(m.Key, m.Order, []string{m.Deleted}) }

func once(lists ...[]string) []string {
	var names []string
	for _, name := range slices.Concat(lists...) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
