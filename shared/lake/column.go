package lake

import (
	"fmt"

	"github.com/apache/iceberg-go"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// jsonDoc marks a string field that holds JSON: Iceberg has no such type.
const jsonDoc = "json"

// fieldOf describes a column to Iceberg; the field id is the caller's to set.
func fieldOf(c schema.Column) (iceberg.NestedField, error) {
	field := iceberg.NestedField{Name: c.Name, Required: !c.Nullable}
	switch c.Type {
	case schema.String:
		field.Type = iceberg.PrimitiveTypes.String
	case schema.Int64:
		field.Type = iceberg.PrimitiveTypes.Int64
	case schema.Float64:
		field.Type = iceberg.PrimitiveTypes.Float64
	case schema.Decimal:
		field.Type = iceberg.DecimalTypeOf(int(c.Precision), int(c.Scale))
	case schema.Bool:
		field.Type = iceberg.PrimitiveTypes.Bool
	case schema.Date:
		field.Type = iceberg.PrimitiveTypes.Date
	case schema.Timestamp:
		field.Type = iceberg.PrimitiveTypes.TimestampTz
	case schema.Time:
		field.Type = iceberg.PrimitiveTypes.Time
	case schema.Bytes:
		field.Type = iceberg.PrimitiveTypes.Binary
	case schema.JSON:
		field.Type, field.Doc = iceberg.PrimitiveTypes.String, jsonDoc
	default:
		return field, fault.Field(fault.LakeIncompatible, c.Name, fmt.Sprintf("the lake has no type for %q", c.Type))
	}
	return field, nil
}

func isJSON(f iceberg.NestedField) bool { return f.Doc == jsonDoc }

// sameType reports whether values of one field can be written to the other.
func sameType(a, b iceberg.NestedField) bool { return a.Type.Equals(b.Type) && isJSON(a) == isJSON(b) }
