package snowflake_test

import (
	"maps"
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
)

const (
	user      = "HEADWATER"
	role      = "READER"
	warehouse = "WH"
	database  = "CRM"
	password  = "canary/pass word+1"
)

func column(name, native string) object { return object{"name": name, "type": native} }

// fill makes the account that most tests read: a big table, one of all types,
// one of odd names, and a view.
func fill(t testing.TB, s *service) {
	t.Helper()
	s.admin(t, "settings", object{"inline_rows": 100, "chunk_rows": 400})
	s.admin(t, "apply", object{
		"roles": []object{{"name": role}},
		"users": []object{{
			"name": user, "password": password, "public_keys": []string{publicPEM(rsaKeys()[0])},
			"roles": []string{role}, "default_role": "PUBLIC",
		}},
		"warehouses": []object{{"name": warehouse, "suspended": true}},
		"databases":  []object{{"name": database}, {"name": "OTHER"}},
		"schemas":    []object{{"database": database, "name": "SALES"}, {"database": database, "name": "odd.schema"}, {"database": "OTHER", "name": "SALES"}},
		"tables": []object{
			{
				"database": database, "schema": "SALES", "name": "EVENTS", "comment": "what happened", "cluster_by": "LINEAR(ID)", "primary_key": []string{"ID"},
				"columns": []object{
					{"name": "ID", "type": "NUMBER(18,0)", "not_null": true},
					column("NAME", "VARCHAR(40)"),
					column("AMOUNT", "NUMBER(10,2)"), column("AT", "TIMESTAMP_NTZ(6)"),
				},
				"select": `SELECT i, CASE WHEN i % 10 = 0 THEN NULL ELSE 'name-' || i END, i / 7, TIMESTAMP '2024-01-01' + to_minutes(i) FROM range(4000) r(i)`,
			},
			{"database": database, "schema": "SALES", "name": "TYPES", "columns": typeColumns, "rows": typeRows},
			{
				"database": database, "schema": "odd.schema", "name": `say "hi"`,
				"columns": []object{column("select", "VARCHAR(10)"), column(`a"b`, "NUMBER(5,0)"), column("größe.x", "BOOLEAN"), column("Mixed Case", "DATE")},
				"rows":    [][]any{{"", 1, true, "1969-12-31"}, {nil, nil, nil, nil}, {`it's \n "x"`, -2, false, "0001-01-01"}},
			},
			{"database": database, "schema": "SALES", "name": "RECENT", "columns": []object{column("ID", "NUMBER(18,0)"), column("NAME", "VARCHAR(40)")}, "query": `SELECT ID, NAME FROM CRM.SALES.EVENTS WHERE ID < 3`},
			{"database": "OTHER", "schema": "SALES", "name": "OUTSIDE", "columns": []object{column("ID", "NUMBER(18,0)")}},
		},
		"grants": []object{
			{"privilege": "USAGE", "on": "WAREHOUSE", "name": warehouse, "to": role},
			{"privilege": "USAGE", "on": "DATABASE", "database": database, "to": role},
			{"privilege": "USAGE", "on": "SCHEMA", "database": database, "schema": "SALES", "to": role},
			{"privilege": "USAGE", "on": "SCHEMA", "database": database, "schema": "odd.schema", "to": role},
			{"privilege": "SELECT", "on": "ALL TABLES", "database": database, "schema": "SALES", "to": role},
			{"privilege": "SELECT", "on": "ALL VIEWS", "database": database, "schema": "SALES", "to": role},
			{"privilege": "SELECT", "on": "ALL TABLES", "database": database, "schema": "odd.schema", "to": role},
			{"privilege": "SELECT", "on": "DATABASE", "database": database, "future": "TABLE", "to": role},
			{"privilege": "SELECT", "on": "DATABASE", "database": database, "future": "VIEW", "to": role},
		},
	})
}

