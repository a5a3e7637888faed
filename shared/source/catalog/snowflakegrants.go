package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// SnowflakeGrants are the statements that let the role read some tables, or
// all that the connection covers, those that are still to come included. A
// setting that is not a valid name leaves its statements out.
func SnowflakeGrants(req source.GrantRequest) []source.Grant {
	var grants []source.Grant
	add := func(title string, statements []string) {
		if len(statements) > 0 {
			grants = append(grants, source.Grant{Title: title, Language: "sql", Text: strings.Join(statements, "\n")})
		}
	}
	if req.Method == SnowflakeWorkload {
		grants = append(grants, snowflakeTrust(req))
		add("Bind the user to the role", []string{
			"ALTER USER " + snowflakeUser(req.Text("user")) + " SET TYPE = SERVICE WORKLOAD_IDENTITY = (TYPE = AWS ARN = '" + cmp.Or(req.Identity, unknownRole) + "');",
		})
	}
	role, err := SnowflakeName(req.Text("role"))
	if err != nil {
		return nil
	}
	to := " TO ROLE " + SnowflakeQuote(role) + ";"
	add("Give the role to the user", []string{
		"CREATE ROLE IF NOT EXISTS " + SnowflakeQuote(role) + ";",
		"GRANT ROLE " + SnowflakeQuote(role) + " TO USER " + snowflakeUser(req.Text("user")) + ";",
	})
	if warehouse, err := SnowflakeName(req.Text("warehouse")); err == nil {
		add("Let the role use the warehouse", []string{"GRANT USAGE ON WAREHOUSE " + SnowflakeQuote(warehouse) + to})
	}
	if len(req.Tables) > 0 {
		add("Let the role read the tables", snowflakeTableGrants(req, to))
		return grants
	}
	add("Let the role read all tables and views", snowflakeScopeGrants(req, to))
	return grants
}

const unknownRole = "<ARN of the role>"

// snowflakeTrust lets the deployment assume the AWS role. It assumes it for the
// workspace that the role's name names and for no other.
func snowflakeTrust(req source.GrantRequest) source.Grant {
	type trust struct {
		Sid       string
		Effect    string
		Principal map[string]string
		Action    string
	}
	return source.Grant{
		Title: "Let Headwater assume the AWS role, whose name says which workspace may log in by it: " +
			S3RolePrefix + " and its id, alone or with a dot and more after it",
		Language: "trust_policy",
		Text: policyDocument([]trust{{
			Sid: "HeadwaterAssume", Effect: "Allow",
			Principal: map[string]string{"AWS": cmp.Or(req.Principal, unknownPrincipal)}, Action: "sts:AssumeRole",
		}}),
	}
}

// snowflakeUser writes a login name as the name of a user: plain names are in
// upper case there.
func snowflakeUser(login string) string {
	if name, err := SnowflakeName(login); err == nil {
		return SnowflakeQuote(name)
	}
	return SnowflakeQuote(login)
}

// snowflakeTableGrants name each table by the word for its kind: Snowflake
// grants on a view, or a table of another kind, by no other.
func snowflakeTableGrants(req source.GrantRequest, to string) []string {
	var usage, selects []string
	for _, name := range req.Tables {
		parts, ok := schema.SplitName(name)
		if !ok || len(parts) != 3 {
			continue
		}
		usage = append(usage,
			"GRANT USAGE ON DATABASE "+SnowflakeQuote(parts[0])+to,
			"GRANT USAGE ON SCHEMA "+SnowflakeQuote(parts[:2]...)+to)
		selects = append(selects, "GRANT SELECT ON "+snowflakeObject(req.Kinds[name])+" "+SnowflakeQuote(parts...)+to)
	}
	return append(distinct(usage), distinct(selects)...)
}

// snowflakeObject is what GRANT calls a kind of table; one that is not known is
// taken for a table.
func snowflakeObject(kind schema.Kind) string {
	switch kind {
	case schema.View:
		return "VIEW"
	case schema.MaterializedView:
		return "MATERIALIZED VIEW"
	case schema.DynamicTable:
		return "DYNAMIC TABLE"
	case schema.External:
		return "EXTERNAL TABLE"
	}
	return "TABLE"
}

// snowflakeScopeGrants cover every database, or the schemas of the settings.
func snowflakeScopeGrants(req source.GrantRequest, to string) []string {
	databases, err := SnowflakeNames(req.Text("databases"))
	if err != nil {
		return nil
	}
	var schemas [][]string
	if text := req.Text("schemas"); strings.TrimSpace(text) != "" {
		if schemas, err = SnowflakeNames(text); err != nil {
			return nil
		}
	}
	var statements []string
	for _, d := range databases {
		statements = append(statements, "GRANT USAGE ON DATABASE "+SnowflakeQuote(d...)+to)
		if len(schemas) == 0 {
			in := " IN DATABASE " + SnowflakeQuote(d...) + to
			statements = append(statements, "GRANT USAGE ON ALL SCHEMAS"+in, "GRANT USAGE ON FUTURE SCHEMAS"+in)
			statements = append(statements, snowflakeSelects(in)...)
			continue
		}
		for _, s := range schemas {
			path := s
			if len(s) == 1 {
				path = append(slices.Clone(d), s...)
			}
			if path[0] != d[0] {
				continue
			}
			statements = append(statements, "GRANT USAGE ON SCHEMA "+SnowflakeQuote(path...)+to)
			statements = append(statements, snowflakeSelects(" IN SCHEMA "+SnowflakeQuote(path...)+to)...)
		}
	}
	return statements
}

func snowflakeSelects(in string) []string {
	var statements []string
	for _, which := range []string{"ALL", "FUTURE"} {
		for _, what := range []string{"TABLES", "VIEWS"} {
			statements = append(statements, "GRANT SELECT ON "+which+" "+what+in)
		}
	}
	return statements
}

// distinct drops repetitions and keeps the order.
func distinct(list []string) []string {
	var kept []string
	for _, s := range list {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}
