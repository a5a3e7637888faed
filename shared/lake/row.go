package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

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

// Rows returns up to limit rows of the table, in no particular order. A table
// that does not exist is fault.LakeTableMissing.
func (l *Lake) Rows(ctx context.Context, id TableID, limit int) ([]Row, error) {
	ctx = l.with(ctx)
	tbl, err := l.load(ctx, id)
	if err != nil {
		return nil, err
	}
	return scan(ctx, tbl, limit)
}

// Lookup returns up to limit rows whose string column has this value. Files and
// row groups whose statistics exclude the value are not read.
func (l *Lake) Lookup(ctx context.Context, id TableID, column, value string, limit int) ([]Row, error) {
	ctx = l.with(ctx)
	tbl, err := l.load(ctx, id)
	if err != nil {
		return nil, err
	}
	field, ok := tbl.Schema().FindFieldByName(column)
	if !ok || !field.Type.Equals(iceberg.PrimitiveTypes.String) {
		return nil, fault.Field(fault.LakeIncompatible, column, "the table has no text column of this name")
	}
	return scan(ctx, tbl, limit, table.WithRowFilter(iceberg.EqualTo(iceberg.Reference(column), value)))
}

func scan(ctx context.Context, tbl *table.Table, limit int, options ...table.ScanOption) ([]Row, error) {
	if limit <= 0 {
		return nil, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options = append(options, table.WithLimit(int64(limit)))
	_, batches, err := tbl.Scan(options...).ToArrowRecords(ctx)
	if err != nil {
		return nil, classify(fmt.Errorf("planning a scan: %w", err))
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
	n := min(int(batch.NumRows()), limit-len(rows))
	from := len(rows)
	for range n {
		rows = append(rows, make(Row, batch.NumCols()))
	}
	for c := range int(batch.NumCols()) {
		name := batch.ColumnName(c)
		field, _ := sc.FindFieldByName(name)
		value := valuesOf(batch.Column(c), isJSON(field))
		for r := range n {
			rows[from+r][c] = Cell{Column: name, Value: value(r)}
		}
	}
	return rows
}
