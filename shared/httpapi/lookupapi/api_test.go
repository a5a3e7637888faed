package lookupapi_test

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/lookupapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lookup"
)

// reader stands where the lake is; what it reads is the lake's own tests' affair.
type reader struct {
	asked []any
	rows  []lake.Row
	err   error
}

func (r *reader) Rows(_ context.Context, workspaceID, importID string, limit int) ([]lake.Row, error) {
	r.asked = []any{workspaceID, importID, limit}
	return r.rows, r.err
}

func (r *reader) Profile(_ context.Context, workspaceID, identifier string, linked bool) (lookup.Profile, error) {
	r.asked = []any{workspaceID, identifier, linked}
	found := []lookup.Found{{ImportID: "imp_1", Row: row}}
	return lookup.Profile{
		Identifier: identifier, Profiles: found, Activities: found,
		Traits: map[string]lookup.Trait{"z": {Value: "last", ImportID: "imp_1"}, "none": {ImportID: "imp_2"}},
		Linked: lookup.Linked{Identities: []lookup.LinkedIdentity{{Identifier: "c1", Type: "cookie", Distance: 2}}, Truncated: true},
	}, r.err
}

var (
	row  = lake.Row{{Column: "z", Value: "last"}, {Column: "a", Value: int64(1 << 60)}, {Column: "none"}}
	acme = contracttest.Owner("acme")
)

func newClient(t *testing.T, r *reader) *contracttest.Client {
	return contracttest.New(t, lookupapi.New(slog.New(slog.DiscardHandler), contracttest.Identify, lookupapi.Services{Lookups: r}))
}

func TestRows(t *testing.T) {
	r := &reader{rows: []lake.Row{row, row}}
	client, importID := newClient(t, r), id.New(id.Import)
	answer := client.Do(t, contracttest.Request{Caller: acme, Target: "/v1/imports/" + importID + "/rows?limit=7"})
	// Columns keep the table's order, and numbers all their digits.
	const one = `{"z":"last","a":1152921504606846976,"none":null}`
	if got := strings.TrimSpace(string(answer.Body)); answer.Status != 200 || got != `{"items":[`+one+`,`+one+`]}` {
		t.Errorf("%d %s", answer.Status, got)
	}
	if r.asked[0] != "acme" || r.asked[1] != importID || r.asked[2] != 7 {
		t.Errorf("asked for %v", r.asked)
	}
	r.rows = nil
	answer = client.Do(t, contracttest.Request{Caller: acme, Target: "/v1/imports/" + importID + "/rows"})
	if got := strings.TrimSpace(string(answer.Body)); got != `{"items":[]}` || r.asked[2] != 50 {
		t.Errorf("no rows: %s, asked for %v", got, r.asked)
	}
}

// An answer that a Lambda cannot give would be a bare 500, whatever the limit says.
func TestRowsThatAreLarge(t *testing.T) {
	large := lake.Row{{Column: "text", Value: strings.Repeat("x", 1<<20)}}
	for name, test := range map[string]struct {
		rows []lake.Row
		want int
	}{
		"several": {slices.Repeat([]lake.Row{large}, 10), 2},
		"one":     {[]lake.Row{{{Column: "text", Value: strings.Repeat("x", 4<<20)}}}, 1},
		"small":   {slices.Repeat([]lake.Row{row}, 200), 200},
	} {
		answer := newClient(t, &reader{rows: test.rows}).Do(t, contracttest.Request{Caller: acme, Target: "/v1/imports/" + id.New(id.Import) + "/rows"})
		got := contracttest.Into[struct{ Items []map[string]any }](t, answer, 200)
		if len(got.Items) != test.want {
			t.Errorf("%s: %d rows in %d bytes, want %d", name, len(got.Items), len(answer.Body), test.want)
		}
	}
}

// profile is an answer without the rows' columns.
type profile struct {
	Identifier                               string
	Traits                                   map[string]lookupapi.Trait
	Linked                                   lookupapi.Linked
	Profiles, Identities, Groups, Activities []any
	Truncated                                bool
}

