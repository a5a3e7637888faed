package file_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// write writes a record, with the Arrow schema in the file, so that types
// which Parquet does not know come back too.
func write(t *testing.T, rec arrow.RecordBatch, groupRows int64) string {
	t.Helper()
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(rec.Schema(), &b, parquet.NewWriterProperties(parquet.WithMaxRowGroupLength(groupRows)), pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEveryParquetTypeIsDelivered(t *testing.T) {
	for _, tt := range []struct {
		dt   arrow.DataType
		in   string // JSON of one value
		want schema.Type
		out  string // JSON of the delivered value
	}{
		{arrow.PrimitiveTypes.Int8, `-7`, schema.Int64, `-7`},
		{arrow.PrimitiveTypes.Int16, `-7`, schema.Int64, `-7`},
		{arrow.PrimitiveTypes.Int32, `-7`, schema.Int64, `-7`},
		{arrow.PrimitiveTypes.Int64, `9007199254740993`, schema.Int64, `9007199254740993`},
		{arrow.PrimitiveTypes.Uint8, `255`, schema.Int64, `255`},
		{arrow.PrimitiveTypes.Uint16, `65535`, schema.Int64, `65535`},
		{arrow.PrimitiveTypes.Uint32, `4294967295`, schema.Int64, `4294967295`},
		{arrow.PrimitiveTypes.Uint64, `18446744073709551615`, schema.Decimal, `"18446744073709551615"`},
		{arrow.PrimitiveTypes.Float32, `0.5`, schema.Float64, `0.5`},
		{arrow.PrimitiveTypes.Float64, `0.1`, schema.Float64, `0.1`},
		{arrow.FixedWidthTypes.Boolean, `true`, schema.Bool, `true`},
		{&arrow.Decimal128Type{Precision: 38, Scale: 10}, `"1.5"`, schema.Decimal, `"1.5"`},
		{arrow.BinaryTypes.String, `"é"`, schema.String, `"é"`},
		{arrow.BinaryTypes.LargeString, `"é"`, schema.String, `"é"`},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}, `"é"`, schema.String, `"é"`},
		{extensions.NewUUIDType(), `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`, schema.String, `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`},
		{arrow.BinaryTypes.Binary, `"AAE="`, schema.Bytes, `"AAE="`},
		{arrow.BinaryTypes.LargeBinary, `"AAE="`, schema.Bytes, `"AAE="`},
		{&arrow.FixedSizeBinaryType{ByteWidth: 2}, `"AAE="`, schema.Bytes, `"AAE="`},
		{arrow.FixedWidthTypes.Date32, `"1969-12-31"`, schema.Date, `"1969-12-31"`},
		{arrow.FixedWidthTypes.Date64, `"1969-12-31"`, schema.Date, `"1969-12-31"`},
		{arrow.FixedWidthTypes.Time32ms, `"23:59:59.5"`, schema.Time, `"23:59:59.5"`},
		{arrow.FixedWidthTypes.Time64us, `"23:59:59.000001"`, schema.Time, `"23:59:59.000001"`},
		{arrow.FixedWidthTypes.Time64ns, `"23:59:59.000001"`, schema.Time, `"23:59:59.000001"`},
		{arrow.FixedWidthTypes.Timestamp_ms, `"1969-12-31T23:59:59.999Z"`, schema.Timestamp, `"1969-12-31T23:59:59.999Z"`},
		{arrow.FixedWidthTypes.Timestamp_us, `"2024-05-01T10:00:00.000001Z"`, schema.Timestamp, `"2024-05-01T10:00:00.000001Z"`},
		{arrow.FixedWidthTypes.Timestamp_ns, `"1969-12-31T23:59:59.999999999Z"`, schema.Timestamp, `"1969-12-31T23:59:59.999999Z"`},
		{&arrow.TimestampType{Unit: arrow.Microsecond}, `"2024-05-01T10:00:00"`, schema.Timestamp, `"2024-05-01T10:00:00Z"`},
		{arrow.ListOf(arrow.PrimitiveTypes.Int32), `[1,null]`, schema.JSON, `"[1,null]"`},
		{arrow.StructOf(arrow.Field{Name: "x", Type: arrow.BinaryTypes.String, Nullable: true}), `{"x":"a"}`, schema.JSON, `"{\"x\":\"a\"}"`},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32), `[{"key":"a","value":1}]`, schema.JSON, `"[{\"key\":\"a\",\"value\":1}]"`},
	} {
		t.Run(tt.dt.String(), func(t *testing.T) {
			sc := arrow.NewSchema([]arrow.Field{{Name: "v", Type: tt.dt, Nullable: true}}, nil)
			rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, sc, strings.NewReader(fmt.Sprintf(`[{"v":%s},{"v":null},{"v":%s}]`, tt.in, tt.in)))
			if err != nil {
				t.Fatal(err)
			}
			defer rec.Release()
			f := file.New(store{"t/a.parquet": write(t, rec, 2)}, "")
			if c := table(t, f, "t").Columns[0]; c.Type != tt.want || !c.Nullable {
				t.Errorf("column %+v, want %s", c, tt.want)
			}
			want := []string{`{"v":` + tt.out + `}`, `{"v":null}`, `{"v":` + tt.out + `}`}
			if diff := cmp.Diff(result{Rows: want}, readAll(t, f, "t", 1)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParquetRowsThatDoNotFitAreRejected(t *testing.T) {
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "at", Type: arrow.FixedWidthTypes.Timestamp_ms, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, sc)
	defer b.Release()
	b.Field(0).(*array.Int64Builder).AppendValues([]int64{1, 2, 3, 4}, nil)
	b.Field(1).(*array.StringBuilder).AppendValues([]string{"a", "\xff", "c", "d"}, nil)
	b.Field(2).(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{0, 1, 1 << 62, 3}, nil)
	rec := b.NewRecordBatch()
	defer rec.Release()
	got := readAll(t, file.New(store{"t/a.parquet": write(t, rec, 10)}, ""), "t", 0)
	want := result{
		Rows: []string{`{"at":"1970-01-01T00:00:00Z","id":1,"text":"a"}`, `{"at":"1970-01-01T00:00:00.003Z","id":4,"text":"d"}`},
		Rejects: []source.Reject{
			{Origin: 2, Column: "text", Rule: "not_utf8", Reason: "is not valid UTF-8"},
			{Origin: 3, Column: "at", Rule: "type_mismatch", Reason: "is not a valid timestamp"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Two values that are no UTF-8 alone are rejected even where the end of one and
// the beginning of the next would be a character together.
func TestParquetTextIsUTF8ValueByValue(t *testing.T) {
	sc := arrow.NewSchema([]arrow.Field{{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, sc)
	defer b.Release()
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"é", "a\xc3", "", "\xa9b", strings.Repeat("x", 40), "日本"}, []bool{true, true, false, true, true, true})
	rec := b.NewRecordBatch()
	defer rec.Release()
	got := readAll(t, file.New(store{"t/a.parquet": write(t, rec, 10)}, ""), "t", 0)
	want := result{
		Rows: []string{`{"text":"é"}`, `{"text":null}`, `{"text":"` + strings.Repeat("x", 40) + `"}`, `{"text":"日本"}`},
		Rejects: []source.Reject{
			{Origin: 2, Column: "text", Rule: "not_utf8", Reason: "is not valid UTF-8"},
			{Origin: 4, Column: "text", Rule: "not_utf8", Reason: "is not valid UTF-8"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestParquetResumesInsideARowGroup reads from every checkpoint of row groups
// that are longer than a batch, alone and with a nested column.
func TestParquetResumesInsideARowGroup(t *testing.T) {
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "l", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
	}, nil)
	var rows []string
	for i := range 57 {
		rows = append(rows, fmt.Sprintf(`{"n":%d,"l":[%s]}`, i, strings.TrimSuffix(strings.Repeat(`"x",`, i%4), ",")))
	}
	content := parquetOf(t, sc, "["+strings.Join(rows, ",")+"]", 20)
	f := file.WithLimits(file.New(store{"t/k=1/a.parquet": content, "t/k=2/b.parquet": content}, ""), 7, 1000)
	for _, target := range []int64{1, 1 << 30} {
		plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table(t, f, "t"), TargetBytes: target})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, split := range plan.Splits {
			all := steps(t, f, plan, split, "")
			for i := range all {
				total += len(all[i].Rows)
				var want, got result
				want.extend(all[i+1:]...)
				got.extend(steps(t, f, plan, split, all[i].after)...)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("from checkpoint %s (-want +got):\n%s", all[i].after, diff)
				}
			}
		}
		if total != 2*57 {
			t.Errorf("%d rows, want %d", total, 2*57)
		}
	}
}
