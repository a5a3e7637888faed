package id_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/id"
)

func TestNew(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		v := id.New(id.Run)
		if seen[v] {
			t.Fatal("an id came twice")
		}
		seen[v] = true
		if !id.Is(id.Run, v) {
			t.Fatalf("Is does not know %s", v)
		}
		if id.Is(id.Import, v) {
			t.Fatalf("%s passes for an import's", v)
		}
	}
}

func TestNonce(t *testing.T) {
	if n := id.Nonce(); len(n) != 26 || n != strings.ToLower(n) {
		t.Errorf("nonce %q, want 26 lower-case characters", n)
	}
}

func TestIsRefuses(t *testing.T) {
	good := id.New(id.Connection)
	for name, bad := range map[string]string{
		"nothing":           "",
		"the prefix":        "con_",
		"no prefix":         good[4:],
		"upper case":        "con_" + strings.ToUpper(good[4:]),
		"one short":         good[:len(good)-1],
		"one long":          good + "0",
		"a wrong letter":    good[:len(good)-1] + "u",
		"a path":            "con_../../../etc/passwd0000000",
		"a separator":       "con_01k9#" + good[9:],
		"beyond the range":  "con_8zzzzzzzzzzzzzzzzzzzzzzzzz",
		"not ASCII":         "con_" + strings.Repeat("é", 13),
		"a line end":        good + "\n",
		"another's prefix":  "imp_" + good[4:],
		"a longer prefix":   "conn" + good[3:],
		"white space ahead": " " + good,
	} {
		if id.Is(id.Connection, bad) {
			t.Errorf("%s: Is takes %q", name, bad)
		}
	}
}

// Ids are sort keys: their order is that of creation.
func TestOrder(t *testing.T) {
	var ids []string
	for range 1000 {
		ids = append(ids, id.New(id.Import))
	}
	if !slices.IsSorted(ids) {
		t.Error("later ids sort before earlier ones")
	}
}
