package controlapi_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// page is what every list answers.
type page struct {
	Items []struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Split int    `json:"split"`
	} `json:"items"`
	NextCursor string `json:"next_cursor"`
}

// walk reads a list page by page.
func (s *stand) walk(target string, limit int) (pages []page) {
	s.t.Helper()
	separator := '?'
	if strings.Contains(target, "?") {
		separator = '&'
	}
	for cursor := ""; ; {
		p := contracttest.Into[page](s.t, s.get(fmt.Sprintf("%s%climit=%d&cursor=%s", target, separator, limit, url.QueryEscape(cursor))), 200)
		pages = append(pages, p)
		if cursor = p.NextCursor; cursor == "" {
			return pages
		}
		if len(pages) > 20 {
			s.t.Fatal("the list does not end")
		}
	}
}

// populated is a workspace with five of everything, and what its lists must give.
func populated(t *testing.T) (s *stand, lists map[string][]string) {
	s = newStand(t)
	var connections, imports, runs, tables, splits []string
	var first controlapi.Connection
	for n := range 5 {
		c := s.connect(fmt.Sprintf("connection %d", n))
		connections = append(connections, c.ID)
		if n == 0 {
			first = c
		}
	}
	var discovered []schema.Table
	for n := range 5 {
		tables = append(tables, fmt.Sprintf("table %d", n))
		discovered = append(discovered, profiles(tables[n]))
	}
	s.activate(first, discovered...)
	for n := range 5 {
		imports = append(imports, s.importOf(first, fmt.Sprintf("import %d", n), "table 0").ID)
	}
	var last ingest.Ref
	for range 5 {
		last = s.run(imports[0])
		runs = append(runs, last.RunID)
		s.endRun(last)
	}
	var progress []ingest.SplitProgress
	for n := range 5 {
		splits = append(splits, fmt.Sprint(n))
		progress = append(progress, ingest.SplitProgress{Number: n, Label: fmt.Sprintf("part-%d.csv", n)})
	}
	s.must(s.store.CreateSplits(t.Context(), last, progress))
	for _, newest := range [][]string{connections, imports, runs} {
		slices.Reverse(newest)
	}
	return s, map[string][]string{
		"/v1/connections":                                            connections,
		"/v1/connections/" + first.ID + "/schema":                    tables,
		"/v1/imports":                                                imports,
		"/v1/imports/" + imports[4] + "/runs":                        runs,
		"/v1/imports/" + imports[4] + "/runs/" + runs[0] + "/splits": splits,
	}
}

func TestListsPage(t *testing.T) {
	s, lists := populated(t)
	for target, want := range lists {
		for _, limit := range []int{1, 2, 4, 5, 200} {
			var got []string
			pages := s.walk(target, limit)
			for _, p := range pages {
				if len(p.Items) > limit || len(p.Items) == 0 {
					t.Errorf("%s: a page of %d with limit %d", target, len(p.Items), limit)
				}
				for _, item := range p.Items {
					switch {
					case item.ID != "":
						got = append(got, item.ID)
					case item.Name != "":
						got = append(got, item.Name)
					default:
						got = append(got, fmt.Sprint(item.Split))
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s by %d (-want +got):\n%s", target, limit, diff)
			}
			if full := (len(want) + limit - 1) / limit; len(pages) != full {
				t.Errorf("%s by %d: %d pages, want %d", target, limit, len(pages), full)
			}
		}
	}
}

func TestListsOfNothing(t *testing.T) {
	s := newStand(t)
	for _, target := range []string{"/v1/connections", "/v1/imports"} {
		if got := string(s.get(target).Body); got != "{\"items\":[]}\n" {
			t.Errorf("%s: %s", target, got)
		}
	}
}

func TestParametersAreRefused(t *testing.T) {
	s, lists := populated(t)
	garbage := base64.RawURLEncoding.EncodeToString([]byte(`{"k":"connections"}`))
	for target := range lists {
		for _, test := range []struct{ field, value, code string }{
			{"limit", "0", "request.invalid"},
			{"limit", "201", "request.invalid"},
			{"limit", "-1", "request.invalid"},
			{"limit", "ten", "request.invalid"},
			{"limit", "1.5", "request.invalid"},
			{"limit", "99999999999", "request.invalid"},
			{"cursor", "nonsense", "request.invalid_cursor"},
			{"cursor", garbage, "request.invalid_cursor"},
		} {
			answer := s.get(target + "?" + test.field + "=" + test.value)
			if answer.Problem.Code != test.code || answer.Problem.Fields()[test.field] != test.code {
				t.Errorf("%s, %s %s: %d %s", target, test.field, test.value, answer.Status, answer.Body)
			}
		}
	}
}

// A cursor of one list is of no use to another, nor to another workspace.
func TestCursorsDoNotTravel(t *testing.T) {
	s, lists := populated(t)
	cursors := map[string]string{}
	for target := range lists {
		cursors[target] = s.walk(target, 2)[0].NextCursor
	}
	for from, cursor := range cursors {
		for to := range lists {
			answer := s.get(to + "?cursor=" + cursor)
			if (from == to) != (answer.Status == 200) {
				t.Errorf("cursor of %s at %s: %d", from, to, answer.Status)
			}
		}
	}
	for _, target := range []string{"/v1/connections", "/v1/imports"} {
		answer := s.Do(t, contracttest.Request{Caller: other, Target: target + "?cursor=" + cursors[target]})
		if answer.Problem.Code != "request.invalid_cursor" {
			t.Errorf("another workspace at %s: %d", target, answer.Status)
		}
	}
}

// Very wide tables come in shorter pages, and all of them come.
func TestWideTables(t *testing.T) {
	s := newStand(t)
	c := s.connect("exports")
	var wide []schema.Table
	for n := range 7 {
		table := schema.Table{Name: fmt.Sprintf("t%d", n)}
		for m := range 9000 {
			table.Columns = append(table.Columns, schema.Column{Name: fmt.Sprintf("column_%d", m), Type: schema.String, Native: "text"})
		}
		wide = append(wide, table)
	}
	s.activate(c, wide...)
	var got []string
	for _, p := range s.walk("/v1/connections/"+c.ID+"/schema?columns=true", 200) {
		if len(p.Items) > 2 {
			t.Errorf("a page has %d tables", len(p.Items))
		}
		for _, table := range p.Items {
			got = append(got, table.Name)
		}
	}
	if diff := cmp.Diff([]string{"t0", "t1", "t2", "t3", "t4", "t5", "t6"}, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}