func TestProfile(t *testing.T) {
	r := &reader{}
	client := newClient(t, r)
	for _, identifier := range []string{"ada@example.com", "a+b/c?d#e%20", "é 漢", "..", "/", "//a", strings.Repeat("é", 1024)} {
		targets := []string{"/v1/profiles?identifier=" + url.QueryEscape(identifier)}
		if !strings.HasPrefix(identifier, "/") { // a path that begins a segment with a slash is cleaned
			targets = append(targets, "/v1/profiles/"+escape(identifier))
		}
		var bodies []string
		for _, target := range targets {
			answer := client.Do(t, contracttest.Request{Caller: acme, Target: target})
			got := contracttest.Into[profile](t, answer, 200)
			if got.Identifier != identifier || r.asked[1] != identifier || r.asked[2] != false || len(got.Profiles) != 1 || got.Groups == nil || got.Truncated {
				t.Errorf("%q: %s", identifier, answer.Body)
			}
			bodies = append(bodies, string(answer.Body))
		}
		if len(slices.Compact(bodies)) != 1 {
			t.Errorf("%q: by path and by query differ", identifier)
		}
	}
	answer := client.Do(t, contracttest.Request{Caller: acme, Target: "/v1/profiles/ada?linked=true"})
	got := contracttest.Into[profile](t, answer, 200)
	if r.asked[2] != true {
		t.Error("linked was not asked for")
	}
	wantTraits := map[string]lookupapi.Trait{"z": {Value: "last", ImportID: "imp_1"}, "none": {ImportID: "imp_2"}}
	if diff := cmp.Diff(wantTraits, got.Traits); diff != "" {
		t.Errorf("traits (-want +got):\n%s", diff)
	}
	wantLinked := lookupapi.Linked{Identities: []lookupapi.LinkedIdentity{{Identifier: "c1", Type: "cookie", Distance: 2}}, Truncated: true}
	if diff := cmp.Diff(wantLinked, got.Linked); diff != "" {
		t.Errorf("linked (-want +got):\n%s", diff)
	}
}

// escape encodes dots too: a path's "." and ".." are taken out before it is sent.
func escape(s string) string { return strings.ReplaceAll(url.PathEscape(s), ".", "%2E") }

func TestFailures(t *testing.T) {
	importID := id.New(id.Import)
	for name, test := range map[string]struct {
		who    *caller.Caller
		target string
		err    error
		status int
		code   string
	}{
		"nobody":           {nil, "/v1/profiles/x", nil, 401, "caller.unauthenticated"},
		"no permission":    {&caller.Caller{WorkspaceID: "acme", Permissions: []string{caller.ImportsRead}}, "/v1/profiles/x", nil, 403, "caller.forbidden"},
		"no profile":       {acme, "/v1/profiles/x", fault.New(fault.ProfileNotFound, "no import has landed this identifier"), 404, "profile.not_found"},
		"too long":         {acme, "/v1/profiles/" + strings.Repeat("x", 1025), nil, 404, "profile.not_found"},
		"not UTF-8":        {acme, "/v1/profiles/%ff", nil, 404, "profile.not_found"},
		"empty":            {acme, "/v1/profiles?identifier=", nil, 404, "profile.not_found"},
		"no identifier":    {acme, "/v1/profiles", nil, 422, "request.missing_field"},
		"linked's form":    {acme, "/v1/profiles/x?linked=maybe", nil, 422, "request.invalid"},
		"no table yet":     {acme, "/v1/imports/" + importID + "/rows", fault.New(fault.LakeTableMissing, ""), 404, "lake.table_not_found"},
		"malformed id":     {acme, "/v1/imports/x/rows", nil, 404, "import.not_found"},
		"limit":            {acme, "/v1/imports/" + importID + "/rows?limit=1000", nil, 422, "request.invalid"},
		"limit's form":     {acme, "/v1/imports/" + importID + "/rows?limit=all", nil, 422, "request.invalid"},
		"served elsewhere": {acme, "/v1/imports/" + importID, nil, 404, "request.not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := newClient(t, &reader{err: test.err}).Do(t, contracttest.Request{Caller: test.who, Target: test.target})
			if answer.Status != test.status || answer.Problem.Code != test.code {
				t.Errorf("%d %s, want %d %s", answer.Status, answer.Problem.Code, test.status, test.code)
			}
		})
	}
}
