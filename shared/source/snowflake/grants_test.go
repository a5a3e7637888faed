package snowflake_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// Each grant that is missing fails exactly the check that is about it, with
// the statement that gives it in the remedy.
func TestMissingGrants(t *testing.T) {
	usage := func(on string, more object) object {
		g := object{"privilege": "USAGE", "on": on, "to": role}
		maps.Copy(g, more)
		return g
	}
	for name, test := range map[string]struct {
		revokes  []object
		grants   []object
		settings map[string]any
		check    string
		code     fault.Code
		warns    bool
		remedy   string
	}{
		"warehouse": {
			revokes: []object{usage("WAREHOUSE", object{"name": warehouse})},
			check:   "snowflake.warehouse_usage", code: fault.SourcePermission, remedy: `GRANT USAGE ON WAREHOUSE "WH" TO ROLE "READER";`,
		},
		"warehouse, only monitored": {
			revokes: []object{usage("WAREHOUSE", object{"name": warehouse})},
			grants:  []object{{"privilege": "MONITOR", "on": "WAREHOUSE", "name": warehouse, "to": role}},
			check:   "snowflake.warehouse_usage", code: fault.SourcePermission, remedy: `GRANT USAGE ON WAREHOUSE "WH" TO ROLE "READER";`,
		},
		"database": {
			revokes: []object{usage("DATABASE", object{"database": database})},
			check:   "snowflake.database_usage", code: fault.SourcePermission, remedy: `GRANT USAGE ON DATABASE "CRM" TO ROLE "READER";`,
		},
		"one schema of two": {
			revokes:  []object{usage("SCHEMA", object{"database": database, "schema": "odd.schema"})},
			settings: map[string]any{"schemas": `SALES, "odd.schema"`},
			check:    "snowflake.schema_usage", code: fault.SourcePermission, remedy: `GRANT USAGE ON SCHEMA "CRM"."odd.schema" TO ROLE "READER";`,
		},
		"all tables and views": {
			revokes: []object{
				{"privilege": "SELECT", "on": "ALL TABLES", "database": database, "schema": "SALES", "to": role},
				{"privilege": "SELECT", "on": "ALL VIEWS", "database": database, "schema": "SALES", "to": role},
				{"privilege": "SELECT", "on": "ALL TABLES", "database": database, "schema": "odd.schema", "to": role},
			},
			check: "snowflake.select_tables", code: fault.SourcePermission, remedy: `GRANT SELECT ON ALL TABLES IN DATABASE "CRM" TO ROLE "READER";`,
		},
		"a table that is seen": {
			revokes: []object{{"privilege": "SELECT", "on": "TABLE", "database": database, "schema": "SALES", "name": "EVENTS", "to": role}},
			grants:  []object{{"privilege": "REFERENCES", "on": "TABLE", "database": database, "schema": "SALES", "name": "EVENTS", "to": role}},
			check:   "snowflake.select_tables", code: fault.SourcePermission, remedy: `GRANT SELECT ON ALL TABLES IN DATABASE "CRM" TO ROLE "READER";`,
		},
		"a view that is seen": {
			revokes: []object{{"privilege": "SELECT", "on": "VIEW", "database": database, "schema": "SALES", "name": "RECENT", "to": role}},
			grants:  []object{{"privilege": "REFERENCES", "on": "VIEW", "database": database, "schema": "SALES", "name": "RECENT", "to": role}},
			check:   "snowflake.select_views", code: fault.SourcePermission, remedy: `GRANT SELECT ON ALL VIEWS IN DATABASE "CRM" TO ROLE "READER";`,
		},
		"future tables": {
			revokes: []object{{"privilege": "SELECT", "on": "DATABASE", "database": database, "future": "TABLE", "to": role}},
			check:   "snowflake.future_tables", warns: true, remedy: `GRANT SELECT ON FUTURE TABLES IN DATABASE "CRM" TO ROLE "READER";`,
		},
		"future views": {
			revokes: []object{{"privilege": "SELECT", "on": "DATABASE", "database": database, "future": "VIEW", "to": role}},
			check:   "snowflake.future_views", warns: true, remedy: `GRANT SELECT ON FUTURE VIEWS IN DATABASE "CRM" TO ROLE "READER";`,
		},
		"future tables hidden by the schema's": {
			grants:   []object{{"privilege": "INSERT", "on": "SCHEMA", "database": database, "schema": "SALES", "future": "TABLE", "to": role}},
			settings: map[string]any{"schemas": "SALES"},
			check:    "snowflake.future_tables", warns: true, remedy: `GRANT SELECT ON FUTURE TABLES IN SCHEMA "CRM"."SALES" TO ROLE "READER";`,
		},
		"a right to write": {
			grants: []object{{"privilege": "INSERT", "on": "TABLE", "database": database, "schema": "SALES", "name": "EVENTS", "to": role}},
			check:  "snowflake.over_privilege", warns: true, remedy: `GRANT USAGE ON WAREHOUSE "WH" TO ROLE "READER";`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			fill(t, s)
			s.admin(t, "apply", object{"grants": test.grants, "revokes": test.revokes})
			list := check(t, s.endpoints, with(test.settings))
			failed := failing(list)
			if test.warns && len(failed) > 0 || !test.warns && (len(failed) != 1 || failed[test.check] != test.code) {
				t.Errorf("failing checks: %v, want %s", failed, test.check)
			}
			for _, r := range list {
				if r.Name != test.check {
					continue
				}
				if test.warns && r.Outcome != source.Warn {
					t.Errorf("%s: %s", r.Name, r.Outcome)
				}
				if r.Remedy == nil || !strings.Contains(r.Remedy.Snippet, test.remedy) {
					t.Errorf("%s: remedy %+v, want %s", r.Name, r.Remedy, test.remedy)
				}
			}
		})
	}
}

