package snowflake_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Every kind of table is told apart and can be read.
func TestKinds(t *testing.T) {
	s := start(t)
	fill(t, s)
	id := []object{column("ID", "NUMBER(18,0)")}
	one := [][]any{{1}}
	s.admin(t, "apply", object{
		"schemas": []object{{"database": database, "name": "KINDS"}},
		"tables": []object{
			{"database": database, "schema": "KINDS", "name": "PLAIN", "columns": id, "rows": one, "cluster_by": `LINEAR(TO_DATE("ID"), OTHER)`},
			{"database": database, "schema": "KINDS", "name": "TRANSIENT", "subkind": "TRANSIENT", "columns": id, "rows": one},
			{"database": database, "schema": "KINDS", "name": "DYNAMIC", "subkind": "DYNAMIC", "columns": id, "rows": one},
			{"database": database, "schema": "KINDS", "name": "OUTSIDE", "kind": "EXTERNAL TABLE", "columns": id, "rows": one},
			{"database": database, "schema": "KINDS", "name": "KEPT", "kind": "MATERIALIZED VIEW", "columns": id, "query": "SELECT ID FROM CRM.KINDS.PLAIN"},
			{"database": database, "schema": "KINDS", "name": "SHOWN", "columns": id, "query": "SELECT ID FROM CRM.KINDS.PLAIN"},
		},
		"users": []object{{"name": user, "public_keys": []string{publicPEM(rsaKeys()[0])}, "roles": []string{"ACCOUNTADMIN"}}},
	})
	src := open(t, s.endpoints, with(map[string]any{"role": "ACCOUNTADMIN", "schemas": "KINDS"}))
	page, err := src.Discover(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]schema.Kind{}
	for _, table := range page.Tables {
		kinds[table.Name] = table.Kind
		p := plan(t, src, source.PlanRequest{Table: table})
		if got, err := ids(t, src, p, p.Splits[0], nil); err != nil || len(got) != 1 {
			t.Errorf("%s: %d rows, %v", table.Name, len(got), err)
		}
		if table.Name == "CRM.KINDS.PLAIN" && !cmp.Equal(table.Clustering, []string{"ID"}) {
			t.Errorf("clustering %q", table.Clustering)
		}
	}
	if diff := cmp.Diff(map[string]schema.Kind{
		"CRM.KINDS.PLAIN": schema.BaseTable, "CRM.KINDS.TRANSIENT": schema.BaseTable, "CRM.KINDS.DYNAMIC": schema.DynamicTable,
		"CRM.KINDS.OUTSIDE": schema.External, "CRM.KINDS.KEPT": schema.MaterializedView, "CRM.KINDS.SHOWN": schema.View,
	}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// A table that keeps no history is read as it is when the query starts.
func TestTableWithoutHistory(t *testing.T) {
	s := start(t)
	fill(t, s)
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}
	refused := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte("AT(TIMESTAMP")) {
			refused++
			_, _ = w.Write([]byte(`{"success":false,"code":"000707","message":"Time travel data is not available for table EVENTS.","data":{"sqlState":"02000"}}`))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	src := open(t, func(string) string { return server.URL }, config())
	p := plan(t, src, source.PlanRequest{})
	if got, err := ids(t, src, p, p.Splits[0], nil); err != nil || len(got) != 4000 || refused != 1 || p.AsOf.IsZero() {
		t.Errorf("%d rows, %v, refused %d times, as of %v", len(got), err, refused, p.AsOf)
	}
}
