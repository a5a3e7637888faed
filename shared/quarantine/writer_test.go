package quarantine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/source"
)

func unzip(t testing.TB, object []byte) string {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func zip(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}

func linesOf(t testing.TB, object []byte) (all []quarantine.Line) {
	t.Helper()
	for line, err := range quarantine.Lines(bytes.NewReader(object)) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}

func TestLinesAsTheyAreStored(t *testing.T) {
	w := quarantine.NewWriter(keyOf(t, run), 3)
	rejected := []pipeline.Rejected{
		{RowKey: "ab", From: "people/part-0001.csv", Origin: 17, Rule: "cast", Column: "a<b>", Reason: "not a number", Value: "x", HasRow: true},
		{From: "people/part-0001.csv", Rule: "ragged_row", Reason: "too few fields"},
	}
	rows := rowsOf([]string{"ada"}, []int64{1})
	defer rows.Release()
	for _, err := range []error{w.Write(nil, nil), w.Write(rejected[:1], rows), w.Write([]pipeline.Rejected{}, nil), w.Write(rejected[1:], nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	lines, _, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`"value":"[A-Za-z0-9+/]+=*"`).ReplaceAllString(unzip(t, lines), `"value":"…"`)
	const want = `{"row_key":"ab","split":3,"from":"people/part-0001.csv","origin":17,"rule":"cast","column":"a<b>","reason":"not a number","replayable":true,"value":"…"}
{"row_key":"","split":3,"from":"people/part-0001.csv","origin":0,"rule":"ragged_row","column":"","reason":"too few fields","replayable":false,"value":""}
`
	if diff := cmp.Diff(want, got); diff != "" || w.Rows() != 2 {
		t.Errorf("%d rows (-want +got):\n%s", w.Rows(), diff)
	}
}

func TestWriterWithoutRowsMakesNothing(t *testing.T) {
	w := quarantine.NewWriter(keyOf(t, run), 0)
	if err := w.Write(nil, nil); err != nil {
		t.Fatal(err)
	}
	lines, rows, err := w.Close()
	if lines != nil || rows != nil || err != nil || w.Rows() != 0 || w.Len() != 0 {
		t.Errorf("got %d and %d bytes, %v", len(lines), len(rows), err)
	}
}

func TestWriterRefusesRowsOfOthers(t *testing.T) {
	two := rowsOf([]string{"a", "b"}, []int64{1, 2})
	defer two.Release()
	for name, rejected := range map[string][]pipeline.Rejected{
		"too few rejections":  {{HasRow: true}, {}},
		"too many rejections": {{HasRow: true}, {HasRow: true}, {HasRow: true}},
	} {
		if err := quarantine.NewWriter(keyOf(t, run), 0).Write(rejected, two); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := quarantine.NewWriter(keyOf(t, run), 0).Write([]pipeline.Rejected{{HasRow: true}}, nil); err == nil {
		t.Error("no rows: no error")
	}
}

// Len grows before the rows are packed: whoever bounds memory by it sees them.
func TestWriterSaysHowMuchItHolds(t *testing.T) {
	w := quarantine.NewWriter(keyOf(t, run), 0)
	long := rowsOf([]string{strings.Repeat("x", 100_000)}, []int64{1})
	defer long.Release()
	if err := w.Write([]pipeline.Rejected{{HasRow: true}}, long); err != nil {
		t.Fatal(err)
	}
	if w.Len() < 100_000 {
		t.Errorf("Len is %d with a row of 100 kB", w.Len())
	}
}

// Neither object tells a value, or a row, without the key.
func TestCanary(t *testing.T) {
	const canary = "canary-7f3a91@example.com"
	key := keyOf(t, run)
	rows := rowsOf([]string{canary, canary}, []int64{1, 2})
	defer rows.Release()
	lines, sealed := put(t, key, 0, []pipeline.Rejected{{Rule: "email", Value: canary, HasRow: true}, {Rule: "email", Value: canary, HasRow: true}}, rows)
	for name, object := range map[string]string{"lines": string(lines), "unzipped lines": unzip(t, lines), "rows": string(sealed)} {
		if strings.Contains(object, "canary") || strings.Contains(object, "user_id") {
			t.Errorf("the %s tell what was rejected", name)
		}
	}
	all := linesOf(t, lines)
	if all[0].Value == all[1].Value {
		t.Error("equal values are sealed alike")
	}
	other := keyOf(t, run)
	if _, _, err := all[0].Open(other); err == nil {
		t.Error("a value opened with another key")
	}
	if _, err := read(t.Context(), lines, sealed, other, ""); err == nil {
		t.Error("the rows opened with another key")
	}
}

// What was written comes back: each line, each value, and each row with the place that it is from, from every checkpoint.
func TestWhatWasWrittenComesBack(t *testing.T) {
	key := keyOf(t, run)
	rapid.Check(t, func(rt *rapid.T) {
		split := rapid.IntRange(0, 9999).Draw(rt, "split")
		w := quarantine.NewWriter(key, split)
		var want []quarantine.Line
		var values []string
		var rows []person
		for range rapid.IntRange(0, 6).Draw(rt, "writes") {
			var rejected []pipeline.Rejected
			var names []string
			var ages []int64
			part := rapid.SampledFrom([]string{"", "a.csv", "b\xff.csv"}).Draw(rt, "part")
			for range rapid.SampledFrom([]int{0, 1, 3, 40}).Draw(rt, "rows") {
				n := int64(len(want))
				r := pipeline.Rejected{From: part, Origin: n + 1, Rule: "cast", Column: "age", Reason: "bad \xff", Value: []string{"", "x", "\xff"}[n%3], HasRow: n%5 != 4}
				if r.HasRow {
					name := strings.Repeat("n", int(n%40))
					names, ages = append(names, name), append(ages, n%50-1)
					rows = append(rows, person{Name: name, Age: n%50 - 1, Part: strings.ToValidUTF8(part, "\ufffd"), Origin: n + 1})
				}
				rejected = append(rejected, r)
				values = append(values, r.Value)
				want = append(want, quarantine.Line{Split: split, From: strings.ToValidUTF8(part, "\ufffd"), Origin: r.Origin, Rule: r.Rule, Column: r.Column, Reason: "bad \ufffd", Replayable: r.HasRow})
			}
			batch := rowsOf(names, ages)
			if err := w.Write(rejected, batch); err != nil {
				rt.Fatal(err)
			}
			batch.Release()
		}
		lines, sealed, err := w.Close()
		if err != nil {
			rt.Fatal(err)
		}
		if len(want) == 0 {
			return
		}
		got := linesOf(t, lines)
		if len(got) != len(want) || w.Rows() != int64(len(want)) {
			rt.Fatalf("%d lines, %d rows of %d", len(got), w.Rows(), len(want))
		}
		for n, line := range got {
			value, ok, err := line.Open(key)
			if err != nil || value != values[n] || ok != (value != "") {
				rt.Fatalf("line %d: value %q, %t, %v; want %q", n, value, ok, err, values[n])
			}
			if n%17 > 0 { // a look at all of them takes long
				continue
			}
			line.Value = ""
			if diff := cmp.Diff(want[n], line, cmpopts.IgnoreUnexported(quarantine.Line{})); diff != "" {
				rt.Fatalf("line %d (-want +got):\n%s", n, diff)
			}
		}
		comesBack(rt, rows, lines, sealed, key)
	})
}

// Many rows come in several batches, of which each has a checkpoint.
func TestManyRowsComeBack(t *testing.T) {
	key := keyOf(t, run)
	w := quarantine.NewWriter(key, 1)
	var want []person
	for from := int64(0); from < 10_000; from += 2500 {
		var rejected []pipeline.Rejected
		var names []string
		var ages []int64
		for n := from; n < from+2500; n++ {
			rejected = append(rejected, pipeline.Rejected{From: "a.csv", Origin: n, HasRow: true})
			names, ages = append(names, "somebody"), append(ages, n)
			want = append(want, person{Name: "somebody", Age: n, Part: "a.csv", Origin: n})
		}
		batch := rowsOf(names, ages)
		if err := w.Write(rejected, batch); err != nil {
			t.Fatal(err)
		}
		batch.Release()
	}
	lines, sealed, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	comesBack(t, want, lines, sealed, key)
}

// tester is testing.T and rapid.T.
type tester interface {
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func comesBack(rt tester, want []person, lines, sealed []byte, key quarantine.Key) {
	if len(want) == 0 {
		if _, err := read(rt.Context(), lines, sealed, key, ""); fault.CodeOf(err) != fault.QuarantineEmpty {
			rt.Fatalf("reading no rows: %v", err)
		}
		return
	}
	got, err := read(rt.Context(), lines, sealed, key, "")
	if err != nil {
		rt.Fatal(err)
	}
	same := func(a, b person) bool { a.After, b.After = "", ""; return a == b }
	if !slices.EqualFunc(got, want, same) {
		rt.Fatalf("%d rows came back, which are not the %d written", len(got), len(want))
	}
	for _, from := range []source.Checkpoint{got[0].After, got[len(got)/2].After, got[len(got)-1].After} {
		rest := got[before(got, from):]
		again, err := read(rt.Context(), lines, sealed, key, from)
		if err != nil {
			rt.Fatal(err)
		}
		if !slices.EqualFunc(again, rest, same) {
			rt.Fatalf("from %s %d rows came back, which are not the last %d", from, len(again), len(rest))
		}
	}
}

// before is how many rows a checkpoint has before it: all up to the last one of its batch.
func before(all []person, at source.Checkpoint) (n int) {
	for i, p := range all {
		if p.After == at {
			n = i + 1
		}
	}
	return n
}

func TestReaderTakesNoOtherCheckpoint(t *testing.T) {
	key := keyOf(t, run)
	rows := rowsOf([]string{"a"}, []int64{1})
	defer rows.Release()
	lines, sealed := put(t, key, 0, []pipeline.Rejected{{HasRow: true}}, rows)
	for _, from := range []source.Checkpoint{"x", "-1", "2", "1.5", "99999999999999999999"} {
		if _, err := read(t.Context(), lines, sealed, key, from); fault.CodeOf(err) != fault.WorkerInvalidCall {
			t.Errorf("from %q: %v", from, err)
		}
	}
}

// A run's reader does not open another run's objects, even with the same secret: see also the vault's test.
func TestRowsAreOfTheirRun(t *testing.T) {
	rows := rowsOf([]string{"a"}, []int64{1})
	defer rows.Release()
	lines, sealed := put(t, keyOf(t, run), 0, []pipeline.Rejected{{HasRow: true, Value: "x"}}, rows)
	other := keyOf(t, ingest.Ref{WorkspaceID: "acme", ImportID: "imp_1", RunID: "run_2"})
	if _, err := read(t.Context(), lines, sealed, other, ""); err == nil {
		t.Error("the rows of a run opened as another's")
	}
	if _, _, err := linesOf(t, lines)[0].Open(other); err == nil {
		t.Error("a value of a run opened as another's")
	}
}