// A warehouse that does not run when it is needed is told from one that the
// role may not use.
func TestWarehouseResumes(t *testing.T) {
	s := start(t)
	fill(t, s)
	for name, test := range map[string]struct {
		warehouse object
		code      fault.Code
		remedy    string
	}{
		"suspended, resumes": {object{"suspended": true}, "", ""},
		"suspended for good": {object{"suspended": true, "auto_resume": false}, fault.SourceInvalidConfig, "SET AUTO_RESUME = TRUE"},
		"out of credits":     {object{"suspended": true, "resource_monitor": "LIMIT", "quota_exceeded": true}, fault.SourceQuota, "CREDIT_QUOTA"},
	} {
		t.Run(name, func(t *testing.T) {
			test.warehouse["name"] = warehouse
			s.admin(t, "apply", object{
				"warehouses": []object{test.warehouse},
				"grants":     []object{{"privilege": "USAGE", "on": "WAREHOUSE", "name": warehouse, "to": role}},
			})
			list := check(t, s.endpoints, config())
			if got := failing(list); got["snowflake.warehouse_resume"] != test.code || len(got) > 1 {
				t.Errorf("failing checks: %v, want warehouse_resume with %q", got, test.code)
			}
			for _, r := range list {
				if r.Name == "snowflake.warehouse_resume" && test.remedy != "" && (r.Remedy == nil || !strings.Contains(r.Remedy.Snippet, test.remedy)) {
					t.Errorf("remedy %+v", r.Remedy)
				}
				if r.Name == "snowflake.discover" && test.code != "" && !strings.Contains(r.Detail, "SHOW") {
					t.Errorf("discovery goes %s", r.Detail)
				}
			}
		})
	}
}

