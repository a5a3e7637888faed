package file_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// FuzzCSV holds the reader against encoding/csv: what that accepts, ours reads
// to the same fields; and nothing is ever lost: every record is a row or a reject.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		people, "a,b\n1,2\n", "a\n\"x\ny\"\n", "a,b\n\"1\"\"2\",\r\n\r\n3,4", "a\n\"open", "a,b\n1\n1,2,3\n", "a\n\"x\" \n", "a\n\r\n\"\"\n,\n", "\ufeffa\nb", "a\n\"x\"\r", "a\nb\r",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
		if err != nil || len(want) == 0 || !utf8.ValidString(text) || len(text) > 1<<16 || slices.Contains(want[0], "") || strings.Contains(text, "\x00") {
			readAnything(t, "t/a.csv", text)
			return
		}
		fields := readTexts(t, with(t, store{"t/a.csv": text}, append(writings[0].settings, "csv_header", "present")...), want[0])
		if fields == nil {
			return
		}
		for i, record := range want[1:] {
			for j := range record {
				record[j] = strings.ReplaceAll(record[j], "\r\n", "\n") // as encoding/csv has it in quotes
			}
			if i >= len(fields) || !slices.Equal(fields[i], record) {
				t.Fatalf("record %d: %q, want %q", i, fields[min(i, len(fields)-1):], record)
			}
		}
		if len(fields) != len(want)-1 {
			t.Fatalf("%d records, want %d", len(fields), len(want)-1)
		}
	})
}

// FuzzDialect reads any text in any dialect, given and found: it must end, and
// what is cut into splits must give the rows of the whole.
func FuzzDialect(f *testing.F) {
	for i := range writings {
		for _, seed := range []string{"x,y\n1,2\n", "x;y\n'a;b';\"c\\\"\"\n", "x\ty\na\\\tb\t\\N\n\\", "\xff\xfex\x00\n\x00", "x|y\n'it''s'|\n", "1;2,5\n3;4,5\n"} {
			f.Add(uint8(i), seed)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		if len(text) > 1<<11 { // thousands of splits of a few bytes
			return
		}
		var settings []string
		if n := int(which) % (len(writings) + 1); n < len(writings) {
			settings = writings[n].settings
		}
		files := file.WithLimits(with(t, store{"t/a.csv": text}, settings...), 7, 64)
		page, err := files.Discover(t.Context(), "")
		if err != nil || len(page.Tables) != 1 || page.Tables[0].Problem != "" {
			return
		}
		whole, cut := readAll(t, files, "t", 1<<30), readAll(t, files, "t", 50)
		if !slices.Equal(whole.Rows, cut.Rows) || !slices.Equal(withoutLines(whole.Rejects), withoutLines(cut.Rejects)) {
			t.Fatalf("whole: %v\ncut: %v", whole, cut)
		}
	})
}

// FuzzSeekTable reads whatever follows the frames of a zstd file as a seek table.
func FuzzSeekTable(f *testing.F) {
	text := numbered(200)
	for _, checksums := range []bool{false, true} {
		good := seekable(f, text, 500, checksums, 0)
		at := strings.LastIndex(good, "\x5e\x2a\x4d\x18")
		f.Add(good[at:])
	}
	frames := seekable(f, text, 500, false, 0)
	frames = frames[:strings.LastIndex(frames, "\x5e\x2a\x4d\x18")]
	f.Fuzz(func(t *testing.T, table string) {
		files := file.WithLimits(file.New(store{"t/a.csv.zst": frames + table}, ""), 100, 256)
		plan, err := files.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: 1000})
		if err != nil {
			return
		}
		rows := 0
		for _, split := range plan.Splits {
			got, err := readSplit(t, files, plan.Table, split, "")
			if err != nil {
				return
			}
			rows += len(got.Rows) + len(got.Rejects)
		}
		if rows != 200 {
			t.Fatalf("%d rows, want 200 or an error", rows)
		}
	})
}

