package file

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	parquetschema "github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/headwaterhq/headwater/shared/schema"
)

// maxDecimal is the most digits that decimal128 holds.
const maxDecimal = 38

// beyondMicros is what a timestamp of nanoseconds loses.
const beyondMicros = "digits beyond microseconds"

// meaning is what a Parquet type says of values that their Arrow type does not.
type meaning uint8

const (
	plainValue meaning = iota
	enumText           // ENUM: text in bytes
	jsonText           // JSON: one JSON value in bytes
	interval           // INTERVAL: months, days and milliseconds in 12 bytes
	int96              // a timestamp of old writers
)

// A shape is a field of a Parquet file: its type, and those of its parts.
type shape struct {
	field   arrow.Field
	meaning meaning
	parts   []shape // of a structure its fields, of a list its element, of a map key and value
	top     bool    // a field of the row itself, and not repeated
	leaf    int     // number of the column in the file; negative for what has parts
}

// shapeOf is the shape of a field of a file's manifest.
func shapeOf(f pqarrow.SchemaField, file *parquetschema.Schema) shape {
	s := shape{field: *f.Field, leaf: f.ColIndex}
	if f.IsLeaf() {
		leaf := file.Column(f.ColIndex)
		s.meaning = meaningOf(leaf)
		s.top = len(leaf.ColumnPath()) == 1 && leaf.MaxRepetitionLevel() == 0
		return s
	}
	children := f.Children
	if storage(f.Field.Type).ID() == arrow.MAP { // whose one child is the entry
		children = children[0].Children
	}
	for _, child := range children {
		s.parts = append(s.parts, shapeOf(child, file))
	}
	return s
}

func meaningOf(c *parquetschema.Column) meaning {
	switch c.LogicalType().(type) {
	case parquetschema.EnumLogicalType:
		return enumText
	case parquetschema.JSONLogicalType:
		return jsonText
	case parquetschema.IntervalLogicalType:
		return interval
	}
	if c.PhysicalType() == parquet.Types.Int96 {
		return int96
	}
	return plainValue
}

// isInt96 reports whether a field is a column of INT96 timestamps of its own.
func (s shape) isInt96() bool { return s.meaning == int96 && s.leaf >= 0 && s.top }

// storage is the type that holds the values of an extension or a dictionary.
func storage(dt arrow.DataType) arrow.DataType {
	switch dt := dt.(type) {
	case arrow.ExtensionType:
		return storage(dt.StorageType())
	case *arrow.DictionaryType:
		return storage(dt.ValueType)
	}
	return dt
}

// column is the column that a field of a Parquet file becomes.
func (s shape) column() schema.Column {
	c := schema.Column{Name: s.field.Name, Native: s.field.Type.String(), Nullable: s.field.Nullable}
	switch s.meaning {
	case enumText:
		c.Type, c.Native = schema.String, "enum"
	case jsonText:
		c.Type, c.Native = schema.JSON, "json"
	case interval:
		c.Type, c.Native = schema.String, "interval"
	case int96:
		c.Type, c.Native = schema.Timestamp, "int96"
		c.Loss = beyondMicros
	default:
		c.Type, c.Precision, c.Scale = logicalType(s.field.Type)
		if dt, ok := storage(s.field.Type).(arrow.TemporalWithUnit); ok && dt.TimeUnit() == arrow.Nanosecond && c.Type != schema.Int64 {
			c.Loss = beyondMicros
		}
	}
	switch dt := storage(s.field.Type).(type) {
	case *arrow.StructType:
		c.Fields = columnsOf(s.parts)
	case *arrow.MapType:
		c.Repeated, c.Fields = true, columnsOf(s.parts)
	case arrow.ListLikeType:
		c.Repeated = true
		if storage(dt.Elem()).ID() == arrow.STRUCT && len(s.parts) == 1 {
			c.Fields = columnsOf(s.parts[0].parts)
		}
	}
	return c
}

func columnsOf(shapes []shape) []schema.Column {
	columns := make([]schema.Column, len(shapes))
	for i, s := range shapes {
		columns[i] = s.column()
		columns[i].Loss = "" // inside JSON every digit is kept
	}
	return columns
}

// leaves are the numbers of the file's columns that a field is made of.
func (s shape) leaves(to []int) []int {
	if s.leaf >= 0 {
		return append(to, s.leaf)
	}
	for _, part := range s.parts {
		to = part.leaves(to)
	}
	return to
}

// logicalType is what the values of an Arrow type mean. What has no meaning of
// its own here (decimals beyond 38 digits) is delivered as its text.
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

// intervalText is an INTERVAL as an ISO 8601 duration: three little-endian
// numbers, of months, days and milliseconds, as the Parquet format has it.
func intervalText(b []byte) string {
	number := func(i int) uint32 {
		return uint32(b[i]) | uint32(b[i+1])<<8 | uint32(b[i+2])<<16 | uint32(b[i+3])<<24
	}
	months, days, millis := number(0), number(4), number(8)
	return fmt.Sprintf("P%dM%dDT%d.%03dS", months, days, millis/1000, millis%1000)
}
