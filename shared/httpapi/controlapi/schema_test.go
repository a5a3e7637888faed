package controlapi_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/schema"
)

// events is a table of a warehouse, with all that the schema can say.
func events() schema.Table {
	return schema.Table{
		Name: `crm."odd, events"`, Namespace: "crm", Kind: schema.View, Comment: strings.Repeat("long ", 100), Rows: 7,
		Partitioning: &schema.Partitioning{Column: "day", Granularity: "day", FilterRequired: true},
		Clustering:   []string{"id"}, Key: []string{"id", "day"},
		Columns: []schema.Column{
			{Name: "id", Type: schema.String, Native: "BIGNUMERIC"},
			{Name: "day", Type: schema.Date, Native: "DATE", Loss: "nothing"},
			{Name: "items", Type: schema.JSON, Native: "ARRAY<STRUCT>", Repeated: true, Fields: []schema.Column{
				{Name: "sku", Type: schema.String, Native: "STRING", Nullable: true}, {Name: "at", Type: schema.JSON, Native: "STRUCT", Fields: []schema.Column{{Name: "x", Type: schema.Int64, Native: "INT64"}}},
			}},
			{Name: "shape", Type: schema.Unsupported, Native: "RANGE"},
		},
	}
}

func TestSchemaOfAWarehouse(t *testing.T) {
	s := newStand(t)
	c := s.connect("warehouse")
	target := "/v1/connections/" + c.ID + "/schema"
	if answer := s.get(target); answer.Problem.Code != "schema.not_found" {
		t.Errorf("before a discovery: %s", answer.Body)
	}
	s.activate(c, events(), profiles("crm.Profiles"), profiles("web.visits"))

	page := contracttest.Into[controlapi.SchemaPage](t, s.get(target), 200)
	var names []string
	for _, table := range page.Items {
		names = append(names, table.Name)
		if table.Columns != nil || table.ColumnCount != 4 || table.Partitioning != (controlapi.Partitioning{}) {
			t.Errorf("a table with its columns: %+v", table)
		}
	}
	if diff := cmp.Diff([]string{`crm."odd, events"`, "crm.Profiles", "web.visits"}, names); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	first := page.Items[0]
	if first.Kind != controlapi.TableKindView || first.Namespace != "crm" || first.Rows != 7 || len(first.Comment) > 300 || page.Version == "" {
		t.Errorf("entry %+v of version %q", first, page.Version)
	}

	whole := contracttest.Into[controlapi.Table](t, s.get(target+"/tables?name="+url.QueryEscape(events().Name)), 200)
	want := controlapi.Table{
		Name: `crm."odd, events"`, Namespace: "crm", Kind: controlapi.TableKindView, Comment: strings.Repeat("long ", 100), ColumnCount: 4, Rows: 7,
		Partitioning: controlapi.Partitioning{Column: "day", Granularity: "day", FilterRequired: true},
		Clustering:   []string{"id"}, Key: []string{"id", "day"},
		Columns: []controlapi.Column{
			{Name: "id", Type: controlapi.DiscoveredTypeString, Native: "BIGNUMERIC"},
			{Name: "day", Type: controlapi.DiscoveredTypeDate, Native: "DATE", Loss: "nothing"},
			{Name: "items", Type: controlapi.DiscoveredTypeJSON, Native: "ARRAY<STRUCT>", Repeated: true, Fields: []controlapi.Column{
				{Name: "sku", Type: controlapi.DiscoveredTypeString, Native: "STRING", Nullable: true},
				{Name: "at", Type: controlapi.DiscoveredTypeJSON, Native: "STRUCT", Fields: []controlapi.Column{{Name: "x", Type: controlapi.DiscoveredTypeInt64, Native: "INT64"}}},
			}},
			{Name: "shape", Type: controlapi.DiscoveredTypeUnsupported, Native: "RANGE"},
		},
	}
	if diff := cmp.Diff(want, whole); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	with := contracttest.Into[controlapi.SchemaPage](t, s.get(target+"?columns=true&limit=1"), 200)
	if diff := cmp.Diff([]controlapi.Table{want}, with.Items); diff != "" || with.NextCursor == "" {
		t.Errorf("a list with columns (-want +got):\n%s", diff)
	}
	for suffix, code := range map[string]string{
		"/tables?name=crm.profiles": "schema.table_not_found", "/tables?name=": "schema.table_not_found",
		"/tables": "request.missing_field", "?columns=maybe": "request.invalid",
	} {
		if answer := s.get(target + suffix); answer.Problem.Code != code {
			t.Errorf("%s: %s", suffix, answer.Body)
		}
	}
}

func TestSchemaSearch(t *testing.T) {
	s := newStand(t)
	c := s.connect("warehouse")
	s.activate(c, events(), profiles("crm.Profiles"), profiles("web.profiles"), profiles("web.visits"))
	target := "/v1/connections/" + c.ID + "/schema"
	for query, want := range map[string][]string{
		"?query=profiles":               {"crm.Profiles", "web.profiles"},
		"?query=PROF":                   {"crm.Profiles", "web.profiles"},
		"?query=web.":                   {"web.profiles", "web.visits"},
		"?query=%2C":                    {events().Name},
		"?query=nothing":                nil,
		"?namespace=crm":                {events().Name},
		"?namespace=CRM":                nil,
		"?namespace=crm&query=profiles": nil,
	} {
		for _, limit := range []int{1, 50} {
			var got []string
			for _, p := range s.walk(target+query, limit) {
				for _, item := range p.Items {
					got = append(got, item.Name)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s by %d (-want +got):\n%s", query, limit, diff)
			}
		}
	}
}
