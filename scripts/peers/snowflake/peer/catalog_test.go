package peer_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"
)

// pick reads some columns of a result by name.
func pick(t *testing.T, db *sql.DB, query string, names ...string) ([][]string, error) {
	t.Helper()
	columns, all, err := read(db, t.Context(), query)
	if err != nil {
		return nil, err
	}
	out := [][]string{}
	for _, row := range all {
		var picked []string
		for _, name := range names {
			at := -1
			for i, c := range columns {
				if c == name {
					at = i
				}
			}
			if at < 0 {
				t.Fatalf("%s: no column %s in %v", query, name, columns)
			}
			picked = append(picked, row[at])
		}
		out = append(out, picked)
	}
	return out, nil
}

const shop = `{"databases": [{"name": "shop.eu"}], "schemas": [{"database": "shop.eu", "name": "Ünï \"x\""}], "tables": [
	{"database": "D", "schema": "S", "name": "ORDERS", "comment": "all of them", "cluster_by": "LINEAR(ID)", "change_tracking": true, "primary_key": ["ID"],
		"columns": [{"name": "ID", "type": "NUMBER(18,0)", "not_null": true, "comment": "key"}, {"name": "AT", "type": "TIMESTAMP_NTZ(6)"}, {"name": "NOTE", "type": "VARCHAR(200)", "default": "'none'"}],
		"rows": [[1, "2024-01-01", "a"], [2, "2024-01-02", "b"]]},
	{"database": "D", "schema": "S", "name": "order", "columns": [{"name": "select", "type": "VARCHAR"}, {"name": "a.b", "type": "VARCHAR"}, {"name": "q\"q", "type": "VARCHAR"}, {"name": "漢", "type": "VARCHAR"}], "rows": [["s", "d", "q", "u"]]},
	{"database": "D", "schema": "S", "name": "V", "query": "select id from orders", "columns": [{"name": "ID", "type": "NUMBER(18,0)"}]},
	{"database": "D", "schema": "PUBLIC", "name": "UNSEEN", "columns": [{"name": "A", "type": "INT"}]},
	{"database": "shop.eu", "schema": "Ünï \"x\"", "name": "t", "columns": [{"name": "A", "type": "INT"}], "rows": [[7]]}],
	"grants": [
		{"privilege": "USAGE", "on": "DATABASE", "database": "shop.eu", "to": "READER"}, {"privilege": "USAGE", "on": "SCHEMA", "database": "shop.eu", "schema": "Ünï \"x\"", "to": "READER"},
		{"privilege": "SELECT", "on": "ALL TABLES", "database": "shop.eu", "schema": "Ünï \"x\"", "to": "READER"},
		{"privilege": "INSERT", "on": "TABLE", "database": "D", "schema": "S", "name": "ORDERS", "to": "READER"}]}`

