package datafile

import (
	"fmt"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
)

// column is a column of the file.
type column struct {
	name     string
	id       int // Iceberg's field id
	dataType arrow.DataType
	nullable bool
	nulls    int64
	nans     int64
	bounds   bounds
}

const fieldID = "PARQUET:field_id"

func columnsOf(in *arrow.Schema) ([]column, error) {
	columns := make([]column, in.NumFields())
	for i, field := range in.Fields() {
		text, _ := field.Metadata.GetValue(fieldID)
		id, err := strconv.Atoi(text)
		if err != nil || id <= 0 {
			return nil, fmt.Errorf("column %q has no field id", field.Name)
		}
		b := boundsOf(field.Type)
		if b == nil {
			return nil, fmt.Errorf("column %q is of type %s, which the lake does not have", field.Name, field.Type)
		}
		columns[i] = column{name: field.Name, id: id, dataType: field.Type, nullable: field.Nullable, bounds: b}
	}
	return columns, nil
}

// encoding is what docs/benchmarks.md found best for values that differ.
func (c *column) encoding() parquet.Encoding {
	switch c.dataType.ID() {
	case arrow.STRING, arrow.BINARY:
		return parquet.Encodings.DeltaLengthByteArray
	case arrow.FLOAT64:
		return parquet.Encodings.ByteStreamSplit
	case arrow.INT64, arrow.DATE32, arrow.TIMESTAMP, arrow.TIME64:
		return parquet.Encodings.DeltaBinaryPacked
	default:
		return parquet.Encodings.Plain
	}
}

// observe takes a batch into the column's statistics.
func (c *column) observe(arr arrow.Array) {
	c.nulls += int64(arr.NullN())
	c.nans += c.bounds.add(arr)
}

// boundsOf is nil for a type that the lake does not have.
func boundsOf(t arrow.DataType) bounds {
	switch t.ID() {
	case arrow.STRING:
		return &textBounds{truncate: truncateText}
	case arrow.BINARY:
		return &textBounds{truncate: truncateBytes}
	case arrow.INT64, arrow.TIMESTAMP, arrow.TIME64:
		return &wholeBounds[int64]{values: longs}
	case arrow.DATE32:
		return &wholeBounds[int32]{values: func(arr arrow.Array) []int32 {
			return arrow.Int32Traits.CastFromBytes(arrow.Date32Traits.CastToBytes(arr.(*array.Date32).Date32Values()))
		}}
	case arrow.FLOAT64:
		return &floatBounds{}
	case arrow.BOOL:
		return &boolBounds{}
	case arrow.DECIMAL128:
		return &decimalBounds{}
	default:
		return nil
	}
}

func longs(arr arrow.Array) []int64 {
	switch arr := arr.(type) {
	case *array.Timestamp:
		return arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(arr.TimestampValues()))
	case *array.Time64:
		return arrow.Int64Traits.CastFromBytes(arrow.Time64Traits.CastToBytes(arr.Time64Values()))
	default:
		return arr.(*array.Int64).Int64Values()
	}
}
