package snowflake_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// TestACountIsOfThePlansResult, whatever has become of the table since, and tagged as the run's.
func TestACountIsOfThePlansResult(t *testing.T) {
	s := start(t)
	fill(t, s)
	events := open(t, s.endpoints, config())
	req := source.PlanRequest{
		Table: schema.Table{Name: "CRM.SALES.EVENTS"}, Columns: []string{"ID", "NAME"},
		Filter: source.Filter{{Column: "ID", Op: source.Less, Values: []string{"48"}}},
		Labels: map[string]string{"headwater_run": "run_7"},
	}
	plan, err := events.Plan(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	s.admin(t, "rows", object{"database": database, "schema": "SALES", "table": "EVENTS", "delete": `"ID" < 5`})
	id, _ := plan.Table.Column("ID")
	at, _ := plan.Table.Column("AT") // of the table, and not read
	name, _ := plan.Table.Column("NAME")
	for _, column := range []*schema.Column{nil, &at} {
		got, err := events.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: plan, Column: column})
		if diff := cmp.Diff(source.Tally{Rows: 48}, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	if n := scans(t, s); n != 0 {
		t.Errorf("%d queries for the number of rows", n)
	}
	got, err := events.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: plan, Column: &id})
	if err != nil || got.Rows != 48 || got.Column != "ID" || len(got.Bounds) != source.MaxWindows-1 || got.Bounds[0] != "1" || got.Bounds[22] != "45" ||
		got.Counts[0] != 1 || got.Counts[23] != 3 || got.Counts[24] != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if n := scans(t, s); n != 2 {
		t.Errorf("%d tagged queries, want one for the bounds and one for the windows", n)
	}
	_, err = events.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: plan, Column: &name})
	if fault.CodeOf(err) != fault.SourceUnsupported {
		t.Errorf("windows of texts: %v", err)
	}
}

// scans counts the tagged queries of a result.
func scans(t *testing.T, s *service) (n int) {
	for _, st := range s.journal(t, "statements") {
		if strings.Contains(st.Text, "RESULT_SCAN") && strings.Contains(st.Tag, `"headwater_run":"run_7"`) {
			n++
		}
	}
	return n
}
