package catalog_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// command is a call of gcloud, or of bq, which is then its first argument, and
// the condition that it was given.
type command struct {
	Args      []string
	Condition string
}

// run runs what people paste, with a gcloud and a bq that write down how they were called.
func run(t *testing.T, script string) []command {
	t.Helper()
	dir := t.TempDir()
	const recorder = `#!/bin/sh
if [ "${0##*/}" = bq ]; then set -- bq "$@"; fi
n=$(ls -d call-* 2>/dev/null | wc -l)
mkdir "call-$(printf %03d "$n")"
for a in "$@"; do printf '%s\n' "$a"; done > "call-$(printf %03d "$n")/args"
if [ -f headwater-condition.yaml ]; then mv headwater-condition.yaml "call-$(printf %03d "$n")/condition"; fi
if [ "$1 $2" = "projects describe" ]; then echo 123456789012; fi
`
	for _, program := range []string{"gcloud", "bq"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte(recorder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	sh.Dir, sh.Env = dir, []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, script)
	}
	calls, err := filepath.Glob(filepath.Join(dir, "call-*"))
	if err != nil {
		t.Fatal(err)
	}
	commands := make([]command, len(calls))
	for i, call := range calls {
		args, err := os.ReadFile(filepath.Join(call, "args"))
		if err != nil {
			t.Fatal(err)
		}
		commands[i].Args = strings.Split(strings.TrimSpace(string(args)), "\n")
		commands[i].Condition = expression(t, filepath.Join(call, "condition"))
	}
	return commands
}

func expression(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return ""
	}
	var condition struct{ Title, Description, Expression string }
	if err != nil || yaml.Unmarshal(text, &condition) != nil || condition.Title == "" {
		t.Fatalf("not a condition (%v):\n%s", err, text)
	}
	return condition.Expression
}

func reading(settings map[string]any, method string, tables ...string) source.GrantRequest {
	return source.GrantRequest{Settings: settings, Method: method, Tables: tables, Identity: "serviceAccount:reader@acme.iam.gserviceaccount.com"}
}

const member = "--member=serviceAccount:reader@acme.iam.gserviceaccount.com"

func TestGCSReadingCanBePasted(t *testing.T) {
	binding := []string{"storage", "buckets", "add-iam-policy-binding", "gs://acme", member, "--role=roles/storage.objectViewer"}
	under := append(slices.Clip(binding), "--condition-from-file=headwater-condition.yaml")
	const objects = `resource.name.startsWith("projects/_/buckets/acme/objects/`
	list := func(prefix string) string {
		return `api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith("` + prefix + `")`
	}
	for name, tt := range map[string]struct {
		settings map[string]any
		tables   []string
		want     []command
	}{
		"the bucket": {map[string]any{"bucket": "acme"}, nil, []command{{Args: append(slices.Clip(binding), "--condition=None")}}},
		"a prefix":   {map[string]any{"bucket": "acme", "prefix": "/crm/"}, nil, []command{{under, objects + `crm/") || ` + list("crm/")}}},
		"tables": {map[string]any{"bucket": "acme", "prefix": "crm"}, []string{"crm", "users", "./crm"}, []command{{
			under, objects + `crm/") || ` + objects + `crm/users/") || ` + objects + `crm/crm/") || ` + list("crm/"),
		}}},
		"tables of the whole bucket": {map[string]any{"bucket": "acme"}, []string{"a/b"}, []command{{
			under, objects + `a/b/") || resource.type == 'storage.googleapis.com/Bucket'`,
		}}},
		"characters that mean something": {map[string]any{"bucket": "acme", "prefix": `it's "ä" \ $HOME & <b>`}, nil, []command{{
			under, objects + `it's \"ä\" \\ $HOME & <b>/") || ` + list(`it's \"ä\" \\ $HOME & <b>/`),
		}}},
		"a table with a line break": {map[string]any{"bucket": "acme"}, []string{"a\nEND\nb"}, []command{{
			under, objects + `a\nEND\nb/") || resource.type == 'storage.googleapis.com/Bucket'`,
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			grants := catalog.GCSReading(reading(tt.settings, catalog.GoogleKey, tt.tables...))
			if len(grants) != 1 {
				t.Fatalf("%d grants", len(grants))
			}
			if diff := cmp.Diff(tt.want, run(t, grants[0].Text)); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

// TestManyTablesNeedSeveralBindings holds each condition to the 12 logical
// operators that IAM takes.
func TestManyTablesNeedSeveralBindings(t *testing.T) {
	var tables []string
	for i := range 23 {
		tables = append(tables, fmt.Sprintf("t%d", i))
	}
	settings := map[string]any{"bucket": "acme", "prefix": "crm"}
	commands := run(t, catalog.GCSReading(reading(settings, catalog.GoogleKey, tables...))[0].Text)
	if len(commands) != 3 {
		t.Errorf("%d bindings, want 3", len(commands))
	}
	all := ""
	for _, c := range commands {
		if n := strings.Count(c.Condition, "||") + strings.Count(c.Condition, "&&"); n > 12 {
			t.Errorf("%d operators: %s", n, c.Condition)
		}
		all += c.Condition
	}
	for _, table := range tables {
		if !strings.Contains(all, "objects/crm/"+table+"/\"") {
			t.Errorf("no condition holds for %s", table)
		}
	}
}

func TestGCSGrantsOfEachMethod(t *testing.T) {
	settings := map[string]any{"bucket": "acme", "billing_project": "acme-money"}
	titles := func(method string) string {
		var list []string
		for _, g := range catalog.GCSGrants(source.GrantRequest{Settings: settings, Method: method}) {
			title, _, _ := strings.Cut(g.Title, ":")
			list = append(list, title)
		}
		return strings.Join(list, "; ")
	}
	rest := "Let the account list and read; Let the account have its requests billed to the project; Optional"
	for method, want := range map[string]string{
		catalog.GoogleFederation: "Trust; " + rest, catalog.GoogleKey: rest, catalog.GoogleOAuth: rest,
	} {
		if got := titles(method); got != want {
			t.Errorf("%s: %s", method, got)
		}
	}
	consent := catalog.GCSGrants(source.GrantRequest{Settings: settings, Method: catalog.GoogleOAuth})[0].Text
	if !strings.Contains(consent, "MEMBER='user:<email") {
		t.Errorf("a user who is not known:\n%s", consent)
	}
}
