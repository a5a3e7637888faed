package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Row is one row: its columns in the table's order.
type Row []Cell

// Cell is one column of a row. Value is nil, or what encoding/json renders as
//
//	string            text
//	int64             a number
//	float64           a number; NaN and ±Inf as the text "NaN", "Infinity", "-Infinity"
//	decimal           text, with the column's scale
//	bool              a boolean
//	date              text, 2006-01-02
//	timestamp         text, RFC 3339 in UTC with microseconds
//	time              text, 15:04:05.000000
//	bytes             text, base64
//	json              the JSON value itself
type Cell struct {
	Column string
	Value  any
}

// Value returns the column's value; false when the row has no such column.
func (r Row) Value(column string) (any, bool) {
	for _, cell := range r {
		if cell.Column == column {
			return cell.Value, true
		}
	}
	return nil, false
}

// MarshalJSON renders an object whose members are in the columns' order.
func (r Row) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, cell := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(cell.Column)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(cell.Value)
		if err != nil {
			return nil, fmt.Errorf("rendering column %s: %w", cell.Column, err)
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Lookup returns up to limit rows whose string column has this value. Files of
// other buckets, and files and row groups whose statistics exclude the value,
// are not read; of the rest that one column is, and of the few that have the value all.
func (l *Lake) Lookup(ctx context.Context, id TableID, column, value string, limit int) ([]Row, error) {
	if limit <= 0 {
		return nil, nil
	}
	ctx = l.with(ctx)
	tbl, err := l.load(ctx, id)
	if err != nil {
		return nil, err
	}
	filter, err := equals(tbl, column, value)
	if err != nil {
		return nil, err
	}
	tasks, err := tbl.Scan(filter).PlanFiles(ctx)
	if err != nil {
		return nil, classify(fmt.Errorf("planning a look-up: %w", err))
	}
	if tasks, err = having(ctx, tbl.Scan(filter, table.WithSelectedFields(column), table.WithMaxConcurrency(1)), tasks); err != nil {
		return nil, classify(fmt.Errorf("looking up: %w", err))
	}
	return rowsOf(ctx, tbl, tasks, limit, filter)
}

// equals is the filter for rows whose string column has this value.
func equals(tbl *table.Table, column, value string) (table.ScanOption, error) {
	field, ok := tbl.Schema().FindFieldByName(column)
	if !ok || !field.Type.Equals(iceberg.PrimitiveTypes.String) {
		return nil, fault.Field(fault.LakeIncompatible, column, "the table has no text column of this name")
	}
	return table.WithRowFilter(iceberg.EqualTo(iceberg.Reference(column), value)), nil
}

// lookupReads is how many files a look-up reads at once: what takes time is the store's answer.
const lookupReads = 16

// having are the tasks that have rows, as the scan sees them.
func having(ctx context.Context, scan *table.Scan, tasks []table.FileScanTask) ([]table.FileScanTask, error) {
	found := make([]bool, len(tasks))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookupReads)
	for i, task := range tasks {
		group.Go(func() (err error) {
			found[i], err = hasRows(ctx, scan, task)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var some []table.FileScanTask
	for i, task := range tasks {
		if found[i] {
			some = append(some, task)
		}
	}
	return some, nil
}

func hasRows(ctx context.Context, scan *table.Scan, task table.FileScanTask) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, batches, err := scan.ReadTasks(ctx, []table.FileScanTask{task})
	if err != nil {
		return false, err
	}
	for batch, err := range batches {
		if err != nil {
			return false, err
		}
		rows := batch.NumRows()
		batch.Release()
		if rows > 0 {
			return true, nil
		}
	}
	return false, nil
}

// Rows returns up to limit rows of the table, in no particular order. A table
// that does not exist is fault.LakeTableMissing.
func (l *Lake) Rows(ctx context.Context, id TableID, limit int) ([]Row, error) {
	ctx = l.with(ctx)
	tbl, err := l.load(ctx, id)
	if err != nil || limit <= 0 {
		return nil, err
	}
	tasks, err := tbl.Scan(table.WithLimit(int64(limit))).PlanFiles(ctx)
	if err != nil {
		return nil, classify(fmt.Errorf("planning a scan: %w", err))
	}
	return rowsOf(ctx, tbl, tasks, limit)
}

// rowsOf reads up to limit rows of the tasks' files.
func rowsOf(ctx context.Context, tbl *table.Table, tasks []table.FileScanTask, limit int, options ...table.ScanOption) ([]Row, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, batches, err := tbl.Scan(append(options, table.WithLimit(int64(limit)))...).ReadTasks(ctx, tasks)
	if err != nil {
		return nil, classify(fmt.Errorf("opening data files: %w", err))
	}
	var rows []Row
	for batch, err := range batches {
		if err != nil {
			return nil, classify(fmt.Errorf("scanning: %w", err))
		}
		rows = appendRows(rows, batch, tbl.Schema(), limit)
		batch.Release()
		if len(rows) == limit {
			break
		}
	}
	return rows, nil
}

func appendRows(rows []Row, batch arrow.RecordBatch, sc *iceberg.Schema, limit int) []Row {
	row := rowOf(batch, sc)
	for n := range min(int(batch.NumRows()), limit-len(rows)) {
		rows = append(rows, row(n))
	}
	return rows
}

// rowOf returns the function from row number to row, which owns its memory.
func rowOf(batch arrow.RecordBatch, sc *iceberg.Schema) func(int) Row {
	values := make([]func(int) any, batch.NumCols())
	for c := range values {
		field, _ := sc.FindFieldByName(batch.ColumnName(c))
		values[c] = valuesOf(batch.Column(c), isJSON(field))
	}
	return func(n int) Row {
		row := make(Row, len(values))
		for c, value := range values {
			row[c] = Cell{Column: batch.ColumnName(c), Value: value(n)}
		}
		return row
	}
}
