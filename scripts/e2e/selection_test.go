package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestOnlyChosenRowsLand imports the rows that a filter lets through.
func TestOnlyChosenRowsLand(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 60).csv())
	c := w.active(t)
	filter := []object{{"column": "score", "op": "gt", "values": []string{"50"}}, {"column": "user_id", "op": "ne", "values": []string{"u60"}}}
	var i imported
	w.post(t, "/v1/imports", change(newImport(c, "people", "full_refresh"), "filter", filter), &i)
	w.succeed(t, i, counts{Read: 9, Written: 9})
	rows := w.rows(t, i)
	if len(rows) != 9 || rows["u51"] == nil || rows["u59"] == nil {
		t.Errorf("landed %d rows, want u51 to u59: %v", len(rows), rows)
	}
	filter[0]["column"] = "socre"
	w.send(t, http.MethodPost, "/v1/imports", change(newImport(c, "people", "append"), "filter", filter)).
		refused(t, 422, "source.invalid_filter").at(t, "filter[0].column", "source.invalid_filter")
	w.send(t, http.MethodPost, "/v1/imports", change(newImport(c, "people", "append"), "maximum_bytes", 1)).
		refused(t, 422, "source.unsupported").at(t, "maximum_bytes", "source.unsupported")
}

// TestTheCatalogLeadsToGrants finds a platform, counts what is connected to it, and reads what lets it read one table.
func TestTheCatalogLeadsToGrants(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/a.csv", people(1, 3).csv())
	w.put(t, "other/a.csv", people(1, 3).csv())
	c := w.active(t)
	var found list[struct {
		Name        string `json:"name"`
		Connections int    `json:"connections"`
	}]
	if w.get(t, "/v1/catalog?query=amazon&category=cloud_storage", &found); len(found.Items) != 1 || found.Items[0].Name != "s3" || found.Items[0].Connections != 1 {
		t.Errorf("found %+v, want s3 with one connection", found.Items)
	}
	var grants list[struct {
		Text string `json:"text"`
	}]
	w.get(t, "/v1/connections/"+c.ID+"/grants?tables=people", &grants)
	if len(grants.Items) == 0 || !strings.Contains(grants.Items[0].Text, "people") || strings.Contains(grants.Items[0].Text, "other") {
		t.Errorf("grants %+v, want them for people only", grants.Items)
	}
	var one table
	if w.get(t, "/v1/connections/"+c.ID+"/schema/tables?name="+url.QueryEscape("people"), &one); one.Name != "people" || len(one.Columns) != 3 {
		t.Errorf("table %+v", one)
	}
}
