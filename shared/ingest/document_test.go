package ingest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// docs/import-types.md must name the canonical columns of each type, as they are.
func TestImportTypesAreDocumented(t *testing.T) {
	document, err := os.ReadFile("../../docs/import-types.md")
	ok(t, err)
	for _, kind := range []ingest.Type{ingest.UserProfile, ingest.UserActivity, ingest.IdentityGraph, ingest.GroupIdentity} {
		_, section, found := strings.Cut(string(document), fmt.Sprintf("\n## %s\n", kind))
		if !found {
			t.Errorf("%s has no section", kind)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		var named []string
		for line := range strings.Lines(section) {
			cells := strings.Split(line, "|")
			if len(cells) != 5 || !strings.Contains(cells[1], "`") {
				continue
			}
			for name := range strings.SplitSeq(cells[1], ",") {
				name = strings.Trim(name, " `")
				named = append(named, name)
				c, known := kind.Canonical(name)
				want := strings.Trim(fmt.Sprintf("%s, required", c.Type), " ")
				if !c.Required {
					want = string(c.Type)
				}
				if c.Type == "" {
					want = "that of the source"
				}
				if got := strings.TrimSpace(cells[2]); !known || got != want {
					t.Errorf("%s.%s is said to be %q, and is %q", kind, name, got, want)
				}
			}
		}
		if len(named) != len(kind.Canonicals()) {
			t.Errorf("%s is said to have %v", kind, named)
		}
	}
}
