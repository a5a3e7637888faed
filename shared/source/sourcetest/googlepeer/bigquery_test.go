package googlepeer_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
	bq "google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

func warehouse(t *testing.T) *googlepeer.Peer {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a third-party server")
	}
	peer := googlepeer.Run(t, googlepeer.Config{Projects: []string{"data-house"}, BatchRows: 3})
	must(t, peer.CreateDataset(t.Context(), "data-house.crm", "EU"))
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{
		Name: "data-house.crm.users",
		Schema: []*bq.TableFieldSchema{
			{Name: "id", Type: "INTEGER", Mode: "REQUIRED"}, {Name: "name", Type: "STRING"}, {Name: "day", Type: "DATE"},
		},
		Declare: func(t *bq.Table) {
			t.NumBytes = 30 << 20
			t.TimePartitioning = &bq.TimePartitioning{Type: "DAY", Field: "day"}
			t.Labels = map[string]string{"team": "crm"}
		},
	}))
	must(t, peer.Exec(t.Context(), "INSERT INTO `data-house.crm.users` SELECT x, CONCAT('n', CAST(x AS STRING)), DATE '2026-01-01' FROM UNNEST(GENERATE_ARRAY(1, 10)) x"))
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "data-house.crm.evens", View: "SELECT id, name FROM `data-house.crm.users` WHERE MOD(id, 2) = 0"}))
	return peer
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func bigqueryClient(t *testing.T, peer *googlepeer.Peer, tokens oauth2.TokenSource) *bigquery.Client {
	t.Helper()
	client := httpClient(t)
	client.Transport = &oauth2.Transport{Source: tokens, Base: client.Transport}
	c, err := bigquery.NewClient(t.Context(), "acme", option.WithHTTPClient(client), option.WithEndpoint(peer.Endpoints()(source.EndpointBigQuery)+"/bigquery/v2/"))
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestWarehouseMetadata(t *testing.T) {
	peer := warehouse(t)
	client := bigqueryClient(t, peer, fixed(peer.Token(reader)))
	data := client.DatasetInProject("data-house", "crm")

	t.Run("nothing is allowed at first", func(t *testing.T) {
		_, err := data.Metadata(t.Context())
		wantReason(t, err, http.StatusForbidden, "accessDenied", "Access Denied: Dataset data-house:crm: Permission bigquery.datasets.get denied on dataset data-house:crm (or it may not exist).")
		_, err = data.Table("users").Metadata(t.Context())
		wantReason(t, err, http.StatusForbidden, "accessDenied", "Access Denied: Table data-house:crm.users: Permission bigquery.tables.get denied on table data-house:crm.users (or it may not exist).")
		_, err = data.Tables(t.Context()).Next()
		wantReason(t, err, http.StatusForbidden, "accessDenied", "Access Denied: Dataset data-house:crm: Permission bigquery.tables.list denied on dataset data-house:crm (or it may not exist).")
		datasets := client.Datasets(t.Context())
		datasets.ProjectID = "data-house"
		if _, err := datasets.Next(); !errors.Is(err, iterator.Done) {
			t.Errorf("a hidden dataset is listed: %v", err)
		}
	})
	peer.GrantAll(reader, "projects/data-house/datasets/crm", "bigquery.datasets.get", "bigquery.tables.list", "bigquery.tables.get")
	t.Run("granted", func(t *testing.T) {
		d, err := data.Metadata(t.Context())
		if err != nil || d.Location != "EU" {
			t.Errorf("got %+v, %v", d, err)
		}
		m, err := data.Table("users").Metadata(t.Context())
		must(t, err)
		if m.NumRows != 10 || m.NumBytes != 30<<20 || m.Location != "EU" || m.TimePartitioning.Field != "day" || m.ETag == "" || time.Since(m.LastModifiedTime) > time.Hour {
			t.Errorf("got %+v", m)
		}
		view, err := data.Table("evens").Metadata(t.Context())
		if err != nil || view.Type != bigquery.ViewTable || len(view.Schema) != 2 {
			t.Errorf("got %+v, %v", view, err)
		}
		_, err = data.Table("absent").Metadata(t.Context())
		wantReason(t, err, http.StatusNotFound, "notFound", "Not found: Table data-house:crm.absent")
		granted, err := data.Table("users").IAM().TestPermissions(t.Context(), []string{"bigquery.tables.getData", "bigquery.tables.get"})
		if diff := cmp.Diff([]string{"bigquery.tables.get"}, granted); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
	t.Run("20,000 tables are listed in pages", func(t *testing.T) {
		peer.DeclareDataset("data-house.many", "EU")
		schema := &bq.TableSchema{Fields: make([]*bq.TableFieldSchema, 50)}
		for i := range schema.Fields {
			schema.Fields[i] = &bq.TableFieldSchema{Name: fmt.Sprintf("c%d", i), Type: "STRING"}
		}
		names := make([]string, 20_000)
		for i := range names {
			names[i] = fmt.Sprintf("t%05d", i)
		}
		must(t, peer.DeclareTables("data-house.many", names, func(string) *bq.Table { return &bq.Table{Schema: schema, NumRows: 7} }))
		peer.GrantAll(reader, "projects/data-house/datasets/many", "bigquery.tables.list", "bigquery.tables.get")
		tables := client.DatasetInProject("data-house", "many").Tables(t.Context())
		tables.PageInfo().MaxSize = 1000
		var got []string
		for {
			next, err := tables.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			must(t, err)
			got = append(got, next.TableID)
		}
		if diff := cmp.Diff(names, got); diff != "" {
			t.Error(diff)
		}
		m, err := client.DatasetInProject("data-house", "many").Table("t19999").Metadata(t.Context())
		if err != nil || len(m.Schema) != 50 || m.NumRows != 7 {
			t.Errorf("got %+v, %v", m, err)
		}
	})
}

func TestWarehouseQueries(t *testing.T) {
	peer := warehouse(t)
	client := bigqueryClient(t, peer, fixed(peer.Token(reader)))
	const sql = "SELECT id FROM `data-house.crm.users` WHERE id > @least ORDER BY id"
	query := func(text string) *bigquery.Query {
		q := client.Query(text)
		if text == sql {
			q.Parameters = []bigquery.QueryParameter{{Name: "least", Value: 7}}
		}
		q.Labels = map[string]string{"run": "r1"}
		return q
	}
	_, err := query(sql).Run(t.Context())
	wantReason(t, err, http.StatusForbidden, "accessDenied", "Access Denied: Project acme: User does not have bigquery.jobs.create permission in project acme.")
	peer.Grant(reader, "bigquery.jobs.create", "projects/acme")
	_, err = query(sql).Read(t.Context())
	wantReason(t, err, http.StatusForbidden, "accessDenied", "Access Denied: Table data-house:crm.users: User does not have permission to query table data-house:crm.users, or perhaps it does not exist.")
	peer.Grant(reader, "bigquery.tables.getData", "projects/data-house/datasets/crm/tables/users")

	t.Run("rows", func(t *testing.T) {
		if diff := cmp.Diff([][]bigquery.Value{{int64(8)}, {int64(9)}, {int64(10)}}, values(t, query(sql))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a view needs its tables", func(t *testing.T) {
		const view = "SELECT e.name FROM `data-house.crm.evens` AS e WHERE e.id < 3"
		_, err := query(view).Read(t.Context())
		wantReason(t, err, http.StatusForbidden, "accessDenied", "Access Denied: Table data-house:crm.evens: User does not have permission to query table data-house:crm.evens, or perhaps it does not exist.")
		peer.Grant(reader, "bigquery.tables.getData", "projects/data-house/datasets/crm/tables/evens")
		if diff := cmp.Diff([][]bigquery.Value{{"n2"}}, values(t, query(view))); diff != "" {
			t.Error(diff)
		}
	})
	peer.Grant(reader, "bigquery.tables.getData", "projects/data-house")
	tests := map[string]struct {
		sql      string
		edit     func(*bigquery.Query)
		status   int
		reason   string
		location string
	}{
		"missing table":  {sql: "SELECT * FROM `data-house.crm.absent`", status: http.StatusNotFound, reason: "notFound"},
		"wrong location": {sql: "SELECT id FROM `data-house.crm.users`", edit: func(q *bigquery.Query) { q.Location = "US" }, status: http.StatusNotFound, reason: "notFound"},
		"syntax":         {sql: "SELEC 1", status: http.StatusBadRequest, reason: "invalidQuery"},
		"bad column":     {sql: "SELECT absent FROM `data-house.crm.users`", status: http.StatusBadRequest, reason: "invalidQuery"},
		"too costly":     {sql: "SELECT * FROM `data-house.crm.users`", edit: func(q *bigquery.Query) { q.MaxBytesBilled = 29 << 20 }, status: http.StatusBadRequest, reason: "bytesBilledLimitExceeded"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := query(tt.sql)
			if tt.edit != nil {
				tt.edit(q)
			}
			_, err := q.Read(t.Context())
			wantReason(t, err, tt.status, tt.reason, "")
			q.DryRun = true
			_, err = q.Run(t.Context())
			wantReason(t, err, tt.status, tt.reason, "")
		})
	}
	t.Run("a job tells its failure", func(t *testing.T) {
		job, err := query("SELECT absent FROM `data-house.crm.users`").Run(t.Context())
		must(t, err)
		_, err = job.Wait(t.Context())
		wantReason(t, err, http.StatusBadRequest, "invalidQuery", "")
		wantFailure(t, job, "invalidQuery")
	})
	t.Run("dry run counts the columns it reads", func(t *testing.T) {
		q := query("SELECT id FROM `data-house.crm.users`")
		q.DryRun = true
		job, err := q.Run(t.Context())
		must(t, err)
		if got := job.LastStatus().Statistics.TotalBytesProcessed; got != 10<<20 {
			t.Errorf("%d bytes", got)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		peer.SetJobDuration(time.Minute)
		defer peer.SetJobDuration(0)
		job, err := query("SELECT 1").Run(t.Context())
		must(t, err)
		must(t, job.Cancel(t.Context()))
		_, err = job.Wait(t.Context())
		wantReason(t, err, http.StatusBadRequest, "stopped", "")
		wantFailure(t, job, "stopped")
	})
	t.Run("a job that fails later", func(t *testing.T) {
		peer.InjectJob(googlepeer.JobFault{Times: 1, Reason: "resourcesExceeded", Message: "Resources exceeded during query execution"})
		job, err := query("SELECT 1").Run(t.Context())
		must(t, err)
		wantFailure(t, ended(t, job), "resourcesExceeded")
		if diff := cmp.Diff([][]bigquery.Value{{int64(1)}}, values(t, query("SELECT 1"))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("what was asked is kept", func(t *testing.T) {
		first := peer.Queries()[0]
		if first.Principal != reader || first.SQL != sql || first.Labels["run"] != "r1" {
			t.Errorf("got %+v", first)
		}
	})
}

func TestStatementsAreUnderstood(t *testing.T) {
	peer := warehouse(t)
	peer.Grant(reader, "bigquery.jobs.create", "projects/acme")
	peer.Grant(reader, "bigquery.tables.getData", "projects/data-house")
	client := bigqueryClient(t, peer, fixed(peer.Token(reader)))
	must(t, peer.CreateDataset(t.Context(), "data-house.odd", "EU"))
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "data-house.odd.select from", Schema: []*bq.TableFieldSchema{{Name: "group", Type: "INTEGER"}, {Name: "tags", Type: "STRING", Mode: "REPEATED"}}}))
	must(t, peer.Exec(t.Context(), "INSERT INTO `data-house.odd.select from` VALUES (1, ['a', 'b'])"))
	for _, tt := range []struct {
		sql    string
		want   int64
		tables int // that the job read
	}{
		{"SELECT COUNT(*) FROM data-house.crm.users", 10, 1},
		{"SELECT COUNT(*) FROM `data-house`.crm.`users` u", 10, 1},
		{"WITH users AS (SELECT id FROM `data-house.crm.users`), u AS (SELECT * FROM users) SELECT COUNT(*) FROM u", 10, 1},
		{"SELECT MAX(EXTRACT(YEAR FROM day)) FROM `data-house.crm.users`", 2026, 1},
		{"SELECT COUNT(*) FROM `data-house.crm.users` AS u, UNNEST([1, 2]) AS x", 20, 1},
		{"SELECT COUNT(*) FROM `data-house.crm.users`, `data-house.crm.evens`", 50, 3},
		{"SELECT COUNT(*) FROM `data-house.crm.users` JOIN `data-house.crm.evens` USING (id)", 5, 3},
		{"SELECT COUNT(*) FROM (SELECT id FROM `data-house.crm.users` WHERE id IN (SELECT id FROM `data-house.crm.evens`))", 5, 3},
		{"SELECT COUNT(*) /* FROM `data-house.crm.absent` */ FROM `data-house.crm.users` -- JOIN absent\nWHERE name != 'x FROM `data-house.crm.absent`'", 10, 1},
		{"SELECT COUNT(*) FROM `data-house.odd.select from` AS t, t.tags", 2, 1},
		{"SELECT `group` FROM `data-house.odd.select from` WHERE `group` IS NOT DISTINCT FROM 1", 1, 1},
		{"SELECT 7", 7, 0},
	} {
		q := client.Query(tt.sql)
		q.Location = "EU"
		job, err := q.Run(t.Context())
		must(t, err)
		rows, err := job.Read(t.Context())
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		var row []bigquery.Value
		must(t, rows.Next(&row))
		if row[0] != tt.want {
			t.Errorf("%s: got %v, want %d", tt.sql, row[0], tt.want)
		}
		status, err := job.Status(t.Context())
		must(t, err)
		if read := status.Statistics.Details.(*bigquery.QueryStatistics).ReferencedTables; len(read) != tt.tables {
			t.Errorf("%s: read %d tables, want %d", tt.sql, len(read), tt.tables)
		}
	}
	t.Run("default dataset", func(t *testing.T) {
		q := client.Query("SELECT COUNT(*) FROM users")
		q.DefaultProjectID, q.DefaultDatasetID = "data-house", "crm"
		if diff := cmp.Diff([][]bigquery.Value{{int64(10)}}, values(t, q)); diff != "" {
			t.Error(diff)
		}
	})
	if diff := cmp.Diff([]string(nil), peer.Mutations()); diff != "" {
		t.Error(diff)
	}
}

func TestPartialAnswers(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.DeclareDataset("crm", "EU")
	must(t, peer.DeclareTables("crm", []string{"a", "b"}, func(string) *bq.Table {
		return &bq.Table{NumRows: 7, Labels: map[string]string{"k": "v"}, Schema: &bq.TableSchema{Fields: []*bq.TableFieldSchema{{Name: "x", Type: "STRING"}}}}
	}))
	peer.GrantAll(reader, "projects/acme", "bigquery.tables.get", "bigquery.tables.list")
	get := func(path string) string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, peer.Endpoints()(source.EndpointBigQuery)+"/bigquery/v2/projects/acme/datasets/crm/tables"+path, http.NoBody)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+peer.Token(reader))
		response, err := httpClient(t).Do(request)
		must(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		must(t, err)
		return strings.TrimSpace(string(body))
	}
	for path, want := range map[string]string{
		"?fields=totalItems": `{"totalItems":2}`,
		"?maxResults=1&fields=tables(tableReference/tableId,type)": `{"tables":[{"tableReference":{"tableId":"a"},"type":"TABLE"}]}`,
		"?fields=kind,tables/labels":                               `{"kind":"bigquery#tableList","tables":[{"labels":{"k":"v"}},{"labels":{"k":"v"}}]}`,
		"/a?fields=numRows,schema(fields(name)),type":              `{"numRows":"7","schema":{"fields":[{"name":"x"}]},"type":"TABLE"}`,
		"/a?fields=labels/*":                                       `{"labels":{"k":"v"}}`,
	} {
		if got := get(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestWarehouseRecordsMutations(t *testing.T) {
	peer := warehouse(t)
	peer.Grant(reader, "bigquery.jobs.create", "projects/acme")
	client := bigqueryClient(t, peer, fixed(peer.Token(reader)))
	users := client.DatasetInProject("data-house", "crm").Table("users")
	if diff := cmp.Diff([]string(nil), peer.Mutations()); diff != "" {
		t.Fatal(diff)
	}
	wantStatus(t, users.Delete(t.Context()), http.StatusForbidden)
	_, err := bigqueryClient(t, peer, fixed(peer.Token(nobody))).Query("TRUNCATE TABLE `data-house.crm.users`").Read(t.Context())
	wantReason(t, err, http.StatusForbidden, "accessDenied", "Access Denied: Project acme: User does not have bigquery.jobs.create permission in project acme.")
	for _, sql := range []string{
		"DELETE FROM `data-house.crm.users` WHERE TRUE",
		"SELECT 1; DROP TABLE `data-house.crm.users`",
		"/* SELECT */ MERGE `data-house.crm.users` USING x ON FALSE",
	} {
		_, err := client.Query(sql).Read(t.Context())
		wantReason(t, err, http.StatusForbidden, "accessDenied", "")
	}
	into := client.Query("SELECT 1")
	into.Dst = users
	_, err = into.Read(t.Context())
	wantReason(t, err, http.StatusForbidden, "accessDenied", "")
	want := []string{"DELETE /bigquery/v2/projects/data-house/datasets/crm/tables/users", "query: TRUNCATE", "query: DELETE", "query: DROP", "query: MERGE", "query: destination table"}
	if diff := cmp.Diff(want, peer.Mutations()); diff != "" {
		t.Error(diff)
	}
}

func TestWarehouseSpecialTables(t *testing.T) {
	peer := warehouse(t)
	peer.GrantAll(reader, "projects/acme", "bigquery.jobs.create", "bigquery.tables.getData", "bigquery.tables.get")
	client := bigqueryClient(t, peer, fixed(peer.Token(reader)))
	must(t, peer.CreateDataset(t.Context(), "web", ""))
	column := []*bq.TableFieldSchema{{Name: "x", Type: "INTEGER"}}
	for i, day := range []string{"20260101", "20260102"} {
		must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "web.events_" + day, Schema: column}))
		must(t, peer.Exec(t.Context(), fmt.Sprintf("INSERT INTO web.events_%s VALUES (%d)", day, i+1)))
	}
	t.Run("wildcard", func(t *testing.T) {
		got := values(t, client.Query("SELECT x, _TABLE_SUFFIX AS day FROM `acme.web.events_*` WHERE _TABLE_SUFFIX > '20260101'"))
		if diff := cmp.Diff([][]bigquery.Value{{int64(2), "20260102"}}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("required partition filter", func(t *testing.T) {
		must(t, peer.Redeclare("web.events_20260101", func(t *bq.Table) {
			t.RangePartitioning = &bq.RangePartitioning{Field: "x"}
			t.RequirePartitionFilter = true
		}))
		_, err := client.Query("SELECT x FROM web.events_20260101").Read(t.Context())
		wantReason(t, err, http.StatusBadRequest, "invalidQuery", "Cannot query over table 'acme.web.events_20260101' without a filter over column(s) 'x' that can be used for partition elimination")
		if diff := cmp.Diff([][]bigquery.Value{{int64(1)}}, values(t, client.Query("SELECT x FROM web.events_20260101 WHERE x > 0"))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("time travel", func(t *testing.T) {
		must(t, peer.KeepHistory("web.events_20260102"))
		before := time.Now()
		must(t, peer.Exec(t.Context(), "UPDATE web.events_20260102 SET x = 3 WHERE TRUE"))
		past := "SELECT x FROM `acme.web.events_20260102` FOR SYSTEM_TIME AS OF TIMESTAMP '" + before.UTC().Format("2006-01-02 15:04:05.000000+00") + "'"
		if diff := cmp.Diff([][]bigquery.Value{{int64(2)}}, values(t, client.Query(past))); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([][]bigquery.Value{{int64(3)}}, values(t, client.Query("SELECT x FROM web.events_20260102"))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("partitioned by the time of ingestion", func(t *testing.T) {
		must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "web.loads", Schema: column, Declare: func(t *bq.Table) {
			t.TimePartitioning = &bq.TimePartitioning{Type: "DAY"}
			t.RequirePartitionFilter = true
		}}))
		must(t, peer.Exec(t.Context(), "INSERT INTO web.loads (x, _PARTITIONTIME) VALUES (1, TIMESTAMP '2026-01-01'), (2, TIMESTAMP '2026-01-02')"))
		_, err := client.Query("SELECT x FROM web.loads").Read(t.Context())
		wantReason(t, err, http.StatusBadRequest, "invalidQuery", "")
		for _, condition := range []string{"_PARTITIONTIME > TIMESTAMP '2026-01-01'", "_PARTITIONDATE = DATE '2026-01-02'"} {
			if diff := cmp.Diff([][]bigquery.Value{{int64(2)}}, values(t, client.Query("SELECT x FROM web.loads WHERE "+condition))); diff != "" {
				t.Error(diff)
			}
		}
	})
	t.Run("in another cloud", func(t *testing.T) {
		must(t, peer.CreateDataset(t.Context(), "lake", "aws-us-east-1"))
		must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "lake.clicks", Schema: column, Declare: func(t *bq.Table) {
			t.Type = "EXTERNAL"
			t.ExternalDataConfiguration = &bq.ExternalDataConfiguration{ConnectionId: "acme.aws-us-east-1.s3", SourceFormat: "PARQUET"}
		}}))
		must(t, peer.Exec(t.Context(), "INSERT INTO lake.clicks VALUES (5)"))
		_, err := client.Query("SELECT x FROM lake.clicks").Read(t.Context())
		wantReason(t, err, http.StatusForbidden, "accessDenied", "Access Denied: BigQuery BigQuery: User does not have bigquery.connections.use permission for connection acme.aws-us-east-1.s3.")
		peer.Grant(reader, "bigquery.connections.use", "projects/acme/locations/aws-us-east-1/connections/s3")
		if diff := cmp.Diff([][]bigquery.Value{{int64(5)}}, values(t, client.Query("SELECT x FROM lake.clicks"))); diff != "" {
			t.Error(diff)
		}
		peer.Grant(reader, "bigquery.readsessions.create", "projects/acme")
		_, err = readClient(t, peer, fixed(peer.Token(reader))).CreateReadSession(t.Context(), sessionOf("projects/acme/datasets/lake/tables/clicks"))
		wantCode(t, err, codes.InvalidArgument, "request failed: the Storage API is not available in location aws-us-east-1")
	})
	t.Run("INFORMATION_SCHEMA of a dataset", func(t *testing.T) {
		_, err := client.Query("SELECT table_name FROM web.INFORMATION_SCHEMA.TABLES").Read(t.Context())
		wantReason(t, err, http.StatusForbidden, "accessDenied", "")
		peer.Grant(reader, "bigquery.tables.list", "projects/acme/datasets/web")
		if got := values(t, client.Query("SELECT table_name FROM web.INFORMATION_SCHEMA.TABLES WHERE table_name = 'loads'")); len(got) != 1 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("a dropped table is gone", func(t *testing.T) {
		must(t, peer.Exec(t.Context(), "DROP TABLE web.events_20260101"))
		_, err := client.Dataset("web").Table("events_20260101").Metadata(t.Context())
		wantStatus(t, err, http.StatusNotFound)
	})
}

// ended waits for a job that is known to fail.
func ended(t *testing.T, job *bigquery.Job) *bigquery.Job {
	t.Helper()
	if _, err := job.Wait(t.Context()); err == nil {
		t.Error("the job did not fail")
	}
	return job
}

func wantFailure(t *testing.T, job *bigquery.Job, reason string) {
	t.Helper()
	status, err := job.Status(t.Context())
	must(t, err)
	var failure *bigquery.Error
	if !status.Done() || !errors.As(status.Err(), &failure) || failure.Reason != reason {
		t.Errorf("got %+v", status)
	}
}

func values(t *testing.T, q *bigquery.Query) [][]bigquery.Value {
	t.Helper()
	rows, err := q.Read(t.Context())
	must(t, err)
	var got [][]bigquery.Value
	for {
		var row []bigquery.Value
		err := rows.Next(&row)
		if errors.Is(err, iterator.Done) {
			return got
		}
		must(t, err)
		got = append(got, row)
	}
}

func wantReason(t *testing.T, err error, status int, reason, message string) {
	t.Helper()
	var api *googleapi.Error
	if !errors.As(err, &api) || api.Code != status || len(api.Errors) == 0 || api.Errors[0].Reason != reason || message != "" && api.Message != message {
		t.Errorf("got %v, want status %d, reason %s: %s", err, status, reason, message)
	}
}
