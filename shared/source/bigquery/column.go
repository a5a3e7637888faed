package bigquery

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/schema"
)

// The names of BigQuery's types in GoogleSQL.
const (
	typeString     = "STRING"
	typeBytes      = "BYTES"
	typeInt64      = "INT64"
	typeFloat64    = "FLOAT64"
	typeNumeric    = "NUMERIC"
	typeBigNumeric = "BIGNUMERIC"
	typeBool       = "BOOL"
	typeTimestamp  = "TIMESTAMP"
	typeDate       = "DATE"
	typeTime       = "TIME"
	typeDatetime   = "DATETIME"
	typeGeography  = "GEOGRAPHY"
	typeInterval   = "INTERVAL"
	typeJSON       = "JSON"
	typeRange      = "RANGE"
	typeStruct     = "STRUCT"
)

// legacyTypes are the names that the REST API uses for some types.
var legacyTypes = map[string]string{
	"INTEGER": typeInt64, "FLOAT": typeFloat64, "BOOLEAN": typeBool, "RECORD": typeStruct,
}

func typeOf(f *bigquery.TableFieldSchema) string {
	name := strings.ToUpper(f.Type)
	return cmp.Or(legacyTypes[name], name)
}

// picoseconds reports whether a TIMESTAMP has more digits than microseconds.
func picoseconds(f *bigquery.TableFieldSchema) bool {
	return typeOf(f) == typeTimestamp && f.TimestampPrecision != nil && *f.TimestampPrecision > 6
}

func repeated(f *bigquery.TableFieldSchema) bool { return strings.EqualFold(f.Mode, "REPEATED") }

// columns maps the fields of a table, or of a structure.
func columns(fields []*bigquery.TableFieldSchema) []schema.Column {
	mapped := make([]schema.Column, len(fields))
	for i, f := range fields {
		mapped[i] = column(f)
	}
	return mapped
}

// column maps a field. A repeated field is never NULL: BigQuery stores a NULL
// array as an empty one.
func column(f *bigquery.TableFieldSchema) schema.Column {
	c := schema.Column{Name: f.Name, Native: native(f), Nullable: !strings.EqualFold(f.Mode, "REQUIRED") && !repeated(f)}
	c.Type, c.Precision, c.Scale = logical(f)
	if picoseconds(f) {
		c.Loss = "digits beyond microseconds"
	}
	if typeOf(f) == typeStruct {
		c.Fields = columns(f.Fields)
	}
	if repeated(f) {
		c.Repeated = true
		if c.Type != schema.Unsupported {
			c.Type, c.Precision, c.Scale = schema.JSON, 0, 0
		}
	}
	return c
}

// logical is the logical type of a field's values, of one element when it is
// repeated, with the precision and scale of a decimal.
func logical(f *bigquery.TableFieldSchema) (t schema.Type, precision, scale int32) {
	switch typeOf(f) {
	case typeString, typeGeography, typeInterval:
		return schema.String, 0, 0
	case typeBytes:
		return schema.Bytes, 0, 0
	case typeInt64:
		return schema.Int64, 0, 0
	case typeFloat64:
		return schema.Float64, 0, 0
	case typeBool:
		return schema.Bool, 0, 0
	case typeTimestamp, typeDatetime:
		return schema.Timestamp, 0, 0
	case typeDate:
		return schema.Date, 0, 0
	case typeTime:
		return schema.Time, 0, 0
	case typeJSON, typeRange:
		return schema.JSON, 0, 0
	case typeNumeric:
		if f.Precision == 0 {
			return schema.Decimal, 38, 9
		}
		return schema.Decimal, int32(f.Precision), int32(f.Scale)
	case typeBigNumeric:
		if f.Precision == 0 || f.Precision > 38 {
			return schema.String, 0, 0
		}
		return schema.Decimal, int32(f.Precision), int32(f.Scale)
	case typeStruct:
		// Two fields of one name, which a query can make, cannot both be in one JSON object.
		names := map[string]bool{}
		for _, inner := range f.Fields {
			if t, _, _ := logical(inner); t == schema.Unsupported || names[inner.Name] {
				return schema.Unsupported, 0, 0
			}
			names[inner.Name] = true
		}
		return schema.JSON, 0, 0
	}
	return schema.Unsupported, 0, 0
}

// native spells a field's type as GoogleSQL would: ARRAY<STRUCT<a INT64>>, NUMERIC(10,2).
func native(f *bigquery.TableFieldSchema) string {
	name := typeOf(f)
	switch {
	case name == typeStruct:
		inner := make([]string, len(f.Fields))
		for i, field := range f.Fields {
			inner[i] = strings.TrimSpace(field.Name + " " + native(field))
		}
		name += "<" + strings.Join(inner, ", ") + ">"
	case name == typeRange && f.RangeElementType != nil:
		name += "<" + f.RangeElementType.Type + ">"
	case f.Precision > 0 && f.Scale > 0:
		name += "(" + strconv.FormatInt(f.Precision, 10) + "," + strconv.FormatInt(f.Scale, 10) + ")"
	case f.Precision > 0:
		name += "(" + strconv.FormatInt(f.Precision, 10) + ")"
	case f.MaxLength > 0:
		name += "(" + strconv.FormatInt(f.MaxLength, 10) + ")"
	case picoseconds(f):
		name += "(" + strconv.FormatInt(*f.TimestampPrecision, 10) + ")"
	}
	if repeated(f) {
		return "ARRAY<" + name + ">"
	}
	return name
}

// element returns a field as it is within its array.
func element(f *bigquery.TableFieldSchema) *bigquery.TableFieldSchema {
	inner := *f
	inner.Mode = "NULLABLE"
	return &inner
}

// protected reports whether access to a field, or to one within it, is
// governed by a policy tag, a data policy or a governance tag.
func protected(f *bigquery.TableFieldSchema) bool {
	return f.PolicyTags != nil && len(f.PolicyTags.Names) > 0 ||
		f.DataPolicyList != nil || len(f.DataPolicies) > 0 || f.DataGovernanceTagsInfo != nil ||
		slices.ContainsFunc(f.Fields, protected)
}
