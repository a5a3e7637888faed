package file_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/source/file"
)

// What reads eight bytes at a time reads the same as what goes byte by byte.

// numeric are texts that are numbers, or nearly.
func numeric(t *rapid.T) string {
	if rapid.Bool().Draw(t, "well formed") {
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,11})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
	}
	return rapid.StringOfN(rapid.SampledFrom([]rune("0123456789-.eE+ :é/;,}")), 0, 20, -1).Draw(t, "text")
}

// within puts a text between others, as it stands in a file.
func within(t *rapid.T, text string) []byte {
	behind := rapid.SampledFrom([]string{"", ",", "}", ".5,6", "\n12345678901234567890", ",99999999999999999999", "}                    "}).Draw(t, "behind")
	return []byte(text + behind)[:len(text)]
}

func TestNumbersByWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := numeric(t)
		f := within(t, text)
		n, ok := file.ParseInt(f)
		wantN, wantOK := file.ParseAnyInt(f)
		if ok != wantOK || ok && n != wantN {
			t.Fatalf("int %q: %d, %t; want %d, %t", text, n, ok, wantN, wantOK)
		}
		v, ok := file.ParseFloat(f)
		wantV, wantOK := file.ParseAnyFloat(f)
		if ok != wantOK || ok && math.Float64bits(v) != math.Float64bits(wantV) {
			t.Fatalf("float %q: %v, %t; want %v, %t", text, v, ok, wantV, wantOK)
		}
		if words, bytes := file.ScanNumber(f[:cap(f)]); words != bytes {
			t.Fatalf("number %q ends at %d, want %d", f[:cap(f)], words, bytes)
		}
	})
}

func TestStringsByWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "seventeen letters", "é", "\x80", "\xff", `\"`, `\\`, `\n`, "\x1f", "\x7f", " ", "!", "#", "[", `"`, `\`}), 0, 12).Draw(t, "parts")
		text := []byte(`"` + strings.Join(parts, "") + `"` + rapid.SampledFrom([]string{"", ",1", "          "}).Draw(t, "behind"))
		got, after := file.ScanString(text)
		end := closing(text)
		if end < 0 {
			if after >= 0 {
				t.Fatalf("%q is read to %d", text, after)
			}
			return
		}
		var want string
		if err := json.Unmarshal(text[:end], &want); err != nil {
			t.Fatalf("%q: %v", text[:end], err)
		}
		if after != end || utf8.ValidString(got) && got != want { // encoding/json replaces what is not UTF-8
			t.Fatalf("%q is %q to %d, want %q to %d", text, got, after, want, end)
		}
	})
}

// closing is where a JSON string ends, byte by byte; negative when it does not.
func closing(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return i + 1
		case text[i] < ' ':
			return -1
		case text[i] == '\\':
			if i++; i == len(text) || !slices.Contains([]byte(`"\/bfnrt`), text[i]) {
				return -1
			}
		}
	}
	return -1
}

func TestRecordsByWords(t *testing.T) {
	dialects := []file.Dialect{{Delimiter: ',', Quote: '"'}, {Delimiter: ';'}, {Delimiter: '\t', Quote: '\'', Escape: '\\'}, {Delimiter: '|', Escape: '\\'}}
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(dialects).Draw(t, "dialect")
		field := rapid.SampledFrom([]string{"", "x", "some words", `"`, `""`, `"a,b;c|d"`, "\"two\nlines\"", "'it''s'", "'a\tb'", `\N`, `a\`, `\"`, "é", "\r", "a\rb", `"x"y`, strings.Repeat("long ", 30)})
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\n\n", "\n\r\n", "\r", ""})
		var b strings.Builder
		for range rapid.IntRange(0, 30).Draw(t, "records") {
			fields := rapid.SliceOfN(field, 1, 5).Draw(t, "fields")
			b.WriteString(strings.Join(fields, string(rune(d.Delimiter))) + end.Draw(t, "end"))
		}
		if rapid.IntRange(0, 9).Draw(t, "far") == 0 { // beyond what is looked through at once
			b.WriteString(strings.Repeat("x"+string(rune(d.Delimiter))+"y\n", 5000) + b.String())
		}
		text := []byte(b.String())
		limit := rapid.SampledFrom([]int{20, 200, 1 << 20}).Draw(t, "limit")
		want, got := file.Records(d, 3, limit, text, false), file.Records(d, 3, limit, text, true)
		if diff := cmp.Diff(byLine(want), byLine(got)); diff != "" {
			t.Fatalf("%q (-byte by byte +by words):\n%s", text, diff)
		}
	})
}

// byLine orders records: rejects come behind the rows of their block.
func byLine(records [][]string) [][]string {
	slices.SortStableFunc(records, func(a, b []string) int {
		if len(a[0]) != len(b[0]) {
			return len(a[0]) - len(b[0])
		}
		return strings.Compare(a[0], b[0])
	})
	return records
}
