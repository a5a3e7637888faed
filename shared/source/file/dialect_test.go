package file_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

func utf16Text(order binary.AppendByteOrder, mark bool, text string) string {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// TestDialectsAreFound reads the same two rows out of every way to write them.
func TestDialectsAreFound(t *testing.T) {
	want := []string{`{"amount":"1,5","name":"say \"hi\"","note":null}`, `{"amount":"2,5","name":"Müller","note":"a|b;c"}`}
	const semicolons = "name;amount;note\n\"say \"\"hi\"\"\";1,5;\nMüller;2,5;\"a|b;c\"\n"
	for name, content := range map[string]string{
		"commas":              "name,amount,note\n\"say \"\"hi\"\"\",\"1,5\",\nMüller,\"2,5\",a|b;c\n",
		"semicolons":          semicolons,
		"tabs":                "name\tamount\tnote\n\"say \"\"hi\"\"\"\t1,5\t\nMüller\t2,5\ta|b;c\n",
		"bars":                "name|amount|note\r\n\"say \"\"hi\"\"\"|1,5|\r\nMüller|2,5|\"a|b;c\"\r\n",
		"apostrophes":         "'name','amount','note'\n'say \"hi\"','1,5',\n'Müller','2,5','a|b;c'\n",
		"backslashes":         "name,amount,note\n\"say \\\"hi\\\"\",\"1,5\",\\N\n\"Müller\",\"2,5\",\"a|b;c\"\n",
		"no quotes":           "name\tamount\tnote\nsay \"hi\"\t1,5\t\nMüller\t2,5\ta|b;c\n",
		"UTF-8 with a mark":   "\ufeff" + semicolons,
		"UTF-16LE":            utf16Text(binary.LittleEndian, true, semicolons),
		"UTF-16BE":            utf16Text(binary.BigEndian, true, semicolons),
		"UTF-16LE, gzipped":   gzipped(t, utf16Text(binary.LittleEndian, true, semicolons)),
		"blank lines on top":  "\n\r\n" + semicolons,
		"blank lines between": strings.ReplaceAll(semicolons, "\n", "\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(result{Rows: want}, readAll(t, file.New(store{"t/a.csv": content}, ""), "t", 0)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeadersAreFound(t *testing.T) {
	for name, tt := range map[string]struct{ content, columns, first string }{
		"names":                      {"id,name\n1,Ann\n2,Bob\n", "id,name", `{"id":1,"name":"Ann"}`},
		"values":                     {"1,Ann\n2,Bob\n", "column_1,column_2", `{"column_1":1,"column_2":"Ann"}`},
		"values with decimal commas": {"1;2,5;2024-05-01\n2;3,5;2024-05-02\n", "column_1,column_2,column_3", `{"column_1":1,"column_2":"2,5","column_3":"2024-05-01"}`},
		"all texts":                  {"a,b\nc,d\n", "a,b", `{"a":"c","b":"d"}`},
		"one record":                 {"1,2\n", "1,2", ""},
		"a missing name":             {"id,,x\n1,2,3\n", "id,column_2,x", `{"column_2":2,"id":1,"x":3}`},
		"values with a missing one":  {"1,,a\n2,7,b\n", "1,column_2,a", `{"1":2,"a":"b","column_2":7}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := file.New(store{"t/a.csv": tt.content}, "")
			var names []string
			for _, c := range table(t, f, "t").Columns {
				names = append(names, c.Name)
			}
			if got := strings.Join(names, ","); got != tt.columns {
				t.Errorf("columns %s, want %s", got, tt.columns)
			}
			if rows := readAll(t, f, "t", 0).Rows; strings.Join(append(rows, "")[:1], "") != tt.first {
				t.Errorf("rows %v, want %s first", rows, tt.first)
			}
		})
	}
}

func TestSettingsWinOverWhatIsFound(t *testing.T) {
	for name, tt := range map[string]struct {
		content  string
		settings []string
		want     []string
	}{
		"delimiter":    {"a,b;c\n1,2;3\n", []string{"csv_delimiter", ";"}, []string{`{"a,b":"1,2","c":3}`}},
		"space":        {"a b\n1 2\n", []string{"csv_delimiter", "space"}, []string{`{"a":1,"b":2}`}},
		"caret":        {"a^b\n1^2\n", []string{"csv_delimiter", "^"}, []string{`{"a":1,"b":2}`}},
		"no quotes":    {"a,b\n\"1\",x\"y\n", []string{"csv_quote", "none"}, []string{`{"a":"\"1\"","b":"x\"y"}`}},
		"other quotes": {"a,b\n~1,2~,3\n", []string{"csv_quote", "~"}, []string{`{"a":"1,2","b":3}`}},
		"double":       {"a,b\n\"C:\\\",2\n", []string{"csv_escape", "double"}, []string{`{"a":"C:\\","b":2}`}},
		"backslash":    {"a,b\nx\\,y,\"p\\\"q\"\nline\\\nbreak,\\N\n", []string{"csv_escape", "backslash"}, []string{`{"a":"x,y","b":"p\"q"}`, `{"a":"line\nbreak","b":null}`}},
		"header":       {"1,2\n3,4\n", []string{"csv_header", "present"}, []string{`{"1":3,"2":4}`}},
		"no header":    {"a,b\nc,d\n", []string{"csv_header", "absent"}, []string{`{"column_1":"a","column_2":"b"}`, `{"column_1":"c","column_2":"d"}`}},
		"Latin-1":      {"a,b\nZ\xfcrich,\x80\n", []string{"csv_encoding", "latin1"}, []string{"{\"a\":\"Zürich\",\"b\":\"\u0080\"}"}},
		"Windows":      {"a,b\nZ\xfcrich,\x80\n", []string{"csv_encoding", "windows-1252"}, []string{`{"a":"Zürich","b":"€"}`}},
		"UTF-16":       {utf16Text(binary.LittleEndian, false, "a,b\nü,\U0001F600\n"), []string{"csv_encoding", "utf-16"}, []string{`{"a":"ü","b":"😀"}`}},
		"UTF-16BE":     {utf16Text(binary.BigEndian, false, "a,b\nü,\U0001F600\n"), []string{"csv_encoding", "utf-16be"}, []string{`{"a":"ü","b":"😀"}`}},
		"NULLs":        {"a,b\nNULL,\"NULL\"\n1,n/a\n", []string{"csv_null", "NULL,n/a"}, []string{`{"a":null,"b":"NULL"}`, `{"a":1,"b":null}`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := readAll(t, with(t, store{"t/a.csv": tt.content}, tt.settings...), "t", 0)
			if diff := cmp.Diff(result{Rows: tt.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAFileThatDoesNotFitIsNamedWithItsLine: a dialect is one for a table.
func TestAFileThatDoesNotFitIsNamedWithItsLine(t *testing.T) {
	for name, tt := range map[string]struct {
		files   store
		problem string
	}{
		"another delimiter":      {store{"t/a.csv": "a;b\n1;2\n", "t/b.csv": "a,b\n1,2\n"}, "the header lacks the column"},
		"fewer fields":           {store{"t/a.csv": "1,2\n3,4\n", "t/b.csv": "1\n3\n"}, "line 1 has 1 fields"},
		"mostly other lines":     {store{"t/a.csv": "a,b\n1,2\n", "t/b.csv": "a,b\n1,2\n1\n2\n3\n"}, "line 3 has 1 fields where the header has 2"},
		"a header without a end": {store{"t/a.csv": "a,b\n1,2\n", "t/b.csv": "\n\"a,b\n1,2\n"}, "the header in line 2 is not CSV"},
	} {
		t.Run(name, func(t *testing.T) {
			got := table(t, file.New(tt.files, ""), "t")
			if !strings.Contains(got.Problem, tt.problem) || got.ProblemAt != "t/b.csv" {
				t.Errorf("problem %q at %q, want %q at t/b.csv", got.Problem, got.ProblemAt, tt.problem)
			}
		})
	}
}

// A writing is a dialect with the settings that say it.
type writing struct {
	name                     string
	delimiter, quote, escape string
	settings                 []string
	encode                   func(string) string
}

func same(s string) string { return s }

func latin1Text(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

var writings = []writing{
	{"standard", ",", `"`, "", []string{"csv_delimiter", ",", "csv_quote", `"`, "csv_escape", "double"}, same},
	{"apostrophes and bars", "|", "'", "", []string{"csv_delimiter", "|", "csv_quote", "'", "csv_escape", "double"}, same},
	{"backslashes", ";", `"`, `\`, []string{"csv_delimiter", ";", "csv_quote", `"`, "csv_escape", "backslash"}, same},
	{"tabs without quotes", "\t", "", "", []string{"csv_delimiter", "tab", "csv_quote", "none"}, same},
	{"backslashes without quotes", "\t", "", `\`, []string{"csv_delimiter", "tab", "csv_quote", "none", "csv_escape", "backslash"}, same},
	{"Latin-1", ",", `"`, "", []string{"csv_delimiter", ",", "csv_quote", `"`, "csv_escape", "double", "csv_encoding", "latin1"}, latin1Text},
	{"UTF-16LE", ",", `"`, "", []string{"csv_delimiter", ",", "csv_quote", `"`, "csv_escape", "double", "csv_encoding", "auto"}, func(s string) string { return utf16Text(binary.LittleEndian, true, s) }},
	{"UTF-16BE", ";", `'`, `\`, []string{"csv_delimiter", ";", "csv_quote", `'`, "csv_escape", "backslash", "csv_encoding", "utf-16be"}, func(s string) string { return utf16Text(binary.BigEndian, false, s) }},
}

// field writes a text so that it comes back; ok is false when the dialect cannot.
func (w writing) field(text string) (written string, ok bool) {
	switch {
	case w.quote != "":
		if w.escape != "" {
			text = strings.ReplaceAll(text, w.escape, w.escape+w.escape)
			return w.quote + strings.ReplaceAll(text, w.quote, w.escape+w.quote) + w.quote, true
		}
		return w.quote + strings.ReplaceAll(text, w.quote, w.quote+w.quote) + w.quote, true
	case w.escape != "":
		for _, special := range []string{w.escape, w.delimiter, "\n", "\r"} {
			text = strings.ReplaceAll(text, special, w.escape+special)
		}
		return text, text != ""
	}
	return text, text != "" && !strings.ContainsAny(text, w.delimiter+"\n\r")
}

// text draws a file in the dialect; broken ones have stray bytes in between.
func (w writing) text(t *rapid.T, broken bool) (content string, want [][2]string) {
	var b strings.Builder
	b.WriteString("x" + w.delimiter + "y\n")
	hard := rapid.SampledFrom([]string{
		"a", "b c", "é", "x,y", "p;q", "l\nm", "\n", "say \"hi\"", "it's", "'", "\"", "\\", "C:\\", "\\N", "a\\\"b", "t\tt", "u|v", "\r\n", strings.Repeat("long ", 5), strings.Repeat("\n", 9),
	})
	for range rapid.IntRange(0, 40).Draw(t, "rows") {
		var row, written [2]string
		for i := range row {
			ok := false
			for !ok {
				row[i] = hard.Draw(t, "field")
				written[i], ok = w.field(row[i])
			}
		}
		want = append(want, row)
		b.WriteString(written[0] + w.delimiter + written[1])
		if broken {
			b.WriteString(rapid.SampledFrom([]string{"", "", "", "", w.quote, w.escape, w.delimiter, w.quote + "z", "\r"}).Draw(t, "end"))
		}
		b.WriteByte('\n')
	}
	return w.encode(b.String()), want
}

// TestAnyDialectAnyFieldComesBack writes rows in each dialect and reads them.
func TestAnyDialectAnyFieldComesBack(t *testing.T) {
	for _, w := range writings {
		t.Run(w.name, func(outer *testing.T) {
			rapid.Check(outer, func(t *rapid.T) {
				content, want := w.text(t, false)
				f := with(outer, store{"t/a.csv": content}, append(w.settings, "csv_header", "present")...)
				got := readTexts(outer, f, []string{"x", "y"})
				if len(got) != len(want) {
					t.Fatalf("%d rows of %q, want %d", len(got), content, len(want))
				}
				for i := range want {
					if got[i][0] != strings.ReplaceAll(want[i][0], "\r\n", "\n") || got[i][1] != strings.ReplaceAll(want[i][1], "\r\n", "\n") {
						t.Fatalf("row %d is %q, want %q", i, got[i], want[i])
					}
				}
			})
		})
	}
}

// TestAnyDialectAnySplitGivesTheSameRows cuts broken files of each dialect
// anywhere, and resumes anywhere.
func TestAnyDialectAnySplitGivesTheSameRows(t *testing.T) {
	for _, w := range writings {
		t.Run(w.name, func(outer *testing.T) {
			rapid.Check(outer, func(t *rapid.T) {
				content, _ := w.text(t, true)
				f := with(outer, store{"t/a.csv": content}, append(w.settings, "csv_header", "present")...)
				f = file.WithLimits(f, rapid.IntRange(1, 5).Draw(t, "rows"), rapid.SampledFrom([]int{24, 40, 1000}).Draw(t, "record"))
				read := func(target int64) (whole result) {
					plan, err := f.Plan(outer.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: target})
					if fault.CodeOf(err) == fault.SourceMalformed {
						t.Skip(err)
					}
					if err != nil {
						t.Fatal(err)
					}
					for _, split := range plan.Splits {
						all := steps(outer, f, plan, split, "")
						whole.extend(all...)
						if len(all) == 0 {
							continue
						}
						i := rapid.IntRange(0, len(all)-1).Draw(t, "checkpoint")
						var want, got result
						want.extend(all[i+1:]...)
						got.extend(steps(outer, f, plan, split, all[i].after)...)
						if diff := cmp.Diff(want, got); diff != "" {
							t.Fatalf("from checkpoint %s (-want +got):\n%s", all[i].after, diff)
						}
					}
					return whole
				}
				want := read(1 << 30)
				got := read(int64(rapid.IntRange(1, 200).Draw(t, "target")))
				if diff := cmp.Diff(want.Rows, got.Rows); diff != "" {
					t.Fatalf("%q, cut into splits (-want +got):\n%s", content, diff)
				}
				if diff := cmp.Diff(withoutLines(want.Rejects), withoutLines(got.Rejects)); diff != "" {
					t.Fatalf("rejects, cut into splits (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestEveryDialectIsCut makes sure that the property above is about files that are cut.
func TestEveryDialectIsCut(t *testing.T) {
	for _, w := range writings {
		t.Run(w.name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("x" + w.delimiter + "y\n")
			for i := range 2000 {
				field, _ := w.field(fmt.Sprintf("é %d", i))
				b.WriteString(field + w.delimiter + field + "\n")
			}
			content := w.encode(b.String())
			f := file.WithLimits(with(t, store{"t/a.csv": content}, w.settings...), 100, 256)
			plan, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: 2000})
			if err != nil {
				t.Fatal(err)
			}
			if want := len(content) / 2000; len(plan.Splits) < want-1 {
				t.Errorf("%d splits, want about %d", len(plan.Splits), want)
			}
		})
	}
}
