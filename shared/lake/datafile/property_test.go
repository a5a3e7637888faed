package datafile_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/lake/datafile"
)

// draw makes values of a column: some of them null, and as many distinct as
// choices has room for.
type draw struct {
	*rand.Rand
	choices int
	nulls   float64
	prefix  string
	length  int
	step    int64 // numbers go up by about so much; 0: they are anywhere
	last    int64
}

func drawn(t *rapid.T, label string) *draw {
	return &draw{
		Rand:    rand.New(rand.NewPCG(rapid.Uint64().Draw(t, label+" seed"), 1)),
		choices: rapid.SampledFrom([]int{1, 2, 100, 1 << 40}).Draw(t, label+" choices"),
		nulls:   rapid.SampledFrom([]float64{0, 0.01, 0.5, 1}).Draw(t, label+" nulls"),
		prefix:  rapid.SampledFrom([]string{"", "usr_", "ü"}).Draw(t, label+" prefix"),
		length:  rapid.SampledFrom([]int{0, 7, 15, 40}).Draw(t, label+" length"),
		step:    rapid.SampledFrom([]int64{0, 1, 1000}).Draw(t, label+" step"),
	}
}

func (d *draw) number() int64 {
	d.last += d.step
	n := int64(d.IntN(d.choices))
	switch {
	case d.choices > 100 && d.step == 0 && n%50 == 0:
		return []int64{0, 1, -1, math.MinInt64, math.MaxInt64}[n/50%5]
	case d.choices > 100 && d.step == 0:
		return n*0x9e3779b9 - 1<<50
	}
	return d.last + n%100
}

func (d *draw) value(of arrow.DataType, nullable bool) any {
	if nullable && d.Float64() < d.nulls {
		return nil
	}
	n := d.number()
	switch of.ID() {
	case arrow.STRING, arrow.BINARY:
		text := d.prefix + fmt.Sprint(n)
		return text[:min(len(text), d.length)] + strings.Repeat("x", d.length/20)
	case arrow.FLOAT64:
		switch n % 30 {
		case 3:
			return math.NaN()
		case 4:
			return math.Copysign(0, -1)
		case 5:
			return math.Inf(int(n))
		}
		return float64(n) / 100
	case arrow.DECIMAL128:
		return decimal128.New(n>>3%(1<<61), uint64(n)*0x9e3779b97f4a7c15)
	case arrow.BOOL:
		return n%2 == 0
	case arrow.DATE32:
		return int32(n)
	default:
		return n
	}
}

// drawnBatches are batches of every type, among them empty ones and slices.
func drawnBatches(t *rapid.T, in *arrow.Schema, most int) []arrow.RecordBatch {
	draws := make([]*draw, in.NumFields())
	for i, field := range in.Fields() {
		draws[i] = drawn(t, field.Name)
	}
	var batches []arrow.RecordBatch
	for range rapid.IntRange(0, 3).Draw(t, "batches") {
		rows := make([][]any, rapid.IntRange(0, most).Draw(t, "rows"))
		for r := range rows {
			for i, field := range in.Fields() {
				rows[r] = append(rows[r], draws[i].value(field.Type, field.Nullable))
			}
		}
		all := batch(in, rows...)
		from := rapid.IntRange(0, len(rows)).Draw(t, "from")
		batches = append(batches, all.NewSlice(int64(from), int64(rapid.IntRange(from, len(rows)).Draw(t, "to"))))
	}
	return batches
}

// Whatever is written reads back, and the statistics are those of what was written.
func TestAnyBatchesReadBack(t *testing.T) {
	in := everyType()
	rapid.Check(t, func(rt *rapid.T) {
		most := rapid.SampledFrom([]int{5, 300, 3000}).Draw(rt, "most")
		batches := drawnBatches(rt, in, most)
		o := datafile.Options{
			RowGroupRows:  rapid.SampledFrom([]int{0, 1 + most/3, 1000}).Draw(rt, "row group rows"),
			RowGroupBytes: rapid.SampledFrom([]int64{0, 50_000}).Draw(rt, "row group bytes"),
			ZstdLevel:     rapid.SampledFrom([]int{0, 3}).Draw(rt, "level"),
		}
		file, stats := encode(rt, in, o, batches...)
		agree(rt, file, in, batches...)
		counted(rt, stats, in, batches...)
	})
}