// readAnything reads a file of whatever content; it must end, without a panic.
func readAnything(t *testing.T, key, text string) {
	t.Helper()
	f := file.WithLimits(file.New(store{key: text}, ""), 7, 64)
	if page, err := f.Discover(t.Context(), ""); err == nil && len(page.Tables) == 1 && page.Tables[0].Problem == "" {
		readAll(t, f, "t", 50)
	}
}

// readTexts reads a file with all columns as text; nil when it has a problem
// that encoding/csv does not mind.
func readTexts(t testing.TB, f *file.Files, columns []string) [][]string {
	t.Helper()
	plan, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}})
	if err != nil {
		return nil
	}
	for i := range plan.Table.Columns {
		plan.Table.Columns[i].Type = schema.String
	}
	var all [][]string
	for _, split := range plan.Splits {
		r, err := f.Read(t.Context(), source.ReadRequest{Table: plan.Table, Columns: columns, Split: split})
		if err != nil {
			t.Fatal(err)
		}
		for {
			b, err := r.Next(t.Context())
			if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(b.Rejects) > 0 {
				t.Fatalf("rejects: %v", b.Rejects)
			}
			for row := range int(b.Record.NumRows()) {
				fields := make([]string, len(columns))
				for i := range fields {
					if c := b.Record.Column(i); c.IsValid(row) {
						fields[i] = strings.ReplaceAll(c.ValueStr(row), "\r\n", "\n")
					}
				}
				all = append(all, fields)
			}
			b.Release()
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if all == nil {
		all = [][]string{}
	}
	return all
}

// FuzzNDJSON holds the reader against encoding/json: a line is a row exactly
// if that reads an object from it, and the values are the same.
func FuzzNDJSON(f *testing.F) {
	for _, seed := range []string{
		peopleNDJSON, `{"a":1}`, `{"a":"\ud83d\ude00\ud800x"}`, `{"a":{"b":[1,2,{"c":null}]},"a":2}`, `{"a":01}`, `{"a":-}`, `{"a":1e5,"b":tru}`, `{"\u0061":1}`, "[1]", `{"a":"` + "\x01" + `"}`, `{} x`, `{"a":1,}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		readAnything(t, "t/a.ndjson", line)
		if strings.ContainsAny(line, "\n") || strings.TrimSpace(line) == "" || len(line) > 1<<16 || strings.Count(line, "[")+strings.Count(line, "{") > 900 || strings.HasPrefix(line, "\ufeff") {
			return
		}
		var want map[string]json.RawMessage
		err := json.Unmarshal([]byte(line), &want)
		isObject := err == nil && want != nil
		// A good row first, so that the table has no problem, and a column to read.
		f := file.New(store{"t/a.ndjson": "{\"a\":{}}\n{\"a\":{}}\n" + line + "\n"}, "")
		plan, err := f.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readSplit(t, f, plan.Table, plan.Splits[0], "", "a")
		if err != nil {
			t.Fatal(err)
		}
		rejected := slices.ContainsFunc(got.Rejects, func(r source.Reject) bool { return r.Rule == "malformed_json" })
		if isObject == rejected {
			t.Fatalf("object: %v, rejected: %v", isObject, rejected)
		}
		if !isObject || len(got.Rejects) > 0 { // not UTF-8
			return
		}
		var row struct{ A *string }
		if err := json.Unmarshal([]byte(got.Rows[2]), &row); err != nil {
			t.Fatal(err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, want["a"]); err != nil && len(want["a"]) > 0 {
			t.Fatal(err)
		}
		raw := compact.Bytes()
		if isNull := len(raw) == 0 || string(raw) == "null"; isNull != (row.A == nil) {
			t.Fatalf("got %v, want %s", row.A, raw)
		} else if !isNull && *row.A != string(raw) {
			t.Fatalf("got %s, want %s", *row.A, raw)
		}
	})
}
