package lookup_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lookup"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/schema"
)

// said is a row of a user_profile import with one trait; a cursor below zero is none, a nil value NULL.
func said(value any, cursor int64) lake.Row {
	r := lake.Row{{Column: "identifier", Value: ada}, {Column: "plan", Value: value}, {Column: "_hw_cursor"}}
	if cursor >= 0 {
		r[2].Value = cursor
	}
	return r
}

// teller is a user_profile import.
func teller(id string, precedence int, cursor schema.Type) ingest.Import {
	i := ingest.Import{WorkspaceID: "acme", ID: "imp_" + id, Name: id, Type: ingest.UserProfile, Precedence: precedence}
	if cursor != "" {
		i.Cursor = &ingest.Cursor{Column: "at", Type: cursor}
	}
	return i
}

func TestTraitsAreMerged(t *testing.T) {
	low, high := teller("1", 0, schema.Int64), teller("2", 0, schema.Int64)
	for name, test := range map[string]struct {
		imports []ingest.Import
		rows    [][]lake.Row
		want    any
	}{
		"the greater cursor":                 {[]ingest.Import{low, high}, [][]lake.Row{{said("a", 7)}, {said("b", 6)}}, "a"},
		"of equal cursors the newer import":  {[]ingest.Import{low, high}, [][]lake.Row{{said("a", 7)}, {said("b", 7)}}, "b"},
		"without a cursor the newer import":  {[]ingest.Import{low, teller("2", 0, "")}, [][]lake.Row{{said("a", 7)}, {said("b", -1)}}, "b"},
		"cursors of two types":               {[]ingest.Import{low, teller("2", 0, schema.String)}, [][]lake.Row{{said("a", 7)}, {said("b", 1)}}, "b"},
		"precedence before cursor and age":   {[]ingest.Import{teller("1", 5, schema.Int64), high}, [][]lake.Row{{said("a", 1)}, {said("b", 9)}}, "a"},
		"NULL never wins":                    {[]ingest.Import{low, teller("2", 9, schema.Int64)}, [][]lake.Row{{said("a", 1)}, {said(nil, 9)}}, "a"},
		"NULL alone":                         {[]ingest.Import{low}, [][]lake.Row{{said(nil, 1)}}, nil},
		"the greater cursor of one import":   {[]ingest.Import{low}, [][]lake.Row{{said("a", 1), said("b", 3), said("c", 2)}}, "b"},
		"a cursor before none in one import": {[]ingest.Import{low}, [][]lake.Row{{said("z", -1), said("a", 1)}}, "a"},
		"the greater value of one import":    {[]ingest.Import{low}, [][]lake.Row{{said("a", 1), said("c", 1), said("b", 1)}}, "c"},
	} {
		t.Run(name, func(t *testing.T) {
			store, landed := memstore.New(), tables{}
			for n, i := range test.imports {
				fatal(t, store.CreateImport(t.Context(), i))
				landed[lake.TableOf(i)] = test.rows[n]
			}
			got, err := (&lookup.Service{Imports: store, Lake: landed}).Profile(t.Context(), "acme", ada, false)
			fatal(t, err)
			if got.Traits["plan"].Value != test.want || len(got.Traits) != 1 {
				t.Errorf("traits %v, want %v", got.Traits, test.want)
			}
		})
	}
}

// In whatever order the rows of an import are read, the same one wins.
func TestClaimsOfOneImportHaveAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) lookup.Claim {
			c := lookup.Claim{Value: rapid.SampledFrom([]any{nil, "a", "b", "c"}).Draw(t, "value"), Distance: rapid.IntRange(0, 2).Draw(t, "distance")}
			if n := rapid.Int64Range(-1, 2).Draw(t, "cursor"); n >= 0 {
				c.Cursor = n
			}
			return c
		}), 1, 8).Draw(t, "claims")
		merged := func(claims []lookup.Claim) any {
			standing := claims[0]
			for _, c := range claims[1:] {
				if c.Beats(standing) {
					standing = c
				}
			}
			return standing.Value
		}
		want := merged(claims)
		if got := merged(rapid.Permutation(claims).Draw(t, "in another order")); got != want {
			t.Fatalf("%v in one order, %v in another", want, got)
		}
	})
}

