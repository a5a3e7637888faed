package pipeline_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// texts are texts that mean something to one cast or another, or nearly.
func texts() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"", " ", "1", "0", "true", "False", "9223372036854775807", "-9223372036854775808", "1e400", "NaN", "-0", "İI Σ ", "\u00a0x"}),
		rapid.StringMatching(`[+-]?[0-9]{1,22}`),
		rapid.StringMatching(`[+-]?[0-9]{0,32}\.?[0-9]{0,12}(e[+-]?[0-9]{1,3})?`),
		rapid.StringMatching(`(0000|0001|1900|1969|2000|2024|9999)-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])`),
		rapid.StringMatching(`([01][0-9]|2[0-4]):[0-6][0-9]:[0-6][0-9](\.[0-9]{0,9})?`),
		rapid.StringMatching(`(1969|2024)-0[1-3]-[0-3][0-9][ T][01][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-6][0-9])?`),
		emails(),
		rapid.SampledFrom([]string{`{}`, `{"a":[1,2,{"b":null}]}`, `[`, `"x"`, `-1.5e3`, `{"a":}`}),
	)
}

// emails are e-mail addresses, or nearly.
func emails() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(` ?[a-zA-Z0-9.+ü_-]{1,10}@([a-zA-Z0-9-]{1,5}\.){1,2}[a-z0-9]{1,3} ?`),
		rapid.StringMatching(`[a@. Ü]{0,6}@[a-c.-]{0,6}`),
		rapid.StringMatching(`a{62,66}@(b{61,64}\.){1,3}[a-c]{1,61}`),
		rapid.StringMatching(`[a-c]@[äßΣ本a-]{1,3}\.(de|本)`),
	)
}

func values(dt arrow.DataType) *rapid.Generator[any] {
	var some *rapid.Generator[any]
	switch dt.ID() {
	case arrow.STRING:
		some = texts().AsAny()
	case arrow.INT64:
		some = rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2, 2), rapid.SampledFrom([]int64{math.MaxInt64, math.MinInt64, 1 << 53, 1<<53 + 1})).AsAny()
	case arrow.FLOAT64:
		some = rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Int64Range(-1e6, 1e6), func(v int64) float64 { return float64(v) / 100 }),
			rapid.SampledFrom([]float64{math.Copysign(0, -1), math.Inf(1), 1 << 63, -1 << 63, 1e28, 1e29, 1e-9, 1e-10, 0.1})).AsAny()
	case arrow.DECIMAL128:
		digits := dt.(*arrow.Decimal128Type).Precision
		some = rapid.Map(rapid.OneOf(rapid.StringMatching(fmt.Sprintf(`-?[0-9]{1,%d}`, digits)), rapid.StringMatching(`-?[1-9][0-9]{0,3}0{0,6}`)), dec).AsAny()
	case arrow.BOOL:
		some = rapid.Bool().AsAny()
	case arrow.DATE32:
		some = rapid.Map(rapid.OneOf(rapid.Int32Range(-800_000, 800_000), rapid.Int32()), func(v int32) arrow.Date32 { return arrow.Date32(v) }).AsAny()
	case arrow.TIMESTAMP:
		some = rapid.Map(rapid.OneOf(rapid.Int64Range(-1e15, 1e15), rapid.Int64Range(-2, 2)), func(v int64) arrow.Timestamp { return arrow.Timestamp(v) }).AsAny()
	case arrow.TIME64:
		some = rapid.Map(rapid.Int64Range(0, 86_399_999_999), func(v int64) arrow.Time64 { return arrow.Time64(v) }).AsAny()
	}
	return rapid.Custom(func(t *rapid.T) any {
		if rapid.IntRange(0, 5).Draw(t, "null") == 0 {
			return nil
		}
		return some.Draw(t, "value")
	})
}

