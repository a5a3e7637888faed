package pipeline_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

var (
	text      = arrow.BinaryTypes.String
	int64s    = arrow.PrimitiveTypes.Int64
	float64s  = arrow.PrimitiveTypes.Float64
	bools     = arrow.FixedWidthTypes.Boolean
	date      = arrow.FixedWidthTypes.Date32
	timestamp = arrow.FixedWidthTypes.Timestamp_us
	clock     = arrow.FixedWidthTypes.Time64us
	binaries  = arrow.BinaryTypes.Binary
)

func decimal(precision, scale int32) arrow.DataType {
	return &arrow.Decimal128Type{Precision: precision, Scale: scale}
}

// build makes an array of Go values; nil is null.
func build(t testing.TB, alloc memory.Allocator, dt arrow.DataType, values ...any) arrow.Array {
	t.Helper()
	b := array.NewBuilder(alloc, dt)
	defer b.Release()
	for _, v := range values {
		if v == nil {
			b.AppendNull()
			continue
		}
		switch b := b.(type) {
		case *array.StringBuilder:
			b.Append(v.(string))
		case *array.Int64Builder:
			b.Append(v.(int64))
		case *array.Float64Builder:
			b.Append(v.(float64))
		case *array.BooleanBuilder:
			b.Append(v.(bool))
		case *array.Date32Builder:
			b.Append(v.(arrow.Date32))
		case *array.TimestampBuilder:
			b.Append(v.(arrow.Timestamp))
		case *array.Time64Builder:
			b.Append(v.(arrow.Time64))
		case *array.Decimal128Builder:
			b.Append(v.(decimal128.Num))
		case *array.BinaryBuilder:
			b.Append(v.([]byte))
		default:
			t.Fatalf("no builder for %s", dt)
		}
	}
	return b.NewArray()
}

// valueAt is the Go value that build would make the array's value of.
func valueAt(t testing.TB, a arrow.Array, i int) any {
	t.Helper()
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return a.Value(i)
	case *array.Int64:
		return a.Value(i)
	case *array.Float64:
		return a.Value(i)
	case *array.Boolean:
		return a.Value(i)
	case *array.Date32:
		return a.Value(i)
	case *array.Timestamp:
		return a.Value(i)
	case *array.Time64:
		return a.Value(i)
	case *array.Decimal128:
		return a.Value(i)
	case *array.Binary:
		return string(a.Value(i))
	}
	t.Fatalf("no value of %s", a.DataType())
	return nil
}

// cells are the values of an array.
func cells(t testing.TB, a arrow.Array) []any {
	t.Helper()
	values := make([]any, a.Len())
	for i := range values {
		values[i] = valueAt(t, a, i)
	}
	return values
}

// checked fails the test for memory that was not released.
func checked(t testing.TB) memory.Allocator {
	t.Helper()
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { alloc.AssertSize(t, 0) })
	return alloc
}

// one maps a column named "c" by itself.
func one(t testing.TB, alloc memory.Allocator, in arrow.Array, to schema.Type, transforms ...ingest.Transform) pipeline.Result {
	t.Helper()
	return onto(t, alloc, in, ingest.Column{Type: to, Transforms: transforms})
}

// onto maps a column named "c" by itself, onto one of the same name.
func onto(t testing.TB, alloc memory.Allocator, in arrow.Array, c ingest.Column) pipeline.Result {
	t.Helper()
	sc := arrow.NewSchema([]arrow.Field{{Name: "c", Type: in.DataType(), Nullable: true}}, nil)
	c.Source, c.Target = "c", "c"
	m, err := pipeline.New("", ingest.Mapping{c}, sc, pipeline.WithAllocator(alloc))
	if err != nil {
		t.Fatal(err)
	}
	record := array.NewRecordBatch(sc, []arrow.Array{in}, int64(in.Len()))
	defer record.Release()
	origins := make([]int64, in.Len())
	for i := range origins {
		origins[i] = int64(i + 1)
	}
	result, err := m.Map(source.Batch{Record: record, Origins: origins})
	if err != nil {
		t.Fatal(err)
	}
	return result
}
