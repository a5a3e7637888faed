package sourcetest

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// testChecks: all pass with what works; with one mistake, exactly the check
// that is about it fails, what does not depend on it passes, and the rest is
// skipped. The failure comes with the provider's words and something to paste.
func testChecks(t *testing.T, h Harness) {
	t.Run("working", func(t *testing.T) {
		results := check(t, h, h.Config)
		if !source.Passed(results) {
			t.Errorf("not passed: %s", report(results))
		}
		for _, r := range results {
			if r.Outcome != source.Pass && (r.Outcome != source.Warn || r.Mandatory) {
				t.Errorf("%s: %s", r.Name, r.Outcome)
			}
		}
	})
	for _, b := range h.Broken {
		t.Run(b.Name, func(t *testing.T) {
			results := check(t, h, b.Config)
			if source.Passed(results) {
				t.Errorf("passed: %s", report(results))
			}
			found := false
			for _, r := range results {
				if r.Outcome != source.Fail {
					continue
				}
				found = found || r.Name == b.Check
				if r.Name != b.Check || r.Code != string(b.Code) {
					t.Errorf("%s fails with %s, want only %s with %s: %s", r.Name, r.Code, b.Check, b.Code, report(results))
				}
				if r.Detail == "" || r.Provider == "" || r.Remedy == nil || r.Remedy.Text == "" || r.Remedy.Snippet == "" {
					t.Errorf("%s does not say what failed, what the provider said, what to do and what to paste: %s", r.Name, report(results))
				}
			}
			if !found {
				t.Errorf("%s does not fail: %s", b.Check, report(results))
			}
		})
	}
}

func check(t *testing.T, h Harness, cfg source.Config) []source.CheckResult {
	t.Helper()
	results, err := open(t, h, cfg).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Fatal("there are no checks")
	}
	return results
}

func report(results []source.CheckResult) string {
	b, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// testDiscover: the tables and columns are those of the harness, and the same
// when another session asks.
func testDiscover(t *testing.T, h Harness) {
	first := discover(t, open(t, h, h.Config))
	want := make([]string, len(h.Tables))
	for i, table := range h.Tables {
		want[i] = table.Name
	}
	got := make([]string, len(first.Tables))
	for i, table := range first.Tables {
		got[i] = table.Name
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("tables (-want +got):\n%s", diff)
	}
	types := map[schema.Type]bool{}
	for i, table := range h.Tables {
		for _, c := range first.Tables[i].Columns {
			types[c.Type] = true
		}
		if got := first.Tables[i].Problem != ""; got != table.Problem {
			t.Errorf("%s: problem %q", table.Name, first.Tables[i].Problem)
		}
		if table.Columns == nil {
			continue
		}
		if diff := cmp.Diff(table.Columns, first.Tables[i].Columns, cmp.Comparer(sameColumn)); diff != "" {
			t.Errorf("%s: columns (-want +got):\n%s", table.Name, diff)
		}
	}
	for _, want := range h.Types {
		if !types[want] {
			t.Errorf("no column is a %s", want)
		}
	}
	if again := discover(t, open(t, h, h.Config)); again.Version() != first.Version() {
		t.Errorf("a second discovery differs:\n%s", cmp.Diff(first, again))
	}
}

// sameColumn compares columns; an unset native type matches any.
func sameColumn(x, y schema.Column) bool {
	if x.Native == "" || y.Native == "" {
		x.Native, y.Native = "", ""
	}
	return cmp.Equal(x, y)
}

func discover(t *testing.T, s *source.Source) schema.Snapshot {
	t.Helper()
	var all schema.Snapshot
	for cursor := ""; ; {
		page, err := s.Discover(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		all.Tables = append(all.Tables, page.Tables...)
		if cursor = page.Next; cursor == "" {
			sortTables(all.Tables)
			return all
		}
	}
}
