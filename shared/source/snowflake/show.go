package snowflake

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/headwaterhq/headwater/shared/schema"
)

// showTables lists the tables after a cursor by SHOW, which needs no warehouse.
func (s *session) showTables(ctx context.Context, c cursor, limit int) ([]*tableInfo, error) {
	schemas, err := s.showSchemas(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	var tables []*tableInfo
	for _, name := range schemas {
		if name < c.Schema {
			continue
		}
		from := ""
		if name == c.Schema {
			from = c.Table
		}
		found, err := s.showObjects(ctx, c.Database, name, from, limit-len(tables))
		if err != nil {
			return nil, err
		}
		if tables = append(tables, found...); len(tables) >= limit {
			break
		}
	}
	return tables, nil
}

// showSchemas are the schemas of a database that the connection covers, sorted.
func (s *session) showSchemas(ctx context.Context, database string) ([]string, error) {
	if len(s.config.schemas) > 0 {
		return s.config.schemasOf(database), nil
	}
	var schemas []string
	err := s.each(ctx, "SHOW SCHEMAS IN DATABASE "+quote(database), func(r row) error {
		if name := r.text("name"); name != informationSchema {
			schemas = append(schemas, name)
		}
		return nil
	})
	slices.Sort(schemas)
	return schemas, err
}

// showObjects lists tables and views of a schema by name, after one of them.
func (s *session) showObjects(ctx context.Context, database, in, from string, limit int) ([]*tableInfo, error) {
	statement := "SHOW OBJECTS IN SCHEMA " + quote(database, in) + " LIMIT " + strconv.Itoa(limit)
	if from != "" {
		statement += " FROM " + text(from)
	}
	return s.objects(ctx, statement, database, in)
}

func (s *session) showTable(ctx context.Context, database, in, name string) ([]*tableInfo, error) {
	found, err := s.objects(ctx, "SHOW OBJECTS LIKE "+text(likeExactly(name))+" IN SCHEMA "+quote(database, in), database, in)
	return slices.DeleteFunc(found, func(t *tableInfo) bool { return t.name != name }), err
}

// likeExactly is a pattern that a name matches; it may match others in another case.
func likeExactly(name string) string {
	var pattern []rune
	for _, r := range name {
		if r == '%' || r == '_' || r == '\\' {
			pattern = append(pattern, '\\')
		}
		pattern = append(pattern, r)
	}
	return string(pattern)
}

func (s *session) objects(ctx context.Context, statement, database, in string) ([]*tableInfo, error) {
	var tables []*tableInfo
	err := s.each(ctx, statement, func(r row) error {
		dynamic := r.text("is_dynamic") == "Y" || r.text("is_dynamic") == "YES"
		tables = append(tables, &tableInfo{
			database: database, schema: in, name: r.text("name"), kind: kindOf(r.text("kind"), dynamic),
			comment: r.text("comment"), clustering: r.text("cluster_by"), rows: number(r.text("rows")), bytes: number(r.text("bytes")),
		})
		return nil
	})
	return tables, err
}

// showColumns adds the columns of tables, one by one: SHOW COLUMNS of a whole
// schema ends after 10,000 rows.
func (s *session) showColumns(ctx context.Context, tables []*tableInfo) error {
	for _, t := range tables {
		what := "TABLE "
		if t.kind == schema.View || t.kind == schema.MaterializedView {
			what = "VIEW "
		}
		err := s.each(ctx, "SHOW COLUMNS IN "+what+quote(t.database, t.schema, t.name), func(r row) error {
			var shown shownType
			if err := json.Unmarshal([]byte(r.text("data_type")), &shown); err != nil {
				return err
			}
			t.columns = append(t.columns, nativeField{
				name: r.text("column_name"), nullable: shown.nullable(r.text("null?")), nativeType: shown.native(),
			})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shownType is a type as SHOW COLUMNS writes it.
type shownType struct {
	Type       string     `json:"type"`
	Precision  int32      `json:"precision"`
	Scale      int32      `json:"scale"`
	Length     int64      `json:"length"`
	Nullable   *bool      `json:"nullable"`
	Collation  string     `json:"collation"`
	Vector     string     `json:"vectorElementType"`
	Dimension  int64      `json:"dimension"`
	Element    *shownType `json:"elementType"`
	Key        *shownType `json:"keyType"`
	Value      *shownType `json:"valueType"`
	FieldTypes []struct {
		Name string    `json:"fieldName"`
		Type shownType `json:"fieldType"`
	} `json:"fields"`
}

func (t shownType) nullable(column string) bool {
	switch {
	case column != "":
		return column != "false" && column != "NOT_NULL"
	case t.Nullable != nil:
		return *t.Nullable
	}
	return true
}

func (t shownType) native() nativeType {
	n := nativeType{base: baseOf(t.Type), precision: t.Precision, scale: t.Scale, collation: t.Collation}
	switch n.base {
	case "TEXT", "BINARY":
		n.length, n.precision, n.scale = t.Length, 0, 0
	case "VECTOR":
		n.element, n.length = &nativeField{name: "element", nativeType: nativeType{base: baseOf(t.Vector), precision: vectorPrecision}}, t.Dimension
	case "ARRAY":
		n.element = t.Element.field("element")
	case "MAP":
		n.key, n.element = t.Key.field("key"), t.Value.field("value")
	case "OBJECT":
		for _, f := range t.FieldTypes {
			n.fields = append(n.fields, *f.Type.field(f.Name))
		}
	}
	return n
}

func (t *shownType) field(name string) *nativeField {
	if t == nil {
		return nil
	}
	return &nativeField{name: name, nullable: t.nullable(""), nativeType: t.native()}
}
