package bigquery_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// The Storage Read API reads tables. Whatever else holds rows takes a query job
// in the tables' location, whose result is read by a session.
func TestKinds(t *testing.T) {
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	s := open(t, peer, member(t, peer, reader))
	for native, test := range map[string]struct {
		redeclare func(*bq.Table)
		want      schema.Kind
	}{
		"EXTERNAL": {func(t *bq.Table) {
			t.ExternalDataConfiguration = &bq.ExternalDataConfiguration{SourceFormat: "PARQUET", SourceUris: []string{"gs://acme-exports/kinds/*.parquet"}}
		}, schema.External},
		"MATERIALIZED_VIEW": {func(t *bq.Table) {
			t.MaterializedView = &bq.MaterializedViewDefinition{Query: "SELECT id, name FROM crm.base", EnableRefresh: true}
		}, schema.MaterializedView},
		"SNAPSHOT": {func(t *bq.Table) {
			t.SnapshotDefinition = &bq.SnapshotDefinition{SnapshotTime: "2024-01-01T00:00:00Z", BaseTableReference: &bq.TableReference{ProjectId: project, DatasetId: "crm", TableId: "base"}}
		}, schema.BaseTable},
	} {
		t.Run(native, func(t *testing.T) {
			name := "crm." + strings.ToLower(native)
			must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: name, Schema: []*bq.TableFieldSchema{field("id", "INTEGER"), field("name", "STRING")}}))
			must(t, peer.Exec(t.Context(), "INSERT INTO "+name+" VALUES (1, 'a'), (2, NULL), (9007199254740993, '')"))
			must(t, peer.Redeclare(name, func(t *bq.Table) {
				t.Type = native
				test.redeclare(t)
			}))
			table := discovered(t, s, name)
			if table.Kind != test.want || table.Problem != "" {
				t.Errorf("discovered as a %s, want %s; problem %q", table.Kind, test.want, table.Problem)
			}
			queries, sessions := len(peer.Queries()), len(peer.ReadSessions())
			p := plan(t, s, source.PlanRequest{Filter: source.Filter{{Column: "id", Op: source.Greater, Values: []string{"1"}}}}, name)
			got := readAll(t, s, p)
			slices.Sort(got)
			if diff := cmp.Diff([]string{`{"id":2,"name":null}`, `{"id":9007199254740993,"name":""}`}, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			ran := slices.DeleteFunc(peer.Queries()[queries:], func(q googlepeer.Query) bool { return q.DryRun })
			if len(ran) != 1 || ran[0].Location != "EU" {
				t.Errorf("queries %+v, want one in EU", ran)
			}
			opened := peer.ReadSessions()[sessions:]
			if len(opened) != 1 || strings.Contains(opened[0].GetReadSession().GetTable(), "/datasets/crm/") {
				t.Errorf("sessions %v, want one of the query's result", opened)
			}
		})
	}
}
