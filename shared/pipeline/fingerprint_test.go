package pipeline_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// everyType is a mapping of one column of each type.
func everyType() (ingest.Mapping, []arrow.Field) {
	arrows := map[schema.Type]arrow.DataType{
		schema.String: text, schema.Int64: int64s, schema.Float64: float64s, schema.Decimal: decimal(38, 9), schema.Bool: bools,
		schema.Date: date, schema.Timestamp: timestamp, schema.Time: clock, schema.Bytes: binaries, schema.JSON: text,
	}
	var mapping ingest.Mapping
	var fields []arrow.Field
	for _, kind := range schema.Types() {
		mapping = append(mapping, ingest.Column{Source: string(kind), Target: string(kind), Type: kind})
		fields = append(fields, arrow.Field{Name: string(kind), Type: arrows[kind], Nullable: true})
	}
	return mapping, fields
}

// prints are the fingerprints of rows with one value of each type, read from the
// rows from the offset on.
func prints(t testing.TB, rows [][]any, offset int) []any {
	t.Helper()
	mapping, fields := everyType()
	columns := make([]arrow.Array, len(fields))
	for c := range fields {
		values := make([]any, len(rows))
		for r := range rows {
			values[r] = rows[r][c]
		}
		columns[c] = build(t, memory.DefaultAllocator, fields[c].Type, values...)
	}
	sc := arrow.NewSchema(fields, nil)
	record := array.NewRecordBatch(sc, columns, int64(len(rows)))
	return printed(t, mapping, record.NewSlice(int64(offset), int64(len(rows))), mapping.Sources())
}

// printed maps a record, and returns the fingerprints of what the columns have.
func printed(t testing.TB, mapping ingest.Mapping, record arrow.RecordBatch, columns []string) []any {
	t.Helper()
	m, err := pipeline.New("", mapping, record.Schema(), pipeline.WithFingerprint(columns))
	if err != nil {
		t.Fatal(err)
	}
	result, err := m.Map(source.Batch{Record: record})
	if err != nil {
		t.Fatal(err)
	}
	last := int(result.Record.NumCols()) - 1
	if name := result.Record.ColumnName(last); name != ingest.RowColumn {
		t.Fatalf("the last column is %q", name)
	}
	return cells(t, result.Record.Column(last))
}

// Rows in the lake are found by their fingerprints: these must never change.
func TestFingerprintsStayAsTheyAre(t *testing.T) {
	rows := [][]any{
		{"a", int64(-2), 0.5, decimal128.FromI64(-1_500_000_000), true, arrow.Date32(-1), arrow.Timestamp(1), arrow.Time64(2), []byte{0, 255}, `{"a":1}`},
		{"", int64(0), math.Copysign(0, -1), decimal128.FromI64(0), false, arrow.Date32(0), arrow.Timestamp(0), arrow.Time64(0), []byte{}, `null`},
		{nil, nil, nil, nil, nil, nil, nil, nil, nil, nil},
		{"ä", int64(math.MinInt64), math.NaN(), decimal128.FromI64(7), nil, arrow.Date32(20_000), arrow.Timestamp(-1), nil, []byte("x"), nil},
	}
	texts := [][]any{
		{"a", "-2", "0.5", "-1.5", "true", "1969-12-31", "1970-01-01T00:00:00.000001Z", "00:00:00.000002", "\x00\xff", `{"a":1}`},
		{"", "0", "0", "0", "false", "1970-01-01", "1970-01-01T00:00:00Z", "00:00:00", "", "null"},
		{nil, nil, nil, nil, nil, nil, nil, nil, nil, nil},
		{"ä", "-9223372036854775808", "NaN", "0.000000007", nil, "2024-10-04", "1969-12-31T23:59:59.999999Z", nil, "x", nil},
	}
	want := []any{
		"ba442ea8d94618305e4d1b2bac4c8928", "6befa1b72569a87ccbd61b7301143b34", "fd1b99579c88a4f533613a38dd643f7b", "afe4050f1c2fed3061cd3c77ad20f3f5",
	}
	got := prints(t, rows, 0)
	for i := range rows {
		if got[i] != want[i] {
			t.Errorf("row %d: %v, was %v", i, got[i], want[i])
		}
		if by := described(texts[i]); got[i] != by {
			t.Errorf("row %d: %v, the definition says %v", i, got[i], by)
		}
	}
}

// described is a fingerprint by the words of the package documentation.
func described(row []any) string {
	encoded := []byte{1}
	for _, v := range row {
		if v == nil {
			encoded = append(encoded, 0)
			continue
		}
		text := v.(string)
		encoded = append(binary.LittleEndian.AppendUint32(append(encoded, 1), uint32(len(text))), text...)
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:16])
}

