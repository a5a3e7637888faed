package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/caller"
)

// rejected is a row in quarantine, as the API answers it.
type rejected struct {
	Origin    int64   `json:"origin"`
	Rule      string  `json:"rule"`
	Column    string  `json:"column"`
	Value     *string `json:"value"`
	Destroyed bool    `json:"value_destroyed"`
}

// TestAQuarantineIsReadUntilItsKeyIsDestroyed: with their values, in pages and as lines, and never by another workspace.
func TestAQuarantineIsReadUntilItsKeyIsDestroyed(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", "user_id,name,score\nu1,Ann,1\nu2,Bob,many\nu3,Cid,few\n,Dan,4\n")
	i := w.tolerant(t, "people")
	r := w.succeed(t, i, counts{Read: 4, Written: 1, Quarantined: 3})
	at := "/v1/imports/" + i.ID + "/runs/" + r.ID + "/quarantine"

	read := func() (all []rejected) {
		t.Helper()
		for cursor, more := "", true; more; more = cursor != "" {
			var page struct {
				Items []rejected
				Next  string `json:"next_cursor"`
			}
			w.get(t, at+"?limit=2&cursor="+cursor, &page)
			all, cursor = append(all, page.Items...), page.Next
		}
		return all
	}
	want := []rejected{
		{Origin: 3, Rule: "cast", Column: "score", Value: new("many")},
		{Origin: 4, Rule: "cast", Column: "score", Value: new("few")},
		{Origin: 5, Rule: "required", Column: "user_id"},
	}
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, w.lines(t, at)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	var summary struct {
		Rows     int64
		Key      string
		Complete bool
		Counts   []object
	}
	w.get(t, at+"/summary", &summary)
	if summary.Rows != 3 || summary.Key != "available" || !summary.Complete || len(summary.Counts) != 2 {
		t.Errorf("summary %+v", summary)
	}

	newWorkspace(t).send(t, http.MethodGet, at, nil).refused(t, http.StatusNotFound, "run.not_found")
	newWorkspace(t).send(t, http.MethodDelete, at+"/key", nil).refused(t, http.StatusNotFound, "run.not_found")
	w.with(t, caller.LakeRead).send(t, http.MethodDelete, at+"/key", nil).refused(t, http.StatusForbidden, "caller.forbidden")
	for range 2 {
		if a := w.send(t, http.MethodDelete, at+"/key", nil); a.status != http.StatusNoContent {
			t.Fatalf("destroying the key: %d %s", a.status, a.body)
		}
	}
	for n := range want {
		want[n].Destroyed, want[n].Value = want[n].Value != nil, nil
	}
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Errorf("after the key was destroyed (-want +got):\n%s", diff)
	}
}

