package pipeline

import (
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// windows counts rows by ranges of one column.
type windows struct {
	source int
	bounds []int64 // ascending, in the column's unit
	counts []int64 // one more than bounds, and one of rows without a value
}

// newWindows returns nil without a column.
func newWindows(c *schema.Column, bounds []string, in *arrow.Schema) (*windows, error) {
	if c == nil {
		return nil, nil
	}
	index, err := find(in, c.Name, source.ArrowType(*c))
	if err != nil {
		return nil, err
	}
	w := &windows{source: index, counts: make([]int64, len(bounds)+2)}
	for _, text := range bounds {
		bound, err := ordinal(*c, text)
		if err != nil {
			return nil, err
		}
		w.bounds = append(w.bounds, bound)
	}
	if !sort.SliceIsSorted(w.bounds, func(i, j int) bool { return w.bounds[i] < w.bounds[j] }) {
		return nil, errors.New("the bounds of the windows do not ascend")
	}
	return w, nil
}

// ordinal is the least value of a column, as its Arrow array holds it, that is not below a literal.
func ordinal(c schema.Column, text string) (int64, error) {
	value, err := source.Literal(c, text)
	if err != nil {
		return 0, fmt.Errorf("reading a bound of the windows: %w", err)
	}
	switch v := value.(type) {
	case int64:
		return v, nil
	case time.Time:
		if c.Type == schema.Date {
			return v.Unix() / secondsPerDay, nil
		}
		micros := v.UnixMicro()
		if v.Nanosecond()%int(time.Microsecond) != 0 {
			micros++
		}
		return micros, nil
	}
	return 0, fmt.Errorf("a %s has no windows", c.Type)
}

func (w *windows) count(record arrow.RecordBatch) {
	column := record.Column(w.source)
	switch values := column.(type) {
	case *array.Int64:
		tally(w, values.Int64Values(), column)
	case *array.Timestamp:
		tally(w, values.TimestampValues(), column)
	case *array.Date32:
		tally(w, values.Date32Values(), column)
	}
}

func tally[T ~int32 | ~int64](w *windows, values []T, column arrow.Array) {
	nulls := column.NullN() > 0
	at := 0 // neighbours mostly share a window
	for i, v := range values {
		if nulls && column.IsNull(i) {
			w.counts[len(w.counts)-1]++
			continue
		}
		for at < len(w.bounds) && int64(v) >= w.bounds[at] {
			at++
		}
		for at > 0 && int64(v) < w.bounds[at-1] {
			at--
		}
		w.counts[at]++
	}
}
