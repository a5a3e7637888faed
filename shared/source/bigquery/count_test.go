package bigquery_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// TestACountIsOfThePlansMoment, filtered as the plan is, under the run's labels and limit.
func TestACountIsOfThePlansMoment(t *testing.T) {
	peer, s := warehouse(t)
	must(t, peer.KeepHistory("crm.visits"))
	req := source.PlanRequest{
		Table:  schema.Table{Name: "crm.visits"},
		Filter: source.Filter{{Column: "day", Op: source.GreaterOrEqual, Values: []string{"2024-01-08"}, OrNull: true}},
		Labels: map[string]string{"headwater_run": "run_01"}, MaximumBytes: 100 << 20,
	}
	p, err := s.Plan(t.Context(), req)
	must(t, err)
	must(t, peer.Exec(t.Context(), "INSERT INTO crm.visits VALUES (DATE '2024-01-08', 99, 'fr')"))
	before := len(peer.Queries())
	column, _ := p.Table.Column("day")
	for range 2 { // the second joins the jobs of the first
		got, err := s.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: p, Column: &column})
		want := source.Tally{Rows: 3, Column: "day", Bounds: []string{"2024-01-09", "2024-01-10"}, Counts: []int64{1, 1, 1, 0}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	ran := 0
	for _, q := range peer.Queries()[before:] {
		if q.DryRun {
			continue
		}
		ran++
		if q.Labels["headwater_run"] != "run_01" || q.MaximumBytesBilled != 100<<20 {
			t.Errorf("labels %v, limit %d", q.Labels, q.MaximumBytesBilled)
		}
	}
	if ran != 2 {
		t.Errorf("%d queries ran, want one for the bounds and one for the windows", ran)
	}
}

// TestTheCountOfAQueryIsOfItsResult, and takes no query of its own unless rows are to be told apart.
func TestTheCountOfAQueryIsOfItsResult(t *testing.T) {
	peer, s := warehouse(t)
	req := source.PlanRequest{Query: "SELECT n, country FROM crm.visits WHERE day >= '2024-01-09'"}
	p, err := s.Plan(t.Context(), req)
	must(t, err)
	before := len(peer.Queries())
	absent := schema.Column{Name: "day", Type: schema.Date}
	for _, column := range []*schema.Column{nil, &absent} {
		got, err := s.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: p, Column: column})
		if diff := cmp.Diff(source.Tally{Rows: 2}, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	if ran := len(peer.Queries()) - before; ran != 0 {
		t.Errorf("%d queries", ran)
	}
	column, _ := p.Table.Column("n")
	got, err := s.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: p, Column: &column})
	want := source.Tally{Rows: 2, Column: "n", Bounds: []string{"9"}, Counts: []int64{1, 1, 0}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestWhatIsTooDearIsNotCounted(t *testing.T) {
	peer, s := warehouse(t)
	req := source.PlanRequest{Table: schema.Table{Name: "crm.visits"}, Filter: source.Filter{{Column: "day", Op: source.NotNull}}, MaximumBytes: 40 << 20}
	p, err := s.Plan(t.Context(), req)
	must(t, err)
	before := len(peer.Queries())
	req.MaximumBytes = 15 << 20 // a column has 10 MiB, and is looked at twice
	column, _ := p.Table.Column("day")
	_, err = s.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: p, Column: &column})
	wantFault(t, err, fault.SourceUnsupported, "more than the limit")
	text, _ := p.Table.Column("country")
	_, err = s.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: p, Column: &text})
	wantFault(t, err, fault.SourceUnsupported, "windows of a string")
	for _, q := range peer.Queries()[before:] {
		if !q.DryRun {
			t.Errorf("%s ran", q.SQL)
		}
	}
}