// A row that is read again through another mapping is the same row.
func TestFingerprintsAreOfTheSource(t *testing.T) {
	sc, batch := people(t, memory.DefaultAllocator, int64s, []any{" A ", nil, "c"}, []any{int64(1), int64(2), nil})
	columns := []string{"id", "v"}
	want := []any{described([]any{" A ", "1"}), described([]any{nil, "2"}), described([]any{"c", nil})}
	for name, mapping := range map[string]ingest.Mapping{
		"as it is":        {{Source: "id", Target: "id", Type: schema.String}, {Source: "v", Target: "v", Type: schema.Int64}},
		"in other places": {{Source: "v", Target: "x", Type: schema.String}, {Source: "id", Target: "y", Type: schema.String}},
		"transformed":     {{Source: "id", Target: "id", Type: schema.String, Transforms: []ingest.Transform{ingest.Trim, ingest.Lower}, Default: new("none")}},
		"not at all":      {{Constant: new("x"), Target: "x", Type: schema.String}},
	} {
		if diff := cmp.Diff(want, printed(t, mapping, batch.Record, columns)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	rejecting := ingest.Mapping{{Source: "id", Target: "id", Type: schema.String, Required: true}}
	if diff := cmp.Diff([]any{want[0], want[2]}, printed(t, rejecting, batch.Record, columns)); diff != "" {
		t.Errorf("without a rejected row (-want +got):\n%s", diff)
	}
	if _, err := pipeline.New("", rejecting, sc, pipeline.WithFingerprint([]string{"gone"})); fault.CodeOf(err) != fault.SourceChanged {
		t.Errorf("a column that is missing: %v", err)
	}
}

// A column that is told in another type of the same texts leaves its rows as they are.
func TestFingerprintsOutliveTypes(t *testing.T) {
	mapping := ingest.Mapping{{Source: "v", Target: "v", Type: schema.String}}
	want := described([]any{"12"})
	for name, column := range map[string]arrow.Array{
		"text":    build(t, memory.DefaultAllocator, text, "12"),
		"int64":   build(t, memory.DefaultAllocator, int64s, int64(12)),
		"decimal": build(t, memory.DefaultAllocator, decimal(10, 4), decimal128.FromI64(120_000)),
	} {
		sc := arrow.NewSchema([]arrow.Field{{Name: "v", Type: column.DataType(), Nullable: true}}, nil)
		if got := printed(t, mapping, array.NewRecordBatch(sc, []arrow.Array{column}, 1), []string{"v"}); got[0] != want {
			t.Errorf("%s: %v, want %v", name, got[0], want)
		}
	}
}

// Two rows share a fingerprint when they have the same values, wherever they stand, and only then.
func TestFingerprintsTellRowsApart(t *testing.T) {
	kinds := []arrow.DataType{text, int64s, float64s, decimal(38, 9), bools, date, timestamp, clock, binaries, text}
	few := func(of arrow.DataType) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			n := rapid.IntRange(-1, 1).Draw(t, "n")
			if rapid.IntRange(0, 3).Draw(t, "null") == 0 {
				return nil
			}
			switch of.ID() {
			case arrow.STRING:
				return [...]string{"0", "", "1"}[n+1]
			case arrow.BINARY:
				return [][]byte{{0}, {}, {1}}[n+1]
			case arrow.INT64:
				return int64(n)
			case arrow.FLOAT64:
				return float64(n)
			case arrow.DECIMAL128:
				return decimal128.FromI64(int64(n))
			case arrow.DATE32:
				return arrow.Date32(n)
			case arrow.TIMESTAMP:
				return arrow.Timestamp(n)
			case arrow.TIME64:
				return arrow.Time64(n + 1)
			}
			return n > 0
		})
	}
	rapid.Check(t, func(rt *rapid.T) {
		rows := make([][]any, rapid.IntRange(2, 12).Draw(rt, "rows"))
		for r := range rows {
			rows[r] = make([]any, len(kinds))
			for c, of := range kinds {
				if c == len(kinds)-1 {
					rows[r][c] = rapid.SampledFrom([]any{nil, "0", "1", `""`}).Draw(rt, "json")
				} else if r == 0 || rapid.IntRange(0, 9).Draw(rt, "other") == 0 {
					rows[r][c] = few(of).Draw(rt, "value")
				} else {
					rows[r][c] = rows[0][c]
				}
			}
		}
		all := prints(t, rows, 0)
		for r, found := range all {
			if alone := prints(t, rows, r); alone[0] != found {
				rt.Errorf("row %d has %v, and %v as the first of a slice", r, found, alone[0])
			}
			for other := range r {
				if same := cmp.Equal(rows[r], rows[other], unscaled); same != (found == all[other]) {
					rt.Errorf("rows %d and %d are the same: %t, their fingerprints: %v, %v", r, other, same, found, all[other])
				}
			}
		}
	})
}
