package rowfilter_test

import (
	"bytes"
	"encoding/base64"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// A kind is a type of column for the property: its values, their text as
// literals, literals that no value of it has, and their order by a plain model.
type kind struct {
	column schema.Column
	texts  []string // of values
	others []string // literals between, below and above them
	order  func(a, b string) int
}

const scale = 2

var kinds = []kind{
	{schema.Column{Type: schema.Int64}, []string{"0", "-1", "7", "9007199254740993", "9223372036854775807", "-9223372036854775808"}, []string{"8"}, orderNumbers},
	{schema.Column{Type: schema.Float64}, []string{"0", "-0", "0.1", "-2.5", "NaN", "Infinity", "-Infinity", "1e300"}, []string{"0.2"}, orderFloats},
	{schema.Column{Type: schema.Decimal, Precision: 38, Scale: scale}, []string{"0.00", "-0.01", "12.34", "999999999999999999999999999999999999.99", "-999999999999999999999999999999999999.99"}, []string{"12.345", "-0.001", "0.001", "12.340", strings.Repeat("9", 76), "-" + strings.Repeat("9", 75)}, orderNumbers},
	{schema.Column{Type: schema.String}, []string{"", "a", "A", "ab", "é", "\U0001F600", "\uffff", "z"}, []string{"aa", "zz"}, strings.Compare},
	{schema.Column{Type: schema.Bytes}, []string{"", "AA==", "AAE=", "/w==", "YQ=="}, []string{"AAA=", "//8="}, orderBytes},
	{schema.Column{Type: schema.Bool}, []string{"true", "false"}, nil, nil},
	{schema.Column{Type: schema.Date}, []string{"1970-01-01", "1969-12-31", "0001-01-01", "9999-12-31", "2024-02-29"}, []string{"0000-01-01", "2024-03-01"}, strings.Compare},
	{schema.Column{Type: schema.Timestamp}, []string{"1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "2024-05-01T10:00:00.25Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"}, []string{"2024-05-01T12:00:00.25+02:00", "1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00.000000001Z"}, orderTimes},
	{schema.Column{Type: schema.Time}, []string{"00:00:00", "23:59:59.999999", "10:00:00.000001"}, []string{"10:00:00.000001001", "23:59:59.999999999"}, orderClocks},
}

func orderNumbers(a, b string) int {
	x, _ := new(big.Rat).SetString(a)
	y, _ := new(big.Rat).SetString(b)
	return x.Cmp(y)
}

func orderFloats(a, b string) int {
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	switch {
	case math.IsNaN(x) && math.IsNaN(y), x == y:
		return 0
	case math.IsNaN(x), x > y:
		return 1
	}
	return -1
}

func orderBytes(a, b string) int {
	x, _ := base64.StdEncoding.DecodeString(a)
	y, _ := base64.StdEncoding.DecodeString(b)
	return bytes.Compare(x, y)
}

func orderTimes(a, b string) int {
	x, _ := time.Parse(time.RFC3339Nano, a)
	y, _ := time.Parse(time.RFC3339Nano, b)
	return x.Compare(y)
}

func orderClocks(a, b string) int {
	x, _ := time.Parse("15:04:05", a)
	y, _ := time.Parse("15:04:05", b)
	return x.Compare(y)
}

// model is what package source says of a condition; nil is NULL.
func (k kind) model(value *string, c source.Condition) bool {
	switch c.Op {
	case source.IsNull:
		return value == nil
	case source.NotNull:
		return value != nil
	}
	if value == nil {
		return c.OrNull
	}
	equal := func(literal string) bool {
		if k.order == nil {
			return *value == literal
		}
		return k.order(*value, literal) == 0
	}
	switch c.Op {
	case source.Equal:
		return equal(c.Values[0])
	case source.NotEqual:
		return !equal(c.Values[0])
	case source.In:
		return slices.ContainsFunc(c.Values, equal)
	case source.Less:
		return k.order(*value, c.Values[0]) < 0
	case source.LessOrEqual:
		return k.order(*value, c.Values[0]) <= 0
	case source.Greater:
		return k.order(*value, c.Values[0]) > 0
	}
	return k.order(*value, c.Values[0]) >= 0
}

// build makes an array of values given as literals.
func build(t testing.TB, c schema.Column, values []*string) arrow.Array {
	t.Helper()
	b := array.NewBuilder(memory.DefaultAllocator, source.ArrowType(c))
	defer b.Release()
	for _, v := range values {
		if v == nil {
			b.AppendNull()
			continue
		}
		literal, err := source.Literal(c, *v)
		if err != nil {
			t.Fatal(err)
		}
		switch b := b.(type) {
		case *array.StringBuilder:
			b.Append(literal.(string))
		case *array.BinaryBuilder:
			b.Append(literal.([]byte))
		case *array.Int64Builder:
			b.Append(literal.(int64))
		case *array.Float64Builder:
			b.Append(literal.(float64))
		case *array.BooleanBuilder:
			b.Append(literal.(bool))
		case *array.Decimal128Builder:
			n := new(big.Rat).Mul(literal.(*big.Rat), big.NewRat(100, 1))
			b.Append(decimal128.FromBigInt(n.Num()))
		case *array.Date32Builder:
			b.Append(arrow.Date32FromTime(literal.(time.Time)))
		case *array.TimestampBuilder:
			b.Append(arrow.Timestamp(literal.(time.Time).UnixMicro()))
		case *array.Time64Builder:
			at := literal.(time.Time)
			b.Append(arrow.Time64(at.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)).Microseconds()))
		}
	}
	return b.NewArray()
}

func (k kind) draw(t *rapid.T) *string {
	if rapid.IntRange(0, 5).Draw(t, "null") == 0 {
		return nil
	}
	v := rapid.SampledFrom(k.texts).Draw(t, "value")
	return &v
}

func (k kind) condition(t *rapid.T, column string) source.Condition {
	ops := []source.Op{source.Equal, source.NotEqual, source.In, source.IsNull, source.NotNull}
	if k.order != nil {
		ops = append(ops, source.Less, source.LessOrEqual, source.Greater, source.GreaterOrEqual)
	}
	c := source.Condition{Column: column, Op: rapid.SampledFrom(ops).Draw(t, "op")}
	literal := rapid.SampledFrom(append(slices.Clone(k.texts), k.others...))
	switch c.Op {
	case source.IsNull, source.NotNull:
	case source.In:
		c.Values = rapid.SliceOfN(literal, 1, 4).Draw(t, "literals")
	default:
		c.Values = []string{literal.Draw(t, "literal")}
	}
	c.OrNull = len(c.Values) > 0 && rapid.Bool().Draw(t, "or null")
	return c
}

// TestAgainstTheModel filters drawn batches by drawn conditions, and holds mask,
// selection and pruning against the model.
func TestAgainstTheModel(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		rows := rapid.IntRange(0, 20).Draw(t, "rows")
		skip := rapid.IntRange(0, rows).Draw(t, "skip") // slices have an offset
		var columns []schema.Column
		var arrays []arrow.Array
		var values [][]*string
		var drawn []kind
		for i := range rapid.IntRange(1, 3).Draw(t, "columns") {
			k := rapid.SampledFrom(kinds).Draw(t, "kind")
			k.column.Name, k.column.Nullable = "c"+strconv.Itoa(i), true
			v := make([]*string, rows)
			for row := range v {
				v[row] = k.draw(t)
			}
			drawn, columns, values = append(drawn, k), append(columns, k.column), append(values, v)
			arrays = append(arrays, build(outer, k.column, v))
		}
		whole := array.NewRecordBatch(source.ArrowSchema(columns), arrays, int64(rows))
		rec := whole.NewSlice(int64(skip), int64(rows))
		var filter source.Filter
		want := make([]bool, rows-skip)
		for row := range want {
			want[row] = true
		}
		for range rapid.IntRange(1, 3).Draw(t, "conditions") {
			n := rapid.IntRange(0, len(columns)-1).Draw(t, "column")
			c := drawn[n].condition(t, columns[n].Name)
			filter = append(filter, c)
			for row := range want {
				want[row] = want[row] && drawn[n].model(values[n][skip+row], c)
			}
		}
		p, err := rowfilter.Compile(filter, columns)
		if err != nil {
			t.Fatal(err)
		}
		got := p.Mask(rec)
		if !slices.Equal(got, want) {
			t.Fatalf("%v: got %v, want %v", filter, got, want)
		}
		checkSelection(t, rec, got)
		bounds := func(name string) rowfilter.Bounds {
			n, _ := strconv.Atoi(name[1:])
			return boundsOf(outer, drawn[n], values[n][skip:])
		}
		if slices.Contains(want, true) && !p.MayHold(bounds) {
			t.Fatalf("%v: pruned, but holds for %v", filter, want)
		}
	})
}

