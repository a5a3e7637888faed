// Package checks_test holds the whole module to rules that no single package
// can see.
package checks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/headwaterhq/headwater/"

// links returns everything that a package links, itself included.
func links(t *testing.T, pkg string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "./"+pkg)
	command.Dir = filepath.Join("..", "..")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("listing what %s links: %v", pkg, err)
	}
	return strings.Fields(string(out))
}

func under(packages []string, prefixes ...string) []string {
	var found []string
	for _, p := range packages {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return p == prefix || strings.HasPrefix(p, prefix+"/") }) {
			found = append(found, p)
		}
	}
	return found
}

// functions reads the table of functions in docs/architecture.md: which there
// are, and whether each links the lake.
func functions(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Functions\n")
	section, _, _ = strings.Cut(section, "\n## ")
	found := map[string]bool{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name := strings.TrimSpace(cells[0])
		if len(cells) == 4 && strings.HasPrefix(name, "`") {
			found[strings.Trim(name, "`")] = strings.TrimSpace(cells[3]) == "yes"
		}
	}
	if len(found) == 0 {
		t.Fatal("the table of functions was not found")
	}
	return found
}

// sdks are the drivers, and what only they need. S3's SDK is not among them: our own bucket needs it too.
func sdks() []string {
	return []string{
		module + "shared/source/all", module + "shared/source/s3", module + "shared/source/gcs", module + "shared/source/bigquery",
		module + "shared/source/snowflake", module + "shared/source/file", "cloud.google.com/go/bigquery", "github.com/snowflakedb/gosnowflake",
		"cloud.google.com/go/storage", "google.golang.org/api/bigquery",
	}
}

// TestFunctionsLinkWhatTheyNeed keeps binaries small and cold starts short: the
// lake is in those that docs/architecture.md names, a platform's driver in those
// that open or describe sources, and nothing of development or deployment in any.
func TestFunctionsLinkWhatTheyNeed(t *testing.T) {
	drivers := map[string]bool{"check": true, "discover": true, "plan": true, "extract": true}
	for name, lake := range functions(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			linked := links(t, "functions/"+name)
			if got := len(under(linked, "github.com/apache/iceberg-go")) > 0; got != lake {
				t.Errorf("links the lake: %v, documented: %v", got, lake)
			}
			if got := under(linked, sdks()...); (len(got) > 0) != drivers[name] {
				t.Errorf("links the drivers: %v, want any: %v", got, drivers[name])
			}
			foreign := under(linked, module+"scripts", module+"infra", module+"shared/memstore",
				"github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go", "github.com/dop251/goja", "github.com/johannesboyne/gofakes3")
			if len(foreign) > 0 {
				t.Errorf("links %v", foreign)
			}
		})
	}
}

// TestDomainLinksNoCloud holds that the domain can be read, tested and moved
// without any cloud's SDK, however deep it might hide.
func TestDomainLinksNoCloud(t *testing.T) {
	for _, name := range []string{"caller", "connection", "fault", "id", "ingest", "names", "pipeline", "schema", "snapshot", "source", "source/catalog", "source/file", "source/formschema", "strictjson"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if sdk := under(links(t, "shared/"+name), "github.com/aws", "cloud.google.com", "github.com/Azure"); len(sdk) > 0 {
				t.Errorf("links %v", sdk)
			}
		})
	}
}

func TestInfraSharesOnlyNames(t *testing.T) {
	ours := under(links(t, "infra"), strings.TrimSuffix(module, "/"))
	if diff := cmp.Diff([]string{module + "infra", module + "shared/names"}, slices.Sorted(slices.Values(ours))); diff != "" {
		t.Errorf("packages of this module (-want +got):\n%s", diff)
	}
}

func TestTheFunctionsAreTheDocumentedOnes(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join("..", "..", "functions"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if e.IsDir() {
			got = append(got, e.Name())
		}
	}
	var want []string
	for name := range functions(t) {
		want = append(want, name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions (-documented +written):\n%s", diff)
	}
}
