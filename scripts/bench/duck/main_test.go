package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRowsOfTheLastStatementArePrintedAsText(t *testing.T) {
	var printed bytes.Buffer
	err := run(t.Context(), []string{"CREATE TABLE t AS SELECT 7 AS n", "SELECT n, NULL, current_setting('threads') FROM t"}, &printed)
	if err != nil {
		t.Fatal(err)
	}
	if want := `[["7",null,"1"]]` + "\n"; printed.String() != want {
		t.Errorf("printed %swant %s", &printed, want)
	}
}

func TestStatementThatFailsIsNamed(t *testing.T) {
	var printed bytes.Buffer
	err := run(t.Context(), []string{"SELECT 1", "SELECT * FROM nowhere"}, &printed)
	if err == nil || !strings.Contains(err.Error(), "statement 2") || printed.Len() != 0 {
		t.Errorf("error %v, printed %q", err, &printed)
	}
}
