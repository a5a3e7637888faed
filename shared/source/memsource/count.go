package memsource

import (
	"context"
	"errors"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

var _ source.Counter = (*session)(nil)

// Count counts the rows of a table for which the filter holds.
func (s *session) Count(ctx context.Context, req source.CountRequest) (source.Tally, error) {
	if err := errors.Join(s.enter(ctx, "count"), s.allowed(mayRead)); err != nil {
		return source.Tally{}, err
	}
	t, err := s.table(req.Plan.Table.Name)
	if err != nil {
		return source.Tally{}, err
	}
	rec, err := t.record()
	if err != nil {
		return source.Tally{}, err
	}
	defer rec.Release()
	filter, err := rowfilter.Compile(req.Filter, t.Columns)
	if err != nil {
		return source.Tally{}, err
	}
	keep := filter.Mask(rec)
	tally := source.Tally{Rows: int64(rowfilter.Count(keep))}
	if req.Column == nil {
		return tally, nil
	}
	at := rec.Schema().FieldIndices(req.Column.Name)
	if len(at) == 0 || !source.Windowed(*req.Column) {
		return source.Tally{}, fault.New(fault.SourceUnsupported, "the table has no column of this name whose values have windows")
	}
	values := rowfilter.Take(rec.Column(at[0]), keep, int(tally.Rows))
	defer values.Release()
	return byWindows(tally, req, values)
}

// byWindows counts values by windows between the least and the greatest of them.
func byWindows(tally source.Tally, req source.CountRequest, values arrow.Array) (source.Tally, error) {
	literal, order := reading(values)
	least, greatest := -1, -1
	for i := range values.Len() {
		if values.IsNull(i) {
			continue
		}
		if least < 0 || order(i) < order(least) {
			least = i
		}
		if greatest < 0 || order(i) > order(greatest) {
			greatest = i
		}
	}
	tally.Column = req.Column.Name
	if least >= 0 {
		var err error
		if tally.Bounds, err = source.Windows(*req.Column, literal(least), literal(greatest)); err != nil {
			return source.Tally{}, err
		}
	}
	tally.Counts = make([]int64, len(tally.Bounds)+2)
	for i := range values.Len() {
		window := len(tally.Bounds) + 1
		if values.IsValid(i) {
			var err error
			if window, err = source.Window(*req.Column, tally.Bounds, literal(i)); err != nil {
				return source.Tally{}, err
			}
		}
		tally.Counts[window]++
	}
	return tally, nil
}

// reading returns how a value is written, and its place among others.
func reading(values arrow.Array) (literal func(int) string, order func(int) int64) {
	switch a := values.(type) {
	case *array.Timestamp:
		return func(i int) string { return a.Value(i).ToTime(arrow.Microsecond).Format(time.RFC3339Nano) }, func(i int) int64 { return int64(a.Value(i)) }
	case *array.Date32:
		return func(i int) string { return a.Value(i).ToTime().Format(time.DateOnly) }, func(i int) int64 { return int64(a.Value(i)) }
	}
	return values.ValueStr, func(i int) int64 { return values.(*array.Int64).Value(i) }
}