// boundsOf is what a file's statistics would say: the extremes, without NaN.
func boundsOf(t testing.TB, k kind, values []*string) rowfilter.Bounds {
	b := rowfilter.Bounds{Rows: int64(len(values))}
	var least, greatest *string
	order := k.order
	if order == nil {
		order = strings.Compare
	}
	for _, v := range values {
		switch {
		case v == nil:
			b.Nulls++
		case *v == "NaN":
		default:
			if least == nil || order(*v, *least) < 0 {
				least = v
			}
			if greatest == nil || order(*v, *greatest) > 0 {
				greatest = v
			}
		}
	}
	if least != nil {
		b.Extremes = build(t, k.column, []*string{least, greatest})
	}
	return b
}

func checkSelection(t *rapid.T, rec arrow.RecordBatch, keep []bool) {
	selected := rowfilter.Select(rec, keep)
	defer selected.Release()
	if selected.NumRows() != int64(rowfilter.Count(keep)) {
		t.Fatalf("%d rows selected of mask %v", selected.NumRows(), keep)
	}
	for i := range int(rec.NumCols()) {
		at, nulls := 0, 0
		for row, k := range keep {
			if !k {
				continue
			}
			if from, to := rec.Column(i).ValueStr(row), selected.Column(i).ValueStr(at); from != to {
				t.Fatalf("row %d is %q, selected as %q", row, from, to)
			}
			if selected.Column(i).IsNull(at) {
				nulls++
			}
			at++
		}
		if selected.Column(i).NullN() != nulls {
			t.Fatalf("%d NULLs, said to be %d", nulls, selected.Column(i).NullN())
		}
	}
}