// counted holds statistics against a plain count.
func counted(t check, got datafile.Stats, in *arrow.Schema, batches ...arrow.RecordBatch) {
	t.Helper()
	rows := int64(0)
	nulls, nans, values := map[int]int64{}, map[int]int64{}, map[int]int64{}
	for i := range in.Fields() {
		nulls[i+1], values[i+1] = 0, 0
	}
	nans[4] = 0
	for _, b := range batches {
		rows += b.NumRows()
		for i, column := range b.Columns() {
			nulls[i+1] += int64(column.NullN())
			values[i+1] += b.NumRows()
			if floats, ok := column.(*array.Float64); ok {
				for row := range floats.Len() {
					if floats.IsValid(row) && math.IsNaN(floats.Value(row)) {
						nans[i+1]++
					}
				}
			}
		}
	}
	if diff := cmp.Diff([]any{rows, values, nulls, nans}, []any{got.Rows, got.ValueCounts, got.NullCounts, got.NaNCounts}); diff != "" {
		t.Errorf("rows, values, nulls, NaN (-counted +said):\n%s", diff)
	}
}

// Rows that are picked from batches are what Write makes of them alone.
func TestAnyRowsOfBatchesCanBePicked(t *testing.T) {
	in := everyType()
	rapid.Check(t, func(rt *rapid.T) {
		batches := drawnBatches(rt, in, 100)
		var to bytes.Buffer
		e, err := datafile.New(&to, in, datafile.Options{RowGroupRows: 70})
		if err != nil {
			rt.Fatal(err)
		}
		var want []arrow.RecordBatch
		for _, b := range batches {
			if b.NumRows() == 0 {
				continue
			}
			rows := rapid.SliceOf(rapid.Int32Range(0, int32(b.NumRows()-1))).Draw(rt, "rows")
			if err := e.WriteRows(b, rows); err != nil {
				rt.Fatal(err)
			}
			for _, row := range rows {
				want = append(want, b.NewSlice(int64(row), int64(row)+1))
			}
		}
		stats, err := e.Close()
		if err != nil {
			rt.Fatal(err)
		}
		agree(rt, to.Bytes(), in, want...)
		counted(rt, stats, in, want...)
	})
}

// Bytes of any kind are texts, and numbers.
func FuzzValues(f *testing.F) {
	f.Add([]byte("a,b,,usr_1,usr_2,usr_3"), byte(','), byte(3))
	f.Add(bytes.Repeat([]byte("the same again "), 500), byte(' '), byte(0))
	f.Add(bytes.Repeat([]byte{0, 0xff, 0x80, 7}, 3000), byte(7), byte(200))
	in := withIDs(
		arrow.Field{Name: "raw", Type: arrow.BinaryTypes.Binary, Nullable: true},
		arrow.Field{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		arrow.Field{Name: "f", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		arrow.Field{Name: "d", Type: &arrow.Decimal128Type{Precision: 20, Scale: 2}, Nullable: true},
	)
	f.Fuzz(func(t *testing.T, data []byte, separator, null byte) {
		var rows [][]any
		for i, part := range bytes.Split(data, []byte{separator}) {
			if null > 0 && i%int(null) == 0 {
				rows = append(rows, []any{nil, nil, nil, nil})
				continue
			}
			var n uint64
			for _, b := range part {
				n = n<<8 | uint64(b)
			}
			rows = append(rows, []any{string(part), int64(n), math.Float64frombits(n), decimal128.FromU64(n)})
		}
		all := batch(in, rows...)
		defer all.Release()
		file, _ := encode(t, in, datafile.Options{RowGroupRows: 500}, all)
		agree(t, file, in, all)
	})
}
