package pipeline_test

import (
	"bytes"
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
func prints(t testing.TB, rows [][]any, offset int, with ...pipeline.Option) []any {
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
	m, err := pipeline.New("", mapping, sc, append(with, pipeline.WithFingerprint())...)
	if err != nil {
		t.Fatal(err)
	}
	record := array.NewRecordBatch(sc, columns, int64(len(rows))).NewSlice(int64(offset), int64(len(rows)))
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
		{"ä", int64(math.MinInt64), math.NaN(), decimal128.New(math.MaxInt64>>1, 7), nil, arrow.Date32(math.MaxInt32), arrow.Timestamp(math.MinInt64), nil, []byte("x"), nil},
	}
	want := []any{
		"bada6bdba3529fbea6bc4ab397f20b42", "a22eae7bf95eae2fe76032590f0b38d9", "fd1b99579c88a4f533613a38dd643f7b", "07dfcd94f0aa4a76d203af4c6de5421a",
	}
	got := prints(t, rows, 0)
	for i := range rows {
		if got[i] != want[i] {
			t.Errorf("row %d: %v, was %v", i, got[i], want[i])
		}
		if by := described(rows[i]); got[i] != by {
			t.Errorf("row %d: %v, the definition says %v", i, got[i], by)
		}
	}
	cursor := ingest.Cursor{Column: string(schema.Int64), Type: schema.Int64}
	if got := prints(t, rows, 0, pipeline.WithCursor(cursor))[0]; got != described(append(rows[0], int64(-2))) {
		t.Errorf("with a cursor: %v", got)
	}
}

// described is a fingerprint by the words of the package documentation.
func described(row []any) string {
	encoded := []byte{1}
	for c, v := range row {
		tag := byte(c + 1)
		if c == 10 { // the cursor
			tag = 2
		}
		if v == nil {
			encoded = append(encoded, 0)
			continue
		}
		encoded = append(encoded, tag)
		switch v := v.(type) {
		case string:
			encoded = append(binary.LittleEndian.AppendUint32(encoded, uint32(len(v))), v...)
		case []byte:
			encoded = append(binary.LittleEndian.AppendUint32(encoded, uint32(len(v))), v...)
		case bool:
			encoded = append(encoded, map[bool]byte{true: 1}[v])
		case float64:
			bits := math.Float64bits(v)
			if math.IsNaN(v) {
				bits = 0x7ff8000000000001
			}
			encoded = binary.LittleEndian.AppendUint64(encoded, bits)
		case decimal128.Num:
			encoded = binary.LittleEndian.AppendUint64(encoded, v.LowBits())
			encoded = binary.LittleEndian.AppendUint64(encoded, uint64(v.HighBits()))
		default:
			var number bytes.Buffer
			_ = binary.Write(&number, binary.LittleEndian, v)
			encoded = append(encoded, number.Bytes()...)
		}
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:16])
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
