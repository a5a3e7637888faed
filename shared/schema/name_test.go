package schema_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/schema"
)

func TestName(t *testing.T) {
	for want, parts := range map[string][]string{
		"crm.users":          {"crm", "users"},
		"DB.PUBLIC.EVENTS":   {"DB", "PUBLIC", "EVENTS"},
		`crm."odd.name"`:     {"crm", "odd.name"},
		`crm."say ""hi"""`:   {"crm", `say "hi"`},
		"crm.größe":          {"crm", "größe"},
		"crm.events_*":       {"crm", "events_*"},
		`crm.""`:             {"crm", ""},
		`"a b"."c d".select`: {"a b", "c d", "select"},
	} {
		if got := schema.Name(parts...); got != want {
			t.Errorf("Name(%q) = %s, want %s", parts, got, want)
		}
	}
}

func TestSplitNameUndoesName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "parts")
		got, ok := schema.SplitName(schema.Name(parts...))
		if !ok || !slices.Equal(got, parts) {
			t.Fatalf("SplitName(Name(%q)) = %q, %t", parts, got, ok)
		}
	})
}

func TestSplitNameRefuses(t *testing.T) {
	for _, name := range []string{"", ".", "a..b", "a.", `"a`, `"a"b`, `"plain"`, "a b", `a"b`} {
		if parts, ok := schema.SplitName(name); ok {
			t.Errorf("SplitName(%q) = %q", name, parts)
		}
	}
}
