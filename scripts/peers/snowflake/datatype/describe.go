package datatype

import (
	"fmt"
	"strconv"
	"strings"
)

// A Column is a column of a table or of a result.
type Column struct {
	Name             string
	Type             Type
	Nullable         bool
	Comment, Default string
}

// String is the type as DESCRIBE TABLE writes it.
func (t Type) String() string {
	switch t.Base {
	case Fixed:
		return fmt.Sprintf("NUMBER(%d,%d)", t.Precision, t.Scale)
	case Real:
		return "FLOAT"
	case Text:
		return fmt.Sprintf("VARCHAR(%d)", t.Length)
	case Binary:
		return fmt.Sprintf("BINARY(%d)", t.Length)
	case Time, NTZ, LTZ, TZ:
		return fmt.Sprintf("%s(%d)", strings.ToUpper(string(t.Base)), t.Scale)
	case Vector:
		return fmt.Sprintf("VECTOR(%s, %d)", t.element(), t.Length)
	}
	name := strings.ToUpper(string(t.Base))
	if t.Inner != "" {
		return name + "(" + t.Inner + ")"
	}
	return name
}

func (t Type) element() string {
	if t.Scale == 1 {
		return "FLOAT"
	}
	return "INT"
}

// Schema is the type's name in INFORMATION_SCHEMA.COLUMNS.
func (t Type) Schema() string {
	switch t.Base {
	case Fixed:
		return "NUMBER"
	case Real:
		return "FLOAT"
	default:
		return strings.ToUpper(string(t.Base))
	}
}

// Show is the type as SHOW COLUMNS gives it, a JSON object.
func (t Type) Show(nullable bool) string {
	s := `{"type":"` + strings.ToUpper(string(t.Base)) + `"`
	switch t.Base {
	case Fixed:
		s += fmt.Sprintf(`,"precision":%d,"scale":%d`, t.Precision, t.Scale)
	case Text:
		s += fmt.Sprintf(`,"length":%d,"byteLength":%d`, t.Length, t.Bytes())
	case Binary:
		s += fmt.Sprintf(`,"length":%d,"byteLength":%d`, t.Length, t.Bytes())
	case Time, NTZ, LTZ, TZ:
		s += fmt.Sprintf(`,"precision":0,"scale":%d`, t.Scale)
	case Vector:
		s += fmt.Sprintf(`,"vectorElementType":"%s","dimension":%d`, t.element(), t.Length)
	}
	if t.Inner != "" {
		s += t.showStructured()
	}
	s += `,"nullable":` + strconv.FormatBool(nullable)
	if t.Base == Text || t.Base == Binary {
		s += `,"fixed":false`
	}
	return s + "}"
}

// Bytes is the most bytes that a value takes.
func (t Type) Bytes() int {
	if t.Base == Text {
		return min(4*t.Length, maxText)
	}
	return t.Length
}

// Row is the column as an entry of a result's rowtype. Absent numbers are
// null, as the service writes them.
func (c Column) Row() map[string]any {
	t := c.Type
	row := map[string]any{
		"name": c.Name, "database": "", "schema": "", "table": "", "type": string(t.Base), "nullable": c.Nullable,
		"precision": nil, "scale": nil, "length": nil, "byteLength": nil, "collation": nil,
	}
	switch t.Base {
	case Fixed:
		row["precision"], row["scale"] = t.Precision, t.Scale
	case Text, Binary:
		row["length"], row["byteLength"] = t.Length, t.Bytes()
	case Time, NTZ, LTZ, TZ:
		row["precision"], row["scale"] = 0, t.Scale
	case Map:
		// So it is for clients that did not ask for structured types.
		row["type"] = string(Object)
	case Geography, Geometry:
		// The service sends both in their GeoJSON form, an object under another name.
		row["type"], row["extTypeName"] = string(Object), strings.ToUpper(string(t.Base))
	case Vector:
		element := map[string]any{"type": string(Fixed), "precision": 38, "scale": 0, "nullable": false, "length": 0}
		if t.Scale == 1 {
			element = map[string]any{"type": string(Real), "nullable": false, "precision": 0, "scale": 0, "length": 0}
		}
		row["fields"], row["vectorDimension"] = []any{element}, t.Length
	}
	return row
}

var fromDuckDB = map[string]Type{
	"TINYINT": {Base: Fixed, Precision: 3}, "SMALLINT": {Base: Fixed, Precision: 5}, "INTEGER": {Base: Fixed, Precision: 10}, "BIGINT": {Base: Fixed, Precision: 18}, "HUGEINT": {Base: Fixed, Precision: 38},
	"UTINYINT": {Base: Fixed, Precision: 3}, "USMALLINT": {Base: Fixed, Precision: 5}, "UINTEGER": {Base: Fixed, Precision: 10}, "UBIGINT": {Base: Fixed, Precision: 20},
	"FLOAT": {Base: Real}, "DOUBLE": {Base: Real}, "VARCHAR": {Base: Text, Length: maxText}, "BLOB": {Base: Binary, Length: maxBinary},
	"BOOLEAN": {Base: Boolean}, "DATE": {Base: Date}, "TIME": {Base: Time, Scale: 9}, "TIME_NS": {Base: Time, Scale: 9}, "JSON": {Base: Variant},
	"TIMESTAMP": {Base: NTZ, Scale: 9}, "TIMESTAMP_NS": {Base: NTZ, Scale: 9}, "TIMESTAMP_S": {Base: NTZ, Scale: 9}, "TIMESTAMP_MS": {Base: NTZ, Scale: 9},
	"TIMESTAMP WITH TIME ZONE": {Base: LTZ, Scale: 9}, `"NULL"`: {Base: Text, Length: maxText},
	"STRUCT(ts TIMESTAMP, tz INTEGER)": {Base: TZ, Scale: 9}, "STRUCT(ts TIMESTAMP_NS, tz INTEGER)": {Base: TZ, Scale: 9},
}

// FromDuckDB is the type of a computed column.
func FromDuckDB(name string) (Type, error) {
	if t, ok := fromDuckDB[name]; ok {
		return t, nil
	}
	if strings.HasPrefix(name, "DECIMAL(") {
		return Parse("NUMBER" + strings.TrimPrefix(name, "DECIMAL"))
	}
	return Type{}, fmt.Errorf("a result of type %s", name)
}
