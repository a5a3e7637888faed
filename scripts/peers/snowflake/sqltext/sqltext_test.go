package sqltext_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

func TestSplit(t *testing.T) {
	tokens, err := sqltext.Split("select \"a\"\"b\".c::int -- x\n, 'it''s\\n', $$raw'$$, 1.5e-3 /* y */ <> ? and :2")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tok := range tokens {
		got = append(got, tok.Text)
	}
	want := []string{"select", `a"b`, ".", "c", "::", "int", ",", "it's\n", ",", "raw'", ",", "1.5e-3", "<>", "?", "and", "2", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"select 'open", `select "open`, "select \x00"} {
		if _, err := sqltext.Split(bad); err == nil {
			t.Errorf("%q was split", bad)
		}
	}
}

func TestLike(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"ord%", "ORDERS", true}, {"ord_rs", "orders", true}, {"ord", "orders", false}, {`a\_b`, "a_b", true}, {`a\_b`, "axb", false}, {"a.b", "axb", false}, {"%漢%", "x漢y", true},
	} {
		if got := sqltext.Like(test.pattern).MatchString(test.name); got != test.want {
			t.Errorf("%s like %s: %t", test.name, test.pattern, got)
		}
	}
}

// FuzzEncode: names that differ stay different where case does not count.
func FuzzEncode(f *testing.F) {
	f.Add("Name", "NAME")
	f.Add("naïve \"x\"", "NAïVE \"X\"")
	f.Fuzz(func(t *testing.T, a, b string) {
		if sqltext.Decode(sqltext.Encode(a)) != a {
			t.Errorf("%q does not come back", a)
		}
		if a != b && asciiLower(sqltext.Encode(a)) == asciiLower(sqltext.Encode(b)) {
			t.Errorf("%q and %q are one", a, b)
		}
	})
}

// asciiLower is all that DuckDB does to compare names.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
