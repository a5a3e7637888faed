package audience

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// columnOf returns a column by its name; nil when the batch has none.
func columnOf(batch arrow.RecordBatch, name string) arrow.Array {
	found := batch.Schema().FieldIndices(name)
	if len(found) == 0 {
		return nil
	}
	return batch.Column(found[0])
}

func textOf(batch arrow.RecordBatch, name string) (*array.String, error) {
	text, ok := columnOf(batch, name).(*array.String)
	if !ok {
		return nil, fmt.Errorf("column %s has no text", name)
	}
	return text, nil
}

// valuesOf returns a column's values as lookup.Compare orders them, so that two of them are in the
// order that lake.Cell's are in. They own their memory. What is not there is nil.
func valuesOf(batch arrow.RecordBatch, name string) func(int) any {
	column := columnOf(batch, name)
	if column == nil {
		return func(int) any { return nil }
	}
	value := present(column)
	return func(row int) any {
		if column.IsNull(row) {
			return nil
		}
		return value(row)
	}
}

func present(column arrow.Array) func(int) any {
	switch a := column.(type) {
	case *array.String:
		return func(row int) any { return strings.Clone(a.Value(row)) }
	case *array.Int64:
		return func(row int) any { return a.Value(row) }
	case *array.Float64:
		return func(row int) any { return a.Value(row) }
	case *array.Boolean:
		return func(row int) any { return a.Value(row) }
	case *array.Date32:
		return func(row int) any { return int64(a.Value(row)) }
	case *array.Timestamp:
		return func(row int) any { return int64(a.Value(row)) }
	case *array.Time64:
		return func(row int) any { return int64(a.Value(row)) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(row int) any { return a.Value(row).ToString(scale) }
	case *array.Binary:
		return func(row int) any { return base64.StdEncoding.EncodeToString(a.Value(row)) }
	}
	return func(row int) any { return column.ValueStr(row) }
}
