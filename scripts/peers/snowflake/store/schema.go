package store

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/dialect"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// The catalogue as the engine has it. Names are the columns of
// INFORMATION_SCHEMA in lower case where they come out unchanged.
const catalogue = `
CREATE TABLE meta_tables (oid BIGINT, table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, table_owner VARCHAR, table_type VARCHAR, is_transient VARCHAR, clustering_key VARCHAR,
	row_count BIGINT, bytes BIGINT, retention_time BIGINT, created TIMESTAMP, last_altered TIMESTAMP, comment VARCHAR, view_definition VARCHAR, is_secure VARCHAR, is_dynamic VARCHAR);
CREATE TABLE meta_columns (oid BIGINT, table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, column_name VARCHAR, ordinal_position BIGINT, column_default VARCHAR, is_nullable VARCHAR,
	data_type VARCHAR, character_maximum_length BIGINT, character_octet_length BIGINT, numeric_precision BIGINT, numeric_precision_radix BIGINT, numeric_scale BIGINT, datetime_precision BIGINT,
	comment VARCHAR, dtd_identifier VARCHAR)`

// AddTables copies tables into the catalogue. Neighbours with the same columns
// have them written once.
func (s *Store) AddTables(ctx context.Context, tables ...*world.Table) error {
	lines := make([][]string, len(tables))
	for i, t := range tables {
		lines[i] = []string{
			strconv.FormatInt(t.ID, 10), t.Schema.Database.Name, t.Schema.Name, t.Name, orNull(t.Owner), tableType(t), yes(t.Subkind == "TRANSIENT"), orNull(t.ClusterBy), count(t, t.Rows), count(t, t.Bytes),
			strconv.Itoa(t.Retention), t.Created.Format("2006-01-02 15:04:05.999999"), t.LastAltered.Format("2006-01-02 15:04:05.999999"), orNull(t.Comment), orNull(t.Query), yes(t.Secure), yes(t.Subkind == "DYNAMIC"),
		}
	}
	if err := s.load(ctx, "meta_tables", lines); err != nil {
		return err
	}
	for len(tables) > 0 {
		n := 1
		for n < len(tables) && tables[n].ID == tables[n-1].ID+1 && slices.Equal(tables[n].Columns, tables[0].Columns) {
			n++
		}
		if err := s.addColumns(ctx, tables[0], tables[n-1]); err != nil {
			return err
		}
		tables = tables[n:]
	}
	return nil
}

// addColumns writes the columns of the tables from the first to the last, who
// all have the first one's.
func (s *Store) addColumns(ctx context.Context, first, last *world.Table) error {
	if len(first.Columns) == 0 {
		return nil
	}
	lines := make([]string, len(first.Columns))
	for i, c := range first.Columns {
		values := []string{sqltext.Literal(c.Name), strconv.Itoa(i + 1), literalOrNull(c.Default), sqltext.Literal(yes(c.Nullable)), sqltext.Literal(c.Type.Schema())}
		identifier := "NULL::VARCHAR"
		if c.Type.Inner != "" {
			identifier = fmt.Sprintf("'%d'", i+1)
		}
		lines[i] = "(" + strings.Join(append(append(values, typeNumbers(c.Type)...), literalOrNull(c.Comment), identifier), ", ") + ")"
	}
	sql := fmt.Sprintf("INSERT INTO meta_columns SELECT oid, table_catalog, table_schema, table_name, c.* FROM meta_tables, (VALUES %s) AS c WHERE oid BETWEEN %d AND %d", strings.Join(lines, ", "), first.ID, last.ID)
	if err := s.engine.Exec(ctx, sql); err != nil {
		return fmt.Errorf("adding columns to the catalogue: %w", err)
	}
	return nil
}

// UpdateTable copies a changed table into the catalogue.
func (s *Store) UpdateTable(ctx context.Context, t *world.Table) error {
	if err := s.engine.Exec(ctx, fmt.Sprintf("DELETE FROM meta_tables WHERE oid = %d; DELETE FROM meta_columns WHERE oid = %d", t.ID, t.ID)); err != nil {
		return fmt.Errorf("updating the catalogue: %w", err)
	}
	return s.AddTables(ctx, t)
}

func tableType(t *world.Table) string {
	switch {
	case t.Kind == "TABLE" && t.Subkind == "TEMPORARY":
		return "LOCAL TEMPORARY"
	case t.Kind == "TABLE":
		return "BASE TABLE"
	}
	return t.Kind
}

// count is a number that views do not have.
func count(t *world.Table, n int64) string {
	if t.Kind == "VIEW" || t.Kind == "EXTERNAL TABLE" {
		return null
	}
	return strconv.FormatInt(n, 10)
}

func yes(b bool) string {
	if b {
		return "YES"
	}
	return "NO"
}

