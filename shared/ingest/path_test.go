package ingest_test

import (
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

func TestParsePath(t *testing.T) {
	key := func(k string) ingest.Step { return ingest.Step{Key: k, Index: -1} }
	for path, want := range map[string][]ingest.Step{
		"city":                  {key("city")},
		"address.city":          {key("address"), key("city")},
		"lines[0].price":        {key("lines"), {Index: 0}, key("price")},
		"[12][0]":               {{Index: 12}, {Index: 0}},
		"[0].a":                 {{Index: 0}, key("a")},
		`"unit.price".größe`:    {key("unit.price"), key("größe")},
		`a."say ""hi"""[3].""`:  {key("a"), key(`say "hi"`), {Index: 3}, key("")},
		"first name.last-name$": {key("first name"), key("last-name$")},
	} {
		got, err := ingest.ParsePath(path)
		ok(t, err)
		same(t, path, want, got)
	}
	for _, path := range []string{"", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[-1]", "a[1", "a]", "[0]a", "a[1]b", `"a`, `"a"b`, `a"b"`, "a[1234567890]", "a[ 1]"} {
		if got, err := ingest.ParsePath(path); err == nil {
			t.Errorf("%q is %v", path, got)
		}
	}
}

// What a schema says of a structure is held against the path, and gives its type.
func TestResolvePath(t *testing.T) {
	table := schema.Table{Columns: []schema.Column{
		{Name: "id", Type: schema.String},
		{Name: "open", Type: schema.JSON},
		{Name: "tags", Type: schema.JSON, Repeated: true},
		{Name: "order", Type: schema.JSON, Fields: []schema.Column{
			{Name: "at", Type: schema.Timestamp},
			{Name: "seal", Type: schema.Bytes},
			{Name: "notes", Type: schema.JSON},
			{Name: "lines", Type: schema.JSON, Repeated: true, Fields: []schema.Column{{Name: "price", Type: schema.Decimal}}},
		}},
	}}
	for _, test := range []struct {
		source, path string
		want         schema.Type // empty: refused
	}{
		{"open", "a[1].b", schema.String},
		{"id", "a", schema.String},
		{"tags", "[0]", schema.String},
		{"tags", "first", ""},
		{"order", "at", schema.Timestamp},
		{"order", "seal", schema.String},
		{"order", "notes", schema.String},
		{"order", "notes.anything[7]", schema.String},
		{"order", "lines", schema.JSON},
		{"order", "lines[2]", schema.JSON},
		{"order", "lines[2].price", schema.Decimal},
		{"order", "lines.price", ""},
		{"order", "[0]", ""},
		{"order", "to", ""},
		{"order", "lines[2].cost", ""},
		{"order", "at.year", ""},
	} {
		mapping := ingest.Mapping{{Source: "id", Target: "identifier"}, {Source: test.source, Path: test.path, Target: "x"}}
		got, err := mapping.Resolve(ingest.UserProfile, table)
		if test.want == "" {
			same(t, test.source+" "+test.path, []problem{{fault.ImportMapping, "mapping[1].path"}}, problems(err))
			continue
		}
		ok(t, err)
		if got[1].Type != test.want {
			t.Errorf("%s %s is %s, want %s", test.source, test.path, got[1].Type, test.want)
		}
	}
	same(t, "sources", []string{"id", "order"}, ingest.Mapping{{Source: "id"}, {Source: "order", Path: "at"}, {Source: "order", Path: "seal"}}.Sources())
}
