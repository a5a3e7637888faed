package catalog_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// pasted runs everything that the grants print.
func pasted(t *testing.T, req source.GrantRequest) []command {
	t.Helper()
	var commands []command
	for _, g := range catalog.BigQueryGrants(req) {
		if g.Title == "" || g.Language != "gcloud" {
			t.Errorf("grant %+v", g)
		}
		commands = append(commands, run(t, g.Text)...)
	}
	return commands
}

func words(text string) []string { return strings.Fields(text) }

func TestBigQueryGrantsCanBePasted(t *testing.T) {
	const (
		runner   = "--permissions=bigquery.jobs.create,bigquery.readsessions.create,bigquery.readsessions.getData"
		reader   = "--permissions=bigquery.datasets.get,bigquery.tables.list,bigquery.tables.get,bigquery.tables.getData"
		bind     = " " + member + " --role=projects/acme-data/roles/headwater_"
		is       = `resource.name == "projects/acme-data/datasets/`
		under    = `resource.name.startsWith("projects/acme-data/datasets/`
		anywhere = " --condition=None"
		filed    = " --condition-from-file=headwater-condition.yaml"
	)
	roles := func(billing string) []command {
		return []command{
			{Args: words("iam roles create headwater_runner --project=" + billing + " " + runner)},
			{Args: words("projects add-iam-policy-binding " + billing + " " + member + " --role=projects/" + billing + "/roles/headwater_runner" + anywhere)},
			{Args: words("iam roles create headwater_reader --project=acme-data " + reader)},
		}
	}
	binding := func(condition string) command {
		return command{words("projects add-iam-policy-binding acme-data" + bind + "reader" + filed), condition}
	}
	connection := func(owner string) command {
		return command{Args: words("bq add-iam-policy-binding " + member + " --role=roles/bigquery.connectionUser --connection " + owner + ".aws-us-east-1.acme-s3")}
	}
	whole := command{Args: words("projects add-iam-policy-binding acme-data" + bind + "reader" + anywhere)}
	for name, tt := range map[string]struct {
		settings map[string]any
		tables   []string
		billing  string // "" is the project itself
		want     []command
	}{
		"everything":        {want: []command{whole}},
		"a billing project": {settings: map[string]any{"billing_project": "acme-money"}, billing: "acme-money", want: []command{whole}},
		"datasets": {settings: map[string]any{"datasets": "web_events, crm,crm"}, want: []command{
			binding(is + `crm" || ` + under + `crm/") || ` + is + `web_events" || ` + under + `web_events/")`),
		}},
		"tables": {tables: []string{"crm.users", "web.visits", "crm.größe select"}, want: []command{
			binding(is + `crm" || ` + is + `crm/tables/users" || ` + is + `web" || ` + is + `web/tables/visits" || ` + is + `crm/tables/größe select"`),
		}},
		"tables rather than their datasets": {settings: map[string]any{"datasets": "crm"}, tables: []string{"crm.users"}, want: []command{
			binding(is + `crm" || ` + is + `crm/tables/users"`),
		}},
		"a wildcard": {tables: []string{"crm.events_*"}, want: []command{binding(is + `crm" || ` + under + `crm/tables/events_")`)}},
		"Omni":       {settings: map[string]any{"omni_connection": "aws-us-east-1.acme-s3"}, want: []command{whole, connection("acme-data")}},
		"Omni, of the billing project": {
			settings: map[string]any{"omni_connection": "aws-us-east-1.acme-s3", "billing_project": "acme-money"}, billing: "acme-money",
			want: []command{whole, connection("acme-money")},
		},
		"Omni, of another project": {settings: map[string]any{"omni_connection": "example.com:lake.aws-us-east-1.acme-s3", "datasets": "crm"}, want: []command{
			binding(is + `crm" || ` + under + `crm/")`), connection("example.com:lake"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := map[string]any{"project": "acme-data"}
			maps.Copy(settings, tt.settings)
			tables := make([]string, len(tt.tables))
			for i, table := range tt.tables {
				dataset, id, _ := strings.Cut(table, ".")
				tables[i] = schema.Name(dataset, id)
			}
			billing := "acme-data"
			if tt.billing != "" {
				billing = tt.billing
			}
			if diff := cmp.Diff(append(roles(billing), tt.want...), pasted(t, reading(settings, catalog.GoogleKey, tables...))); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

// TestManyBigQueryTablesNeedSeveralBindings holds each condition to the 12
// logical operators that IAM takes.
func TestManyBigQueryTablesNeedSeveralBindings(t *testing.T) {
	var tables []string
	for n := range 40 {
		tables = append(tables, fmt.Sprintf("crm.t%d", n))
	}
	commands := pasted(t, reading(map[string]any{"project": "acme-data"}, catalog.GoogleKey, tables...))[3:]
	if len(commands) != 4 {
		t.Errorf("%d bindings, want 4", len(commands))
	}
	all := ""
	for _, c := range commands {
		if n := strings.Count(c.Condition, "||"); n == 0 || n > 12 {
			t.Errorf("%d operators: %s", n, c.Condition)
		}
		all += c.Condition + " "
	}
	for _, table := range tables {
		if !strings.Contains(all, `"projects/acme-data/datasets/crm/tables/`+strings.TrimPrefix(table, "crm.")+`"`) {
			t.Errorf("no condition holds for %s", table)
		}
	}
}

func TestBigQueryGrantsOfEachMethod(t *testing.T) {
	settings := map[string]any{"project": "acme-data"}
	for method, want := range map[string]struct {
		first  string
		member string
	}{
		catalog.GoogleFederation: {"Trust", "MEMBER='serviceAccount:<service account's email>'"},
		catalog.GoogleKey:        {"Make a role that may run queries and read sessions", "MEMBER='serviceAccount:<service account's email>'"},
		catalog.GoogleOAuth:      {"Make a role that may run queries and read sessions", "MEMBER='user:<email of the user who consented>'"},
	} {
		grants := catalog.BigQueryGrants(source.GrantRequest{Settings: settings, Method: method, Principal: "111122223333"})
		if first, _, _ := strings.Cut(grants[0].Title, ":"); first != want.first {
			t.Errorf("%s: the first grant is %q, want %q", method, first, want.first)
		}
		bindings := slices.DeleteFunc(slices.Clone(grants), func(g source.Grant) bool { return !strings.HasPrefix(g.Text, "MEMBER=") })
		if len(bindings) != 2 {
			t.Errorf("%s: %d bindings, want 2", method, len(bindings))
		}
		for _, g := range bindings {
			if got, _, _ := strings.Cut(g.Text, "\n"); strings.ReplaceAll(got, `'\''`, "'") != want.member {
				t.Errorf("%s: %s, want %s", method, got, want.member)
			}
		}
	}
}