// What comes by an inherited role counts as the role's own; what comes by a
// secondary role only does not count; administrators' roles are named.
func TestInheritedPrivileges(t *testing.T) {
	s := start(t)
	fill(t, s)
	moved := object{"privilege": "USAGE", "on": "WAREHOUSE", "name": warehouse, "to": "PARENT"}
	s.admin(t, "apply", object{
		"roles":   []object{{"name": "PARENT", "to_roles": []string{role}}, {"name": "SIDE"}},
		"grants":  []object{moved},
		"revokes": []object{{"privilege": "USAGE", "on": "WAREHOUSE", "name": warehouse, "to": role}},
	})
	if got := results(t, s.endpoints, config())["snowflake.warehouse_usage"]; got.Outcome != source.Pass {
		t.Errorf("inherited: %+v", got)
	}
	s.admin(t, "apply", object{
		"users": []object{{
			"name": user, "public_keys": []string{publicPEM(rsaKeys()[0])}, "roles": []string{role, "SIDE"}, "secondary_roles": true,
		}},
		"grants":  []object{{"privilege": "USAGE", "on": "WAREHOUSE", "name": warehouse, "to": "SIDE"}},
		"revokes": []object{moved},
	})
	got := results(t, s.endpoints, config())["snowflake.warehouse_usage"]
	if got.Outcome != source.Fail || got.Code != string(fault.SourcePermission) || got.Remedy == nil {
		t.Errorf("by a secondary role: %+v", got)
	}
	s.admin(t, "apply", object{"users": []object{{"name": user, "public_keys": []string{publicPEM(rsaKeys()[0])}, "roles": []string{"ACCOUNTADMIN"}}}})
	got = results(t, s.endpoints, with(map[string]any{"role": "ACCOUNTADMIN"}))["snowflake.over_privilege"]
	if got.Outcome != source.Warn || !strings.Contains(got.Detail, "ACCOUNTADMIN") {
		t.Errorf("as ACCOUNTADMIN: %+v", got)
	}
}

