package googlepeer

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/api/bigquery/v2"
)

// arrowField is the Arrow type that the Storage Read API gives a field.
// Source: "Arrow schema details" of https://cloud.google.com/bigquery/docs/reference/storage.
func arrowField(f *bigquery.TableFieldSchema) arrow.Field {
	field := arrow.Field{Name: f.Name, Type: arrowType(f), Nullable: f.Mode != "REQUIRED", Metadata: annotation(f)}
	if f.Mode == "REPEATED" {
		element := arrow.Field{Name: "item", Type: field.Type, Nullable: true}
		field.Type, field.Nullable = arrow.ListOfField(element), false
	}
	return field
}

func arrowType(f *bigquery.TableFieldSchema) arrow.DataType {
	switch f.Type {
	case "INTEGER", "INT64":
		return arrow.PrimitiveTypes.Int64
	case "FLOAT", "FLOAT64":
		return arrow.PrimitiveTypes.Float64
	case "BOOLEAN", "BOOL":
		return arrow.FixedWidthTypes.Boolean
	case "NUMERIC":
		return &arrow.Decimal128Type{Precision: int32(orDefault(f.Precision, 38)), Scale: int32(scale(f, 9))}
	case "BIGNUMERIC":
		return &arrow.Decimal256Type{Precision: int32(orDefault(f.Precision, 76)), Scale: int32(scale(f, 38))}
	case "TIMESTAMP":
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case "DATETIME":
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case "DATE":
		return arrow.FixedWidthTypes.Date32
	case "TIME":
		return arrow.FixedWidthTypes.Time64us
	case "BYTES":
		return arrow.BinaryTypes.Binary
	case "INTERVAL":
		return arrow.FixedWidthTypes.MonthDayNanoInterval
	case "RANGE":
		element := arrowType(&bigquery.TableFieldSchema{Type: f.RangeElementType.Type})
		return arrow.StructOf(arrow.Field{Name: "start", Type: element, Nullable: true}, arrow.Field{Name: "end", Type: element, Nullable: true})
	case "RECORD", "STRUCT":
		inner := make([]arrow.Field, len(f.Fields))
		for i, sub := range f.Fields {
			inner[i] = arrowField(sub)
		}
		return arrow.StructOf(inner...)
	default: // STRING, JSON, GEOGRAPHY
		return arrow.BinaryTypes.String
	}
}

// scale of NUMERIC(p) is 0; of NUMERIC it is the type's own.
func scale(f *bigquery.TableFieldSchema, own int64) int64 {
	if f.Precision == 0 {
		return own
	}
	return f.Scale
}

func orDefault(n, otherwise int64) int64 {
	if n == 0 {
		return otherwise
	}
	return n
}

// annotation is the metadata of a field whose Arrow type alone does not say what it is.
func annotation(f *bigquery.TableFieldSchema) arrow.Metadata {
	const name, detail = "ARROW:extension:name", "ARROW:extension:metadata"
	switch f.Type {
	case "JSON":
		return arrow.NewMetadata([]string{name}, []string{"google:sqlType:json"})
	case "GEOGRAPHY":
		return arrow.NewMetadata([]string{name, detail}, []string{"google:sqlType:geography", `{"encoding": "WKT"}`})
	case "DATETIME":
		return arrow.NewMetadata([]string{name}, []string{"google:sqlType:datetime"})
	}
	return arrow.Metadata{}
}

func arrowSchema(fields []*bigquery.TableFieldSchema) *arrow.Schema {
	columns := make([]arrow.Field, len(fields))
	for i, f := range fields {
		columns[i] = arrowField(f)
	}
	return arrow.NewSchema(columns, nil)
}

// choice is a field that was selected, and where its value stands in what holds it.
type choice struct {
	at     int
	field  *bigquery.TableFieldSchema // with only the fields that were selected
	fields []choice
}

// choose applies selected_fields: names, with dots into records. The order is
// the table's, whatever the order of the names. Without names it is all of them.
// It returns the names that are no fields, too.
func choose(fields []*bigquery.TableFieldSchema, names []string) (chosen []choice, unknown []string) {
	inner := map[string][]string{}
	for _, name := range names {
		first, rest, _ := strings.Cut(name, ".")
		i := slices.IndexFunc(fields, func(f *bigquery.TableFieldSchema) bool { return strings.EqualFold(f.Name, first) })
		if i < 0 {
			unknown = append(unknown, name)
			continue
		}
		key := fields[i].Name
		if _, all := inner[key]; all && inner[key] == nil || rest == "" {
			inner[key] = nil // the whole record, whatever else was named of it
		} else {
			inner[key] = append(inner[key], rest)
		}
	}
	for i, f := range fields {
		rest, named := inner[f.Name]
		if len(names) > 0 && !named {
			continue
		}
		below, missing := choose(f.Fields, rest)
		for _, name := range missing {
			unknown = append(unknown, f.Name+"."+name)
		}
		pruned := *f
		pruned.Fields = chosenFields(below)
		chosen = append(chosen, choice{i, &pruned, below})
	}
	return chosen, unknown
}

func chosenFields(chosen []choice) []*bigquery.TableFieldSchema {
	var fields []*bigquery.TableFieldSchema
	for _, c := range chosen {
		fields = append(fields, c.field)
	}
	return fields
}
