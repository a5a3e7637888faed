package datafile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/lake/datafile"
)

// everyType has a column of each type of the lake, all nullable but the first.
func everyType() *arrow.Schema {
	return withIDs(
		arrow.Field{Name: "identifier", Type: arrow.BinaryTypes.String},
		arrow.Field{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: "whole", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		arrow.Field{Name: "float", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		arrow.Field{Name: "money", Type: &arrow.Decimal128Type{Precision: 38, Scale: 9}, Nullable: true},
		arrow.Field{Name: "yes", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		arrow.Field{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		arrow.Field{Name: "moment", Type: arrow.FixedWidthTypes.Timestamp_us, Nullable: true},
		arrow.Field{Name: "clock", Type: arrow.FixedWidthTypes.Time64us, Nullable: true},
		arrow.Field{Name: "raw", Type: arrow.BinaryTypes.Binary, Nullable: true},
	)
}

func withIDs(fields ...arrow.Field) *arrow.Schema {
	for i := range fields {
		fields[i].Metadata = arrow.MetadataFrom(map[string]string{"PARQUET:field_id": fmt.Sprint(i + 1)})
	}
	return arrow.NewSchema(fields, nil)
}

// batch builds a batch of rows of Go values; nil is null.
func batch(in *arrow.Schema, rows ...[]any) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, in)
	defer b.Release()
	for _, row := range rows {
		for i, v := range row {
			put(b.Field(i), v)
		}
	}
	return b.NewRecordBatch()
}

func put(to array.Builder, v any) {
	if v == nil {
		to.AppendNull()
		return
	}
	switch to := to.(type) {
	case *array.StringBuilder:
		to.Append(v.(string))
	case *array.BinaryBuilder:
		to.Append([]byte(v.(string)))
	case *array.Int64Builder:
		to.Append(v.(int64))
	case *array.Float64Builder:
		to.Append(v.(float64))
	case *array.Decimal128Builder:
		to.Append(v.(decimal128.Num))
	case *array.BooleanBuilder:
		to.Append(v.(bool))
	case *array.Date32Builder:
		to.Append(arrow.Date32(v.(int32)))
	case *array.TimestampBuilder:
		to.Append(arrow.Timestamp(v.(int64)))
	case *array.Time64Builder:
		to.Append(arrow.Time64(v.(int64)))
	}
}

// extremes are rows of the values that are most often got wrong.
func extremes() [][]any {
	return [][]any{
		{"", "", int64(0), 0.0, decimal128.FromI64(0), false, int32(0), int64(0), int64(0), ""},
		{"a", nil, nil, nil, nil, nil, nil, nil, nil, nil},
		{"b", strings.Repeat("z", 40), int64(math.MaxInt64), math.Inf(1), decimal128.MaxDecimal128, true, int32(math.MaxInt32), int64(math.MaxInt64), int64(86_399_999_999), strings.Repeat("\xff", 40)},
		{strings.Repeat("ü", 30), strings.Repeat("\U0010ffff", 20), int64(math.MinInt64), math.Inf(-1), decimal128.MaxDecimal128.Negate(), false, int32(math.MinInt32), int64(math.MinInt64), int64(1), "\x00"},
		{"c", "日本", int64(-1), math.NaN(), decimal128.FromI64(-128), true, int32(-1), int64(-1), int64(2), "\xff\x00"},
		{"d", "\x7f", int64(1), math.Copysign(0, -1), decimal128.FromI64(128), true, int32(1), int64(1), int64(3), "x"},
	}
}

// check is a test or one of a property's.
type check interface {
	rapid.TB
	Context() context.Context
	Cleanup(func())
}

func encode(t check, in *arrow.Schema, o datafile.Options, batches ...arrow.RecordBatch) ([]byte, datafile.Stats) {
	t.Helper()
	var to bytes.Buffer
	e, err := datafile.New(&to, in, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range batches {
		if err := e.Write(batch); err != nil {
			t.Fatal(err)
		}
	}
	stats, err := e.Close()
	if err != nil {
		t.Fatal(err)
	}
	if stats.Bytes != int64(to.Len()) {
		t.Errorf("%d bytes, the file has %d", stats.Bytes, to.Len())
	}
	return to.Bytes(), stats
}

func decode(t check, file []byte) arrow.Table {
	t.Helper()
	table, err := pqarrow.ReadTable(t.Context(), bytes.NewReader(file), parquet.NewReaderProperties(nil), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Release)
	return table
}

func open(t check, content []byte) *file.Reader {
	t.Helper()
	reader, err := file.NewParquetReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

// agree holds what was read against what was written.
func agree(t check, file []byte, in *arrow.Schema, batches ...arrow.RecordBatch) {
	t.Helper()
	got := decode(t, file)
	if !got.Schema().Equal(in) {
		t.Errorf("the schema is %s, want %s", got.Schema(), in)
	}
	want := array.NewTableFromRecords(in, batches)
	defer want.Release()
	if !array.TableEqual(want, got) && !sameText(want, got) {
		t.Errorf("read\n%v\nwrote\n%v", text(got), text(want))
	}
}

// sameText compares what TableEqual does not: NaN equals NaN here, and zeros of
// either sign differ.
func sameText(a, b arrow.Table) bool { return text(a) == text(b) }

func text(table arrow.Table) string {
	var out strings.Builder
	for i := range int(table.NumCols()) {
		for _, chunk := range table.Column(i).Data().Chunks() {
			for row := range chunk.Len() {
				out.WriteString(chunk.ValueStr(row) + "|")
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func TestEveryTypeReadsBackAsItWasWritten(t *testing.T) {
	in := everyType()
	all := batch(in, extremes()...)
	defer all.Release()
	file, stats := encode(t, in, datafile.Options{}, all)
	agree(t, file, in, all)
	if stats.Rows != all.NumRows() {
		t.Errorf("%d rows, want %d", stats.Rows, all.NumRows())
	}
}

func TestRowsOfABatchCanBePicked(t *testing.T) {
	in := everyType()
	all := batch(in, extremes()...)
	defer all.Release()
	var to bytes.Buffer
	e, err := datafile.New(&to, in, datafile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range [][]int32{{4, 0, 3}, {}, {1}} {
		if err := e.WriteRows(all, rows); err != nil {
			t.Fatal(err)
		}
	}
	stats, err := e.Close()
	if err != nil {
		t.Fatal(err)
	}
	rows := extremes()
	want := batch(in, rows[4], rows[0], rows[3], rows[1])
	defer want.Release()
	agree(t, to.Bytes(), in, want)
	if stats.Rows != 4 || stats.NullCounts[2] != 1 || stats.NaNCounts[4] != 1 {
		t.Errorf("%d rows, %d nulls, %d NaN", stats.Rows, stats.NullCounts[2], stats.NaNCounts[4])
	}
}

func TestLargeFilesHaveManyPages(t *testing.T) {
	in := withIDs(
		arrow.Field{Name: "n", Type: arrow.PrimitiveTypes.Int64},
		arrow.Field{Name: "spelled", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: "numbered", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: "float", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		arrow.Field{Name: "yes", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		arrow.Field{Name: "huge", Type: arrow.BinaryTypes.String, Nullable: true},
	)
	const rows = 200_003
	all := make([][]any, rows)
	for i := range all {
		row := []any{int64(i), fmt.Sprintf("https://example.com/%d", i*7919), []string{"a", "b", "c"}[i/1000%3], float64(i) / 7, i%3 == 0, nil}
		if i%5 == 0 {
			row[1], row[2], row[3], row[4] = nil, nil, nil, nil
		}
		if i == 150_000 || i == 150_001 {
			row[5] = strings.Repeat("long ", 1<<20)
		}
		all[i] = row
	}
	whole := batch(in, all...)
	defer whole.Release()
	file, stats := encode(t, in, datafile.Options{RowGroupRows: 1 << 20, RowGroupBytes: 1 << 30}, whole)
	agree(t, file, in, whole)
	if len(stats.SplitOffsets) != 1 {
		t.Errorf("%d row groups, want one", len(stats.SplitOffsets))
	}
}

func TestAFileWithoutRowsCanBeRead(t *testing.T) {
	in := everyType()
	none := batch(in)
	defer none.Release()
	file, stats := encode(t, in, datafile.Options{}, none)
	agree(t, file, in)
	if stats.Rows != 0 || len(stats.Lower) != 0 || len(stats.SplitOffsets) != 0 {
		t.Errorf("there is something in it: %+v", stats)
	}
}

func TestWhatIsNoBatchOfTheFileIsRefused(t *testing.T) {
	in := everyType()
	row := extremes()[1]
	other := withIDs(arrow.Field{Name: "identifier", Type: arrow.PrimitiveTypes.Int64})
	for name, b := range map[string]arrow.RecordBatch{
		"columns": batch(other, []any{int64(1)}),
		"a type":  batch(withIDs(append([]arrow.Field{{Name: "identifier", Type: arrow.PrimitiveTypes.Int64}}, in.Fields()[1:]...)...), append([]any{int64(1)}, row[1:]...)),
		"a null":  batch(in, append([]any{nil}, row[1:]...)),
	} {
		t.Run(name, func(t *testing.T) {
			defer b.Release()
			e, err := datafile.New(io.Discard, in, datafile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Write(b); err == nil {
				t.Error("it was taken")
			}
		})
	}
}

func TestWhatIsNoColumnOfTheLakeIsRefused(t *testing.T) {
	for name, field := range map[string]arrow.Field{
		"no id":  {Name: "a", Type: arrow.BinaryTypes.String},
		"int32":  {Name: "a", Type: arrow.PrimitiveTypes.Int32, Metadata: arrow.MetadataFrom(map[string]string{"PARQUET:field_id": "1"})},
		"a list": {Name: "a", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Metadata: arrow.MetadataFrom(map[string]string{"PARQUET:field_id": "1"})},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := datafile.New(io.Discard, arrow.NewSchema([]arrow.Field{field}, nil), datafile.Options{}); err == nil {
				t.Error("it was taken")
			}
		})
	}
}

// full is a writer that fails when it has taken so many bytes.
type full int

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if *f -= full(len(p)); *f < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAWriterThatFailsFailsTheFile(t *testing.T) {
	in := everyType()
	all := batch(in, extremes()...)
	defer all.Release()
	file, _ := encode(t, in, datafile.Options{}, all)
	for room := range file {
		to := full(room)
		e, err := datafile.New(&to, in, datafile.Options{})
		if err == nil {
			err = e.Write(all)
		}
		if err == nil {
			_, err = e.Close()
		}
		if !errors.Is(err, errFull) {
			t.Fatalf("%d bytes of %d: %v", room, len(file), err)
		}
	}
}

func TestNothingIsTakenAfterClose(t *testing.T) {
	in := everyType()
	all := batch(in, extremes()...)
	defer all.Release()
	e, err := datafile.New(io.Discard, in, datafile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Write(all); err == nil {
		t.Error("a batch was taken")
	}
	if _, err := e.Close(); err == nil {
		t.Error("it was closed again")
	}
}