var typeColumns = []object{
	{"name": "N", "type": "NUMBER(5,0)", "not_null": true},
	column("BIG", "NUMBER(18,0)"), column("WIDE", "NUMBER(38,0)"), column("MONEY", "NUMBER(10,2)"), column("EXACT", "NUMBER(38,9)"),
	column("F", "FLOAT"), column("S", "VARCHAR"), column("B", "BINARY"), column("OK", "BOOLEAN"), column("D", "DATE"),
	column("T0", "TIME(0)"), column("T3", "TIME(3)"), column("T6", "TIME(6)"), column("T9", "TIME(9)"),
	column("NTZ3", "TIMESTAMP_NTZ(3)"), column("NTZ6", "TIMESTAMP_NTZ(6)"), column("NTZ9", "TIMESTAMP_NTZ(9)"),
	column("LTZ6", "TIMESTAMP_LTZ(6)"), column("LTZ9", "TIMESTAMP_LTZ(9)"), column("TZ3", "TIMESTAMP_TZ(3)"), column("TZ9", "TIMESTAMP_TZ(9)"),
	column("V", "VARIANT"), column("O", "OBJECT"), column("A", "ARRAY"), column("G", "GEOGRAPHY"), column("VEC", "VECTOR(FLOAT, 3)"),
	column("SO", "OBJECT(city VARCHAR(20), zip NUMBER(5,0))"), column("SA", "ARRAY(OBJECT(sku VARCHAR(8)))"), column("M", "MAP(VARCHAR(10), NUMBER(5,2))"),
}

var typeRows = [][]any{
	{
		1, "9007199254740993", "99999999999999999999999999999999999999", "12.30", "-12345678901234567890123456789.123456789",
		0.1, "häß'lich\\ \"x\"", "00ff10", true, "2024-02-29",
		"23:59:59", "23:59:59.999", "00:00:00.000001", "12:34:56.123456789",
		"1969-12-31 23:59:59.999", "2024-02-29 12:00:00.123456", "1969-12-31 23:59:59.999999999",
		"2024-02-29 12:00:00.123456", "2024-02-29 12:00:00.123456789", "2024-02-29 12:00:00.123 +02:00", "2024-02-29 12:00:00.123456789 -08:00",
		object{"a": []any{1, 2.5, "x y"}, "n": nil},
		object{"k": "v"},
		[]any{1, nil, "two"},
		object{"coordinates": []any{1, 2}, "type": "Point"},
		[]any{1, 0.25, -3},
		object{"city": "Köln", "zip": 50667},
		[]any{object{"sku": "a"}, object{"sku": "b"}},
		object{"k": 1.25},
	},
	{
		2, "-9007199254740993", "-99999999999999999999999999999999999999", "-0.01", "1.000000001",
		"NaN", "", "", false, "0001-01-01",
		"00:00:00", "00:00:00.000", "23:59:59.999999", "00:00:00.000000001",
		"0001-01-01 00:00:00.000", "1582-10-04 00:00:00.000001", "1970-01-01 00:00:00.000000001",
		"1969-07-20 20:17:40.000001", "1969-07-20 20:17:40.000000001", "1969-07-20 20:17:40.001 -05:00", "1969-07-20 20:17:40.000000001 +05:30",
		object{"$json": nil},
		object{},
		[]any{},
		object{"coordinates": []any{0.5, -0.5}, "type": "Point"},
		[]any{0, 0, 0},
		object{"city": nil, "zip": 1},
		[]any{},
		object{},
	},
	{3, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil},
	{4, 0, 0, 0, 0, "Infinity", " ", "20", true, "9999-12-31", "12:00:00", "12:00:00.5", "12:00:00.5", "12:00:00.5", nil, nil, nil, nil, nil, nil, nil, 5, nil, nil, nil, nil, nil, nil, nil},
	{5, 1, 1, 1, 1, "-Infinity", "z", "21", false, "1970-01-01", nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, "text", nil, nil, nil, nil, nil, nil, nil},
}

// config is a connection that works.
func config() source.Config {
	return source.Config{
		Settings: map[string]any{
			"account": "acme-main", "user": user, "role": role, "warehouse": warehouse, "databases": database,
		},
		Credential: source.Credential{Method: "key_pair", Fields: map[string]source.Secret{
			"private_key": source.Secret(privatePEM(rsaKeys()[0])),
		}},
		Connection: "con_1", Workspace: "acme",
	}
}

// with changes settings.
func with(settings map[string]any) source.Config {
	cfg := config()
	maps.Copy(cfg.Settings, settings)
	return cfg
}

// by changes the way of logging in.
func by(method string, fields map[string]source.Secret) source.Config {
	cfg := config()
	cfg.Credential = source.Credential{Method: method, Fields: fields}
	return cfg
}
