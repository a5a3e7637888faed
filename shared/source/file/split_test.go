package file_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// texts are fields that make life hard for whoever looks for record ends.
var texts = rapid.SampledFrom([]string{"", "a", "b c", "é", "a,b", "x\ny", "\n", "say \"hi\"", "\"", "\"\"", ",\n", "\r\n", strings.Repeat("long ", 5), strings.Repeat("\n", 9)})

// csvText draws a CSV file, with some broken records.
func csvText(t *rapid.T) string {
	var b strings.Builder
	eol := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "eol")
	b.WriteString("n,x,y" + eol)
	for i := range rapid.IntRange(0, 40).Draw(t, "rows") {
		fmt.Fprintf(&b, "%d", i)
		for range 2 {
			b.WriteByte(',')
			text := texts.Draw(t, "field")
			if rapid.Bool().Draw(t, "quoted") || strings.ContainsAny(text, "\",\n\r") && rapid.IntRange(0, 9).Draw(t, "well") > 0 {
				text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
			}
			b.WriteString(text)
		}
		b.WriteString(rapid.SampledFrom([]string{eol, eol, eol, eol, ",extra" + eol, "\"" + eol, eol + eol}).Draw(t, "end"))
	}
	text := b.String()
	return text[:len(text)-rapid.IntRange(0, 3).Draw(t, "cut")]
}

func ndjsonText(t *rapid.T) string {
	var b strings.Builder
	for i := range rapid.IntRange(1, 40).Draw(t, "rows") {
		fmt.Fprintf(&b, `{"n":%d,"x":%q}`, i, texts.Draw(t, "field"))
		b.WriteString(rapid.SampledFrom([]string{"\n", "\r\n", "\n\n", "}\n"}).Draw(t, "end"))
	}
	return b.String()
}

// step is what a batch held, and the checkpoint after it.
type step struct {
	result
	after source.Checkpoint
}

func (r *result) extend(steps ...step) {
	for _, s := range steps {
		r.Rows, r.Rejects = append(r.Rows, s.Rows...), append(r.Rejects, s.Rejects...)
	}
}

func steps(t testing.TB, f *file.Files, plan source.Plan, split source.Split, from source.Checkpoint) []step {
	t.Helper()
	r, err := f.Read(t.Context(), source.ReadRequest{Table: plan.Table, Split: split, From: from})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	var all []step
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		var s step
		s.add(t, b)
		s.after = b.After
		all = append(all, s)
	}
}

// withoutLines forgets line numbers, which count from the beginning of a part.
func withoutLines(rejects []source.Reject) []source.Reject {
	rejects = slices.Clone(rejects)
	for i := range rejects {
		rejects[i].Origin = 0
	}
	return rejects
}

// TestAnySplitAndAnyResumeGiveTheSameRows reads files straight, then cut into
// splits of any size, then each split again from each of its checkpoints.
func TestAnySplitAndAnyResumeGiveTheSameRows(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) string{"t.csv": csvText, "t.ndjson": ndjsonText, "t.csv.gz": csvText, "t.ndjson.zst": ndjsonText} {
		t.Run(name, func(outer *testing.T) {
			rapid.Check(outer, func(t *rapid.T) {
				content := draw(t)
				switch {
				case strings.HasSuffix(name, ".gz"):
					content = gzipped(outer, content)
				case strings.HasSuffix(name, ".zst"):
					content = zstandard(outer, content)
				}
				objects := store{"t/0" + name: content, "t/1" + name: content}
				small := func(f *file.Files) *file.Files {
					return file.WithLimits(f, rapid.IntRange(1, 5).Draw(t, "rows"), rapid.SampledFrom([]int{24, 40, 1000}).Draw(t, "record"))
				}
				f := small(file.New(objects, ""))
				found := discover(outer, f)[0]
				if found.Problem != "" {
					t.Skip(found.Problem)
				}
				read := func(target int64) (whole result) {
					plan, err := f.Plan(outer.Context(), source.PlanRequest{Table: found, TargetBytes: target})
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
					t.Fatalf("cut into splits (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(withoutLines(want.Rejects), withoutLines(got.Rejects)); diff != "" {
					t.Fatalf("rejects, cut into splits (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestCutsPlainCSV makes sure that the property above is about files that are cut.
func TestCutsPlainCSV(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, field := range map[string]func() string{
		"without quotes":     func() string { return strings.Repeat("x", r.IntN(20)) },
		"with quoted commas": func() string { return `"a, b"` },
		"with newlines":      func() string { return "\"first line\nsecond line\"" },
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("n,x\n")
			for i := range 2000 {
				fmt.Fprintf(&b, "%d,%s\n", i, field())
			}
			f := file.WithLimits(file.New(store{"t/a.csv": b.String()}, ""), 100, 256)
			plan, err := f.Plan(t.Context(), source.PlanRequest{Table: table(t, f, "t"), TargetBytes: 2000})
			if err != nil {
				t.Fatal(err)
			}
			if want := b.Len() / 2000; len(plan.Splits) < want-1 {
				t.Errorf("%d splits, want about %d", len(plan.Splits), want)
			}
		})
	}
}