// The statements name exactly what they are for, quoted as SQL wants it.
func TestGrants(t *testing.T) {
	settings := map[string]any{
		"user": "etl@acme.com", "role": `"Read only"`, "warehouse": "wh", "databases": `crm, "Raw ""1"""`, "schemas": `public, CRM."A.B"`,
	}
	text := func(tables ...string) string {
		grants, err := catalog.Grants("snowflake", source.GrantRequest{Settings: settings, Method: "key_pair", Tables: tables, Kinds: map[string]schema.Kind{
			"CRM.PUBLIC.ORDERS": schema.BaseTable, "CRM.PUBLIC.RECENT": schema.View, "CRM.PUBLIC.KEPT": schema.MaterializedView,
			"CRM.PUBLIC.FRESH": schema.DynamicTable, `CRM.PUBLIC."out.side"`: schema.External,
		}})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, g := range grants {
			all = append(all, g.Text)
		}
		return strings.Join(all, "\n")
	}
	for name, test := range map[string]struct{ got, want string }{
		"everything": {text(), `CREATE ROLE IF NOT EXISTS "Read only";
GRANT ROLE "Read only" TO USER "etl@acme.com";
GRANT USAGE ON WAREHOUSE "WH" TO ROLE "Read only";
GRANT USAGE ON DATABASE "CRM" TO ROLE "Read only";
GRANT USAGE ON SCHEMA "CRM"."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON ALL TABLES IN SCHEMA "CRM"."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON ALL VIEWS IN SCHEMA "CRM"."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON FUTURE TABLES IN SCHEMA "CRM"."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON FUTURE VIEWS IN SCHEMA "CRM"."PUBLIC" TO ROLE "Read only";
GRANT USAGE ON SCHEMA "CRM"."A.B" TO ROLE "Read only";
GRANT SELECT ON ALL TABLES IN SCHEMA "CRM"."A.B" TO ROLE "Read only";
GRANT SELECT ON ALL VIEWS IN SCHEMA "CRM"."A.B" TO ROLE "Read only";
GRANT SELECT ON FUTURE TABLES IN SCHEMA "CRM"."A.B" TO ROLE "Read only";
GRANT SELECT ON FUTURE VIEWS IN SCHEMA "CRM"."A.B" TO ROLE "Read only";
GRANT USAGE ON DATABASE "Raw ""1""" TO ROLE "Read only";
GRANT USAGE ON SCHEMA "Raw ""1"""."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON ALL TABLES IN SCHEMA "Raw ""1"""."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON ALL VIEWS IN SCHEMA "Raw ""1"""."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON FUTURE TABLES IN SCHEMA "Raw ""1"""."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON FUTURE VIEWS IN SCHEMA "Raw ""1"""."PUBLIC" TO ROLE "Read only";`},
		"one table": {text(`CRM.PUBLIC."say ""hi"""`), `CREATE ROLE IF NOT EXISTS "Read only";
GRANT ROLE "Read only" TO USER "etl@acme.com";
GRANT USAGE ON WAREHOUSE "WH" TO ROLE "Read only";
GRANT USAGE ON DATABASE "CRM" TO ROLE "Read only";
GRANT USAGE ON SCHEMA "CRM"."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON TABLE "CRM"."PUBLIC"."say ""hi""" TO ROLE "Read only";`},
		"every kind": {text("CRM.PUBLIC.ORDERS", "CRM.PUBLIC.RECENT", "CRM.PUBLIC.KEPT", "CRM.PUBLIC.FRESH", `CRM.PUBLIC."out.side"`), `CREATE ROLE IF NOT EXISTS "Read only";
GRANT ROLE "Read only" TO USER "etl@acme.com";
GRANT USAGE ON WAREHOUSE "WH" TO ROLE "Read only";
GRANT USAGE ON DATABASE "CRM" TO ROLE "Read only";
GRANT USAGE ON SCHEMA "CRM"."PUBLIC" TO ROLE "Read only";
GRANT SELECT ON TABLE "CRM"."PUBLIC"."ORDERS" TO ROLE "Read only";
GRANT SELECT ON VIEW "CRM"."PUBLIC"."RECENT" TO ROLE "Read only";
GRANT SELECT ON MATERIALIZED VIEW "CRM"."PUBLIC"."KEPT" TO ROLE "Read only";
GRANT SELECT ON DYNAMIC TABLE "CRM"."PUBLIC"."FRESH" TO ROLE "Read only";
GRANT SELECT ON EXTERNAL TABLE "CRM"."PUBLIC"."out.side" TO ROLE "Read only";`},
	} {
		if test.got != test.want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, test.got, test.want)
		}
	}
}

// A workload identity needs a role that the deployment may assume, and a user
// that is bound to it; other ways of logging in need neither.
func TestGrantsOfAWorkload(t *testing.T) {
	req := source.GrantRequest{
		Settings: map[string]any{"user": "etl", "role": "reader", "warehouse": "wh", "databases": "crm"},
		Method:   "workload_identity", Principal: "123456789012", Identity: ownRole,
	}
	got := catalog.SnowflakeGrants(req)
	var policy struct {
		Statement []struct {
			Effect, Action string
			Principal      map[string]string
		}
	}
	if len(got) < 3 || got[0].Language != "trust_policy" || json.Unmarshal([]byte(got[0].Text), &policy) != nil {
		t.Fatalf("got %+v", got)
	}
	if s := policy.Statement; len(s) != 1 || s[0].Effect != "Allow" || s[0].Action != "sts:AssumeRole" || s[0].Principal["AWS"] != "123456789012" {
		t.Errorf("trust policy %s", got[0].Text)
	}
	const want = `ALTER USER "ETL" SET TYPE = SERVICE WORKLOAD_IDENTITY = (TYPE = AWS ARN = '` + ownRole + `');`
	if got[1].Language != "sql" || got[1].Text != want {
		t.Errorf("%s, want %s", got[1].Text, want)
	}
	req.Method = "key_pair"
	if diff := cmp.Diff(got[2:], catalog.SnowflakeGrants(req)); diff != "" {
		t.Errorf("with a key pair (-want +got):\n%s", diff)
	}
}