// lines downloads a quarantine.
func (w workspace) lines(t *testing.T, at string) (all []rejected) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, here.URLs.API+at, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.key)
	req.Header.Set("Accept", "application/x-ndjson")
	resp, err := here.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%d %s, %v: %s", resp.StatusCode, resp.Header.Get("Content-Type"), err, text)
	}
	for line := range bytes.Lines(text) {
		var one rejected
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// TestAPersonAndAnAudienceAcrossImports: what five imports say of a few people is merged, linked, and counted.
func TestAPersonAndAnAudienceAcrossImports(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "crm/a.csv", "user_id,plan,city\na/1,free,Ayr\nb2,pro,Bath\nc3,pro,\n")
	w.put(t, "shop/a.csv", "user_id,plan\na/1,pro\nb2,free\n")
	w.put(t, "events/a.csv", fmt.Sprintf("user_id,at,what,amount\na/1,%s,order,10\na/1,2001-01-01T00:00:00Z,order,99\nb2,2001-01-01T00:00:00Z,order,99\nx9,%[1]s,order,10\n",
		time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)))
	w.put(t, "links/a.csv", "one,two\na/1,k1\nk1,b2\n")
	w.put(t, "groups/a.csv", "who,team\nb2,red\nc3,blue\n")
	c := w.active(t)
	land := func(table, kind string, precedence int, mapping ...string) imported {
		t.Helper()
		request := newImport(c, table, "full_refresh")
		request["type"], request["precedence"] = kind, precedence
		var columns []object
		for n := 0; n < len(mapping); n += 3 {
			column := object{"source": mapping[n], "target": mapping[n+1]}
			if mapping[n+2] != "" {
				column["type"] = mapping[n+2]
			}
			columns = append(columns, column)
		}
		request["mapping"] = columns
		var i imported
		w.post(t, "/v1/imports", request, &i)
		if r := w.end(t, i, w.begin(t, i).ID); r.Status != "succeeded" {
			t.Fatalf("the run of %s: %+v", table, r)
		}
		return i
	}
	crm := land("crm", "user_profile", 5, "user_id", "identifier", "", "plan", "plan", "", "city", "city", "")
	land("shop", "user_profile", 1, "user_id", "identifier", "", "plan", "plan", "")
	land("events", "user_activity", 0, "user_id", "identifier", "", "at", "event_time", "timestamp", "what", "event_name", "", "amount", "amount", "int64")
	land("links", "identity_graph", 0, "one", "first_id", "", "two", "second_id", "")
	land("groups", "group_identity", 0, "who", "user_id", "", "team", "group_id", "")

	var p struct {
		Traits map[string]object
		Linked struct {
			Identities []object
		}
		Groups, Activities []object
	}
	w.get(t, "/v1/profiles?identifier="+url.QueryEscape("a/1"), &p)
	if p.Traits["plan"]["value"] != "free" || p.Traits["plan"]["import_id"] != crm.ID || len(p.Groups) != 0 || len(p.Activities) != 2 {
		t.Errorf("profile %+v", p)
	}
	want := []object{{"identifier": "k1", "type": "", "distance": 1.0}, {"identifier": "b2", "type": "", "distance": 2.0}}
	if diff := cmp.Diff(want, p.Linked.Identities); diff != "" {
		t.Errorf("linked (-want +got):\n%s", diff)
	}
	w.get(t, "/v1/profiles?linked=true&identifier="+url.QueryEscape("a/1"), &p)
	if len(p.Groups) != 1 || len(p.Activities) != 3 {
		t.Errorf("profile with what is linked %+v", p)
	}

	for expression, want := range map[string][]string{
		`{"trait":{"name":"plan","op":"eq","values":["pro"]}}`:                                       {"b2", "c3"},
		`{"activity":{"event":"order","within_days":7}}`:                                             {"a/1"},
		`{"activity":{"where":[{"property":"amount","op":"ge","values":["99"]}]}}`:                   {"a/1", "b2"},
		`{"any":[{"group":{"ids":["red"]}},{"not":{"trait":{"name":"city","op":"not_null"}}}]}`:      {"b2", "c3"},
		`{"all":[{"group":{"ids":["red","blue"]}},{"activity":{"at_most":0}}]}`:                      {"c3"},
		`{"all":[{"activity":{"at_least":3}},{"trait":{"name":"plan","op":"in","values":["pro"]}}]}`: nil,
	} {
		var got struct {
			Count  int
			Sample []string
		}
		w.post(t, "/v1/audiences:preview", object{"expression": json.RawMessage(expression)}, &got)
		slices.Sort(got.Sample)
		if got.Count != len(want) || !slices.Equal(got.Sample, want) {
			t.Errorf("%s: %+v, want %v", expression, got, want)
		}
	}
	w.send(t, http.MethodPost, "/v1/audiences:preview", object{"expression": object{"trait": object{"name": "none", "op": "not_null"}}}).
		refused(t, http.StatusUnprocessableEntity, "audience.invalid").at(t, "expression.trait.name", "audience.invalid")
}
