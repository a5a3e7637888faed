package rowfilter

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Bounds are what is known of a column's values in some rows without reading them.
type Bounds struct {
	// Extremes holds two values, in the type of source.ArrowType: no value is
	// less than the first or greater than the second, NaN apart. Nil is unknown.
	Extremes arrow.Array
	Rows     int64
	Nulls    int64 // negative is unknown
}

// MayHold reports whether the filter may hold for any of some rows: only where
// it returns false need nobody look at them. known gives the bounds of a column.
func (p *Predicate) MayHold(known func(column string) Bounds) bool {
	for _, t := range p.tests {
		if !t.mayHold(known(t.column.Name)) {
			return false
		}
	}
	return true
}

func (t test) mayHold(b Bounds) bool {
	switch t.op {
	case source.IsNull:
		return b.Nulls != 0
	case source.NotNull:
		return b.Nulls < 0 || b.Nulls < b.Rows
	}
	if t.orNull && b.Nulls != 0 {
		return true
	}
	if b.Nulls >= b.Rows {
		return false
	}
	if b.Extremes == nil || t.nan {
		return true
	}
	keep := [2]bool{true, true}
	switch t.op {
	case source.Equal, source.In:
		return t.within(b.Extremes)
	case source.NotEqual:
		t.narrow(b.Extremes, keep[:])
		return keep[0] || keep[1] || t.column.Type == schema.Float64 // there may be a NaN, which no bounds show
	case source.Less, source.LessOrEqual:
		t.narrow(b.Extremes, keep[:])
		return keep[0]
	}
	t.narrow(b.Extremes, keep[:])
	return keep[1] || t.column.Type == schema.Float64
}
