package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// BigQueryRunPermissions are what a connection needs on the billing project.
func BigQueryRunPermissions() []string {
	return []string{"bigquery.jobs.create", "bigquery.readsessions.create", "bigquery.readsessions.getData"}
}

// BigQueryReadPermissions are what a connection needs on the datasets and tables.
func BigQueryReadPermissions() []string {
	return []string{"bigquery.datasets.get", "bigquery.tables.list", "bigquery.tables.get", "bigquery.tables.getData"}
}

// BigQueryGrants are the roles that a connection to BigQuery needs, and no more.
func BigQueryGrants(req source.GrantRequest) []source.Grant {
	project := req.Text("project")
	billing := cmp.Or(req.Text("billing_project"), project)
	var grants []source.Grant
	if req.Method == GoogleFederation {
		grants = append(grants, GoogleTrust(req))
	}
	grants = append(grants,
		gcloud("Make a role that may run queries and read sessions", bigQueryRole(billing, "headwater_runner", BigQueryRunPermissions())),
		gcloud("Let the account run them in the billing project", googleBinding("projects", billing, req, "projects/"+billing+"/roles/headwater_runner")),
		gcloud("Make a role that may read tables", bigQueryRole(project, "headwater_reader", BigQueryReadPermissions())),
	)
	reader := "projects/" + project + "/roles/headwater_reader"
	scope := bigQueryScope(req)
	if len(scope) == 0 {
		grants = append(grants, gcloud("Let the account read all datasets of the project", googleBinding("projects", project, req, reader)))
	}
	for part := range slices.Chunk(scope, maxAlternatives) {
		grants = append(grants, gcloud("Let the account read what is to be imported, and nothing else", bigQueryBinding(project, req, reader, part)))
	}
	if owner, location, id, ok := BigQueryConnection(req); ok {
		grants = append(grants, gcloud("Let the account use the Omni connection", googleMember(req)+
			"\nbq add-iam-policy-binding --member=\"$MEMBER\" --role=roles/bigquery.connectionUser --connection "+quoteShell(owner+"."+location+"."+id)))
	}
	return grants
}

// maxAlternatives keeps a condition within the twelve logical operators that IAM takes.
const maxAlternatives = 12

// bigQueryScope is what the connection may read, as conditions on IAM's resource
// names, nil for the whole project.
func bigQueryScope(req source.GrantRequest) []string {
	prefix := "projects/" + req.Text("project") + "/datasets/"
	var conditions []string
	add := func(c string) {
		if !slices.Contains(conditions, c) {
			conditions = append(conditions, c)
		}
	}
	for _, name := range req.Tables {
		parts, ok := schema.SplitName(name)
		if !ok || len(parts) != 2 {
			continue
		}
		add("resource.name == " + celText(prefix+parts[0]))
		if stem, wildcard := strings.CutSuffix(parts[1], "*"); wildcard {
			add("resource.name.startsWith(" + celText(prefix+parts[0]+"/tables/"+stem) + ")")
		} else {
			add("resource.name == " + celText(prefix+parts[0]+"/tables/"+parts[1]))
		}
	}
	if len(req.Tables) > 0 {
		return conditions
	}
	for _, dataset := range BigQueryDatasets(req.Text("datasets")) {
		add("resource.name == " + celText(prefix+dataset))
		add("resource.name.startsWith(" + celText(prefix+dataset+"/") + ")")
	}
	return conditions
}

// BigQueryDatasets are the names in the setting "datasets", sorted; nil is all of them.
func BigQueryDatasets(setting string) []string {
	names := strings.FieldsFunc(setting, func(r rune) bool { return r == ',' || r == ' ' })
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// BigQueryConnection takes the setting "omni_connection" apart; the billing
// project owns a connection that names none.
func BigQueryConnection(req source.GrantRequest) (project, location, id string, ok bool) {
	text := req.Text("omni_connection")
	last := strings.LastIndexByte(text, '.')
	if last < 0 {
		return "", "", "", false
	}
	text, id = text[:last], text[last+1:]
	if last = strings.LastIndexByte(text, '.'); last >= 0 {
		return text[:last], text[last+1:], id, true
	}
	return cmp.Or(req.Text("billing_project"), req.Text("project")), text, id, true
}

func gcloud(title, text string) source.Grant {
	return source.Grant{Title: title, Language: "gcloud", Text: text}
}

func bigQueryRole(project, id string, permissions []string) string {
	return "gcloud iam roles create " + id + " --project=" + project + " \\\n  --permissions=" + strings.Join(permissions, ",")
}

// bigQueryBinding grants a role on some datasets and tables of a project.
func bigQueryBinding(project string, req source.GrantRequest, role string, conditions []string) string {
	return googleMember(req) + `
cat > headwater-condition.yaml <<'END'
title: headwater
description: Headwater reads these datasets and tables
expression: >-
  ` + strings.Join(conditions, " ||\n  ") + `
END
gcloud projects add-iam-policy-binding ` + project + ` \
  --member="$MEMBER" --role=` + role + ` \
  --condition-from-file=headwater-condition.yaml`
}
