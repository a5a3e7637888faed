package controlapi_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/id"
)

func TestGrants(t *testing.T) {
	s := newStand(t)
	c := s.connect("exports")
	target := "/v1/connections/" + c.ID + "/grants"
	grants := contracttest.Into[controlapi.Grants](t, s.get(target), 200)
	if len(grants.Items) == 0 || !strings.Contains(grants.Items[0].Text, "customer-data") || grants.Items[0].Language == "" {
		t.Errorf("grants of everything: %+v", grants)
	}
	if answer := s.get(target + "?tables=orders"); answer.Status != 404 || answer.Problem.Code != "schema.not_found" {
		t.Errorf("before a discovery: %s", answer.Body)
	}
	odd := `a,b "c"`
	s.activate(c, profiles("orders"), profiles(odd), profiles("other"))
	tables := url.Values{"tables": {"orders", odd}}.Encode()
	some := contracttest.Into[controlapi.Grants](t, s.get(target+"?"+tables), 200)
	if len(some.Items) == 0 || !strings.Contains(some.Items[0].Text, "orders") || strings.Contains(some.Items[0].Text, "other") {
		t.Errorf("grants of two tables: %+v", some)
	}
	answer := s.get(target + "?tables=orders&tables=" + url.QueryEscape("a") + "&tables=other&tables=orders,other")
	fields := answer.Problem.Fields()
	if answer.Status != 422 || len(fields) != 2 || fields["tables[1]"] != "request.invalid" || fields["tables[3]"] != "request.invalid" {
		t.Errorf("unknown tables: %s", answer.Body)
	}
	if answer := s.get(target + "?" + strings.Repeat("&tables=orders", 201)); answer.Status != 422 {
		t.Errorf("too many tables: %d", answer.Status)
	}
	for _, path := range []string{id.New(id.Connection), "nonsense"} {
		if answer := s.get("/v1/connections/" + path + "/grants"); answer.Problem.Code != "connection.not_found" {
			t.Errorf("%s: %s", path, answer.Body)
		}
	}
}
