package lookup_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lookup"
)

func link(first, second string) lake.Row { return row("first_id", first, "second_id", second) }

func typedLink(firstType, first, secondType, second string) lake.Row {
	return row("first_id", first, "first_id_type", firstType, "second_id", second, "second_id_type", secondType)
}

func linkedOf(t *testing.T, links ...lake.Row) lookup.Linked {
	t.Helper()
	s, landed := world(t)
	landed[table("acme", ingest.UserProfile)] = []lake.Row{row("identifier", ada)}
	landed[table("acme", ingest.IdentityGraph)] = links
	p, err := s.Profile(t.Context(), "acme", ada, false)
	fatal(t, err)
	return p.Linked
}

func TestLinkedIdentitiesAreTheNearestFirst(t *testing.T) {
	for name, test := range map[string]struct {
		links []lake.Row
		want  []lookup.LinkedIdentity
	}{
		"none":                     {nil, nil},
		"of others":                {[]lake.Row{link("x", "y")}, nil},
		"itself":                   {[]lake.Row{link(ada, ada)}, nil},
		"a chain, in any order":    {[]lake.Row{link("b", "c"), link("a", ada), link("a", "b")}, []lookup.LinkedIdentity{{"a", "", 1}, {"b", "", 2}, {"c", "", 3}}},
		"a ring":                   {[]lake.Row{link(ada, "a"), link("a", "b"), link("b", ada)}, []lookup.LinkedIdentity{{"a", "", 1}, {"b", "", 1}}},
		"twice":                    {[]lake.Row{link(ada, "a"), link(ada, "a")}, []lookup.LinkedIdentity{{"a", "", 1}}},
		"of whatever type it is":   {[]lake.Row{typedLink("mail", ada, "c", "1"), typedLink("x", "2", "crm", ada)}, []lookup.LinkedIdentity{{"1", "c", 1}, {"2", "x", 1}}},
		"over one type only":       {[]lake.Row{typedLink("mail", ada, "c", "1"), typedLink("d", "1", "d", "2")}, []lookup.LinkedIdentity{{"1", "c", 1}}},
		"one text, two identities": {[]lake.Row{typedLink("mail", ada, "c", "1"), typedLink("mail", ada, "d", "1")}, []lookup.LinkedIdentity{{"1", "c", 1}, {"1", "d", 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := linkedOf(t, test.links...)
			if diff := cmp.Diff(append([]lookup.LinkedIdentity{}, test.want...), got.Identities); diff != "" || got.Truncated {
				t.Errorf("truncated: %t (-want +got):\n%s", got.Truncated, diff)
			}
		})
	}
}

func TestLinkedIsBounded(t *testing.T) {
	var chain, star, wide []lake.Row
	for n := range 150 {
		star = append(star, link(ada, fmt.Sprint(n)))
	}
	near := ada
	for n := range 6 {
		chain = append(chain, link(near, fmt.Sprint(n)))
		near = fmt.Sprint(n)
	}
	for n := range 60 {
		wide = append(wide, link(ada, fmt.Sprint("a", n)), link(fmt.Sprint("a", n), fmt.Sprint("b", n)))
	}
	for name, test := range map[string]struct {
		links     []lake.Row
		want      int
		truncated bool
	}{
		"long": {chain, 4, true}, "as long as may be": {chain[:4], 4, true}, "shorter": {chain[:3], 3, false},
		"many": {star, 100, true}, "many, farther away": {wide, 100, true},
	} {
		got := linkedOf(t, test.links...)
		if len(got.Identities) != test.want || got.Truncated != test.truncated {
			t.Errorf("%s: %d identities, truncated: %t; want %d, %t", name, len(got.Identities), got.Truncated, test.want, test.truncated)
		}
	}
}

// Asked for what is linked too, a profile has the traits, groups and activities of the
// identities that are connected, the nearer one's before the farther one's.
func TestLinkedProfile(t *testing.T) {
	s, landed := world(t)
	landed[table("acme", ingest.IdentityGraph)] = []lake.Row{typedLink("mail", ada, "c", "1"), typedLink("c", "1", "d", "2")}
	landed[table("acme", ingest.UserProfile)] = []lake.Row{
		row("identifier", "2", "plan", "far", "city", "Far"),
		row("identifier", "1", "plan", "near"),
		row("identifier", "1", "identifier_type", "other", "plan", "zz", "secret", "of another"),
	}
	landed[table("acme", ingest.GroupIdentity)] = []lake.Row{row("user_id", "2", "group_id", "h")}
	landed[table("acme", ingest.UserActivity)] = []lake.Row{row("identifier", "1", "event_time", "1"), row("identifier", "2", "event_time", "2")}
	p, err := s.Profile(t.Context(), "acme", ada, false)
	fatal(t, err)
	if len(p.Traits)+len(p.Groups)+len(p.Activities)+len(p.Profiles) != 0 {
		t.Errorf("not asked for what is linked: %+v", p)
	}
	p, err = s.Profile(t.Context(), "acme", ada, true)
	fatal(t, err)
	want := map[string]lookup.Trait{"plan": {"near", "imp_user_profile"}, "city": {"Far", "imp_user_profile"}}
	if diff := cmp.Diff(want, p.Traits); diff != "" {
		t.Errorf("traits (-want +got):\n%s", diff)
	}
	if len(p.Groups) != 1 || len(p.Activities) != 2 || len(p.Profiles) != 2 {
		t.Errorf("%d groups, %d activities, %d profiles", len(p.Groups), len(p.Activities), len(p.Profiles))
	}
	if _, err := s.Profile(t.Context(), "acme", "nobody", true); fault.CodeOf(err) != fault.ProfileNotFound {
		t.Errorf("nobody: %v", err)
	}
}
