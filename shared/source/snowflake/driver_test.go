package snowflake_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/snowflake"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
)

func TestConformance(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("suite", func(t *testing.T) {
		s := start(t)
		fill(t, s)
		sourcetest.Run(t, harness(t, s))
	})
}

func harness(t *testing.T, s *service) sourcetest.Harness {
	invalid := fault.SourceInvalidQuery
	missing := fault.SourceNotFound
	return sourcetest.Harness{
		Driver: snowflake.New(s.endpoints),
		Config: config(),
		Broken: []sourcetest.Broken{
			{
				Name: "unknown key", Check: "snowflake.authenticate", Code: fault.SourceAuthentication,
				Config: by("key_pair", map[string]source.Secret{"private_key": source.Secret(privatePEM(rsaKeys()[2]))}),
			},
			{
				Name: "wrong password", Check: "snowflake.authenticate", Code: fault.SourceAuthentication,
				Config: by("password", map[string]source.Secret{"password": "canary/no word+2"}),
			},
			{Name: "foreign role", Config: with(map[string]any{"role": "ACCOUNTADMIN"}), Check: "snowflake.role", Code: fault.SourcePermission},
			{Name: "no warehouse", Config: with(map[string]any{"warehouse": "NONE"}), Check: "snowflake.warehouse_usage", Code: fault.SourcePermission},
			{Name: "no database", Config: with(map[string]any{"databases": "CRM, NONE"}), Check: "snowflake.database_usage", Code: fault.SourcePermission},
			{Name: "no schema", Config: with(map[string]any{"schemas": "SALES, NONE"}), Check: "snowflake.schema_usage", Code: fault.SourcePermission},
		},
		Tables: []sourcetest.Table{
			{Name: `CRM."odd.schema"."say ""hi"""`, Rows: []string{
				`{"Mixed Case":"1969-12-31","a\"b":1,"größe.x":true,"select":""}`,
				`{"Mixed Case":null,"a\"b":null,"größe.x":null,"select":null}`,
				`{"Mixed Case":"0001-01-01","a\"b":-2,"größe.x":false,"select":"it's \\n \"x\""}`,
			}},
			{Name: "CRM.SALES.EVENTS", Count: 4000},
			{Name: "CRM.SALES.RECENT", Rows: []string{`{"ID":0,"NAME":null}`, `{"ID":1,"NAME":"name-1"}`, `{"ID":2,"NAME":"name-2"}`}},
			{Name: "CRM.SALES.TYPES", Rows: typesRead},
		},
		Types:       schema.Types(),
		TargetBytes: 40_000,
		Counts:      sourcetest.Counts{Rows: true, Filtered: true, Windows: true},
		Mutations:   s.mutations(t),
		Queries: []sourcetest.Query{
			{SQL: `SELECT ID, NAME AS "who" FROM CRM.SALES.EVENTS WHERE ID BETWEEN 9 AND 11 -- the end`, Rows: []string{
				`{"ID":9,"who":"name-9"}`, `{"ID":10,"who":null}`, `{"ID":11,"who":"name-11"}`,
			}},
			{SQL: "DELETE FROM CRM.SALES.EVENTS", Fails: &invalid},
			{SQL: "SELECT 1; DELETE FROM CRM.SALES.EVENTS", Fails: &invalid},
			{SQL: "SELECT 1) ; DROP TABLE CRM.SALES.EVENTS; --", Fails: &invalid},
			{SQL: "SELECT SYSTEM$CANCEL_ALL_QUERIES(1)", Fails: &invalid},
			{SQL: "SELECT NO_SUCH_COLUMN FROM CRM.SALES.EVENTS", Fails: &invalid},
			{SQL: "SELECT * FROM CRM.SALES.NONE", Fails: &missing},
		},
		Interrupt: func(t *testing.T) { s.admin(t, "faults", object{"chunks": "truncated", "count": 1}) },
		Expire:    func(t *testing.T) { s.admin(t, "faults", object{"expire_sessions": "*"}) },
		Change: func(t *testing.T) {
			s.admin(t, "rows", object{"database": database, "schema": "SALES", "table": "EVENTS", "rows": [][]any{{4000, "late", 1, "2025-01-01 00:00:00"}}})
		},
	}
}
