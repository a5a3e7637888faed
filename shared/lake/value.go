package lake

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// valuesOf returns the function from row number to the JSON-safe value that
// Cell documents. The values own their memory: they outlive the array.
func valuesOf(column arrow.Array, isJSON bool) func(int) any {
	value := nonNull(column, isJSON)
	return func(i int) any {
		if column.IsNull(i) {
			return nil
		}
		return value(i)
	}
}

func nonNull(column arrow.Array, isJSON bool) func(int) any {
	switch a := column.(type) {
	case *array.String:
		if isJSON {
			return func(i int) any { return json.RawMessage(strings.Clone(a.Value(i))) }
		}
		return func(i int) any { return strings.Clone(a.Value(i)) }
	case *array.LargeString:
		if isJSON {
			return func(i int) any { return json.RawMessage(strings.Clone(a.Value(i))) }
		}
		return func(i int) any { return strings.Clone(a.Value(i)) }
	case *array.Int64:
		return func(i int) any { return a.Value(i) }
	case *array.Float64:
		return func(i int) any { return number(a.Value(i)) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(i int) any { return a.Value(i).ToString(scale) }
	case *array.Boolean:
		return func(i int) any { return a.Value(i) }
	case *array.Date32:
		return func(i int) any { return a.Value(i).ToTime().Format(time.DateOnly) }
	case *array.Timestamp:
		return func(i int) any { return time.UnixMicro(int64(a.Value(i))).UTC().Format("2006-01-02T15:04:05.000000Z") }
	case *array.Time64:
		return func(i int) any { return time.UnixMicro(int64(a.Value(i))).UTC().Format("15:04:05.000000") }
	case *array.Binary:
		return func(i int) any { return base64.StdEncoding.EncodeToString(a.Value(i)) }
	case *array.LargeBinary:
		return func(i int) any { return base64.StdEncoding.EncodeToString(a.Value(i)) }
	}
	return func(i int) any { return column.ValueStr(i) } // a type that Ensure never makes
}

// number keeps what JSON has no number for readable.
func number(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return f
}