func TestPruning(t *testing.T) {
	column := schema.Column{Name: "v", Type: schema.Int64}
	float := schema.Column{Name: "v", Type: schema.Float64}
	text := func(s ...string) []*string {
		out := make([]*string, len(s))
		for i := range s {
			out[i] = &s[i]
		}
		return out
	}
	for _, tt := range []struct {
		name   string
		column schema.Column
		c      source.Condition
		bounds rowfilter.Bounds
		want   bool
	}{
		{"below", column, source.Condition{Op: source.Equal, Values: []string{"4"}}, rowfilter.Bounds{Extremes: build(t, column, text("5", "9")), Rows: 3, Nulls: -1}, false},
		{"inside", column, source.Condition{Op: source.Equal, Values: []string{"6"}}, rowfilter.Bounds{Extremes: build(t, column, text("5", "9")), Rows: 3, Nulls: -1}, true},
		{"all the same", column, source.Condition{Op: source.NotEqual, Values: []string{"5"}}, rowfilter.Bounds{Extremes: build(t, column, text("5", "5")), Rows: 3}, false},
		{"all the same or NaN", float, source.Condition{Op: source.NotEqual, Values: []string{"5"}}, rowfilter.Bounds{Extremes: build(t, float, text("5", "5")), Rows: 3}, true},
		{"greater than all but NaN", float, source.Condition{Op: source.Greater, Values: []string{"9"}}, rowfilter.Bounds{Extremes: build(t, float, text("5", "5")), Rows: 3}, true},
		{"less than all", float, source.Condition{Op: source.Less, Values: []string{"5"}}, rowfilter.Bounds{Extremes: build(t, float, text("5", "5")), Rows: 3}, false},
		{"unknown", column, source.Condition{Op: source.Equal, Values: []string{"4"}}, rowfilter.Bounds{Rows: 3, Nulls: -1}, true},
		{"only NULLs", column, source.Condition{Op: source.NotEqual, Values: []string{"4"}}, rowfilter.Bounds{Rows: 3, Nulls: 3}, false},
		{"only NULLs, which hold too", column, source.Condition{Op: source.Equal, Values: []string{"4"}, OrNull: true}, rowfilter.Bounds{Rows: 3, Nulls: 3}, true},
		{"below, and a NULL that holds", column, source.Condition{Op: source.GreaterOrEqual, Values: []string{"10"}, OrNull: true}, rowfilter.Bounds{Extremes: build(t, column, text("5", "9")), Rows: 3, Nulls: 1}, true},
		{"below, and perhaps a NULL that holds", column, source.Condition{Op: source.GreaterOrEqual, Values: []string{"10"}, OrNull: true}, rowfilter.Bounds{Extremes: build(t, column, text("5", "9")), Rows: 3, Nulls: -1}, true},
		{"below, and no NULL that would hold", column, source.Condition{Op: source.GreaterOrEqual, Values: []string{"10"}, OrNull: true}, rowfilter.Bounds{Extremes: build(t, column, text("5", "9")), Rows: 3}, false},
		{"no NULLs", column, source.Condition{Op: source.IsNull}, rowfilter.Bounds{Rows: 3}, false},
		{"none of several", column, source.Condition{Op: source.In, Values: []string{"1", "4", "10"}}, rowfilter.Bounds{Extremes: build(t, column, text("5", "9")), Rows: 3}, false},
	} {
		tt.c.Column = "v"
		p, err := rowfilter.Compile(source.Filter{tt.c}, []schema.Column{tt.column})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.MayHold(func(string) rowfilter.Bounds { return tt.bounds }); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestAFilterThatDoesNotFitIsRefused(t *testing.T) {
	_, err := rowfilter.Compile(source.Filter{{Column: "nope", Op: source.IsNull}}, nil)
	if fault.CodeOf(err) != fault.SourceInvalidFilter {
		t.Errorf("got %v, want %s", err, fault.SourceInvalidFilter)
	}
}

func TestOnly(t *testing.T) {
	f := source.Filter{{Column: "a", Op: source.IsNull}, {Column: "b", Op: source.IsNull}, {Column: "a", Op: source.NotNull}}
	got := rowfilter.Only(f, func(column string) bool { return column == "a" })
	if diff := cmp.Diff(source.Filter{f[0], f[2]}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func BenchmarkMask(b *testing.B) {
	const rows = 8192
	columns := []schema.Column{{Name: "n", Type: schema.Int64}, {Name: "s", Type: schema.String}}
	numbers, texts := make([]*string, rows), make([]*string, rows)
	for i := range rows {
		n, s := strconv.Itoa(i), "City "+strconv.Itoa(i%90)
		numbers[i], texts[i] = &n, &s
	}
	rec := array.NewRecordBatch(source.ArrowSchema(columns), []arrow.Array{build(b, columns[0], numbers), build(b, columns[1], texts)}, rows)
	p, err := rowfilter.Compile(source.Filter{
		{Column: "n", Op: source.Greater, Values: []string{"1000"}}, {Column: "s", Op: source.Equal, Values: []string{"City 7"}},
	}, columns)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		rowfilter.Select(rec, p.Mask(rec)).Release()
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
