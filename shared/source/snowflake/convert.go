package snowflake

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Snowflake writes Arrow in physical types of its own, which differ from chunk
// to chunk: numbers are unscaled integers of the narrowest width that the
// chunk's values fit, times and timestamps count units of their scale or are
// structs of seconds and nanoseconds, semi-structured values are JSON with line
// breaks. Source: arrowbatches/converter.go and converter.go of gosnowflake.

// converter makes the array that is delivered for a column from one of a
// chunk. Where the memory is the same it is shared. The caller releases it.
type converter func(arrow.Array) (arrow.Array, error)

// newConverter returns the converter of a column. The scale is the result's
// own: that of the values on the wire.
func newConverter(c schema.Column, f nativeField) (converter, error) {
	to := source.ArrowType(c)
	switch c.Type {
	case schema.Int64:
		if f.scale != 0 {
			return nil, changed(c)
		}
		return toInt64, nil
	case schema.Decimal:
		if c.Scale != f.scale {
			return nil, changed(c)
		}
		return func(a arrow.Array) (arrow.Array, error) { return toDecimal(a, to) }, nil
	case schema.Date, schema.Bool, schema.Float64, schema.Bytes:
		return func(a arrow.Array) (arrow.Array, error) { return as(a, to) }, nil
	case schema.Time:
		return func(a arrow.Array) (arrow.Array, error) { return toTime(a, f.scale) }, nil
	case schema.Timestamp:
		return func(a arrow.Array) (arrow.Array, error) { return toTimestamp(a, f.scale, f.base == "TIMESTAMP_TZ") }, nil
	case schema.JSON:
		return toJSON, nil
	case schema.String:
		if f.base == "TIME" {
			return func(a arrow.Array) (arrow.Array, error) { return toTimeText(a, f.scale) }, nil
		}
		if f.nanos() {
			return func(a arrow.Array) (arrow.Array, error) { return toTimestampText(a, f) }, nil
		}
		return func(a arrow.Array) (arrow.Array, error) { return as(a, to) }, nil
	}
	return nil, changed(c)
}

func changed(c schema.Column) error {
	return fault.New(fault.SourceChanged, "column "+c.Name+" is of another type than when the run was planned")
}

// unexpected is an array in a form that no version of the protocol is known to have.
func unexpected(a arrow.Array) error {
	return fmt.Errorf("converting a chunk: unexpected Arrow type %s", a.DataType())
}

// as is for arrays that are already what is wanted.
func as(a arrow.Array, to arrow.DataType) (arrow.Array, error) {
	if !arrow.TypeEqual(a.DataType(), to) {
		return nil, unexpected(a)
	}
	a.Retain()
	return a, nil
}

// retyped is the same memory under another type of the same layout.
func retyped(a arrow.Array, to arrow.DataType) arrow.Array {
	d := a.Data()
	data := array.NewData(to, d.Len(), d.Buffers(), nil, d.NullN(), d.Offset())
	defer data.Release()
	return array.MakeFromData(data)
}

// integers are the values of an array of whole numbers of any width.
type integers interface {
	~int8 | ~int16 | ~int32 | ~int64
}

// mapped makes an array of another width, value by value. What stands where the
// array is NULL is not looked at, so that converting it must not fail.
func mapped[F integers, T any](from []F, a arrow.Array, to arrow.DataType, size int, cast func([]byte) []T, convert func(F) T) arrow.Array {
	buffer := memory.NewResizableBuffer(memory.DefaultAllocator)
	buffer.Resize(len(from) * size)
	into := cast(buffer.Bytes())
	for i, v := range from {
		into[i] = convert(v)
	}
	validity := validityOf(a)
	data := array.NewData(to, a.Len(), []*memory.Buffer{validity, buffer}, nil, a.NullN(), 0)
	defer data.Release()
	buffer.Release()
	if validity != nil {
		validity.Release()
	}
	return array.MakeFromData(data)
}

// eachInt converts an array of whole numbers of any width.
func eachInt[T any](a arrow.Array, to arrow.DataType, size int, cast func([]byte) []T, convert func(int64) T) (arrow.Array, error) {
	switch a := a.(type) {
	case *array.Int64:
		return mapped(a.Int64Values(), a, to, size, cast, convert), nil
	case *array.Int32:
		return mapped(a.Int32Values(), a, to, size, cast, func(v int32) T { return convert(int64(v)) }), nil
	case *array.Int16:
		return mapped(a.Int16Values(), a, to, size, cast, func(v int16) T { return convert(int64(v)) }), nil
	case *array.Int8:
		return mapped(a.Int8Values(), a, to, size, cast, func(v int8) T { return convert(int64(v)) }), nil
	}
	return nil, unexpected(a)
}

const (
	int64Size   = arrow.Int64SizeBytes
	decimalSize = arrow.Decimal128SizeBytes
)

func toInt64(a arrow.Array) (arrow.Array, error) {
	switch a := a.(type) {
	case *array.Int64:
		a.Retain()
		return a, nil
	case *array.Decimal128:
		return narrowed(a)
	}
	return eachInt(a, arrow.PrimitiveTypes.Int64, int64Size, arrow.Int64Traits.CastFromBytes, func(v int64) int64 { return v })
}

// narrowed is for a column of few digits that comes with many all the same.
func narrowed(a *array.Decimal128) (arrow.Array, error) {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(a.Len())
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		v := a.Value(i)
		if low := int64(v.LowBits()); v.HighBits() == low>>63 {
			b.Append(low)
			continue
		}
		return nil, unexpected(a)
	}
	return b.NewArray(), nil
}

// toDecimal gives unscaled numbers their width. The scale on the wire is that
// of the column.
func toDecimal(a arrow.Array, to arrow.DataType) (arrow.Array, error) {
	if d, ok := a.(*array.Decimal128); ok {
		return retyped(d, to), nil
	}
	return eachInt(a, to, decimalSize, arrow.Decimal128Traits.CastFromBytes, decimal128.FromI64)
}
