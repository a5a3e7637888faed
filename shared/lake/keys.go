package lake

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// deleteFileBytes is how many bytes of keys are held in memory until they become an equality delete file.
const deleteFileBytes = 32 << 20

// keyWriter collects keys and writes them as equality delete files.
type keyWriter struct {
	tx      *table.Transaction
	fields  []int
	pending []arrow.RecordBatch
	bytes   int64
	files   []iceberg.DataFile
}

// writeKeys writes an equality delete for each key of the run.
func (m *merge) writeKeys(ctx context.Context, tbl *table.Table, files []iceberg.DataFile) ([]iceberg.DataFile, error) {
	scope, err := deleteScope(tbl, m.Key)
	if err != nil {
		return nil, err
	}
	w := &keyWriter{tx: scope.NewTransaction()}
	defer w.release()
	for _, name := range m.Key {
		field, _ := tbl.Schema().FindFieldByName(name)
		w.fields = append(w.fields, field.ID)
	}
	for i, file := range files {
		first := uint32(0)
		err := readColumns(ctx, tbl, file, m.Key, func(batch arrow.RecordBatch) error {
			if err := m.whole(batch); err != nil {
				return err
			}
			kept, err := pickRows(ctx, batch, first, func(row uint32) bool { return !m.verdict.superseded[i].has(row) })
			if err != nil {
				return err
			}
			first += uint32(batch.NumRows())
			return w.add(ctx, kept)
		})
		if err != nil {
			return nil, err
		}
	}
	return w.files, w.flush(ctx)
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

// add takes the batch over.
func (w *keyWriter) add(ctx context.Context, keys arrow.RecordBatch) error {
	if keys.NumRows() == 0 {
		keys.Release()
		return nil
	}
	w.pending = append(w.pending, keys)
	if w.bytes += sizeOf(keys); w.bytes < deleteFileBytes {
		return nil
	}
	return w.flush(ctx)
}

func sizeOf(batch arrow.RecordBatch) (bytes int64) {
	for _, column := range batch.Columns() {
		bytes += int64(column.Data().SizeInBytes())
	}
	return bytes
}

func (w *keyWriter) flush(ctx context.Context) error {
	if len(w.pending) == 0 {
		return nil
	}
	made, err := w.tx.WriteEqualityDeletes(ctx, w.fields, func(yield func(arrow.RecordBatch, error) bool) {
		for _, batch := range slices.Clone(w.pending) {
			if !yield(batch, nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	w.files = append(w.files, made...)
	w.release()
	return nil
}

func (w *keyWriter) release() {
	for _, batch := range w.pending {
		batch.Release()
	}
	w.pending, w.bytes = w.pending[:0], 0
}
