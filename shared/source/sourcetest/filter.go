package sourcetest

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// filterRows bounds the tables that are filtered: the model is slow.
const filterRows = 1000

// testFilter: what the platform leaves over is what a plain model of
// source.Filter leaves over from all rows, for every comparison of every column.
func testFilter(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	snapshot := discover(t, s)
	for _, want := range h.importable() {
		if len(want.Rows) == 0 || len(want.Rows) > filterRows {
			continue
		}
		table, _ := snapshot.Table(want.Name)
		rows := valuesOf(t, s, plan(t, s, snapshot, want.Name, h.TargetBytes))
		for _, c := range table.Columns {
			for _, condition := range conditions(c, rows) {
				t.Run(fmt.Sprintf("%s/%s %s", want.Name, c.Name, nameOf(condition)), func(t *testing.T) {
					filtered(t, s, table, rows, c, condition, h.TargetBytes)
				})
			}
		}
	}
}

// filtered plans and reads with one condition. The filter's column is not
// delivered where there is another one.
func filtered(t *testing.T, s *source.Source, table schema.Table, rows []row, c schema.Column, condition source.Condition, target int64) {
	filter := source.Filter{condition}
	if err := filter.Validate("filter", table); err != nil {
		t.Fatal(err)
	}
	shown := table.Columns[0].Name
	if shown == c.Name {
		shown = table.Columns[len(table.Columns)-1].Name
	}
	p, err := s.Plan(t.Context(), source.PlanRequest{Table: table, Columns: []string{shown}, Filter: filter, TargetBytes: target})
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, split := range p.Splits {
		read(t, s, source.ReadRequest{Table: p.Table, Columns: []string{shown}, Filter: filter, Split: split}, func(b source.Batch) {
			got = append(got, columnText(b, shown)...)
		})
	}
	for _, r := range rows {
		if holds(c, condition, r.values[c.Name]) {
			want = append(want, r.text[shown])
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%v leaves %q over, want %q", condition.Values, got, want)
	}
}

// row is a row by column: literals, nil for NULL, and text for comparing.
type row struct {
	values map[string]*string
	text   map[string]string
}

func valuesOf(t *testing.T, s *source.Source, p source.Plan) []row {
	t.Helper()
	var rows []row
	for _, split := range p.Splits {
		read(t, s, source.ReadRequest{Table: p.Table, Split: split}, func(b source.Batch) {
			rows = append(rows, rowsOf(b)...)
		})
	}
	return rows
}

// rowsOf copies the rows of a batch.
func rowsOf(b source.Batch) []row {
	rows := make([]row, b.Record.NumRows())
	for i := range rows {
		rows[i] = row{values: map[string]*string{}, text: map[string]string{}}
		for n, column := range b.Record.Columns() {
			name := b.Record.ColumnName(n)
			rows[i].values[name], rows[i].text[name] = literal(column, i), strings.Clone(column.ValueStr(i))
		}
	}
	return rows
}

// conditions are the comparisons of a column with values that occur in it.
func conditions(c schema.Column, rows []row) []source.Condition {
	all := []source.Condition{{Column: c.Name, Op: source.IsNull}, {Column: c.Name, Op: source.NotNull}}
	var values []string
	for _, r := range rows {
		if v := r.values[c.Name]; v != nil && !slices.Contains(values, *v) && len(values) < 3 {
			values = append(values, *v)
		}
	}
	if len(values) == 0 || c.Type == schema.JSON {
		return all
	}
	all = append(all, source.Condition{Column: c.Name, Op: source.In, Values: values})
	ops := []source.Op{source.Equal, source.NotEqual, source.Less, source.LessOrEqual, source.Greater, source.GreaterOrEqual}
	if c.Type == schema.Bool {
		ops = ops[:2]
	}
	for _, op := range ops {
		all = append(all, source.Condition{Column: c.Name, Op: op, Values: values[len(values)/2:][:1]})
	}
	// The boundary of an incremental read, where the column has an order.
	return append(all, source.Condition{Column: c.Name, Op: ops[len(ops)-1], Values: values[len(values)/2:][:1], OrNull: true})
}

func nameOf(c source.Condition) string {
	if c.OrNull {
		return string(c.Op) + " or NULL"
	}
	return string(c.Op)
}

// holds is the model.
func holds(c schema.Column, condition source.Condition, value *string) bool {
	switch {
	case condition.Op == source.IsNull:
		return value == nil
	case value == nil:
		return condition.OrNull
	case condition.Op == source.NotNull:
		return true
	case condition.Op == source.In:
		return slices.ContainsFunc(condition.Values, func(v string) bool { return compareLiterals(c, *value, v) == 0 })
	}
	order := compareLiterals(c, *value, condition.Values[0])
	return map[source.Op]bool{
		source.Equal: order == 0, source.NotEqual: order != 0, source.Less: order < 0,
		source.LessOrEqual: order <= 0, source.Greater: order > 0, source.GreaterOrEqual: order >= 0,
	}[condition.Op]
}

func compareLiterals(c schema.Column, x, y string) int {
	a, errA := source.Literal(c, x)
	b, errB := source.Literal(c, y)
	if errA != nil || errB != nil {
		panic(fmt.Sprintf("sourcetest: literals of %s: %v, %v", c.Type, errA, errB))
	}
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return compareFloats(a, b.(float64))
	case bool:
		return cmp.Compare(strconv.FormatBool(a), strconv.FormatBool(b.(bool)))
	case time.Time:
		return a.Compare(b.(time.Time))
	case *big.Rat:
		return a.Cmp(b.(*big.Rat))
	}
	return bytes.Compare(a.([]byte), b.([]byte))
}

// compareFloats puts NaN last, where cmp.Compare puts it first.
func compareFloats(a, b float64) int {
	switch {
	case a != a && b != b: //nolint:gocritic // only NaN differs from itself
		return 0
	case a != a: //nolint:gocritic // only NaN differs from itself
		return 1
	case b != b: //nolint:gocritic // only NaN differs from itself
		return -1
	}
	return cmp.Compare(a, b)
}

// literal is a value in the form of source.Literal, nil for NULL.
func literal(column arrow.Array, i int) *string {
	if column.IsNull(i) {
		return nil
	}
	var text string
	switch column := column.(type) {
	case *array.String:
		text = strings.Clone(column.Value(i))
	case *array.Float64:
		text = strconv.FormatFloat(column.Value(i), 'g', -1, 64)
	case *array.Date32:
		text = column.Value(i).ToTime().Format(time.DateOnly)
	case *array.Timestamp:
		text = column.Value(i).ToTime(arrow.Microsecond).Format(time.RFC3339Nano)
	case *array.Time64:
		text = column.Value(i).ToTime(arrow.Microsecond).Format("15:04:05.999999")
	case *array.Decimal128: // ValueStr may write an exponent
		text = column.Value(i).ToString(column.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Binary:
		text = base64.StdEncoding.EncodeToString(column.Value(i))
	default:
		text = column.ValueStr(i)
	}
	return &text
}
