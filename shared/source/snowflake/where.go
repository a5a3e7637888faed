package snowflake

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// where writes a filter as a condition, with the texts in it as binds. It holds
// for a row when the filter holds for what is delivered of the row: for a
// timestamp after its digits beyond microseconds are cut off.
func where(filter source.Filter, table schema.Table, fields []nativeField) (condition string, binds []string, err error) {
	w := writer{}
	conditions := make([]string, len(filter))
	for i, c := range filter {
		column, ok := table.Column(c.Column)
		if !ok {
			return "", nil, fault.New(fault.SourceInvalidFilter, "the table has no such column")
		}
		if conditions[i], err = w.condition(c, column, fieldOf(fields, c.Column)); err != nil {
			return "", nil, err
		}
	}
	return strings.Join(conditions, " AND "), w.binds, nil
}

// writer gathers binds in the order of their marks.
type writer struct{ binds []string }

// Conditions that need no value: of every row with one, and of none.
const nothing = "FALSE"

func anything(column string) string { return column + " IS NOT NULL" }

func (w *writer) condition(c source.Condition, column schema.Column, f nativeField) (string, error) {
	name := quote(c.Column)
	switch c.Op {
	case source.IsNull:
		return name + " IS NULL", nil
	case source.NotNull:
		return anything(name), nil
	}
	text, err := w.comparison(name, c, column, f)
	if err == nil && c.OrNull {
		text = "(" + text + " OR " + name + " IS NULL)"
	}
	return text, err
}

// comparison writes a condition that compares, which holds for no NULL.
func (w *writer) comparison(name string, c source.Condition, column schema.Column, f nativeField) (string, error) {
	if c.Op == source.In {
		// One by one, since some values are ranges of what the column holds.
		alternatives := make([]string, len(c.Values))
		for i, v := range c.Values {
			text, err := w.compare(name, source.Equal, v, column, f)
			if err != nil {
				return "", err
			}
			alternatives[i] = text
		}
		return "(" + strings.Join(alternatives, " OR ") + ")", nil
	}
	return w.compare(name, c.Op, c.Values[0], column, f)
}

func (w *writer) compare(name string, op source.Op, text string, column schema.Column, f nativeField) (string, error) {
	value, err := source.Literal(column, text)
	if err != nil {
		return "", fault.New(fault.SourceInvalidFilter, "a value is not a "+string(column.Type))
	}
	switch v := value.(type) {
	case string:
		return w.text(name, op, v, f), nil
	case int64:
		return name + operators[op] + strconv.FormatInt(v, 10), nil
	case float64:
		return name + operators[op] + float(v), nil
	case bool:
		return name + operators[op] + strings.ToUpper(strconv.FormatBool(v)), nil
	case []byte:
		return name + operators[op] + "TO_BINARY('" + hex.EncodeToString(v) + "')", nil
	case *big.Rat:
		return decimal(name, op, v, column), nil
	case time.Time:
		return moment(name, op, v, column, f), nil
	}
	return "", fault.New(fault.SourceInvalidFilter, "a "+string(column.Type)+" cannot be compared")
}

var operators = map[source.Op]string{
	source.Equal: " = ", source.NotEqual: " <> ", source.Less: " < ",
	source.LessOrEqual: " <= ", source.Greater: " > ", source.GreaterOrEqual: " >= ",
}

// text compares by bytes, whatever the column's collation. What is delivered as
// text and is none is compared as it is delivered.
func (w *writer) text(name string, op source.Op, value string, f nativeField) string {
	w.binds = append(w.binds, value)
	switch {
	case f.base == "TIME":
		name = "TO_VARCHAR(" + name + ", 'HH24:MI:SS.FF9')"
	case f.base == "TIMESTAMP_NTZ":
		name = "TO_VARCHAR(" + name + `, 'YYYY-MM-DD"T"HH24:MI:SS.FF9"Z"')`
	case f.nanos():
		name = "TO_VARCHAR(CONVERT_TIMEZONE('UTC', " + name + `), 'YYYY-MM-DD"T"HH24:MI:SS.FF9"Z"')`
	case f.base == "DECFLOAT":
		name = "TO_VARCHAR(" + name + ")"
	case f.collation != "":
		name = "COLLATE(" + name + ", '')"
	}
	return name + operators[op] + "?"
}

