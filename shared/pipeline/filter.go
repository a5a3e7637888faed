package pipeline

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// filter leaves rows out, by the rules that package source has for every platform.
type filter struct {
	predicate *rowfilter.Predicate
	columns   []int // that it looks at
}

// newFilter returns nil when there is nothing to leave out.
func newFilter(f source.Filter, table schema.Table, in *arrow.Schema) (*filter, error) {
	if len(f) == 0 {
		return nil, nil
	}
	predicate, err := rowfilter.Compile(f, table.Columns)
	if err != nil {
		return nil, err
	}
	made := &filter{predicate: predicate}
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
	keep := f.predicate.Mask(batch.Record)
	left := source.Batch{Record: rowfilter.Select(batch.Record, keep), Part: batch.Part, Origins: batch.Origins}
	if left.Record.NumRows() == batch.Record.NumRows() {
		return left
	}
	left.Origins = slices.Clone(batch.Origins)
	at := 0
	for i := range left.Origins {
		if keep[i] {
			left.Origins[at] = left.Origins[i]
			at++
		}
	}
	left.Origins = left.Origins[:at]
	return left
}
