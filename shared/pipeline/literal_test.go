package pipeline_test

import (
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// samples are constants and defaults of each type.
var samples = map[schema.Type][]string{
	schema.String:    {"", "unknown", "größe"},
	schema.Int64:     {"0", "-7", "9223372036854775807"},
	schema.Float64:   {"0.25", "-1e3"},
	schema.Decimal:   {"0", "12.34", "-99999999999999999999999999999.999999999"},
	schema.Bool:      {"true", "false"},
	schema.Date:      {"1970-01-01", "2024-02-29"},
	schema.Timestamp: {"2024-05-01T10:00:00.25Z", "1969-12-31T23:59:59+05:30"},
	schema.Time:      {"00:00:00", "10:00:00.25"},
	schema.Bytes:     {"", "AP8="},
	schema.JSON:      {"null", `{"a":[1]}`},
}

// some is an array type and a value of each logical type but bytes.
var some = map[schema.Type]struct {
	in    arrow.DataType
	value any
}{
	schema.String: {text, "x"}, schema.Int64: {int64s, int64(5)}, schema.Float64: {float64s, 2.5}, schema.Decimal: {decimal(38, 9), dec("25")}, schema.Bool: {bools, false},
	schema.Date: {date, day("1999-12-31")}, schema.Timestamp: {timestamp, micros("1999-12-31T00:00:00Z")}, schema.Time: {clock, arrow.Time64(1)}, schema.JSON: {text, `{}`},
}

// Whatever a mapping may hold as a constant, the pipeline must be able to cast:
// a run would fail otherwise.
func TestLiteralsAreCast(t *testing.T) {
	sc := arrow.NewSchema(nil, nil)
	cast := func(to schema.Type, text string) error {
		_, err := pipeline.New("", ingest.Mapping{{Target: "c", Type: to, Constant: &text}}, sc)
		return err
	}
	for _, to := range schema.Types() {
		for _, text := range samples[to] {
			if !ingest.IsLiteral(to, text) || cast(to, text) != nil {
				t.Errorf("%q as %s: %v", text, to, cast(to, text))
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		to, text := rapid.SampledFrom(schema.Types()).Draw(rt, "type"), texts().Draw(rt, "text")
		if ingest.IsLiteral(to, text) && cast(to, text) != nil {
			rt.Errorf("%q may be a constant %s, which %v", text, to, cast(to, text))
		}
	})
	if cast(schema.Int64, "x") == nil || cast(schema.Bytes, "x") == nil || cast("", "x") == nil {
		t.Error("a mapping that was not resolved has been prepared")
	}
}

func TestConstantsInBatchesOfAnySize(t *testing.T) {
	alloc := checked(t)
	text7 := "7"
	sc := arrow.NewSchema([]arrow.Field{{Name: "c", Type: bools, Nullable: true}}, nil)
	m, err := pipeline.New("", ingest.Mapping{{Source: "c", Target: "c", Type: schema.Bool, Required: true}, {Target: "n", Type: schema.Int64, Constant: &text7}}, sc, pipeline.WithAllocator(alloc))
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range []int{1, 3, 1000, 2} {
		values := make([]any, rows)
		for i := range values[1:] {
			values[i+1] = true // the first is null, and so rejected
		}
		in := build(t, alloc, bools, values...)
		record := array.NewRecordBatch(sc, []arrow.Array{in}, int64(rows))
		in.Release()
		result, err := m.Map(source.Batch{Record: record})
		record.Release()
		if err != nil {
			t.Fatal(err)
		}
		if got := int(result.Record.NumRows()); got != rows-1 || len(result.Rejects) != 1 {
			t.Errorf("%d rows of %d, %d rejects", got, rows, len(result.Rejects))
		}
		for i := range int(result.Record.NumRows()) {
			if got := valueAt(t, result.Record.Column(1), i); got != int64(7) {
				t.Errorf("row %d of %d: %v", i, rows, got)
			}
		}
		result.Release()
	}
}

// A default fills what is null, and only that: not the empty text, not what a
// cast refuses.
func TestDefaults(t *testing.T) {
	for to, text := range map[schema.Type]string{
		schema.String: "unknown", schema.Int64: "-1", schema.Float64: "0.5", schema.Decimal: "1.5", schema.Bool: "true",
		schema.Date: "2024-02-29", schema.Timestamp: "2024-02-29T00:00:00Z", schema.Time: "12:00:00", schema.JSON: "[]",
	} {
		for name, offset := range map[string]int64{"whole": 0, "sliced": 3} {
			t.Run(fmt.Sprint(to, " ", name), func(t *testing.T) {
				alloc := checked(t)
				v := some[to].value
				in := build(t, alloc, some[to].in, nil, v, nil, nil, v, nil, v, nil, nil, nil)
				defer in.Release()
				slice := array.NewSlice(in, offset, int64(in.Len()))
				defer slice.Release()
				result := onto(t, alloc, slice, ingest.Column{Type: to, Default: &text})
				defer result.Release()
				want, _ := oracleText(text, to)
				for i := range slice.Len() {
					expected := want
					if slice.IsValid(i) {
						expected = v
					}
					if diff := cmp.Diff(expected, valueAt(t, result.Record.Column(0), i), unscaled); diff != "" {
						t.Errorf("row %d (-want +got):\n%s", i, diff)
					}
				}
				if nulls := result.Record.Column(0).NullN(); nulls != 0 || len(result.Rejects) > 0 {
					t.Errorf("%d nulls, rejects %v", nulls, result.Rejects)
				}
			})
		}
	}
	t.Run("beside what is no null", func(t *testing.T) {
		alloc, zero := checked(t), "0"
		in := build(t, alloc, text, "", nil, "many", "1")
		defer in.Release()
		result := onto(t, alloc, in, ingest.Column{Type: schema.Int64, Default: &zero, Required: true})
		defer result.Release()
		if len(result.Rejects) != 2 || result.Rejects[0].Origin != 1 || result.Rejects[1].Origin != 3 || result.Record.NumRows() != 2 {
			t.Errorf("got %v, %v", result.Record, result.Rejects)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		alloc, two := checked(t), "AP8="
		in := build(t, alloc, binaries, nil, []byte{}, []byte{1})
		defer in.Release()
		result := onto(t, alloc, in, ingest.Column{Type: schema.Bytes, Default: &two})
		defer result.Release()
		var got []any
		for i := range 3 {
			got = append(got, valueAt(t, result.Record.Column(0), i))
		}
		if diff := cmp.Diff([]any{"\x00\xff", "", "\x01"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A column without nulls is passed on, with a default or without.
func TestDefaultOfAFullColumnCopiesNothing(t *testing.T) {
	alloc, none := checked(t), "none"
	in := build(t, alloc, text, "a", "b")
	defer in.Release()
	result := onto(t, alloc, in, ingest.Column{Type: schema.String, Default: &none})
	defer result.Release()
	if in.Data().Buffers()[2] != result.Record.Column(0).Data().Buffers()[2] {
		t.Error("the text was copied")
	}
}
