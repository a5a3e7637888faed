package lookup_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lookup"
	"github.com/headwaterhq/headwater/shared/memstore"
)

// tables stands where the lake is: rows by table. A table that is not there has not been landed yet.
type tables map[lake.TableID][]lake.Row

func (l tables) Rows(_ context.Context, id lake.TableID, limit int) ([]lake.Row, error) {
	rows, ok := l[id]
	if !ok {
		return nil, fault.New(fault.LakeTableMissing, "")
	}
	return rows[:min(limit, len(rows))], nil
}

func (l tables) Lookup(ctx context.Context, id lake.TableID, column, value string, limit int) ([]lake.Row, error) {
	rows, err := l.Rows(ctx, id, len(l[id]))
	var found []lake.Row
	for _, row := range rows {
		if v, ok := row.Value(column); !ok {
			return nil, fmt.Errorf("table %s has no column %s", id, column)
		} else if v == value && len(found) < limit {
			found = append(found, row)
		}
	}
	return found, err
}

func (l tables) Newest(ctx context.Context, id lake.TableID, want lake.Newest) ([]lake.Row, error) {
	rows, err := l.Lookup(ctx, id, want.Column, want.Value, len(l[id]))
	rows = slices.DeleteFunc(rows, func(r lake.Row) bool { return !want.Keep(r) })
	slices.SortStableFunc(rows, func(a, b lake.Row) int {
		at, _ := a.Value(want.By)
		other, _ := b.Value(want.By)
		return strings.Compare(other.(string), at.(string))
	})
	return rows[:min(len(rows), want.Limit)], err
}

// row makes a row of texts from columns and values in turn.
func row(cells ...string) lake.Row {
	var r lake.Row
	for n := 0; n < len(cells); n += 2 {
		r = append(r, lake.Cell{Column: cells[n], Value: cells[n+1]})
	}
	return r
}

const ada = "ada@example.com"

// world has one import of each type, and one of each in another workspace.
func world(t *testing.T) (*lookup.Service, tables) {
	t.Helper()
	store, landed := memstore.New(), tables{}
	for _, workspace := range []string{"acme", "other"} {
		for _, kind := range []ingest.Type{ingest.UserProfile, ingest.UserActivity, ingest.IdentityGraph, ingest.GroupIdentity} {
			i := ingest.Import{WorkspaceID: workspace, ID: "imp_" + string(kind), Name: string(kind), Type: kind}
			if err := store.CreateImport(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &lookup.Service{Imports: store, Lake: landed}, landed
}

// table is the table of the world's import of this type.
func table(workspace string, kind ingest.Type) lake.TableID {
	return lake.TableOf(ingest.Import{WorkspaceID: workspace, ID: "imp_" + string(kind), Type: kind})
}

func TestProfileIsCollectedFromEveryType(t *testing.T) {
	s, landed := world(t)
	person := row("identifier", ada, "country", "GB")
	early := row("identifier", ada, "event_time", "2026-01-01T00:00:00Z", "event_name", "visit")
	late := row("identifier", ada, "event_time", "2026-02-01T00:00:00Z", "event_name", "order")
	first, second := row("first_id", ada, "second_id", "c1"), row("first_id", "d2", "second_id", ada)
	self := row("first_id", ada, "second_id", ada)
	household := row("user_id", ada, "group_id", "h1")
	landed[table("acme", ingest.UserProfile)] = []lake.Row{person, row("identifier", "bob")}
	landed[table("acme", ingest.UserActivity)] = []lake.Row{early, late}
	landed[table("acme", ingest.IdentityGraph)] = []lake.Row{first, row("first_id", "x", "second_id", "y"), second, self}
	landed[table("acme", ingest.GroupIdentity)] = []lake.Row{household}
	landed[table("other", ingest.UserProfile)] = []lake.Row{row("identifier", ada, "secret", "of others")}

	got, err := s.Profile(t.Context(), "acme", ada, false)
	if err != nil {
		t.Fatal(err)
	}
	found := func(kind ingest.Type, rows ...lake.Row) []lookup.Found {
		var all []lookup.Found
		for _, r := range rows {
			all = append(all, lookup.Found{ImportID: "imp_" + string(kind), Row: r})
		}
		return all
	}
	want := lookup.Profile{
		Identifier: ada,
		Traits:     map[string]lookup.Trait{"country": {Value: "GB", ImportID: "imp_user_profile"}},
		Linked:     lookup.Linked{Identities: []lookup.LinkedIdentity{{Identifier: "c1", Distance: 1}, {Identifier: "d2", Distance: 1}}},
		Profiles:   found(ingest.UserProfile, person),
		Activities: found(ingest.UserActivity, late, early),
		Identities: found(ingest.IdentityGraph, first, self, second),
		Groups:     found(ingest.GroupIdentity, household),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
}

func TestProfileOfNobody(t *testing.T) {
	s, landed := world(t)
	landed[table("acme", ingest.UserProfile)] = []lake.Row{row("identifier", "bob")}
	landed[table("other", ingest.UserProfile)] = []lake.Row{row("identifier", ada)}
	for _, workspace := range []string{"acme", "nobody"} {
		if _, err := s.Profile(t.Context(), workspace, ada, false); fault.CodeOf(err) != fault.ProfileNotFound {
			t.Errorf("%s: %v", workspace, err)
		}
	}
	got, err := s.Profile(t.Context(), "acme", "bob", false)
	if err != nil || got.Activities == nil || got.Identities == nil || got.Groups == nil {
		t.Errorf("empty parts are nil: %+v, %v", got, err)
	}
}

// An import that is not on the first page of imports counts too.
func TestProfileAsksEveryImport(t *testing.T) {
	store, landed := memstore.New(), tables{}
	for n := range 250 {
		i := ingest.Import{WorkspaceID: "acme", ID: fmt.Sprintf("imp_%03d", n), Name: fmt.Sprint(n), Type: ingest.UserProfile}
		if err := store.CreateImport(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		landed[lake.TableOf(i)] = []lake.Row{row("identifier", ada)}
	}
	got, err := (&lookup.Service{Imports: store, Lake: landed}).Profile(t.Context(), "acme", ada, false)
	if err != nil || len(got.Profiles) != 250 {
		t.Errorf("%d rows of 250 imports, %v", len(got.Profiles), err)
	}
}

// broken is a lake that does not answer.
type broken struct{ tables }

func (broken) Lookup(context.Context, lake.TableID, string, string, int) ([]lake.Row, error) {
	return nil, fault.New(fault.Unavailable, "the lake did not answer")
}

func (broken) Newest(context.Context, lake.TableID, lake.Newest) ([]lake.Row, error) {
	return nil, fault.New(fault.Unavailable, "the lake did not answer")
}

func TestProfileIsNotHalfAnAnswer(t *testing.T) {
	s, _ := world(t)
	s.Lake = broken{}
	if _, err := s.Profile(t.Context(), "acme", ada, false); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("a lake that does not answer: %v", err)
	}
}

func TestRows(t *testing.T) {
	s, landed := world(t)
	landed[table("acme", ingest.UserProfile)] = []lake.Row{row("identifier", "a"), row("identifier", "b")}
	rows, err := s.Rows(t.Context(), "acme", "imp_user_profile", 1)
	if err != nil || len(rows) != 1 {
		t.Errorf("%v, %v", rows, err)
	}
	for importID, want := range map[string]fault.Code{"imp_user_activity": fault.LakeTableMissing, "imp_none": fault.ImportNotFound} {
		if _, err := s.Rows(t.Context(), "acme", importID, 1); fault.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", importID, err, want)
		}
	}
}