func TestCompare(t *testing.T) {
	for _, ordered := range [][]any{
		{nil, "", "a", "b"},
		{nil, int64(-1), int64(0), int64(1)},
		{nil, "-Infinity", -1.5, 0.0, 2.5, "Infinity", "NaN"},
		{nil, false, true},
		{nil, json.RawMessage(`1`), json.RawMessage(`2`)},
	} {
		for i, a := range ordered {
			for j, b := range ordered {
				if got := lookup.Compare(a, b); (got < 0) != (i < j) || (got > 0) != (i > j) {
					t.Errorf("Compare(%v, %v) = %d", a, b, got)
				}
			}
		}
	}
}

func TestSystemColumnsAreHidden(t *testing.T) {
	s, landed := world(t)
	landed[table("acme", ingest.UserProfile)] = []lake.Row{said("a", 1)}
	landed[table("acme", ingest.GroupIdentity)] = []lake.Row{row("user_id", ada, "group_id", "h1", "_hw_row", "f")}
	landed[table("acme", ingest.UserActivity)] = []lake.Row{row("identifier", ada, "event_time", "2026", "_hw_row", "f")}
	landed[table("acme", ingest.IdentityGraph)] = []lake.Row{row("first_id", ada, "second_id", "b", "_hw_cursor", "f")}
	p, err := s.Profile(t.Context(), "acme", ada, false)
	fatal(t, err)
	rows, err := s.Rows(t.Context(), "acme", "imp_user_profile", 10)
	fatal(t, err)
	for _, found := range slices.Concat(p.Profiles, p.Groups, p.Activities, p.Identities) {
		rows = append(rows, found.Row)
	}
	for _, r := range rows {
		for _, c := range r {
			if c.Column[0] == '_' {
				t.Errorf("%v shows %s", r, c.Column)
			}
		}
	}
	if len(rows) != 5 || len(p.Traits) != 1 {
		t.Errorf("%d rows, traits %v", len(rows), p.Traits)
	}
}

func TestProfileIsBounded(t *testing.T) {
	s, landed := world(t)
	var people, events []lake.Row
	for n := range 150 {
		people = append(people, row("identifier", ada, "n", fmt.Sprint(n)))
		events = append(events, row("identifier", ada, "event_time", fmt.Sprintf("2026-01-01T00:00:00.%06dZ", n)))
	}
	landed[table("acme", ingest.UserProfile)] = people
	p, err := s.Profile(t.Context(), "acme", ada, false)
	if err != nil || len(p.Profiles) != 100 || !p.Truncated {
		t.Errorf("%d of 150 profiles, truncated: %t, %v", len(p.Profiles), p.Truncated, err)
	}
	landed[table("acme", ingest.UserProfile)] = people[:100]
	p, err = s.Profile(t.Context(), "acme", ada, false)
	if err != nil || len(p.Profiles) != 100 || p.Truncated {
		t.Errorf("%d of 100 profiles, truncated: %t, %v", len(p.Profiles), p.Truncated, err)
	}
	landed[table("acme", ingest.UserActivity)] = events
	p, err = s.Profile(t.Context(), "acme", ada, false)
	if err != nil || len(p.Activities) != 100 || !p.Truncated {
		t.Fatalf("%d of 150 activities, truncated: %t, %v", len(p.Activities), p.Truncated, err)
	}
	if newest, _ := p.Activities[0].Row.Value("event_time"); newest != "2026-01-01T00:00:00.000149Z" {
		t.Errorf("the first activity is of %v", newest)
	}
}

func TestLookupThatFails(t *testing.T) {
	s, _ := world(t)
	s.Lake = broken{}
	for _, linked := range []bool{false, true} {
		if _, err := s.Profile(t.Context(), "acme", ada, linked); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("linked %t: %v", linked, err)
		}
	}
}
