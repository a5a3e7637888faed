package bigquery_test

import (
	"fmt"
	"testing"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// splitBytes makes four splits of the numbers, whose size is declared.
const splitBytes = 1 << 20

// fill makes what there is to read, and says how it reads.
func fill(t testing.TB, peer *googlepeer.Peer) []sourcetest.Table {
	t.Helper()
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	tables := []sourcetest.Table{empty(t, peer)}
	tables = append(tables, shards(t, peer), odd(t, peer), legacy(t, peer), numbers(t, peer))
	return append(tables, typesTable(t, peer), view(t, peer))
}

func empty(t testing.TB, peer *googlepeer.Peer) sourcetest.Table {
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "crm.empty", Schema: []*bq.TableFieldSchema{field("id", "INTEGER")}}))
	return sourcetest.Table{Name: "crm.empty", Rows: []string{}, Columns: []schema.Column{{Name: "id", Type: schema.Int64, Native: "INT64", Nullable: true}}}
}

// numbers is the biggest table: it has four splits of several batches.
func numbers(t testing.TB, peer *googlepeer.Peer) sourcetest.Table {
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{
		Name: "crm.numbers", Schema: []*bq.TableFieldSchema{{Name: "n", Type: "INTEGER", Mode: "REQUIRED"}, field("name", "STRING")},
		Declare: func(t *bq.Table) { t.NumBytes = 4 * splitBytes },
	}))
	must(t, peer.Exec(t.Context(), "INSERT INTO crm.numbers SELECT x, CONCAT('name ', CAST(x AS STRING)) FROM UNNEST(GENERATE_ARRAY(1, 80)) x"))
	table := sourcetest.Table{Name: "crm.numbers", Columns: []schema.Column{
		{Name: "n", Type: schema.Int64, Native: "INT64"}, {Name: "name", Type: schema.String, Native: "STRING", Nullable: true},
	}}
	for n := range 80 {
		table.Rows = append(table.Rows, fmt.Sprintf(`{"n":%d,"name":"name %d"}`, n+1, n+1))
	}
	return table
}

// shards are three tables, one for each day, that are one table in the product.
func shards(t testing.TB, peer *googlepeer.Peer) sourcetest.Table {
	table := sourcetest.Table{Name: "crm.events_*", Columns: []schema.Column{
		{Name: "id", Type: schema.Int64, Native: "INT64", Nullable: true},
		{Name: "_TABLE_SUFFIX", Type: schema.String, Native: "STRING", Partition: true},
	}}
	for _, day := range []string{"20240101", "20240102", "20240229"} {
		name := "crm.events_" + day
		must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: name, Schema: []*bq.TableFieldSchema{field("id", "INTEGER")}}))
		must(t, peer.Exec(t.Context(), "INSERT INTO "+name+" (id) VALUES (1), (2)"))
		for id := range 2 {
			table.Rows = append(table.Rows, fmt.Sprintf(`{"_TABLE_SUFFIX":%q,"id":%d}`, day, id+1))
		}
	}
	return table
}

// legacy is a view that GoogleSQL cannot read.
func legacy(t testing.TB, peer *googlepeer.Peer) sourcetest.Table {
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{
		Name: "crm.legacy", View: "SELECT 1 AS one", Declare: func(t *bq.Table) { t.View.UseLegacySql = true },
	}))
	return sourcetest.Table{Name: "crm.legacy", Problem: true}
}

// odd has names that must be quoted.
func odd(t testing.TB, peer *googlepeer.Peer) sourcetest.Table {
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{
		Name: "crm.größe-select", Schema: []*bq.TableFieldSchema{field("select", "STRING"), field("Größe", "INTEGER"), field("from", "STRING")},
	}))
	must(t, peer.Exec(t.Context(), "INSERT INTO `crm.größe-select` VALUES ('it\\'s', 1, NULL), ('', 2, 'back\\\\slash\\n`tick`')"))
	return sourcetest.Table{Name: "crm.größe-select", Rows: []string{
		`{"Größe":1,"from":null,"select":"it's"}`, "{\"Größe\":2,\"from\":\"back\\\\slash\\n`tick`\",\"select\":\"\"}",
	}}
}

func view(t testing.TB, peer *googlepeer.Peer) sourcetest.Table {
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "crm.v_even", View: "SELECT n FROM `" + project + ".crm.numbers` WHERE MOD(n, 20) = 0"}))
	return sourcetest.Table{
		Name: "crm.v_even", Rows: []string{`{"n":20}`, `{"n":40}`, `{"n":60}`, `{"n":80}`},
		Columns: []schema.Column{{Name: "n", Type: schema.Int64, Native: "INT64", Nullable: true}},
	}
}