func TestShow(t *testing.T) {
	h := seeded(t)
	h.admin("apply", shop)
	db := h.open(nil)
	for _, test := range []struct {
		query   string
		columns string
		want    [][]string
	}{
		{"show databases", "name", [][]string{{"D"}, {"shop.eu"}}},
		{"show schemas in database d", "name database_name", [][]string{{"INFORMATION_SCHEMA", "D"}, {"S", "D"}}},
		{"show tables in schema d.s", "name kind comment cluster_by rows owner change_tracking", [][]string{{"ORDERS", "TABLE", "all of them", "LINEAR(ID)", "2", "SYSADMIN", "ON"}, {"order", "TABLE", "", "", "1", "SYSADMIN", "OFF"}}},
		{"show tables in account", "database_name name", [][]string{{"D", "ORDERS"}, {"D", "order"}, {"shop.eu", "t"}}},
		{"show tables in database d limit 1", "name", [][]string{{"ORDERS"}}},
		{"show tables in database d limit 10 from 'ORDERS'", "name", [][]string{{"order"}}},
		{"show tables like 'ord%' in account starts with 'ORD'", "name", [][]string{{"ORDERS"}}},
		{"show terse views in schema s", "name text is_secure", [][]string{{"V", "select id from orders", "false"}}},
		{"show views in database d starts with 'T'", "schema_name name", [][]string{{"INFORMATION_SCHEMA", "TABLES"}, {"INFORMATION_SCHEMA", "TABLE_PRIVILEGES"}}},
		{
			"select table_name, column_name, data_type from information_schema.columns where table_schema = 'INFORMATION_SCHEMA' and table_name = 'ENABLED_ROLES' order by ordinal_position",
			"TABLE_NAME COLUMN_NAME DATA_TYPE",
			[][]string{{"ENABLED_ROLES", "ROLE_NAME", "TEXT"}, {"ENABLED_ROLES", "ROLE_OWNER", "TEXT"}},
		},
		{"show objects in schema s", "name kind rows", [][]string{{"ORDERS", "TABLE", "2"}, {"V", "VIEW", "∅"}, {"order", "TABLE", "1"}}},
		{"show columns in table orders", "column_name null? default data_type", [][]string{
			{"ID", "NOT_NULL", "", `{"type":"FIXED","precision":18,"scale":0,"nullable":false}`},
			{"AT", "true", "", `{"type":"TIMESTAMP_NTZ","precision":0,"scale":6,"nullable":true}`},
			{"NOTE", "true", "'none'", `{"type":"TEXT","length":200,"byteLength":800,"nullable":true,"fixed":false}`},
		}},
		{"show primary keys in table orders", "table_name column_name key_sequence", [][]string{{"ORDERS", "ID", "1"}}},
		{"show warehouses", "name state auto_resume resource_monitor", [][]string{{"SLEEPY", "SUSPENDED", "false", "null"}, {"SPENT", "SUSPENDED", "true", "RM"}, {"WH", "STARTED", "true", "null"}}},
		{"show warehouses like 'w_'", "name is_current", [][]string{{"WH", "Y"}}},
		{"show grants to user loader", "role grantee_name", [][]string{{"READER", "LOADER"}}},
		{"show grants", "role", [][]string{{"READER"}}},
		{"show grants of role reader", "granted_to grantee_name", [][]string{{"USER", "LOADER"}}},
		{"show grants on table orders", "privilege granted_on name grantee_name", [][]string{{"OWNERSHIP", "TABLE", "D.S.ORDERS", "SYSADMIN"}, {"SELECT", "TABLE", "D.S.ORDERS", "READER"}, {"INSERT", "TABLE", "D.S.ORDERS", "READER"}}},
		{"show grants on schema d.s", "privilege grantee_name", [][]string{{"OWNERSHIP", "SYSADMIN"}, {"USAGE", "READER"}}},
		{"show future grants in schema d.s", "privilege grant_on name grantee_name", [][]string{{"SELECT", "TABLE", "D.S.<TABLE>", "READER"}, {"SELECT", "VIEW", "D.S.<VIEW>", "READER"}}},
		{"show future grants to role reader", "grant_on", [][]string{{"TABLE"}, {"VIEW"}}},
		{"show parameters like 'timezone' in session", "key value level", [][]string{{"TIMEZONE", "UTC", "SESSION"}}},
		{"describe table orders", "name type null? default primary key", [][]string{{"ID", "NUMBER(18,0)", "N", "∅", "Y"}, {"AT", "TIMESTAMP_NTZ(6)", "Y", "∅", "N"}, {"NOTE", "VARCHAR(200)", "Y", "'none'", "N"}}},
		{`select "name", "rows" from table(result_scan(last_query_id())) where "kind" = 'X'`, "name rows", [][]string{}},
		{
			"select table_name, column_name, ordinal_position, is_nullable, data_type, numeric_precision, character_maximum_length, datetime_precision, comment from d.information_schema.columns where table_name = 'ORDERS' order by ordinal_position",
			"TABLE_NAME COLUMN_NAME ORDINAL_POSITION IS_NULLABLE DATA_TYPE NUMERIC_PRECISION CHARACTER_MAXIMUM_LENGTH DATETIME_PRECISION COMMENT",
			[][]string{
				{"ORDERS", "ID", "1", "NO", "NUMBER", "18", "∅", "∅", "key"}, {"ORDERS", "AT", "2", "YES", "TIMESTAMP_NTZ", "∅", "∅", "6", "∅"}, {"ORDERS", "NOTE", "3", "YES", "TEXT", "∅", "200", "∅", "∅"},
			},
		},
		{"select schema_name from d.information_schema.schemata order by 1", "SCHEMA_NAME", [][]string{{"INFORMATION_SCHEMA"}, {"S"}}},
		{"select table_name, view_definition from information_schema.views where table_schema = 'S'", "TABLE_NAME VIEW_DEFINITION", [][]string{{"V", "select id from orders"}}},
		{"select privilege_type from information_schema.table_privileges where table_name = 'ORDERS' order by 1", "PRIVILEGE_TYPE", [][]string{{"INSERT"}, {"SELECT"}}},
		{`select "select", "a.b", "q""q", "漢" from "D"."S"."order"`, `select a.b q"q 漢`, [][]string{{"s", "d", "q", "u"}}},
		{`select a from "shop.eu"."Ünï ""x"""."t"`, "A", [][]string{{"7"}}},
	} {
		t.Run(test.query, func(t *testing.T) {
			names := strings.Fields(test.columns)
			if strings.HasSuffix(test.columns, "primary key") {
				names = append(names[:len(names)-2], "primary key")
			}
			if strings.Contains(test.query, "result_scan") {
				if _, err := rows(t, db, t.Context(), "show tables"); err != nil {
					t.Fatal(err)
				}
				got, err := rows(t, db, t.Context(), test.query)
				if err != nil || len(got) != 0 {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			got, err := pick(t, db, test.query, names...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStructured(t *testing.T) {
	h := seeded(t)
	h.admin("apply", `{"tables": [{"database": "D", "schema": "S", "name": "NESTED", "columns": [
		{"name": "O", "type": "object(n number(5,0), \"In ner\" array(varchar(9) not null))"}, {"name": "M", "type": "MAP(VARCHAR, FLOAT)"}]}]}`)
	db := h.open(nil)
	for _, test := range []struct {
		query, column string
		want          [][]string
	}{
		{"describe table nested", "type", [][]string{{`OBJECT(n NUMBER(5,0), "In ner" ARRAY(VARCHAR(9) NOT NULL))`}, {"MAP(VARCHAR(16777216), FLOAT)"}}},
		{"show columns in table nested", "data_type", [][]string{
			{`{"type":"OBJECT","fields":[{"fieldName":"n","fieldType":{"type":"FIXED","precision":5,"scale":0,"nullable":true}},{"fieldName":"In ner","fieldType":{"type":"ARRAY","elementType":{"type":"TEXT","length":9,"byteLength":36,"nullable":false,"fixed":false},"nullable":true}}],"nullable":true}`},
			{`{"type":"MAP","keyType":{"type":"TEXT","length":16777216,"byteLength":16777216,"nullable":false,"fixed":false},"valueType":{"type":"REAL","nullable":true},"nullable":true}`},
		}},
		{"select dtd_identifier from information_schema.columns where table_name = 'NESTED'", "DTD_IDENTIFIER", [][]string{{"1"}, {"2"}}},
	} {
		got, err := pick(t, db, test.query, test.column)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.query, diff)
		}
	}
}

func TestRefusals(t *testing.T) {
	h := seeded(t)
	h.admin("apply", shop)
	h.admin("apply", `{"tables": [{"database": "D", "schema": "S", "name": "WRITE_ONLY", "columns": [{"name": "A", "type": "INT"}]}],
		"revokes": [{"privilege": "SELECT", "on": "TABLE", "database": "D", "schema": "S", "name": "WRITE_ONLY", "to": "READER"}],
		"grants": [{"privilege": "INSERT", "on": "TABLE", "database": "D", "schema": "S", "name": "WRITE_ONLY", "to": "READER"}]}`)
	for _, test := range []struct {
		query, warehouse string
		code             int
		state            string
	}{
		{"select * from nope", "", 2003, "42S02"},
		{"select * from write_only", "", 3001, "42501"},
		{"select * from secret.public.t", "", 2003, "02000"},
		{"select * from d.public.unseen", "", 2003, "02000"},
		{"select nope from orders", "", 904, "42000"},
		{"select from orders", "", 1003, "42000"},
		{"selec 1", "", 3001, "42501"},
		{"select * from orders where", "", 1003, "42000"},
		{"select 1; drop table orders;", "", 8, "0A000"},
		{"alter session set go_query_result_format = json", "", 2, "0A000"},
		{"select 'x'::int", "", 100038, "22018"},
		{"select h3_cell(1)", "", 2, "0A000"},
		{"select * from orders", "SLEEPY", 606, "57P03"},
		{"select * from orders", "SPENT", 90073, "22000"},
		{"show tables in database secret", "", 2043, "02000"},
		{"describe table nope", "", 2003, "42S02"},
		{"insert into orders values (1)", "", 3001, "42501"},
		{"alter warehouse wh resume", "", 3001, "42501"},
	} {
		t.Run(test.query+" "+test.warehouse, func(t *testing.T) {
			db := h.open(func(c *sf.Config) { c.Warehouse = test.warehouse })
			_, err := rows(t, db, t.Context(), test.query)
			if n, state := code(err); n != test.code || state != test.state {
				t.Errorf("%d %s, want %d %s: %v", n, state, test.code, test.state, err)
			}
		})
	}
	t.Run("no warehouse", func(t *testing.T) {
		h.admin("apply", `{"users": [{"name": "BARE", "password": "pw", "roles": ["READER"], "default_role": "READER"}]}`)
		db := h.open(func(c *sf.Config) { c.User = "bare" })
		if _, err := rows(t, db, t.Context(), "select * from d.s.orders"); !hasCode(err, 606) {
			t.Errorf("without a warehouse: %v", err)
		}
		if _, err := rows(t, db, t.Context(), "select * from orders"); !hasCode(err, 90105) {
			t.Errorf("without a database: %v", err)
		}
		if _, err := rows(t, db, t.Context(), "select current_version()"); err != nil {
			t.Errorf("without tables: %v", err)
		}
	})
	t.Run("injected", func(t *testing.T) {
		h.admin("faults", `{"query": {"code": "000625", "sql_state": "57014", "message": "busy"}}`)
		if _, err := rows(t, h.open(nil), t.Context(), "select 1"); !hasCode(err, 625) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("mutations", func(t *testing.T) {
		var mutations []struct{ Text string }
		h.get("mutations", &mutations)
		var got []string
		for _, m := range mutations {
			got = append(got, m.Text)
		}
		if diff := cmp.Diff([]string{"selec 1", "insert into orders values (1)", "alter warehouse wh resume"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestPrivileges follows what a role sees as grants come and go.
func TestPrivileges(t *testing.T) {
	h := seeded(t)
	h.admin("apply", `{"roles": [{"name": "BASE"}], "tables": [
		{"database": "D", "schema": "PUBLIC", "name": "HIDDEN", "columns": [{"name": "A", "type": "INT"}], "rows": [[1]]},
		{"database": "D", "schema": "S", "name": "WINDOW_ON_IT", "query": "select a from d.public.hidden"}],
		"grants": [{"privilege": "USAGE", "on": "SCHEMA", "database": "D", "schema": "PUBLIC", "to": "BASE"}, {"privilege": "SELECT", "on": "TABLE", "database": "D", "schema": "PUBLIC", "name": "HIDDEN", "to": "BASE"}]}`)
	db := h.open(nil)
	for _, step := range []struct {
		name, change string
		direct       int
		listed       string
	}{
		{"by the view alone", `{}`, 2003, "0"},
		{"by a role of the role", `{"roles": [{"name": "BASE", "to_roles": ["READER"]}]}`, 0, "1"},
		{"not any more", `{"roles": [{"name": "BASE", "from_roles": ["READER"]}]}`, 2003, "0"},
		{"by a role of the user's that is not in use", `{"roles": [{"name": "BASE", "to_users": ["LOADER"]}]}`, 2003, "0"},
	} {
		h.admin("apply", step.change)
		if got, err := rows(t, db, t.Context(), "select * from window_on_it"); err != nil || got[0][0] != "1" {
			t.Errorf("%s: through the view: %v, %v", step.name, got, err)
		}
		if _, err := rows(t, db, t.Context(), "select * from public.hidden"); !hasCode(err, step.direct) {
			t.Errorf("%s: %v, want code %d", step.name, err, step.direct)
		}
		got, err := rows(t, db, t.Context(), "select count(*) from information_schema.tables where table_name = 'HIDDEN'")
		if err != nil || got[0][0] != step.listed {
			t.Errorf("%s: listed %v times, %v", step.name, got, err)
		}
	}
	if _, err := rows(t, db, t.Context(), "use secondary roles all"); err != nil {
		t.Fatal(err)
	}
	if _, err := rows(t, db, t.Context(), "select * from public.hidden"); err != nil {
		t.Errorf("by a secondary role: %v", err)
	}
}

func TestTimeTravel(t *testing.T) {
	h := seeded(t)
	db := h.open(nil)
	before := time.Now().Add(-time.Hour).UTC()
	h.admin("apply", `{"tables": [{"database": "D", "schema": "S", "name": "T", "columns": [{"name": "A", "type": "INT"}], "rows": [[1], [2]]},
		{"database": "D", "schema": "S", "name": "W", "query": "select a from t"}]}`)
	count := func(clause string, args ...any) string {
		t.Helper()
		got, err := rows(t, db, t.Context(), "select count(*), sum(a) from t "+clause, args...)
		if err != nil {
			return err.Error()
		}
		return strings.Join(got[0], " ")
	}
	if got := count(""); got != "2 3" {
		t.Fatal(got)
	}
	if _, err := rows(t, db, t.Context(), "select a, a * 2 as twice from t"); err != nil {
		t.Fatal(err)
	}
	scan := scanOf(t, db)
	ids, err := rows(t, db, t.Context(), "select last_query_id(), to_varchar(1)")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC()
	h.admin("rows", `{"database": "D", "schema": "S", "table": "T", "delete": "\"A\" = 1", "rows": [[10]]}`)
	for _, test := range []struct{ clause, want string }{
		{"", "2 12"},
		{fmt.Sprintf("at(timestamp => '%s'::timestamp_ltz)", at.Format("2006-01-02 15:04:05.999999999 -07:00")), "2 3"},
		{fmt.Sprintf("at(timestamp => to_timestamp_tz('%s')) as old where a > 1", at.Format(time.RFC3339Nano)), "1 2"},
		{fmt.Sprintf("at(statement => '%s')", ids[0][0]), "2 3"},
		{fmt.Sprintf("before(statement => '%s')", ids[0][0]), "2 3"},
	} {
		if got := count(test.clause); got != test.want {
			t.Errorf("%s: %s, want %s", test.clause, got, test.want)
		}
	}
	scanned, err := rows(t, db, t.Context(), "select count(*), max(twice) from "+scan+" where a > 1")
	if err != nil || strings.Join(scanned[0], " ") != "1 4" {
		t.Errorf("a result as it was: %v, %v", scanned, err)
	}
	viewed, err := rows(t, db, t.Context(), fmt.Sprintf("select sum(a) from w at(timestamp => '%s'::timestamp_tz)", at.Format("2006-01-02 15:04:05.999999999 -07:00")))
	if err != nil || viewed[0][0] != "3" {
		t.Errorf("a view as it was: %v, %v", viewed, err)
	}
	_, err = rows(t, db, t.Context(), "select * from t at(timestamp => '"+before.Format("2006-01-02 15:04:05")+"'::timestamp_ntz)")
	if !hasCode(err, 707) {
		t.Errorf("before its creation: %v", err)
	}
}

// scanOf is the result of the last query, after FROM.
func scanOf(t *testing.T, db *sql.DB) string {
	t.Helper()
	id, err := rows(t, db, t.Context(), "select last_query_id()")
	if err != nil {
		t.Fatal(err)
	}
	return "table(result_scan('" + id[0][0] + "'))"
}

func TestManyTables(t *testing.T) {
	h := seeded(t)
	var columns []string
	for i := range 50 {
		columns = append(columns, fmt.Sprintf(`{"name": "C%d", "type": "VARCHAR(100)"}`, i))
	}
	began := time.Now()
	h.admin("apply", fmt.Sprintf(`{"tables": [{"database": "D", "schema": "S", "name": "T_%%05d", "count": 20000, "columns": [%s]}]}`, strings.Join(columns, ",")))
	t.Logf("created in %v", time.Since(began))
	db := h.open(nil)
	began = time.Now()
	got, err := rows(t, db, t.Context(), "select count(*), max(table_name) from information_schema.columns where table_schema = 'S'")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"1000000", "T_19999"}}, got); diff != "" {
		t.Error(diff)
	}
	t.Logf("counted in %v", time.Since(began))
	began = time.Now()
	page, err := rows(t, db, t.Context(), "select * from information_schema.columns where table_schema = 'S' and (table_name, ordinal_position) > ('T_10000', 3) order by table_name, ordinal_position limit 5000")
	if err != nil || len(page) != 5000 {
		t.Errorf("page of %d columns, %v", len(page), err)
	}
	t.Logf("paged in %v", time.Since(began))
	began = time.Now()
	first, err := pick(t, db, "show tables in schema d.s", "name")
	if err != nil || len(first) != 10000 {
		t.Fatalf("%d tables, %v", len(first), err)
	}
	rest, err := pick(t, db, "show tables in schema d.s limit 10000 from '"+first[9999][0]+"'", "name")
	if err != nil || len(rest) != 10000 || rest[0][0] != "T_10000" {
		t.Errorf("%d more tables, %v", len(rest), err)
	}
	t.Logf("shown twice in %v", time.Since(began))
	if got, err := rows(t, db, t.Context(), "select count(*) from t_00007"); err != nil || got[0][0] != "0" {
		t.Errorf("an empty table has %v rows, %v", got, err)
	}
}
