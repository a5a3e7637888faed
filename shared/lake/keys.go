package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// keyWriter writes keys as equality delete files.
type keyWriter struct {
	lake    *Lake
	table   *table.Table // whose spec the files are of
	out     *output
	columns *layout
	to      shape
}

// writeKeys writes an equality delete for each key of the run that may be in the table, as data files are written: in memory that
// does not grow with keys or partitions. Files of which no row may be there are not read.
func (m *merge) writeKeys(ctx context.Context, l *Lake, tbl *table.Table, files []iceberg.DataFile, there *reach) (made []iceberg.DataFile, err error) {
	var some []iceberg.DataFile
	var numbers []int // of these files
	for number, file := range files {
		if !there.before(file) {
			some, numbers = append(some, file), append(numbers, number)
		}
	}
	if len(some) == 0 {
		return nil, nil
	}
	w := &keyWriter{lake: l}
	if w.table, err = deleteScope(tbl, m.Key); err != nil {
		return nil, err
	}
	if w.out, err = openOutput(ctx, w.table, nil, l.targetBytes); err != nil {
		return nil, err
	}
	defer w.out.fail()
	for _, name := range m.Key {
		field, _ := tbl.Schema().FindFieldByName(name)
		w.out.keys = append(w.out.keys, field.ID)
	}
	defer func() { err = errors.Join(err, w.close()) }()
	rows := make([]uint32, len(some))
	err = readFiles(ctx, tbl, some, once(m.Key, []string{m.Fresh}), func(file int, batch arrow.RecordBatch) error {
		first := rows[file]
		rows[file] += uint32(batch.NumRows())
		fresh, err := there.fresh(some[file], batch)
		if err != nil {
			return err
		}
		but := m.verdict.superseded[numbers[file]]
		return m.writeKeysOf(ctx, w, batch, func(row uint32) bool { return but.has(first+row) || fresh(int(row)) })
	})
	if err != nil {
		return nil, err
	}
	if w.to == nil {
		return nil, nil
	}
	err = w.to.end()
	return w.out.files, err
}

// writeKeysOf writes the keys of the batch's rows, but of some.
func (m *merge) writeKeysOf(ctx context.Context, w *keyWriter, batch arrow.RecordBatch, but func(row uint32) bool) error {
	if err := m.whole(batch); err != nil {
		return err
	}
	keys := columnsOf(batch, m.Key)
	defer keys.Release()
	kept, err := pickRows(ctx, keys, 0, func(row uint32) bool { return !but(row) })
	if err != nil {
		return err
	}
	defer kept.Release()
	if kept.NumRows() == 0 {
		return nil
	}
	return w.write(kept)
}

// write adds keys. What the first batch has for columns, all have.
func (w *keyWriter) write(keys arrow.RecordBatch) (err error) {
	if w.to == nil {
		if w.columns, err = someOf(w.table, keys.Schema()); err != nil {
			return err
		}
		w.out.schema = w.columns.file
		if w.to, err = w.lake.shape(w.table, w.columns, w.out); err != nil {
			return err
		}
	}
	return w.columns.write(keys, w.to)
}

func (w *keyWriter) close() error {
	if w.to == nil {
		return nil
	}
	return w.to.close()
}

// columnsOf is the batch with these of its columns, to be released.
func columnsOf(batch arrow.RecordBatch, names []string) arrow.RecordBatch {
	var fields []arrow.Field
	var columns []arrow.Array
	for i, field := range batch.Schema().Fields() {
		if slices.Contains(names, field.Name) {
			fields, columns = append(fields, field), append(columns, batch.Column(i))
		}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, batch.NumRows())
}

// pickRows returns the rows of the batch, of which the first has the number
// first, that are wanted. It is the caller's to release.
func pickRows(ctx context.Context, batch arrow.RecordBatch, first uint32, wanted func(row uint32) bool) (arrow.RecordBatch, error) {
	mask := array.NewBooleanBuilder(memory.DefaultAllocator)
	defer mask.Release()
	mask.Reserve(int(batch.NumRows()))
	for row := range uint32(batch.NumRows()) {
		mask.UnsafeAppend(wanted(first + row))
	}
	keep := mask.NewBooleanArray()
	defer keep.Release()
	kept, err := compute.FilterRecordBatch(ctx, batch, keep, compute.DefaultFilterOptions())
	if err != nil {
		return nil, fmt.Errorf("leaving out rows: %w", err)
	}
	return kept, nil
}
