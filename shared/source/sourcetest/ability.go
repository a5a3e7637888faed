package sourcetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// checksWithin is how long all checks take at most against a healthy peer.
const checksWithin = 10 * time.Second

// testCheckTime: the checks of a working connection are done in time.
func testCheckTime(t *testing.T, h Harness) {
	began := time.Now()
	check(t, h, h.Config)
	if took := time.Since(began); took > checksWithin {
		t.Errorf("the checks took %v", took)
	}
}

// testGrants: the statements name what they are for, and differ with the tables.
func testGrants(t *testing.T, h Harness) {
	request := source.GrantRequest{Settings: h.Config.Settings, Method: h.Config.Credential.Method}
	everything := grants(t, h, request)
	request.Tables = []string{h.biggest().Name}
	one := grants(t, h, request)
	if cmp.Equal(everything, one) {
		t.Error("the grants for one table are those for everything")
	}
}

func grants(t *testing.T, h Harness, request source.GrantRequest) []source.Grant {
	t.Helper()
	made, err := catalog.Grants(h.Driver.Spec().Platform, request)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) == 0 {
		t.Fatal("there are no grants")
	}
	search := newSearch(t, h.Driver.Spec(), h.Config)
	for _, g := range made {
		if g.Title == "" || g.Language == "" || strings.TrimSpace(g.Text) == "" {
			t.Errorf("an incomplete grant: %+v", g)
		}
		search("a grant", g.Text, nil)
	}
	return made
}

// testDiscoverResumes: every page can be read by a session of its own, as
// another invocation of a worker does.
func testDiscoverResumes(t *testing.T, h Harness) {
	whole := discover(t, open(t, h, h.Config))
	var all schema.Snapshot
	for cursor := ""; ; {
		page, err := open(t, h, h.Config).Discover(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		all.Tables = append(all.Tables, page.Tables...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	sortTables(all.Tables)
	if all.Version() != whole.Version() {
		t.Errorf("page by page, each in another session, the schema differs:\n%s", cmp.Diff(whole, all))
	}
}

// testNested: a structure shows its fields, an array that it is one; both are JSON.
func testNested(t *testing.T, h Harness) {
	fields, repeated := false, false
	for _, table := range discover(t, open(t, h, h.Config)).Tables {
		for _, c := range table.Columns {
			if (len(c.Fields) > 0 || c.Repeated) && c.Type != schema.JSON {
				t.Errorf("%s.%s is nested and %s", table.Name, c.Name, c.Type)
			}
			fields, repeated = fields || len(c.Fields) > 0, repeated || c.Repeated
		}
	}
	if !fields || !repeated {
		t.Errorf("columns with fields: %t, repeated columns: %t; the harness has to show both", fields, repeated)
	}
}

// testViews: there is a view, and it can be read.
func testViews(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	snapshot := discover(t, s)
	seen := false
	for _, want := range h.importable() {
		table, _ := snapshot.Table(want.Name)
		if table.Kind != schema.View {
			continue
		}
		seen = true
		var got content
		got.readAll(t, s, plan(t, s, snapshot, want.Name, h.TargetBytes), nil)
		compare(t, want, got)
	}
	if !seen {
		t.Error("the harness has no view")
	}
}

// testEstimate: an estimate for a table that has rows is more than nothing.
func testEstimate(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	table, _ := discover(t, s).Table(h.biggest().Name)
	got, err := s.Estimate(t.Context(), source.PlanRequest{Table: table})
	if err != nil {
		t.Fatal(err)
	}
	if got.Bytes <= 0 {
		t.Errorf("estimate %+v", got)
	}
}

// testQuery: a SELECT gives its rows, and anything else is refused.
func testQuery(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	refused := false
	for _, q := range h.Queries {
		p, err := s.Plan(t.Context(), source.PlanRequest{Query: q.SQL, TargetBytes: h.TargetBytes})
		if q.Fails != nil {
			refused = true
			if fault.CodeOf(err) != *q.Fails {
				t.Errorf("%s: got %v, want %s", q.SQL, err, *q.Fails)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", q.SQL, err)
		}
		var got content
		got.readAll(t, s, p, nil)
		compare(t, Table{Rows: q.Rows}, got)
	}
	if !refused {
		t.Error("the harness has no query that must be refused, as one that writes")
	}
}

func sortTables(tables []schema.Table) {
	slices.SortFunc(tables, func(a, b schema.Table) int { return strings.Compare(a.Name, b.Name) })
}
