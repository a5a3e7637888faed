package lake_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

var everyType = []struct {
	column schema.Column
	arrow  arrow.DataType
}{
	{schema.Column{Name: "identifier", Type: schema.String}, arrow.BinaryTypes.String},
	{schema.Column{Name: "n", Type: schema.Int64, Nullable: true}, arrow.PrimitiveTypes.Int64},
	{schema.Column{Name: "f", Type: schema.Float64, Nullable: true}, arrow.PrimitiveTypes.Float64},
	{schema.Column{Name: "d", Type: schema.Decimal, Precision: 38, Scale: 9, Nullable: true}, &arrow.Decimal128Type{Precision: 38, Scale: 9}},
	{schema.Column{Name: "b", Type: schema.Bool, Nullable: true}, arrow.FixedWidthTypes.Boolean},
	{schema.Column{Name: "day", Type: schema.Date, Nullable: true}, arrow.FixedWidthTypes.Date32},
	{schema.Column{Name: "at", Type: schema.Timestamp, Nullable: true}, arrow.FixedWidthTypes.Timestamp_us},
	{schema.Column{Name: "clock", Type: schema.Time, Nullable: true}, arrow.FixedWidthTypes.Time64us},
	{schema.Column{Name: "raw", Type: schema.Bytes, Nullable: true}, arrow.BinaryTypes.Binary},
	{schema.Column{Name: "doc", Type: schema.JSON, Nullable: true}, arrow.BinaryTypes.String},
	{schema.Column{Name: "note", Type: schema.String, Nullable: true}, arrow.BinaryTypes.String},
}

func micros(s string) arrow.Timestamp {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return arrow.Timestamp(at.UnixMicro())
}

func big(digits string) decimal128.Num {
	n, err := decimal128.FromString(digits, 38, 0)
	if err != nil {
		panic(err)
	}
	return n
}

// everyRow is what landEveryType lands: a row's identifier and its JSON.
type everyRow struct{ id, want string }

func TestEveryTypeReadsBackAsWritten(t *testing.T) {
	l := newPlace(t).open(t)
	rows := landEveryType(t, l)
	all, err := l.Rows(t.Context(), people, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(rows) {
		t.Fatalf("%d rows, want %d", len(all), len(rows))
	}
	for i, row := range rows {
		checkRow(t, row.want, all[i])
		found, err := l.Lookup(t.Context(), people, "identifier", row.id, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 {
			t.Fatalf("%s: found %d rows", row.id, len(found))
		}
		checkRow(t, row.want, found[0])
	}
}

// landEveryType commits a table with a column of each type.
func landEveryType(t *testing.T, l *lake.Lake) []everyRow {
	t.Helper()
	var columns []schema.Column
	var fields []arrow.Field
	for _, c := range everyType {
		columns = append(columns, c.column)
		fields = append(fields, arrow.Field{Name: c.column.Name, Type: c.arrow, Nullable: c.column.Nullable})
	}
	if err := l.Ensure(t.Context(), people, columns, lake.Spread{}); err != nil {
		t.Fatal(err)
	}
	sc := arrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, sc)
	rows := []struct {
		id   string
		add  func()
		want string
	}{
		{"all", func() {
			b.Field(1).(*array.Int64Builder).Append(math.MaxInt64)
			b.Field(2).(*array.Float64Builder).Append(-0.1)
			b.Field(3).(*array.Decimal128Builder).Append(big("-12345678901234567890123456789012345678"))
			b.Field(4).(*array.BooleanBuilder).Append(true)
			b.Field(5).(*array.Date32Builder).Append(-1)
			b.Field(6).(*array.TimestampBuilder).Append(micros("1969-12-31T23:59:59.999999Z"))
			b.Field(7).(*array.Time64Builder).Append(86_399_999_999)
			b.Field(8).(*array.BinaryBuilder).Append([]byte{0, 0xff, '\n'})
			b.Field(9).(*array.StringBuilder).Append(`{"z":1,"a":[null,"ü"]}`)
			b.Field(10).(*array.StringBuilder).Append("日本 <b>")
		}, `{"identifier":"all","n":9223372036854775807,"f":-0.1,"d":"-12345678901234567890123456789.012345678","b":true,"day":"1969-12-31","at":"1969-12-31T23:59:59.999999Z","clock":"23:59:59.999999","raw":"AP8K","doc":{"z":1,"a":[null,"ü"]},"note":"日本 \u003cb\u003e"}`},
		{"nulls", func() {
			for c := 1; c < len(fields); c++ {
				b.Field(c).AppendNull()
			}
		}, `{"identifier":"nulls","n":null,"f":null,"d":null,"b":null,"day":null,"at":null,"clock":null,"raw":null,"doc":null,"note":null}`},
		{"empties", func() {
			b.Field(1).(*array.Int64Builder).Append(math.MinInt64)
			b.Field(2).(*array.Float64Builder).Append(math.NaN())
			b.Field(3).(*array.Decimal128Builder).Append(big("0"))
			b.Field(4).(*array.BooleanBuilder).Append(false)
			b.Field(5).(*array.Date32Builder).Append(arrow.Date32FromTime(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)))
			b.Field(6).(*array.TimestampBuilder).Append(micros("0001-01-01T00:00:00Z"))
			b.Field(7).(*array.Time64Builder).Append(0)
			b.Field(8).(*array.BinaryBuilder).Append([]byte{})
			b.Field(9).(*array.StringBuilder).Append(`""`)
			b.Field(10).(*array.StringBuilder).Append("")
		}, `{"identifier":"empties","n":-9223372036854775808,"f":"NaN","d":"0.000000000","b":false,"day":"0001-01-01","at":"0001-01-01T00:00:00.000000Z","clock":"00:00:00.000000","raw":"","doc":"","note":""}`},
		{"late", func() {
			b.Field(1).(*array.Int64Builder).Append(1<<53 + 1)
			b.Field(2).(*array.Float64Builder).Append(math.Inf(-1))
			b.Field(3).(*array.Decimal128Builder).Append(big("1"))
			b.Field(4).(*array.BooleanBuilder).Append(false)
			b.Field(5).(*array.Date32Builder).Append(arrow.Date32FromTime(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)))
			b.Field(6).(*array.TimestampBuilder).Append(micros("9999-12-31T23:59:59.000001Z"))
			b.Field(7).(*array.Time64Builder).Append(1)
			b.Field(8).(*array.BinaryBuilder).Append([]byte("x"))
			b.Field(9).(*array.StringBuilder).Append(`12345678901234567890`)
			b.Field(10).(*array.StringBuilder).Append("null")
		}, `{"identifier":"late","n":9007199254740993,"f":"-Infinity","d":"0.000000001","b":false,"day":"2024-02-29","at":"9999-12-31T23:59:59.000001Z","clock":"00:00:00.000001","raw":"eA==","doc":12345678901234567890,"note":"null"}`},
	}
	for _, row := range rows {
		b.Field(0).(*array.StringBuilder).Append(row.id)
		row.add()
	}
	batch := b.NewRecordBatch()
	b.Release()
	defer batch.Release()
	w, err := l.Writer(t.Context(), people, sc, "run_1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(files)); err != nil {
		t.Fatal(err)
	}
	landed := make([]everyRow, len(rows))
	for i, row := range rows {
		landed[i] = everyRow{row.id, row.want}
	}
	return landed
}

func checkRow(t *testing.T, want string, row lake.Row) {
	t.Helper()
	got, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}
