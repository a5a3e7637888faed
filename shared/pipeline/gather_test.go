package pipeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Of a batch of any size what is left, what is rejected and what is filtered are the rows that must be, of every type
// and from any place in an array.
func TestRowsAreTakenApartAndNoneIsChanged(t *testing.T) {
	mapping, fields := everyType()
	mapping[0].Required = true
	columns := make([]schema.Column, len(mapping))
	for i, c := range mapping {
		columns[i] = schema.Column{Name: c.Source, Type: c.Type, Precision: 38, Scale: 9}
	}
	keep := source.Filter{{Column: string(schema.Int64), Op: source.NotEqual, Values: []string{"-1"}, OrNull: true}}
	value := func(of arrow.DataType, i int) any {
		switch of.ID() {
		case arrow.STRING:
			return strings.Repeat("é", i%4) + fmt.Sprint(i)
		case arrow.BINARY:
			return []byte(fmt.Sprint(i))
		case arrow.INT64:
			return int64(i)
		case arrow.FLOAT64:
			return float64(i) / 4
		case arrow.DECIMAL128:
			return decimal128.FromI64(int64(i))
		case arrow.DATE32:
			return arrow.Date32(i)
		case arrow.TIMESTAMP:
			return arrow.Timestamp(i)
		case arrow.TIME64:
			return arrow.Time64(i)
		}
		return i%3 == 0
	}
	rapid.Check(t, func(rt *rapid.T) {
		alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer alloc.AssertSize(t, 0)
		rows := rapid.IntRange(1, 700).Draw(rt, "rows")
		offset := rapid.IntRange(0, min(rows-1, 70)).Draw(rt, "offset")
		fates := rapid.SampledFrom([]string{"kept", "kept", "kept", "rejected", "filtered"})
		runs := rapid.IntRange(1, 200).Draw(rt, "run")
		seed := rapid.IntRange(0, 9).Draw(rt, "nulls")
		cells := make([][]any, len(fields))
		var left, rejected [][]any
		var origins, want []int64
		fate, filtered := "", 0
		for i := range rows {
			if i%runs == 0 || rapid.IntRange(0, 30).Draw(rt, "other") == 0 {
				fate = fates.Draw(rt, "fate")
			}
			row := make([]any, len(fields))
			for c, field := range fields {
				if seed < 8 && (i+c)%(seed+3) == 0 && c != 1 && c > 0 {
					continue
				}
				if row[c] = value(field.Type, i); mapping[c].Type == schema.JSON {
					row[c] = fmt.Sprint(i)
				}
			}
			switch fate {
			case "rejected":
				row[0] = nil
			case "filtered":
				row[1] = int64(-1)
			}
			for c := range row {
				cells[c] = append(cells[c], row[c])
				if b, ok := row[c].([]byte); ok {
					row[c] = string(b)
				}
			}
			if i < offset {
				continue
			}
			origins = append(origins, int64(i))
			switch fate {
			case "kept":
				left = append(left, row)
			case "rejected":
				rejected, want = append(rejected, row), append(want, int64(i))
			default:
				filtered++
			}
		}
		arrays := make([]arrow.Array, len(fields))
		for c, field := range fields {
			arrays[c] = build(t, alloc, field.Type, cells[c]...)
			defer arrays[c].Release()
		}
		sc := arrow.NewSchema(fields, nil)
		whole := array.NewRecordBatch(sc, arrays, int64(rows))
		defer whole.Release()
		record := whole.NewSlice(int64(offset), int64(rows))
		defer record.Release()
		m, err := pipeline.New("", mapping, sc, pipeline.WithAllocator(alloc), pipeline.WithFilter(keep, schema.Table{Columns: columns}))
		if err != nil {
			rt.Fatal(err)
		}
		result, err := m.Map(source.Batch{Record: record, Origins: origins})
		if err != nil {
			rt.Fatal(err)
		}
		defer result.Release()
		if diff := cmp.Diff(left, rowsOf(t, result.Record), unscaled); diff != "" {
			rt.Errorf("rows (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(rejected, rowsOf(t, result.Rejected), unscaled); diff != "" {
			rt.Errorf("rejected rows (-want +got):\n%s", diff)
		}
		var got []int64
		for _, r := range result.Rejects {
			got = append(got, r.Origin)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("origins of the rejected rows (-want +got):\n%s", diff)
		}
		if int(result.Filtered) != filtered {
			rt.Errorf("%d rows filtered, want %d", result.Filtered, filtered)
		}
	})
}

// Texts of any length are trimmed and lower-cased as the standard library does it.
func TestTrimAndLowerAsTheStandardLibrary(t *testing.T) {
	piece := rapid.OneOf(rapid.StringMatching(`[a-z@.\[{ ]{0,20}`), rapid.StringMatching(`[A-Z]{1,3}`), rapid.SampledFrom([]string{"@", "Z", "[", "`", "z", "{", "\x7f", "é", "É", "İ", "\u00a0", "\t", "日本"}))
	rapid.Check(t, func(rt *rapid.T) {
		values := make([]any, rapid.IntRange(1, 8).Draw(rt, "rows"))
		for i := range values {
			values[i] = strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(rt, "pieces"), "")
		}
		in := build(t, memory.DefaultAllocator, text, values...)
		result := one(t, memory.DefaultAllocator, in, schema.String, ingest.Trim, ingest.Lower)
		for i, v := range values {
			if want, got := strings.ToLower(strings.TrimSpace(v.(string))), valueAt(t, result.Record.Column(0), i); want != got {
				rt.Errorf("%q became %q, want %q", v, got, want)
			}
		}
	})
}

// Every day of years of each kind is a date, and no other day is.
func TestEveryDayOfTheCalendar(t *testing.T) {
	var texts []any
	var want []any
	for _, year := range []int{1, 2, 3, 4, 5, 99, 100, 101, 104, 399, 400, 401, 1582, 1600, 1700, 1899, 1900, 1968, 1969, 1970, 1971, 1972, 2000, 2023, 2024, 2100, 2399, 2400, 9996, 9999} {
		for month := range 14 {
			for day := range 33 {
				texts = append(texts, fmt.Sprintf("%04d-%02d-%02d", year, month, day))
				if at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC); month >= 1 && month <= 12 && day > 0 && at.Day() == day {
					want = append(want, arrow.Date32(at.Unix()/86400))
				}
			}
		}
	}
	alloc := checked(t)
	in := build(t, alloc, text, texts...)
	defer in.Release()
	result := one(t, alloc, in, schema.Date)
	defer result.Release()
	if diff := cmp.Diff(want, cells(t, result.Record.Column(0))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
