package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func took(seconds ...float64) (all []spent) {
	for _, s := range seconds {
		all = append(all, spent{cpu: time.Duration(s * float64(time.Second))})
	}
	return all
}

// A machine that is slow for a while makes both sides of a round slow: the ratio must not move.
func TestRatioIsOfRoundsNotOfMedians(t *testing.T) {
	r := result{ours: took(1, 10, 100)}
	if got := r.ratio(theirs{took: took(2, 20, 100)}); got != 2 {
		t.Errorf("the ratio is %v, want 2", got)
	}
	if got := median([]float64{4, 1, 3, 2}, middle); got != 2.5 {
		t.Errorf("the median of four values is %v, want 2.5", got)
	}
}

// measured is a result of a task with DuckDB and Polars, and one of a task with neither.
func measured() (r, other result) {
	all := tasks()
	r = result{task: all[0], rows: 1_000_000, ours: took(2, 2, 2), ourBytes: 102}
	r.theirs = []theirs{{peer: all[0].peers[0], took: took(3, 3, 3), bytes: 100}, {peer: all[0].peers[1], took: took(5, 5, 5), bytes: 110}}
	other = result{task: all[7], rows: 1_000_000, ours: took(2, 2, 2), ourBytes: 100}
	other.theirs = []theirs{{peer: all[7].peers[0], took: took(1, 1, 1), bytes: 100}}
	return r, other
}

func TestLineSaysWhatTheTableSays(t *testing.T) {
	r, other := measured()
	if got, want := r.line(), "T1 ratio_duckdb=1.50 ratio_polars=2.50 rss_mb=0 size_ratio=1.020 rows_per_cpu_s=500000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := other.line(), "T6BQ ratio_duckdb=- ratio_polars=- rss_mb=0 size_ratio=1.000 rows_per_cpu_s=500000 ratio_client=0.50"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	all := table([]result{r, other})
	for _, want := range []string{
		"| **T1** |", "| | DuckDB | 3.00 | **1.50** (1.50 … 1.50) | 1.50 |", "| | Polars | 5.00 | **2.50** (2.50 … 2.50) | – |", "| 500000 |", "| 1.020 |", "| 3.5 GB-s, $0.000058 |", "| **0.50** (0.50 … 0.50) | 0.87 |",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the table does not say %q:\n%s", want, all)
		}
	}
}

// The chart is drawn as XML that a browser reads, with a bar for each side.
func TestChartHasABarForEachSide(t *testing.T) {
	r, other := measured()
	drawn := chart([]result{r, other}, "1 < 2 & rounds")
	if err := xml.Unmarshal([]byte(drawn), new(struct{})); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(drawn, "<rect"), 1+5; got != want {
		t.Errorf("%d rectangles, want %d", got, want)
	}
	for _, want := range []string{"Headwater", "DuckDB", "Polars", "bare client", "500 k", "1 &lt; 2 &amp; rounds"} {
		if !strings.Contains(drawn, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

func TestGrowthIsOfRounds(t *testing.T) {
	m := merges{changed: 100, tables: []int64{500, 2000}, took: [][]spent{took(1, 10), took(1.5, 15)}}
	if got, want := m.line(), "T7 ratio_duckdb=- ratio_polars=- rss_mb=0 size_ratio=- rows_per_cpu_s=12 ratio_largest_by_smallest=1.50 cpu_s_500=5.50 cpu_s_2000=8.25"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Results replace the earlier ones, and leave alone what people wrote around them.
func TestResultsGoBetweenTheirLines(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "benchmarks.md")
	r, _ := measured()
	found := findings{bench: bench{rows: 7, rounds: 3}, results: []result{r}}
	if err := os.WriteFile(path, []byte("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := found.write(dir); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n<!-- results -->\n7 rows, the median of 3 rounds.\n\n![rows per CPU second](benchmarks.svg)\n\n" + table(found.results) + "\n<!-- end of results -->\nafter\n"
	if string(text) != want {
		t.Errorf("the document is\n%s\nwant\n%s", text, want)
	}
	if drawn, err := os.ReadFile(filepath.Join(dir, "benchmarks.svg")); err != nil || !strings.HasPrefix(string(drawn), "<svg") {
		t.Errorf("the chart: %.20q, %v", drawn, err)
	}
	if err := os.WriteFile(path, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := found.write(dir); err == nil {
		t.Error("a document without a place for them was written")
	}
}

func TestAnyDifferenceShutsTheGate(t *testing.T) {
	one := task{columns: []column{{target: "identifier"}, {target: "age"}}}
	digest := func() []string {
		return []string{"3", "77", "VARCHAR", "3", "a", "c", "5", "BIGINT", "2", "1", "9", "6"}
	}
	if err := one.same(digest(), digest()); err != nil {
		t.Errorf("equal digests differ: %v", err)
	}
	for i, want := range []string{
		"number of rows", "hash of rows",
		"type of column identifier", "number of values of column identifier", "least value of column identifier", "greatest value of column identifier", "hash of column identifier",
		"type of column age", "number of values of column age", "least value of column age", "greatest value of column age", "hash of column age",
	} {
		other := digest()
		other[i] = "other"
		if err := one.same(digest(), other); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("value %d differs: %v, want something about the %s", i, err, want)
		}
	}
}

func TestRowsThatVanishShutTheGate(t *testing.T) {
	for want, found := range map[string]counts{
		"1000 rows are in": {Landed: 900, Quarantined: 99},
		"has 990 good":     {Landed: 980, Quarantined: 20},
	} {
		_, _, err := bench{}.gate(t.Context(), task{}, peer{}, seeded{Rows: 1000, Good: 990}, found)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want something about %q", found, err, want)
		}
	}
}

func TestTasksAreChosenByName(t *testing.T) {
	chosen, merging, err := choose(tasks(), []string{"T4", "T7", "T1"})
	if err != nil || len(chosen) != 2 || chosen[0].name != "T4" || chosen[1].name != "T1" || !merging {
		t.Errorf("chose %v, %t, %v", chosen, merging, err)
	}
	if _, _, err := choose(tasks(), []string{"T9"}); err == nil {
		t.Error("a task that does not exist was chosen")
	}
	if all, merging, err := choose(tasks(), nil); err != nil || len(all) != len(tasks()) || !merging {
		t.Errorf("chose %d of %d tasks, %t, %v", len(all), len(tasks()), merging, err)
	}
}

// Half of the columns of T2 have new names, and both sides are asked for the same ones.
func TestBothSidesRenameTheSameColumns(t *testing.T) {
	renames := 0
	for _, c := range renamed() {
		if c.source != c.target {
			renames++
		}
		if want := c.source + " AS " + c.target; !strings.Contains(task{columns: renamed()}.selection(), want) {
			t.Errorf("DuckDB is not asked for %q", want)
		}
	}
	if renames != 10 {
		t.Errorf("%d columns have new names, want 10", renames)
	}
}
