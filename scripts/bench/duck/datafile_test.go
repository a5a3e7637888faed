package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// formulas are what the rows of the golden data file of shared/lake/datafile hold, of their number n. Every fifth row
// is null where it can be.
var formulas = map[string]string{
	"id":      "printf('usr_%x', n * 7919 % 1000003)",
	"city":    "['Wien', 'Graz', 'Linz'][n % 3 + 1]",
	"note":    "printf('note %d of %d', n, n % 9)",
	"plan":    "n % 4 * 1000000007",
	"ratio":   "n::DOUBLE / 7",
	"step":    "(n % 10)::DOUBLE / 4",
	"money":   "((n - 1500) * 1.000000007)::DECIMAL(38, 9)",
	"price":   "(n % 5 * 1.99)::DECIMAL(9, 2)",
	"yes":     "n % 3 = 0",
	"day":     "DATE '1970-01-01' + (n * 17 - 20000)::INTEGER",
	"weekday": "DATE '1970-01-01' + (n % 7)::INTEGER",
	"moment":  "make_timestamptz((n - 1000) * 1000003000017)",
	"clock":   "(TIMESTAMP '1970-01-01' + to_microseconds(n * 28000001))::TIME",
	"raw":     "encode((n * 31)::VARCHAR)",
	"nothing": "NULL",
}

var required = []string{"id", "step", "price", "weekday"} // the columns that are never null

// What the lake's encoder writes must be to DuckDB what was written.
func TestDataFilesOfTheLakeAreRead(t *testing.T) {
	const file = "'../../../shared/lake/datafile/testdata/formulas.parquet'"
	statement := "SELECT count(*), count(DISTINCT n), min(n), max(n)"
	want := []string{"3000", "3000", "0", "2999"}
	var names []string
	for name, formula := range formulas {
		if !slices.Contains(required, name) {
			formula = "CASE WHEN n % 5 <> 0 THEN " + formula + " END"
		}
		statement += ", count(*) FILTER (" + name + " IS DISTINCT FROM " + formula + ")"
		want = append(want, "0")
		names = append(names, name)
	}
	var printed bytes.Buffer
	if err := run(t.Context(), []string{statement + " FROM read_parquet(" + file + ")"}, &printed); err != nil {
		t.Fatal(err)
	}
	if want := `[["` + strings.Join(want, `","`) + `"]]` + "\n"; printed.String() != want {
		t.Errorf("counts, and rows that differ in %s:\n%swant\n%s", names, &printed, want)
	}
}