var (
	text    = datatype.Type{Base: datatype.Text, Length: 16777216}
	integer = datatype.Type{Base: datatype.Fixed, Precision: 38}
	ltz     = datatype.Type{Base: datatype.LTZ, Scale: 3}
)

// A view of INFORMATION_SCHEMA: its columns, in order, and the SQL of those
// that are no column of the same name in the catalogue.
type view struct {
	table   string
	where   string
	columns []field
}

type field struct {
	name string
	typ  datatype.Type
	sql  string
}

func fields(typ datatype.Type, names string) []field {
	var out []field
	for n := range strings.FieldsSeq(names) {
		out = append(out, field{n, typ, ""})
	}
	return out
}

func constants(sql, names string) []field {
	out := fields(text, names)
	for i := range out {
		out[i].sql = sql
	}
	return out
}

func join(parts ...[]field) []field {
	var out []field
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

var views = map[string]view{
	"TABLES": {"meta_tables", "true", join(
		fields(text, "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_OWNER TABLE_TYPE IS_TRANSIENT CLUSTERING_KEY"), fields(integer, "ROW_COUNT BYTES RETENTION_TIME"),
		constants("NULL", "SELF_REFERENCING_COLUMN_NAME REFERENCE_GENERATION USER_DEFINED_TYPE_CATALOG USER_DEFINED_TYPE_SCHEMA USER_DEFINED_TYPE_NAME"),
		constants("'YES'", "IS_INSERTABLE_INTO IS_TYPED"), constants("NULL", "COMMIT_ACTION"), fields(ltz, "CREATED LAST_ALTERED"), []field{{"LAST_DDL", ltz, "last_altered"}},
		constants("NULL", "LAST_DDL_BY"), []field{{"AUTO_CLUSTERING_ON", text, "CASE WHEN clustering_key IS NULL THEN 'NO' ELSE 'YES' END"}}, fields(text, "COMMENT"),
		[]field{{"IS_TEMPORARY", text, "CASE WHEN table_type = 'LOCAL TEMPORARY' THEN 'YES' ELSE 'NO' END"}}, constants("'NO'", "IS_ICEBERG"), fields(text, "IS_DYNAMIC"), constants("'NO'", "IS_IMMUTABLE IS_HYBRID"))},
	"VIEWS": {"meta_tables", "table_type IN ('VIEW', 'MATERIALIZED VIEW')", join(
		fields(text, "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_OWNER VIEW_DEFINITION"), constants("'NONE'", "CHECK_OPTION"), constants("'NO'", "IS_UPDATABLE INSERTABLE_INTO"),
		fields(text, "IS_SECURE"), fields(ltz, "CREATED LAST_ALTERED"), []field{{"LAST_DDL", ltz, "last_altered"}}, constants("NULL", "LAST_DDL_BY"), fields(text, "COMMENT"))},
	"COLUMNS": {"meta_columns", "true", join(
		fields(text, "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME"), fields(integer, "ORDINAL_POSITION"), fields(text, "COLUMN_DEFAULT IS_NULLABLE DATA_TYPE"),
		fields(integer, "CHARACTER_MAXIMUM_LENGTH CHARACTER_OCTET_LENGTH NUMERIC_PRECISION NUMERIC_PRECISION_RADIX NUMERIC_SCALE DATETIME_PRECISION"),
		constants("NULL", "INTERVAL_TYPE INTERVAL_PRECISION CHARACTER_SET_CATALOG CHARACTER_SET_SCHEMA CHARACTER_SET_NAME COLLATION_CATALOG COLLATION_SCHEMA COLLATION_NAME DOMAIN_CATALOG DOMAIN_SCHEMA DOMAIN_NAME UDT_CATALOG UDT_SCHEMA UDT_NAME SCOPE_CATALOG SCOPE_SCHEMA SCOPE_NAME MAXIMUM_CARDINALITY"), fields(text, "DTD_IDENTIFIER"),
		constants("'NO'", "IS_SELF_REFERENCING IS_IDENTITY"), constants("NULL", "IDENTITY_GENERATION IDENTITY_START IDENTITY_INCREMENT IDENTITY_MAXIMUM IDENTITY_MINIMUM IDENTITY_CYCLE IDENTITY_ORDERED SCHEMA_EVOLUTION_RECORD"),
		fields(text, "COMMENT"))},
}

// Described are the views of every INFORMATION_SCHEMA, which are listed in it
// as well.
func Described() []string {
	return []string{"APPLICABLE_ROLES", "COLUMNS", "DATABASES", "ENABLED_ROLES", "OBJECT_PRIVILEGES", "SCHEMATA", "TABLES", "TABLE_PRIVILEGES", "VIEWS"}
}

// AddDatabase lists the views of a database's INFORMATION_SCHEMA in the
// catalogue. Their ids are negative: whoever may use the database sees them.
func (s *Store) AddDatabase(ctx context.Context, d *world.Database) error {
	created := d.Created.Format("2006-01-02 15:04:05.999999")
	var tables, columns [][]string
	for i, name := range Described() {
		oid := strconv.Itoa(-1 - i)
		tables = append(tables, []string{oid, d.Name, "INFORMATION_SCHEMA", name, null, "VIEW", null, null, null, null, null, created, created, null, null, "NO", "NO"})
		src, err := s.InformationSchema(ctx, world.Roles{world.AccountAdmin: true}, d.Name, name)
		if err != nil {
			return err
		}
		for j, c := range src.Columns {
			line := []string{oid, d.Name, "INFORMATION_SCHEMA", name, c.Name, strconv.Itoa(j + 1), null, "YES", c.Type.Schema()}
			for _, n := range typeNumbers(*c.Type) {
				line = append(line, strings.ReplaceAll(n, "NULL", null))
			}
			columns = append(columns, append(line, null, null))
		}
	}
	if err := s.load(ctx, "meta_tables", tables); err != nil {
		return err
	}
	return s.load(ctx, "meta_columns", columns)
}

// InformationSchema is a view of a database's INFORMATION_SCHEMA as the roles see it.
func (s *Store) InformationSchema(ctx context.Context, roles world.Roles, database, name string) (dialect.Source, error) {
	if v, ok := views[name]; ok {
		visible, err := s.visibleTables(ctx, roles)
		if err != nil {
			return dialect.Source{}, err
		}
		var src dialect.Source
		parts := make([]string, len(v.columns))
		for i, f := range v.columns {
			sql := f.sql
			if sql == "" {
				sql = strings.ToLower(f.name)
			}
			parts[i] = fmt.Sprintf("CAST(%s AS %s) AS %s", sql, f.typ.DuckDB(), f.name)
			typ := f.typ
			src.Columns = append(src.Columns, dialect.Column{Name: f.name, Type: &typ, Nullable: true})
		}
		src.SQL = fmt.Sprintf("(SELECT %s FROM %s WHERE table_catalog = %s AND %s%s)", strings.Join(parts, ", "), v.table, sqltext.Literal(database), v.where, visible)
		return src, nil
	}
	return s.small(roles, database, name)
}

// visibleTables is a condition that holds for the tables that the roles see. The ids are
// kept in the engine for as long as neither objects nor grants change.
func (s *Store) visibleTables(ctx context.Context, roles world.Roles) (string, error) {
	if roles[world.AccountAdmin] {
		return "", nil
	}
	names := make([]string, 0, len(roles))
	for r := range roles {
		names = append(names, r)
	}
	sort.Strings(names)
	key := fmt.Sprint(s.world.Version, names)
	s.mu.Lock()
	defer s.mu.Unlock()
	if where, ok := s.visible[key]; ok {
		return where, nil
	}
	var ids []string
	for _, d := range s.world.Databases {
		for _, schema := range d.Schemas {
			for _, t := range schema.Tables {
				if s.world.Visible(roles, t) {
					ids = append(ids, strconv.FormatInt(t.ID, 10))
				}
			}
		}
	}
	table := fmt.Sprintf("visible_%d", len(s.visible))
	if err := s.engine.Exec(ctx, fmt.Sprintf("CREATE TABLE %s AS SELECT unnest([%s]::BIGINT[]) AS oid", table, strings.Join(ids, ","))); err != nil {
		return "", fmt.Errorf("computing what the role sees: %w", err)
	}
	s.visible[key] = fmt.Sprintf(" AND (oid < 0 OR oid IN (SELECT oid FROM %s))", table)
	return s.visible[key], nil
}

// small computes the views that are never long.
func (s *Store) small(roles world.Roles, database, name string) (dialect.Source, error) {
	w := s.world
	d := w.Databases[database]
	var columns []field
	var rows [][]string
	lit := sqltext.Literal
	switch name {
	case "DATABASES":
		columns = join(fields(text, "DATABASE_NAME DATABASE_OWNER IS_TRANSIENT COMMENT"), fields(ltz, "CREATED LAST_ALTERED"), fields(integer, "RETENTION_TIME"), fields(text, "TYPE"))
		for _, d := range w.Databases {
			if w.Sees(roles, d.Target()) {
				rows = append(rows, []string{lit(d.Name), lit(d.Owner), "'NO'", literalOrNull(d.Comment), stamp(d.Created), stamp(d.Created), strconv.Itoa(d.Retention), "'STANDARD'"})
			}
		}
	case "SCHEMATA":
		columns = join(fields(text, "CATALOG_NAME SCHEMA_NAME SCHEMA_OWNER IS_TRANSIENT IS_MANAGED_ACCESS"), fields(integer, "RETENTION_TIME"),
			fields(text, "DEFAULT_CHARACTER_SET_CATALOG DEFAULT_CHARACTER_SET_SCHEMA DEFAULT_CHARACTER_SET_NAME SQL_PATH"), fields(ltz, "CREATED LAST_ALTERED"), fields(text, "COMMENT"))
		rows = append(rows, []string{lit(database), "'INFORMATION_SCHEMA'", "NULL", "'NO'", "'NO'", "1", "NULL", "NULL", "NULL", "NULL", stamp(d.Created), stamp(d.Created), "'Views describing the contents of schemas in this database'"})
		for _, sc := range d.Schemas {
			if w.Sees(roles, sc.Target()) {
				rows = append(rows, []string{lit(database), lit(sc.Name), lit(sc.Owner), "'NO'", "'NO'", strconv.Itoa(sc.Retention), "NULL", "NULL", "NULL", "NULL", stamp(sc.Created), stamp(sc.Created), literalOrNull(sc.Comment)})
			}
		}
	case "TABLE_PRIVILEGES", "OBJECT_PRIVILEGES":
		columns = join(fields(text, "GRANTOR GRANTEE GRANTED_TO TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PRIVILEGE_TYPE IS_GRANTABLE WITH_HIERARCHY"), fields(ltz, "CREATED"))
		if name == "OBJECT_PRIVILEGES" {
			columns = join(fields(text, "GRANTOR GRANTEE GRANTED_TO OBJECT_CATALOG OBJECT_SCHEMA OBJECT_NAME OBJECT_TYPE PRIVILEGE_TYPE IS_GRANTABLE"), fields(ltz, "CREATED"))
		}
		for _, g := range w.Grants() {
			tableGrant := g.On.Schema != ""
			if !roles[g.Role] && !roles[world.AccountAdmin] || g.On.Database != database && (tableGrant || g.On.Kind == "SCHEMA") || name == "TABLE_PRIVILEGES" && !tableGrant {
				continue
			}
			row := []string{lit(g.By), lit(g.Role), "'ROLE'", literalOrNull(g.On.Database), literalOrNull(g.On.Schema), lit(g.On.Name), lit(g.Privilege), lit(yes(g.Option)), "'NO'", stamp(g.Created)}
			if name == "OBJECT_PRIVILEGES" {
				row = []string{lit(g.By), lit(g.Role), "'ROLE'", literalOrNull(g.On.Database), literalOrNull(g.On.Schema), lit(g.On.Name), lit(g.On.Kind), lit(g.Privilege), lit(yes(g.Option)), stamp(g.Created)}
			}
			rows = append(rows, row)
		}
	case "ENABLED_ROLES", "APPLICABLE_ROLES":
		columns = fields(text, "ROLE_NAME ROLE_OWNER")
		for r := range roles {
			rows = append(rows, []string{lit(r), "''"})
		}
	default:
		return dialect.Source{}, refusal.MissingObject(sqltext.Path(database, "INFORMATION_SCHEMA", name))
	}
	return inline(columns, rows), nil
}

func literalOrNull(s string) string {
	if s == "" {
		return "NULL"
	}
	return sqltext.Literal(s)
}

// inline writes rows of SQL literals as a source.
func inline(columns []field, rows [][]string) dialect.Source {
	var src dialect.Source
	casts := make([]string, len(columns))
	names := make([]string, len(columns))
	nulls := make([]string, len(columns))
	for i, f := range columns {
		names[i], nulls[i] = "c"+strconv.Itoa(i), "NULL"
		casts[i] = fmt.Sprintf("CAST(c%d AS %s) AS %s", i, f.typ.DuckDB(), sqltext.Ident(f.name))
		typ := f.typ
		src.Columns = append(src.Columns, dialect.Column{Name: f.name, Type: &typ, Nullable: true})
	}
	where := ""
	if len(rows) == 0 {
		rows, where = [][]string{nulls}, " WHERE false"
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = "(" + strings.Join(r, ", ") + ")"
	}
	src.SQL = "(SELECT " + strings.Join(casts, ", ") + " FROM (VALUES " + strings.Join(lines, ", ") + ") AS v(" + strings.Join(names, ", ") + ")" + where + ")"
	return src
}

// Inline is a source of the given texts, nil for NULL: the rows of an earlier
// SHOW.
func Inline(names []string, rows [][]*string) dialect.Source {
	columns := make([]field, len(names))
	for i, n := range names {
		columns[i] = field{n, text, ""}
	}
	lines := make([][]string, len(rows))
	for i, r := range rows {
		lines[i] = make([]string, len(r))
		for j, v := range r {
			lines[i][j] = "NULL"
			if v != nil {
				lines[i][j] = sqltext.Literal(*v)
			}
		}
	}
	return inline(columns, lines)
}
