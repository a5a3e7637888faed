package file

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/schema"
)

// maxDecimal is the most digits that decimal128 holds.
const maxDecimal = 38

// parquetColumn is the column that a top-level field of a Parquet file becomes.
func parquetColumn(f arrow.Field) schema.Column {
	c := schema.Column{Name: f.Name, Native: f.Type.String(), Nullable: f.Nullable}
	c.Type, c.Precision, c.Scale = logicalType(f.Type)
	return c
}

// logicalType is what the values of an Arrow type mean. What has no meaning of
// its own here (intervals, decimals beyond 38 digits) is delivered as its text.
func logicalType(dt arrow.DataType) (t schema.Type, precision, scale int32) {
	switch dt := dt.(type) {
	case arrow.ExtensionType:
		switch dt.ExtensionName() {
		case "arrow.json":
			return schema.JSON, 0, 0
		case "arrow.uuid":
			return schema.String, 0, 0
		}
		return logicalType(dt.StorageType())
	case *arrow.DictionaryType:
		return logicalType(dt.ValueType)
	case arrow.DecimalType:
		if dt.GetPrecision() > maxDecimal {
			return schema.String, 0, 0
		}
		return schema.Decimal, dt.GetPrecision(), dt.GetScale()
	}
	switch dt.ID() {
	case arrow.BOOL:
		return schema.Bool, 0, 0
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.DURATION:
		return schema.Int64, 0, 0
	case arrow.UINT64:
		return schema.Decimal, 20, 0
	case arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64:
		return schema.Float64, 0, 0
	case arrow.DATE32, arrow.DATE64:
		return schema.Date, 0, 0
	case arrow.TIME32, arrow.TIME64:
		return schema.Time, 0, 0
	case arrow.TIMESTAMP:
		return schema.Timestamp, 0, 0
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return schema.Bytes, 0, 0
	case arrow.LIST, arrow.LARGE_LIST, arrow.FIXED_SIZE_LIST, arrow.LIST_VIEW, arrow.LARGE_LIST_VIEW, arrow.STRUCT, arrow.MAP:
		return schema.JSON, 0, 0
	}
	return schema.String, 0, 0
}
