package source

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/schema"
)

// ArrowType is the Arrow type that drivers deliver a column in.
func ArrowType(c schema.Column) arrow.DataType {
	switch c.Type {
	case schema.Int64:
		return arrow.PrimitiveTypes.Int64
	case schema.Float64:
		return arrow.PrimitiveTypes.Float64
	case schema.Decimal:
		return &arrow.Decimal128Type{Precision: c.Precision, Scale: c.Scale}
	case schema.Bool:
		return arrow.FixedWidthTypes.Boolean
	case schema.Date:
		return arrow.FixedWidthTypes.Date32
	case schema.Timestamp:
		return arrow.FixedWidthTypes.Timestamp_us
	case schema.Time:
		return arrow.FixedWidthTypes.Time64us
	case schema.Bytes:
		return arrow.BinaryTypes.Binary
	}
	return arrow.BinaryTypes.String
}

// ArrowSchema is the schema of batches with these columns.
func ArrowSchema(columns []schema.Column) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: ArrowType(c), Nullable: c.Nullable}
	}
	return arrow.NewSchema(fields, nil)
}
