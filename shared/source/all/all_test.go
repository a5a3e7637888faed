package all_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/all"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

var update = flag.Bool("update", false, "write the generated parts of docs/platforms")

// The generated part of a platform's page stands between these lines; what
// follows is written by hand.
const (
	begin = "<!-- Made from the Spec by: go test ./shared/source/all -update -->\n"
	end   = "<!-- End of what is made from the Spec. -->\n"
)

// The catalog has one Spec for each driver, and no other.
func TestTheCatalogIsTheDrivers(t *testing.T) {
	if diff := cmp.Diff(source.NewRegistry(all.Drivers(source.NoEndpoints)...).Specs(), catalog.Specs()); diff != "" {
		t.Errorf("drivers and catalog differ (-drivers +catalog):\n%s", diff)
	}
}

// TestPlatformPages keeps docs/platforms equal to the Specs.
func TestPlatformPages(t *testing.T) {
	for _, spec := range catalog.Specs() {
		t.Run(spec.Platform, func(t *testing.T) {
			path := filepath.Join("..", "..", "..", "docs", "platforms", spec.Platform+".md")
			page, err := os.ReadFile(path)
			if err != nil && !(*update && os.IsNotExist(err)) {
				t.Fatal(err)
			}
			_, rest, found := bytes.Cut(page, []byte(end))
			if !found && !*update {
				t.Fatalf("%s has no generated part", path)
			}
			want := begin + render(spec) + end + string(rest)
			if *update {
				if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, string(page)); diff != "" {
				t.Errorf("%s is not what the Spec says; run with -update (-want +got):\n%s", path, diff)
			}
		})
	}
}

func render(s source.Spec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s (`%s`)\n\n%s\n\n", s.Title, s.Platform, s.Description)
	fmt.Fprintf(&b, "- Category: `%s`\n- Availability: `%s`\n- Capabilities: `%s`\n", s.Category, s.Availability, join(s.Capabilities, "`, `"))
	fmt.Fprintf(&b, "\n## Settings\n\n%s", table(s.Settings))
	b.WriteString("\n## Credentials\n")
	for i, m := range s.Auth {
		note := ""
		switch {
		case m.Deprecated:
			note = " Deprecated."
		case i == 0 && len(s.Auth) > 1:
			note = " Recommended."
		}
		fmt.Fprintf(&b, "\n### %s (`%s`)\n\n%s%s\n\n%s", m.Title, m.Name, m.Description, note, table(m.Fields))
	}
	return b.String() + "\n"
}

// join is strings.Join of what are texts underneath.
func join[T ~string](list []T, sep string) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s)
	}
	return strings.Join(texts, sep)
}

func table(fields []source.Field) string {
	var b strings.Builder
	b.WriteString("| field | | what it is | example |\n|---|---|---|---|\n")
	for _, f := range fields {
		var notes []string
		if f.Required {
			notes = append(notes, "required")
		}
		if f.Secret {
			notes = append(notes, "secret")
		}
		if f.Generated {
			notes = append(notes, "made by Headwater")
		}
		if f.Default != "" {
			notes = append(notes, "default `"+f.Default+"`")
		}
		if len(f.Allowed) > 0 {
			notes = append(notes, "one of `"+strings.Join(f.Allowed, "`, `")+"`")
		}
		example := ""
		if f.Example != "" {
			example = "`" + f.Example + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, strings.Join(notes, ", "), f.Description, example)
	}
	return b.String()
}
