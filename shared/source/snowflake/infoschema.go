package snowflake

import (
	"context"
	"strconv"
	"strings"
)

// listTables asks INFORMATION_SCHEMA for the tables after a cursor.
func (s *session) listTables(ctx context.Context, c cursor, limit int) ([]*tableInfo, error) {
	conditions := []string{s.covered(c.Database)}
	if c.Schema != "" {
		conditions = append(conditions, after(c.Schema, c.Table, ">"))
	}
	return s.tablesWhere(ctx, c.Database, strings.Join(conditions, " AND "), limit)
}

// covered is the condition for the schemas that the connection covers.
func (s *session) covered(database string) string {
	schemas := s.config.schemasOf(database)
	if len(s.config.schemas) == 0 {
		return "TABLE_SCHEMA <> " + text(informationSchema)
	}
	if len(schemas) == 0 {
		return nothing
	}
	list := make([]string, len(schemas))
	for i, name := range schemas {
		list[i] = text(name)
	}
	return "TABLE_SCHEMA IN (" + strings.Join(list, ", ") + ")"
}

// after compares a schema and a table with others, in the order of discovery.
func after(schema, table, op string) string {
	s, strict := text(schema), op[:1]
	return "(TABLE_SCHEMA " + strict + " " + s + " OR TABLE_SCHEMA = " + s + " AND TABLE_NAME " + op + " " + text(table) + ")"
}

func (s *session) tablesWhere(ctx context.Context, database, condition string, limit int) ([]*tableInfo, error) {
	var tables []*tableInfo
	err := s.each(ctx, "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, IS_DYNAMIC, ROW_COUNT, BYTES, CLUSTERING_KEY, COMMENT"+
		" FROM "+quote(database, informationSchema)+".TABLES WHERE "+condition+
		" ORDER BY TABLE_SCHEMA, TABLE_NAME LIMIT "+strconv.Itoa(limit), func(r row) error {
		tables = append(tables, &tableInfo{
			database: database, schema: r.text("table_schema"), name: r.text("table_name"),
			kind:    kindOf(r.text("table_type"), r.text("is_dynamic") == "YES"),
			comment: r.text("comment"), clustering: r.text("clustering_key"),
			rows: number(r.text("row_count")), bytes: number(r.text("bytes")),
		})
		return nil
	})
	return tables, err
}

// describeTables adds the columns of neighbouring tables of one database.
func (s *session) describeTables(ctx context.Context, tables []*tableInfo) error {
	type key struct{ schema, table string }
	wanted := make(map[key]*tableInfo, len(tables))
	for _, t := range tables {
		wanted[key{t.schema, t.name}] = t
	}
	first, last := tables[0], tables[len(tables)-1]
	condition := after(first.schema, first.name, ">=") + " AND " + after(last.schema, last.name, "<=")
	if first.schema == last.schema {
		condition = "TABLE_SCHEMA = " + text(first.schema) + " AND TABLE_NAME >= " + text(first.name) + " AND TABLE_NAME <= " + text(last.name)
	}
	unclear := map[*tableInfo]bool{}
	err := s.each(ctx, "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_NULLABLE, NUMERIC_PRECISION, NUMERIC_SCALE,"+
		" DATETIME_PRECISION, CHARACTER_MAXIMUM_LENGTH, COLLATION_NAME, DTD_IDENTIFIER FROM "+quote(first.database, informationSchema)+
		".COLUMNS WHERE "+condition+" ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION", func(r row) error {
		t := wanted[key{r.text("table_schema"), r.text("table_name")}]
		if t == nil {
			return nil // made since the tables were listed
		}
		f, clear := columnOf(r)
		unclear[t] = unclear[t] || !clear
		t.columns = append(t.columns, f)
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range tables {
		if unclear[t] {
			if err := s.clarify(ctx, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// columnOf reads a row of COLUMNS, and reports whether it says all of the type:
// it does not of vectors, maps and structured objects and arrays, nor of a time
// without its number of digits.
func columnOf(r row) (f nativeField, clear bool) {
	f = nativeField{name: r.text("column_name"), nullable: r.text("is_nullable") != "NO"}
	f.base, f.collation = baseOf(r.text("data_type")), r.text("collation_name")
	switch f.base {
	case "NUMBER":
		f.precision, f.scale = int32(number(r.text("numeric_precision"))), int32(number(r.text("numeric_scale")))
		return f, f.precision > 0
	case "TEXT", "BINARY":
		f.length = number(r.text("character_maximum_length"))
	case "TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ":
		digits := r.text("datetime_precision")
		f.scale = int32(number(digits))
		return f, digits != ""
	case "VECTOR", "MAP":
		return f, false
	case "OBJECT", "ARRAY":
		return f, r.text("dtd_identifier") == ""
	}
	return f, true
}

// clarify takes the types of a table's columns from DESCRIBE, which writes all
// of them out.
func (s *session) clarify(ctx context.Context, t *tableInfo) error {
	types := make(map[string]string, len(t.columns))
	what := "TABLE "
	if strings.Contains(string(t.kind), "view") {
		what = "VIEW "
	}
	err := s.each(ctx, "DESCRIBE "+what+quote(t.database, t.schema, t.name), func(r row) error {
		types[r.text("name")] = r.text("type")
		return nil
	})
	if err != nil {
		return err
	}
	for i := range t.columns {
		f := &t.columns[i]
		n, err := parseType(types[f.name])
		if err != nil {
			n = nativeType{base: types[f.name]} // shown, and not read
		}
		n.collation = f.collation
		f.nativeType = n
	}
	return nil
}
