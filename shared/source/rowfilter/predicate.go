// Package rowfilter applies a source.Filter to Arrow record batches, for the
// readers whose platform cannot: files, and tables in memory. Its results are
// those that package source documents for every platform.
package rowfilter

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Predicate is a filter made ready for the columns of one table. It may be used
// concurrently.
type Predicate struct {
	tests   []test
	columns []schema.Column
}

// test is one condition.
type test struct {
	column schema.Column
	op     source.Op
	// narrow clears keep where the condition does not hold for a value; what
	// stands under a NULL counts for nothing.
	narrow func(values arrow.Array, keep []bool)
	// within reports whether one of the values that an Equal or In looks for can
	// lie between the two extremes.
	within func(extremes arrow.Array) bool
	nan    bool // NaN is one of the values
	orNull bool
}

// Compile prepares a filter for a table with these columns. It fails with
// fault.SourceInvalidFilter when the filter does not fit them.
func Compile(f source.Filter, columns []schema.Column) (*Predicate, error) {
	if err := f.Validate("filter", schema.Table{Columns: columns}); err != nil {
		return nil, err
	}
	p := &Predicate{}
	for _, c := range f {
		i := slices.IndexFunc(columns, func(col schema.Column) bool { return col.Name == c.Column })
		t, err := compile(columns[i], c)
		if err != nil {
			return nil, err
		}
		p.tests = append(p.tests, t)
		if !slices.ContainsFunc(p.columns, func(col schema.Column) bool { return col.Name == c.Column }) {
			p.columns = append(p.columns, columns[i])
		}
	}
	return p, nil
}

// Columns are those that the filter looks at, each once.
func (p *Predicate) Columns() []schema.Column { return p.columns }

// Mask reports for every row of a batch whether all conditions hold. The batch
// has at least Columns, each in the type of source.ArrowType.
func (p *Predicate) Mask(rec arrow.RecordBatch) []bool {
	keep := make([]bool, rec.NumRows())
	for i := range keep {
		keep[i] = true
	}
	for _, t := range p.tests {
		t.apply(rec.Column(rec.Schema().FieldIndices(t.column.Name)[0]), keep)
	}
	return keep
}

func (t test) apply(values arrow.Array, keep []bool) {
	switch t.op {
	case source.IsNull:
		dropWhere(values, keep, false)
		return
	case source.NotNull:
	default:
		if t.orNull && values.NullN() > 0 {
			t.applyBesideNulls(values, keep)
			return
		}
		t.narrow(values, keep)
	}
	if values.NullN() > 0 {
		dropWhere(values, keep, true)
	}
}

// applyBesideNulls leaves keep as it is where a value is NULL.
func (t test) applyBesideNulls(values arrow.Array, keep []bool) {
	holds := slices.Clone(keep)
	t.narrow(values, holds)
	for i := range keep {
		keep[i] = keep[i] && (holds[i] || values.IsNull(i))
	}
}

// dropWhere clears keep where a value is NULL, or where it is not.
func dropWhere(values arrow.Array, keep []bool, null bool) {
	for i := range keep {
		if values.IsNull(i) == null {
			keep[i] = false
		}
	}
}

// Only returns the part of a filter whose conditions are on columns that are wanted.
func Only(f source.Filter, wanted func(column string) bool) source.Filter {
	return slices.DeleteFunc(slices.Clone(f), func(c source.Condition) bool { return !wanted(c.Column) })
}