// A Mapper must agree with the oracle about every row of every batch, and lose none.
func TestEveryRowAsTheOracle(t *testing.T) {
	froms := []arrow.DataType{text, text, int64s, float64s, decimal(10, 2), decimal(38, 0), decimal(38, 9), decimal(38, 20), bools, date, timestamp, clock}
	logical := map[arrow.Type]schema.Type{
		arrow.STRING: schema.String, arrow.INT64: schema.Int64, arrow.FLOAT64: schema.Float64, arrow.DECIMAL128: schema.Decimal, arrow.BOOL: schema.Bool,
		arrow.DATE32: schema.Date, arrow.TIMESTAMP: schema.Timestamp, arrow.TIME64: schema.Time,
	}
	rapid.Check(t, func(rt *rapid.T) {
		alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer alloc.AssertSize(t, 0)
		width, rows := rapid.IntRange(1, 4).Draw(rt, "columns"), rapid.IntRange(1, 40).Draw(rt, "rows")
		offset := rapid.IntRange(0, rows-1).Draw(rt, "offset")
		fields, mapping := make([]arrow.Field, width), make(ingest.Mapping, width)
		cells, arrays := make([][]any, width), make([]arrow.Array, width)
		for c := range width {
			from := rapid.SampledFrom(froms).Draw(rt, "from")
			name := fmt.Sprintf("c%d", c)
			fields[c] = arrow.Field{Name: name, Type: from, Nullable: true}
			mapping[c] = ingest.Column{Source: name, Target: name, Required: rapid.Bool().Draw(rt, "required"), Type: rapid.SampledFrom(schema.Types()).
				Filter(func(to schema.Type) bool { return ingest.Castable(logical[from.ID()], to) }).Draw(rt, "to")}
			if c == 0 {
				mapping[c].Target, mapping[c].Type, mapping[c].Required = "identifier", schema.String, true
			}
			if mapping[c].Type == schema.String {
				mapping[c].Transforms = rapid.SliceOfN(rapid.SampledFrom([]ingest.Transform{ingest.Trim, ingest.Lower, ingest.Email, ingest.SHA256}), 0, 3).Draw(rt, "transforms")
				mapping[c].OnInvalid = rapid.SampledFrom([]ingest.Invalid{"", ingest.Quarantine, ingest.Null}).Draw(rt, "on invalid")
			}
			if c > 0 {
				literals(rt, &mapping[c])
			}
			cells[c] = rapid.SliceOfN(values(from), rows, rows).Draw(rt, "cells")
			arrays[c] = build(t, alloc, from, cells[c]...)
			defer arrays[c].Release()
		}
		sc := arrow.NewSchema(fields, nil)
		m, err := pipeline.New(ingest.UserProfile, mapping, sc, pipeline.WithAllocator(alloc), withKey)
		if err != nil {
			rt.Fatal(err)
		}
		whole := array.NewRecordBatch(sc, arrays, int64(rows))
		defer whole.Release()
		record := whole.NewSlice(int64(offset), int64(rows))
		defer record.Release()
		origins := make([]int64, rows-offset)
		var want [][]any
		var wantRejects []pipeline.Rejected
		var wantRejected [][]any
		for r := offset; r < rows; r++ {
			origins[r-offset] = int64(r) + 1
			row, rejected := oracleRow(mapping, fields, cells, r)
			if rejected != nil {
				wantRejects = append(wantRejects, *rejected)
				wantRejected = append(wantRejected, across(cells, r))
				continue
			}
			want = append(want, row)
		}
		result, err := m.Map(source.Batch{Record: record, Origins: origins})
		if err != nil {
			rt.Fatal(err)
		}
		defer result.Release()
		got := rowsOf(t, result.Record)
		for i := range result.Rejects {
			result.Rejects[i].Reason = ""
		}
		if len(got)+len(result.Rejects) != rows-offset {
			rt.Errorf("%d rows and %d rejects of %d", len(got), len(result.Rejects), rows-offset)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(sameFloat), unscaled); diff != "" {
			rt.Errorf("rows (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantRejects, result.Rejects); diff != "" {
			rt.Errorf("rejects (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantRejected, rowsOf(t, result.Rejected), cmp.Comparer(sameFloat), unscaled); diff != "" {
			rt.Errorf("rejected rows (-want +got):\n%s", diff)
		}
	})
}

// across is one row of cells that are by column.
func across(cells [][]any, r int) []any {
	row := make([]any, len(cells))
	for c := range cells {
		row[c] = cells[c][r]
	}
	return row
}

// rowsOf are the values of a record by row, nil when it has none.
func rowsOf(t testing.TB, record arrow.RecordBatch) (rows [][]any) {
	t.Helper()
	if record == nil {
		return nil
	}
	for r := range int(record.NumRows()) {
		row := make([]any, record.NumCols())
		for c := range row {
			row[c] = valueAt(t, record.Column(c), r)
		}
		rows = append(rows, row)
	}
	return rows
}

// literals gives some columns a default, and makes some constant.
func literals(rt *rapid.T, c *ingest.Column) {
	if !rapid.Bool().Draw(rt, "literal") {
		return
	}
	text := rapid.SampledFrom(samples[c.Type]).Draw(rt, "text")
	if rapid.Bool().Draw(rt, "constant") {
		*c = ingest.Column{Target: c.Target, Type: c.Type, Required: c.Required, Constant: &text}
		return
	}
	c.Default = &text
}

// oracleLiteral is the value of a constant or default.
func oracleLiteral(text string, to schema.Type) any {
	if to == schema.Bytes {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			panic(err)
		}
		return string(decoded)
	}
	v, ok := oracleText(text, to)
	if !ok {
		panic("a literal that is none")
	}
	return v
}

func oracleRow(mapping ingest.Mapping, fields []arrow.Field, cells [][]any, r int) ([]any, *pipeline.Rejected) {
	row := make([]any, len(mapping))
	var rejected *pipeline.Rejected
	reject := func(rule string, i int) {
		if rejected == nil {
			rejected = &pipeline.Rejected{Origin: int64(r) + 1, Rule: rule, Column: mapping[i].Source, HasRow: true}
			rejected.Value = oracleValue(cells[i][r], fields[i].Type)
		}
	}
	for i, c := range mapping {
		if c.Constant != nil {
			row[i] = oracleLiteral(*c.Constant, c.Type)
			continue
		}
		v, ok := oracleCast(cells[i][r], fields[i].Type, c.Type)
		if !ok {
			reject(pipeline.RuleCast, i)
			continue
		}
		var refused ingest.Transform
		if row[i], refused = oracleTransform(v, c.Transforms); refused != "" && c.OnInvalid != ingest.Null {
			reject(string(refused), i)
			continue
		}
		if row[i] == nil && c.Default != nil {
			row[i] = oracleLiteral(*c.Default, c.Type)
		}
		if row[i] == nil && c.Required || row[i] == "" && c.Target == "identifier" {
			reject(pipeline.RuleRequired, i)
		}
	}
	if identifier, _ := row[0].(string); rejected != nil && identifier != "" {
		rejected.RowKey = rowKeyed(identifier)
	}
	return row, rejected
}
