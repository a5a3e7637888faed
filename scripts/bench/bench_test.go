package main

import (
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
	r := result{ours: took(1, 10, 100), theirs: took(2, 20, 100)}
	if got := r.ratio(); got != 2 {
		t.Errorf("the ratio is %v, want 2", got)
	}
	if got := median([]float64{4, 1, 3, 2}, middle); got != 2.5 {
		t.Errorf("the median of four values is %v, want 2.5", got)
	}
}

func TestLineSaysWhatTheTableSays(t *testing.T) {
	r := result{task: tasks()[0], rows: 1_000_000, ours: took(2, 2, 2), theirs: took(3, 3, 3), ourBytes: 102, theirBytes: 100}
	for _, want := range []string{"T1 ratio_duckdb=1.50 ", "size_ratio=1.020 ", "rows_per_cpu_s=500000 ", "lambda_gb_s_per_million=3.5 "} {
		if line := r.line(); !strings.Contains(line, want) {
			t.Errorf("%q does not say %q", line, want)
		}
	}
	for _, want := range []string{"| T1 |", "| **1.50** (1.50 … 1.50) |", "| 500000 |", "| 1.020 |", "| 3.5 GB-s, $0.000058 |"} {
		if all := table([]result{r}); !strings.Contains(all, want) {
			t.Errorf("the table does not say %q:\n%s", want, all)
		}
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
		_, _, err := bench{}.gate(t.Context(), task{}, seeded{Rows: 1000, Good: 990}, found, "", "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want something about %q", found, err, want)
		}
	}
}

func TestTasksAreChosenByName(t *testing.T) {
	chosen, err := choose(tasks(), "T4,T1")
	if err != nil || len(chosen) != 2 || chosen[0].name != "T4" || chosen[1].name != "T1" {
		t.Errorf("chose %v, %v", chosen, err)
	}
	if _, err := choose(tasks(), "T9"); err == nil {
		t.Error("a task that does not exist was chosen")
	}
	if all, err := choose(tasks(), ""); err != nil || len(all) != len(tasks()) {
		t.Errorf("chose %d of %d tasks, %v", len(all), len(tasks()), err)
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
