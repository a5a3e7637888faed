package bigquery_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// right is a permission on one resource.
type right struct{ permission, resource string }

var (
	ofRole  = regexp.MustCompile(`gcloud iam roles create (\S+) --project=(\S+) \\\n  --permissions=(\S+)`)
	bound   = regexp.MustCompile(`gcloud projects add-iam-policy-binding (\S+) \\\n  --member="\$MEMBER" --role=(\S+)`)
	isName  = regexp.MustCompile(`resource\.name == "([^"]+)"`)
	hasStem = regexp.MustCompile(`resource\.name\.startsWith\("([^"]+)"\)`)
)

// printed are the rights that the grants for some tables give. Of a condition,
// IAM looks at the name of what a permission is about: a dataset for those of
// datasets and for listing tables, a table for the others.
func printed(t *testing.T, req source.GrantRequest, existing ...string) (rights []right) {
	t.Helper()
	permissions := map[string][]string{}
	for _, g := range catalog.BigQueryGrants(req) {
		if m := ofRole.FindStringSubmatch(g.Text); m != nil {
			permissions["projects/"+m[2]+"/roles/"+m[1]] = strings.Split(m[3], ",")
			continue
		}
		m := bound.FindStringSubmatch(g.Text)
		if m == nil || permissions[m[2]] == nil || !strings.Contains(g.Text, "MEMBER='serviceAccount:"+reader+"'") {
			t.Fatalf("a grant that is no binding of a role before it:\n%s", g.Text)
		}
		resources := []string{"projects/" + m[1]}
		conditional := strings.Contains(g.Text, "--condition-from-file")
		if conditional {
			resources = nil
			for _, name := range isName.FindAllStringSubmatch(g.Text, -1) {
				resources = append(resources, name[1])
			}
			for _, stem := range hasStem.FindAllStringSubmatch(g.Text, -1) {
				for _, name := range existing {
					if resource := "projects/" + project + "/datasets/crm/tables/" + name; strings.HasPrefix(resource, stem[1]) {
						resources = append(resources, resource)
					}
				}
			}
		}
		for _, p := range permissions[m[2]] {
			ofDataset := strings.HasPrefix(p, "bigquery.datasets.") || p == "bigquery.tables.list"
			for _, r := range resources {
				if !conditional || ofDataset != strings.Contains(r, "/tables/") {
					rights = append(rights, right{p, r})
				}
			}
		}
	}
	return rights
}

// What is printed for chosen tables is enough to check, discover and read them;
// the others show why they cannot be imported. Without any one of the
// permissions the check of its name fails.
func TestChosenTables(t *testing.T) {
	peer := start(t)
	fill(t, peer)
	cfg := config(peer.ServiceAccount(reader))
	chosen := []string{"crm.events_*", "crm.numbers"}
	rights := printed(t, source.GrantRequest{Settings: cfg.Settings, Method: cfg.Credential.Method, Tables: chosen, Identity: "serviceAccount:" + reader},
		"empty", "events_20240101", "events_20240102", "events_20240229", "numbers", "types")
	for _, r := range rights {
		peer.Grant(reader, r.permission, r.resource)
	}
	s := open(t, peer, cfg)
	for name, r := range checked(t, s) {
		if r.Outcome != source.Pass {
			t.Errorf("%s: %s %s %s", name, r.Outcome, r.Detail, r.Provider)
		}
	}
	page, err := s.Discover(t.Context(), "")
	must(t, err)
	for _, table := range page.Tables {
		if want := !slices.Contains(chosen, table.Name); (table.ProblemCode == string(fault.SourcePermission)) != want {
			t.Errorf("%s: problem %q", table.Name, table.Problem)
		}
	}
	for name, want := range map[string]int{"crm.numbers": 80, "crm.events_*": 6} {
		if got := readAll(t, s, plan(t, s, source.PlanRequest{}, name)); len(got) != want {
			t.Errorf("%s has %d rows, want %d", name, len(got), want)
		}
	}
	for _, permission := range append(catalog.BigQueryRunPermissions(), catalog.BigQueryReadPermissions()...) {
		without(peer, rights, permission, func() {
			if r := checked(t, open(t, peer, cfg))[permission]; r.Outcome != source.Fail || r.Code != string(fault.SourcePermission) {
				t.Errorf("without %s its check is a %s: %s", permission, r.Outcome, r.Detail)
			}
		})
	}
}

// without takes a permission away while f runs.
func without(peer *googlepeer.Peer, rights []right, permission string, f func()) {
	for _, r := range rights {
		if r.permission == permission {
			peer.Revoke(reader, r.permission, r.resource)
			defer peer.Grant(reader, r.permission, r.resource)
		}
	}
	f()
}
