package snowflake

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/headwaterhq/headwater/shared/schema"
)

// nativeType is a column's type, whichever command described it.
type nativeType struct {
	base      string // "NUMBER", as INFORMATION_SCHEMA spells it
	precision int32  // of a NUMBER
	scale     int32  // of a NUMBER; digits of a second of a TIME or TIMESTAMP
	length    int64  // of TEXT and BINARY, dimensions of a VECTOR; 0 is unknown
	collation string
	element   *nativeField  // of a structured ARRAY, a VECTOR, or a MAP's values
	key       *nativeField  // of a MAP
	fields    []nativeField // of a structured OBJECT
}

type nativeField struct {
	name     string
	nullable bool
	nativeType
}

// synonyms are other spellings of the types in answers of the service.
var synonyms = map[string]string{
	"FIXED": "NUMBER", "REAL": "FLOAT", "DOUBLE": "FLOAT", "VARCHAR": "TEXT", "STRING": "TEXT", "CHAR": "TEXT",
	"DECIMAL": "NUMBER", "NUMERIC": "NUMBER", "INT": "NUMBER", "VARBINARY": "BINARY", "DATETIME": "TIMESTAMP_NTZ", "TIMESTAMP": "TIMESTAMP_NTZ",
}

func baseOf(name string) string {
	name = strings.ToUpper(strings.TrimSpace(name))
	if s, ok := synonyms[name]; ok {
		return s
	}
	return name
}

// Losses, in words.
const (
	lossNanos  = "digits beyond microseconds are cut off, toward the past"
	lossOffset = "the offset from UTC is not kept"
	lossBoth   = lossNanos + "; " + lossOffset
)

const (
	microDigits  = 6
	maxIntDigits = 18
)

// nanos reports whether values can be finer than microseconds.
func (n nativeType) nanos() bool {
	return n.scale > microDigits && (n.base == "TIME" || strings.HasPrefix(n.base, "TIMESTAMP_"))
}

// column describes a column as it is delivered. With nanoText, what is finer
// than microseconds is text.
func (f nativeField) column(nanoText bool) schema.Column {
	c := schema.Column{Name: f.name, Native: f.String(), Nullable: f.nullable}
	switch f.base {
	case "NUMBER":
		if c.Type = schema.Int64; f.scale != 0 || f.precision > maxIntDigits {
			c.Type, c.Precision, c.Scale = schema.Decimal, f.precision, f.scale
		}
	case "FLOAT":
		c.Type = schema.Float64
	case "TEXT", "DECFLOAT", "UUID":
		c.Type = schema.String
	case "BINARY":
		c.Type = schema.Bytes
	case "BOOLEAN":
		c.Type = schema.Bool
	case "DATE":
		c.Type = schema.Date
	case "TIME":
		c.Type = schema.Time
	case "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ":
		c.Type = schema.Timestamp
	case "VARIANT", "OBJECT", "MAP", "GEOGRAPHY", "GEOMETRY":
		c.Type, c.Fields = schema.JSON, f.nested(nanoText)
	case "ARRAY", "VECTOR":
		c.Type, c.Fields, c.Repeated = schema.JSON, f.nested(nanoText), true
	default:
		c.Type = schema.Unsupported
	}
	f.lose(&c, nanoText)
	return c
}

// lose says what a value loses on its way.
func (f nativeField) lose(c *schema.Column, nanoText bool) {
	offset := f.base == "TIMESTAMP_TZ"
	switch {
	case f.nanos() && nanoText:
		if c.Type = schema.String; offset {
			c.Loss = lossOffset
		}
	case f.nanos() && offset:
		c.Loss = lossBoth
	case f.nanos():
		c.Loss = lossNanos
	case offset:
		c.Loss = lossOffset
	}
}

// nested are the fields of a structure, or of the elements of an array where
// they are structures themselves.
func (n nativeType) nested(nanoText bool) []schema.Column {
	fields := n.fields
	switch {
	case n.base == "MAP" && n.element != nil:
		key := *n.key
		key.nullable = false // however it is described
		fields = []nativeField{key, *n.element}
	case n.element != nil:
		fields = n.element.fields
	}
	var columns []schema.Column
	for _, f := range fields {
		// Nested values are JSON inside the JSON of the whole, where nothing is cut.
		c := f.column(nanoText)
		c.Loss = ""
		columns = append(columns, c)
	}
	return columns
}

// String is the type as DESCRIBE writes it, with a collation after it.
func (n nativeType) String() string {
	text := n.describe()
	if n.collation != "" {
		text += " COLLATE '" + n.collation + "'"
	}
	return text
}

func (n nativeType) describe() string {
	switch n.base {
	case "NUMBER":
		return fmt.Sprintf("NUMBER(%d,%d)", n.precision, n.scale)
	case "TEXT":
		return "VARCHAR" + sized(n.length)
	case "BINARY":
		return "BINARY" + sized(n.length)
	case "TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ":
		return fmt.Sprintf("%s(%d)", n.base, n.scale)
	case "VECTOR":
		if n.element != nil {
			return fmt.Sprintf("VECTOR(%s, %d)", vectorElement(n.element.base), n.length)
		}
	case "ARRAY":
		if n.element != nil {
			return "ARRAY(" + n.element.describe() + notNull(*n.element) + ")"
		}
	case "MAP":
		if n.element != nil {
			return "MAP(" + n.key.describe() + ", " + n.element.describe() + notNull(*n.element) + ")"
		}
	case "OBJECT":
		if len(n.fields) > 0 {
			var fields []string
			for _, f := range n.fields {
				fields = append(fields, f.name+" "+f.describe()+notNull(f))
			}
			return "OBJECT(" + strings.Join(fields, ", ") + ")"
		}
	}
	return n.base
}

func notNull(f nativeField) string {
	if f.nullable {
		return ""
	}
	return " NOT NULL"
}

// vectorPrecision is that of the 32 bit integers of a VECTOR(INT, n), however
// they are described.
const vectorPrecision = 10

func vectorElement(base string) string {
	if base == "NUMBER" {
		return "INT"
	}
	return base
}

func sized(length int64) string {
	if length == 0 {
		return ""
	}
	return "(" + strconv.FormatInt(length, 10) + ")"
}

// field is the type of a column of a result.
func (c wireColumn) field() nativeField {
	return nativeField{name: c.Name, nullable: c.Nullable, nativeType: c.native()}
}

func (w wireType) native() nativeType {
	n := nativeType{base: baseOf(w.Type), precision: w.Precision, scale: w.Scale}
	if e := baseOf(w.Extension); e == "GEOGRAPHY" || e == "GEOMETRY" {
		n.base = e
		return n
	}
	nested := make([]nativeField, len(w.Fields))
	for i, f := range w.Fields {
		nested[i] = nativeField{name: f.Name, nullable: f.Nullable, nativeType: f.native()}
	}
	switch {
	case n.base == "TEXT" || n.base == "BINARY":
		n.length = w.Length
	case n.base == "VECTOR" && len(nested) == 1:
		n.element, n.length = named(nested[0], "element"), w.Dimensions
		n.element.precision = vectorPrecision
	case n.base == "ARRAY" && len(nested) == 1:
		n.element = named(nested[0], "element")
	case n.base == "MAP" && len(nested) == 2:
		n.key, n.element = named(nested[0], "key"), named(nested[1], "value")
	case n.base == "OBJECT":
		n.fields = nested
	}
	return n
}

func named(f nativeField, name string) *nativeField {
	f.name = name
	return &f
}