// float writes a number that Snowflake reads back to the same bits. NaN is
// there, as here, equal to itself and above every other number.
func float(v float64) string {
	switch {
	case math.IsNaN(v):
		return "'NaN'::FLOAT"
	case math.IsInf(v, 1):
		return "'inf'::FLOAT"
	case math.IsInf(v, -1):
		return "'-inf'::FLOAT"
	}
	return "'" + strconv.FormatFloat(v, 'e', -1, 64) + "'::FLOAT"
}

// stepwise compares a column that only holds steps (multiples of a unit) with
// a value that may lie between two of them, of which below is the lower one and
// equal when exact.
func stepwise(name string, op source.Op, below string, exact bool) string {
	switch {
	case exact:
		return name + operators[op] + below
	case op == source.Equal:
		return nothing
	case op == source.NotEqual:
		return anything(name)
	case op == source.Less || op == source.LessOrEqual:
		return name + " <= " + below
	}
	return name + " > " + below
}

// outside compares a column with a value beyond all that it can hold.
func outside(name string, op source.Op, above bool) string {
	holds := op == source.NotEqual
	if above {
		holds = holds || op == source.Less || op == source.LessOrEqual
	} else {
		holds = holds || op == source.Greater || op == source.GreaterOrEqual
	}
	if holds {
		return anything(name)
	}
	return nothing
}

// decimal compares exactly. A literal has at most the digits of the column, as
// Snowflake makes approximate numbers of longer ones.
func decimal(name string, op source.Op, v *big.Rat, column schema.Column) string {
	scaled := new(big.Rat).Mul(v, new(big.Rat).SetInt(tenTo(column.Scale)))
	below, rest := new(big.Int).DivMod(scaled.Num(), scaled.Denom(), new(big.Int))
	if limit := tenTo(column.Precision); below.CmpAbs(limit) >= 0 {
		return outside(name, op, v.Sign() > 0)
	}
	literal := new(big.Rat).SetFrac(below, tenTo(column.Scale)).FloatString(int(column.Scale))
	return stepwise(name, op, literal, rest.Sign() == 0)
}

func tenTo(digits int32) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
}

// moment compares dates, times and timestamps.
func moment(name string, op source.Op, v time.Time, column schema.Column, f nativeField) string {
	if column.Type == schema.Date {
		return name + operators[op] + "'" + v.Format(time.DateOnly) + "'::DATE"
	}
	v = v.UTC()
	step := time.Microsecond
	if f.scale < microDigits {
		step = time.Second / time.Duration(power(f.scale))
	}
	below := v.Truncate(step)
	if below.After(v) {
		below = below.Add(-step)
	}
	exact := below.Equal(v)
	if !f.nanos() {
		return stepwise(name, op, instant(below, column, f), exact)
	}
	// The column holds more digits than are delivered: a step is a range.
	next := below.Add(time.Microsecond)
	from, to := instant(below, column, f), instant(next, column, f)
	last := column.Type == schema.Time && next.Day() != below.Day() // of the day
	switch {
	case op == source.Equal && !exact:
		return nothing
	case op == source.NotEqual && !exact:
		return anything(name)
	case op == source.Equal && last:
		return name + " >= " + from
	case op == source.Equal:
		return fmt.Sprintf("(%s >= %s AND %s < %s)", name, from, name, to)
	case op == source.NotEqual && last, op == source.Less && exact:
		return name + " < " + from
	case op == source.NotEqual:
		return fmt.Sprintf("(%s < %s OR %s >= %s)", name, from, name, to)
	case op == source.GreaterOrEqual && exact:
		return name + " >= " + from
	case op == source.Less || op == source.LessOrEqual:
		if last {
			return anything(name)
		}
		return name + " < " + to
	case last:
		return nothing
	}
	return name + " >= " + to
}

// instant writes a literal of the column's own type.
func instant(v time.Time, column schema.Column, f nativeField) string {
	cast := fmt.Sprintf("'::%s(%d)", f.base, f.scale)
	switch {
	case column.Type == schema.Time:
		return "'" + v.Format("15:04:05.000000") + cast
	case f.base == "TIMESTAMP_NTZ":
		return "'" + v.Format("2006-01-02 15:04:05.000000") + cast
	}
	return "'" + v.Format("2006-01-02T15:04:05.000000+00:00") + cast
}
