package bigquery

import (
	"cmp"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// projection makes the product's batches of BigQuery's: the wanted columns, in
// their order and in the types of the contract. Columns whose types agree are
// passed on as they are.
type projection struct {
	schema  *arrow.Schema
	columns []projected
}

// projected is one column: where it stands in the read session, and how it is
// converted; nil leaves it as it is.
type projected struct {
	at      int
	convert func(arrow.Array) (arrow.Array, error)
}

// newProjection finds the wanted columns in what arrives, under their names or
// their aliases.
func newProjection(wanted []schema.Column, from *arrow.Schema, aliases map[string]string) (*projection, error) {
	p := &projection{schema: source.ArrowSchema(wanted)}
	for i, c := range wanted {
		at := from.FieldIndices(cmp.Or(aliases[c.Name], c.Name))
		if len(at) != 1 {
			return nil, fault.New(fault.SourceChanged, "a column that is to be read is not in the table any more")
		}
		convert, err := conversion(c, from.Field(at[0]).Type, p.schema.Field(i).Type)
		if err != nil {
			return nil, err
		}
		p.columns = append(p.columns, projected{at: at[0], convert: convert})
	}
	return p, nil
}

// apply converts a batch; the result is the caller's to release.
func (p *projection) apply(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	arrays := make([]arrow.Array, len(p.columns))
	defer func() {
		for _, a := range arrays {
			if a != nil {
				a.Release()
			}
		}
	}()
	for i, c := range p.columns {
		arrays[i] = rec.Column(c.at)
		if c.convert == nil {
			arrays[i].Retain()
			continue
		}
		converted, err := c.convert(arrays[i])
		if arrays[i] = converted; err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(p.schema, arrays, rec.NumRows()), nil
}

// conversion returns how values of one Arrow type become those of another, nil
// when they are the same already.
func conversion(c schema.Column, from, to arrow.DataType) (func(arrow.Array) (arrow.Array, error), error) {
	if c.Type == schema.JSON && (c.Repeated || len(c.Fields) > 0 || from.ID() != arrow.STRING) {
		return func(a arrow.Array) (arrow.Array, error) { return jsonArray(c, a) }, nil
	}
	if arrow.TypeEqual(from, to) {
		return nil, nil
	}
	switch from := from.(type) {
	case *arrow.TimestampType:
		if from.Unit == arrow.Microsecond && to.ID() == arrow.TIMESTAMP {
			return retyped(to), nil
		}
	case *arrow.Decimal128Type:
		if want, ok := to.(*arrow.Decimal128Type); ok {
			if want.Scale == from.Scale && want.Precision >= from.Precision {
				return retyped(to), nil
			}
			return func(a arrow.Array) (arrow.Array, error) { return rescaled(a, from.Scale, want) }, nil
		}
	case *arrow.Decimal256Type:
		switch want := to.(type) {
		case *arrow.Decimal128Type:
			return func(a arrow.Array) (arrow.Array, error) { return narrowed(a, from.Scale, want) }, nil
		case *arrow.StringType:
			return func(a arrow.Array) (arrow.Array, error) {
				in := a.(*array.Decimal256)
				return textArray(a, func(b []byte, i int) []byte { return appendDecimal(b, in.Value(i).BigInt(), from.Scale) }, false)
			}, nil
		}
	case *arrow.MonthDayNanoIntervalType:
		if to.ID() == arrow.STRING {
			return func(a arrow.Array) (arrow.Array, error) {
				in := a.(*array.MonthDayNanoInterval)
				return textArray(a, func(b []byte, i int) []byte { return appendInterval(b, in.Value(i)) }, false)
			}, nil
		}
	}
	return nil, fault.New(fault.SourceUnsupportedType, "a column of type "+c.Native+" arrives as "+from.String()+", which is not understood")
}

// retyped gives an array another type of the same layout.
func retyped(to arrow.DataType) func(arrow.Array) (arrow.Array, error) {
	return func(a arrow.Array) (arrow.Array, error) {
		d := a.Data()
		data := array.NewData(to, d.Len(), d.Buffers(), nil, d.NullN(), d.Offset())
		defer data.Release()
		return array.MakeFromData(data), nil
	}
}

// errDigits is a decimal that does not fit the column's precision and scale. BigQuery
// enforces both, so the column was altered since the plan.
func errDigits() error {
	return fault.New(fault.SourceChanged, "a decimal has more digits than its column is declared with")
}

func rescaled(a arrow.Array, scale int32, want *arrow.Decimal128Type) (arrow.Array, error) {
	in := a.(*array.Decimal128)
	b := array.NewDecimal128Builder(memory.DefaultAllocator, want)
	defer b.Release()
	b.Reserve(in.Len())
	for i := range in.Len() {
		if in.IsNull(i) {
			b.AppendNull()
			continue
		}
		v, err := in.Value(i).Rescale(scale, want.Scale)
		if err != nil || !v.FitsInPrecision(want.Precision) {
			return nil, errDigits()
		}
		b.Append(v)
	}
	return b.NewArray(), nil
}

func narrowed(a arrow.Array, scale int32, want *arrow.Decimal128Type) (arrow.Array, error) {
	in := a.(*array.Decimal256)
	b := array.NewDecimal128Builder(memory.DefaultAllocator, want)
	defer b.Release()
	b.Reserve(in.Len())
	for i := range in.Len() {
		if in.IsNull(i) {
			b.AppendNull()
			continue
		}
		v, err := in.Value(i).Rescale(scale, want.Scale)
		if err != nil || !fits(v, want.Precision) {
			return nil, errDigits()
		}
		b.Append(decimal128.FromBigInt(v.BigInt()))
	}
	return b.NewArray(), nil
}

func fits(v decimal256.Num, precision int32) bool { return v.FitsInPrecision(precision) }
