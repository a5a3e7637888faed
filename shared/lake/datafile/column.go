package datafile

import (
	"fmt"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// column buffers the rows of a row group and encodes them.
type column interface {
	// add takes rows of an array in; it is one of the column's type.
	add(arr arrow.Array, rows selection)
	// absent is how many of the buffered rows are null.
	absent() int
	// size is how many bytes are buffered.
	size() int64
	// encode writes the buffered rows as a column chunk, and forgets them.
	encode(p *pages)
	// limits are the least and the greatest of all values that were encoded, in
	// Iceberg's single-value form and truncated as a manifest has them: the least
	// down, the greatest up. One that is not known is nil.
	limits() (lower, upper []byte)
}

// field is a column and what the statistics say of it.
type field struct {
	column
	name     string
	id       int // Iceberg's
	dataType arrow.DataType
	nullable bool
	bytes    int64
	nulls    int64
	nans     int64
}

const fieldID = "PARQUET:field_id"

func fieldsOf(in *arrow.Schema) ([]field, error) {
	fields := make([]field, in.NumFields())
	for i, f := range in.Fields() {
		text, _ := f.Metadata.GetValue(fieldID)
		id, err := strconv.Atoi(text)
		if err != nil || id <= 0 {
			return nil, fmt.Errorf("column %q has no field id", f.Name)
		}
		c := columnOf(f)
		if c == nil {
			return nil, fmt.Errorf("column %q is of type %s, which the lake does not have", f.Name, f.Type)
		}
		fields[i] = field{column: c, name: f.Name, id: id, dataType: f.Type, nullable: f.Nullable}
	}
	return fields, nil
}

// columnOf is nil for a type that the lake does not have.
func columnOf(f arrow.Field) column {
	l := levels{nullable: f.Nullable}
	switch t := f.Type.(type) {
	case *arrow.StringType:
		return newText(l, 0, truncateText)
	case *arrow.BinaryType:
		return newText(l, 0, truncateBytes)
	case *arrow.Decimal128Type:
		return newText(l, int(pqarrow.DecimalSize(t.Precision)), nil)
	case *arrow.Int64Type, *arrow.TimestampType, *arrow.Time64Type:
		return &words{levels: l, kind: long}
	case *arrow.Date32Type:
		return &words{levels: l, kind: day}
	case *arrow.Float64Type:
		return &words{levels: l, kind: double}
	case *arrow.BooleanType:
		return &flags{levels: l}
	default:
		return nil
	}
}
