package lake_test

import (
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

// Of two rows with one key the one whose order is greater must win, wherever it
// stands. The values of each case ascend, the first is null.
func TestOrders(t *testing.T) {
	tests := []struct {
		column schema.Column
		arrow  arrow.DataType
		fill   func(array.Builder)
	}{
		{schema.Column{Type: schema.Int64}, arrow.PrimitiveTypes.Int64, func(b array.Builder) {
			b.(*array.Int64Builder).AppendValues([]int64{math.MinInt64, -1, 0, 1, math.MaxInt64}, nil)
		}},
		{schema.Column{Type: schema.String}, arrow.BinaryTypes.String, func(b array.Builder) {
			b.(*array.StringBuilder).AppendValues([]string{"", "\x00", "\x00\x00", "\x00\x01", "\x01", "a", "a\x00", "a\x00b", "aa", "b", "ü"}, nil)
		}},
		{schema.Column{Type: schema.Float64}, arrow.PrimitiveTypes.Float64, func(b array.Builder) {
			b.(*array.Float64Builder).AppendValues([]float64{math.Inf(-1), -1.5, -1e-300, 0, 1e-300, 2, math.Inf(1), math.NaN()}, nil)
		}},
		{schema.Column{Type: schema.Decimal, Precision: 38, Scale: 2}, &arrow.Decimal128Type{Precision: 38, Scale: 2}, func(b array.Builder) {
			for _, n := range []decimal128.Num{decimal128.New(-5, 0), decimal128.FromI64(-2), decimal128.FromI64(-1), decimal128.FromI64(0), decimal128.FromI64(7), decimal128.New(1, 0), decimal128.New(1, 1)} {
				b.(*array.Decimal128Builder).Append(n)
			}
		}},
		{schema.Column{Type: schema.Date}, arrow.FixedWidthTypes.Date32, func(b array.Builder) {
			b.(*array.Date32Builder).AppendValues([]arrow.Date32{-700_000, -1, 0, 1, 20_000}, nil)
		}},
		{schema.Column{Type: schema.Timestamp}, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, func(b array.Builder) {
			b.(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{-1, 0, 1}, nil)
		}},
		{schema.Column{Type: schema.Time}, arrow.FixedWidthTypes.Time64us, func(b array.Builder) {
			b.(*array.Time64Builder).AppendValues([]arrow.Time64{0, 1, 86_399_999_999}, nil)
		}},
		{schema.Column{Type: schema.Bytes}, arrow.BinaryTypes.Binary, func(b array.Builder) {
			b.(*array.BinaryBuilder).AppendValues([][]byte{{}, {0}, {0, 255}, {1}, {255}}, nil)
		}},
		{schema.Column{Type: schema.Bool}, arrow.FixedWidthTypes.Boolean, func(b array.Builder) {
			b.(*array.BooleanBuilder).AppendValues([]bool{false, true}, nil)
		}},
	}
	l := newPlace(t).open(t)
	for _, test := range tests {
		t.Run(string(test.column.Type), func(t *testing.T) {
			id := lake.TableID{Workspace: "acme-1", Name: "order_" + string(test.column.Type)}
			cursor := test.column
			cursor.Name, cursor.Nullable = "cursor", true
			columns := []schema.Column{{Name: "pair", Type: schema.Int64}, cursor, {Name: "wins", Type: schema.Bool}}
			if err := l.Ensure(t.Context(), id, columns, lake.Spread{}); err != nil {
				t.Fatal(err)
			}
			values := array.NewBuilder(memory.DefaultAllocator, test.arrow)
			defer values.Release()
			values.AppendNull()
			test.fill(values)
			ascending := values.NewArray()
			defer ascending.Release()
			landed := landBatch(t, l, id, "run_1", neighbours(t, ascending))
			if _, err := l.Merge(t.Context(), id, "run_1", lake.Merge{Key: []string{"pair"}, Order: []string{"cursor"}}, parts(landed)); err != nil {
				t.Fatal(err)
			}
			rows, err := l.Rows(t.Context(), id, 1000)
			if err != nil || len(rows) != ascending.Len()-1 {
				t.Fatalf("%d rows, %v; want %d", len(rows), err, ascending.Len()-1)
			}
			for _, row := range rows {
				if wins, _ := row.Value("wins"); wins != true {
					t.Errorf("the lesser won: %v", row)
				}
			}
		})
	}
}

// neighbours has, of each two values that follow each other, a row each, the greater now first and now last.
func neighbours(t *testing.T, ascending arrow.Array) arrow.RecordBatch {
	t.Helper()
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "pair", Type: arrow.PrimitiveTypes.Int64},
		{Name: "cursor", Type: ascending.DataType(), Nullable: true},
		{Name: "wins", Type: arrow.FixedWidthTypes.Boolean},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, sc)
	defer b.Release()
	for pair := range ascending.Len() - 1 {
		for turn := range 2 {
			greater := (turn + pair) % 2
			b.Field(0).(*array.Int64Builder).Append(int64(pair))
			if ascending.IsNull(pair + greater) {
				b.Field(1).AppendNull()
			} else if err := b.Field(1).AppendValueFromString(ascending.ValueStr(pair + greater)); err != nil {
				t.Fatal(err)
			}
			b.Field(2).(*array.BooleanBuilder).Append(greater == 1)
		}
	}
	return b.NewRecordBatch()
}
