package pipeline

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// filter leaves rows out, by the rules that package source has for every platform.
type filter struct {
	predicate *rowfilter.Predicate
	columns   []int // that it looks at
	alloc     memory.Allocator
	runs      []run
}

// newFilter returns nil when there is nothing to leave out.
func newFilter(f source.Filter, table schema.Table, in *arrow.Schema, alloc memory.Allocator) (*filter, error) {
	if len(f) == 0 {
		return nil, nil
	}
	predicate, err := rowfilter.Compile(f, table.Columns)
	if err != nil {
		return nil, err
	}
	made := &filter{predicate: predicate, alloc: alloc}
	for _, c := range predicate.Columns() {
		index, err := find(in, c.Name, source.ArrowType(c))
		if err != nil {
			return nil, err
		}
		made.columns = append(made.columns, index)
	}
	return made, nil
}

// apply returns the rows for which the filter holds, with where they are from. The result must be released.
func (f *filter) apply(batch source.Batch) source.Batch {
	left := f.keep(f.predicate.Mask(batch.Record))
	if left == int(batch.Record.NumRows()) {
		batch.Record.Retain()
		return batch
	}
	kept := source.Batch{Part: batch.Part}
	columns := make([]arrow.Array, batch.Record.NumCols())
	for i, column := range batch.Record.Columns() {
		columns[i] = pick(column, f.runs, left, f.alloc)
		defer columns[i].Release()
	}
	kept.Record = array.NewRecordBatch(batch.Record.Schema(), columns, int64(left))
	if batch.Origins != nil {
		kept.Origins = make([]int64, 0, left)
		for _, r := range f.runs {
			kept.Origins = append(kept.Origins, batch.Origins[r.first:r.end]...)
		}
	}
	return kept
}

// keep makes runs of the rows of a mask, and returns how many rows they are.
func (f *filter) keep(mask []bool) (rows int) {
	f.runs = f.runs[:0]
	for i := 0; i < len(mask); i++ {
		if !mask[i] {
			continue
		}
		first := i
		for i < len(mask) && mask[i] {
			i++
		}
		f.runs = append(f.runs, run{first, i})
		rows += i - first
	}
	return rows
}
