package bigquery_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bq "google.golang.org/api/bigquery/v2"
	"google.golang.org/api/option"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// warehouse is a peer with some kinds of tables, and a connection to it.
func warehouse(t *testing.T) (*googlepeer.Peer, *source.Source) {
	t.Helper()
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{
		Name: "crm.visits", Schema: []*bq.TableFieldSchema{field("day", "DATE"), field("n", "INTEGER"), field("country", "STRING")},
		Declare: func(t *bq.Table) {
			t.TimePartitioning = &bq.TimePartitioning{Type: "DAY", Field: "day"}
			t.Clustering = &bq.Clustering{Fields: []string{"country", "n"}}
			t.RequirePartitionFilter, t.NumBytes, t.Description = true, 30<<20, "One row for each visit"
			t.TableConstraints = &bq.TableConstraints{PrimaryKey: &bq.TableConstraintsPrimaryKey{Columns: []string{"n"}}}
		},
	}))
	must(t, peer.Exec(t.Context(), "INSERT INTO crm.visits SELECT DATE_ADD(DATE '2024-01-01', INTERVAL x DAY), x, 'de' FROM UNNEST(GENERATE_ARRAY(0, 9)) x"))
	return peer, open(t, peer, member(t, peer, reader))
}

func discovered(t *testing.T, s *source.Source, name string) schema.Table {
	t.Helper()
	page, err := s.Discover(t.Context(), "")
	must(t, err)
	table, ok := schema.Snapshot{Tables: page.Tables}.Table(name)
	if !ok {
		t.Fatalf("%s is not discovered", name)
	}
	return table
}

func wantFault(t *testing.T, err error, code fault.Code, says string) {
	t.Helper()
	e, ok := fault.As(err)
	if !ok || e.Code != code || !strings.Contains(e.Message, says) {
		t.Errorf("got %v, want %s saying %q", err, code, says)
	}
}

func TestPartitionedTable(t *testing.T) {
	peer, s := warehouse(t)
	got := discovered(t, s, "crm.visits")
	want := schema.Table{
		Name: "crm.visits", Namespace: "crm", Kind: schema.BaseTable, Comment: "One row for each visit",
		Partitioning: &schema.Partitioning{Column: "day", Granularity: "day", FilterRequired: true},
		Clustering:   []string{"country", "n"}, Key: []string{"n"}, Rows: 10, Bytes: 30 << 20, Columns: got.Columns,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("discovered (-want +got):\n%s", diff)
	}
	_, err := s.Plan(t.Context(), source.PlanRequest{Table: got})
	wantFault(t, err, fault.SourceInvalidFilter, "column day")
	filter := source.Filter{{Column: "day", Op: source.GreaterOrEqual, Values: []string{"2024-01-08"}}, {Column: "n", Op: source.NotEqual, Values: []string{"8"}}}
	p := plan(t, s, source.PlanRequest{Columns: []string{"n"}, Filter: filter, Labels: map[string]string{"headwater_run": "run_01"}}, "crm.visits")
	if diff := cmp.Diff([]string{`{"n":7}`, `{"n":9}`}, readAll(t, s, p, "n")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	sessions := peer.ReadSessions()
	pushed := sessions[len(sessions)-1].GetReadSession()
	options := pushed.GetReadOptions()
	if got, want := options.GetRowRestriction(), "`day` >= DATE '2024-01-08' AND `n` != 8"; got != want {
		t.Errorf("restriction %s, want %s", got, want)
	}
	if !slices.Equal(options.GetSelectedFields(), []string{"n"}) || pushed.GetTraceId() != "headwater:con_01:run_01" {
		t.Errorf("selected %v, trace %q", options.GetSelectedFields(), pushed.GetTraceId())
	}
	if at := pushed.GetTableModifiers().GetSnapshotTime().AsTime(); !at.Equal(p.AsOf) || time.Since(at) > time.Minute {
		t.Errorf("snapshot of %v, the plan says %v", at, p.AsOf)
	}
}

// A table whose partitions have no column cannot be given the filter that it requires.
func TestIngestionTimePartitions(t *testing.T) {
	peer, s := warehouse(t)
	must(t, peer.Redeclare("crm.visits", func(t *bq.Table) { t.TimePartitioning.Field = "" }))
	got := discovered(t, s, "crm.visits")
	if got.ProblemCode != string(fault.SourceUnsupported) || !strings.Contains(got.Problem, "_PARTITIONTIME") {
		t.Errorf("problem %s: %s", got.ProblemCode, got.Problem)
	}
	_, err := s.Plan(t.Context(), source.PlanRequest{Table: got})
	wantFault(t, err, fault.SourceUnsupported, "_PARTITIONTIME")
}

func TestQueryJob(t *testing.T) {
	peer, s := warehouse(t)
	const sql = "SELECT n FROM `acme-data.crm.visits` WHERE day >= '2024-01-09' ORDER BY n"
	labels := map[string]string{"headwater_run": "run_01ABC", "9 Bad Key!": strings.Repeat("Ü", 100)}
	p, err := s.Plan(t.Context(), source.PlanRequest{Query: sql, Labels: labels, MaximumBytes: 40 << 20})
	must(t, err)
	if diff := cmp.Diff([]string{`{"n":8}`, `{"n":9}`}, readAll(t, s, p)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	queries := peer.Queries()
	last := queries[len(queries)-1]
	want := googlepeer.Query{Principal: reader, SQL: sql, Project: project, Location: "EU", MaximumBytesBilled: 40 << 20, Labels: map[string]string{
		"application": "headwater", "headwater_run": "run_01abc", "headwater_connection": "con_01", "l_9_bad_key_": strings.Repeat("_", 63),
	}}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Errorf("the job (-want +got):\n%s", diff)
	}
	if p.AsOf.IsZero() || p.Table.Name != "" || len(p.Table.Columns) != 1 {
		t.Errorf("plan %+v", p)
	}
}

func TestCostLimit(t *testing.T) {
	peer, s := warehouse(t)
	filter := source.Filter{{Column: "day", Op: source.NotNull}}
	table := schema.Table{Name: "crm.visits"}
	const query = "SELECT * FROM crm.visits WHERE day IS NOT NULL"
	for name, req := range map[string]source.PlanRequest{
		"table": {Table: table, Filter: filter, MaximumBytes: 30<<20 - 1},
		"query": {Query: query, MaximumBytes: 30<<20 - 1},
	} {
		before := len(peer.Queries())
		_, err := s.Plan(t.Context(), req)
		wantFault(t, err, fault.SourceCostLimit, fmt.Sprint(30<<20))
		for _, q := range peer.Queries()[before:] {
			if !q.DryRun {
				t.Errorf("%s: a query ran: %+v", name, q)
			}
		}
		for name, r := range map[string]source.PlanRequest{"within": {MaximumBytes: 40 << 20}, "without limit": {}} {
			r.Table, r.Query, r.Filter = req.Table, req.Query, req.Filter
			if _, err := s.Plan(t.Context(), r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	limited := open(t, peer, with(member(t, peer, reader), "maximum_bytes_billed", float64(1<<20)))
	for _, maximum := range []int64{0, 1 << 30} {
		_, err := limited.Plan(t.Context(), source.PlanRequest{Query: query, MaximumBytes: maximum})
		wantFault(t, err, fault.SourceCostLimit, fmt.Sprint(1<<20))
	}
	for name, req := range map[string]source.PlanRequest{"table": {Table: table, Filter: filter}, "query": {Query: query}} {
		if e, err := s.Estimate(t.Context(), req); err != nil || e.Bytes != 30<<20 {
			t.Errorf("%s: estimate %+v, %v", name, e, err)
		}
	}
}

// A job that nobody waits for any more is cancelled at BigQuery.
func TestCancelledJob(t *testing.T) {
	peer, s := warehouse(t)
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "crm.v", View: "SELECT 1 AS one"}))
	peer.SetJobDuration(time.Second) // of the dry run too
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for range 500 {
			if slices.ContainsFunc(peer.Queries(), func(q googlepeer.Query) bool { return !q.DryRun }) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	began := time.Now()
	_, err := s.Plan(ctx, source.PlanRequest{Table: schema.Table{Name: "crm.v"}, Labels: map[string]string{"headwater_run": "run_01"}})
	if !errors.Is(err, context.Canceled) || time.Since(began) > 10*time.Second {
		t.Errorf("got %v after %v", err, time.Since(began))
	}
	ran := slices.DeleteFunc(jobs(t, peer), func(j *bq.JobListJobs) bool { return j.Configuration.DryRun })
	if len(ran) != 1 || ran[0].ErrorResult == nil && ran[0].Status.ErrorResult == nil {
		t.Fatalf("the job was not cancelled: %d jobs", len(ran))
	}
	if got := ran[0].Status.ErrorResult.Reason; got != "stopped" {
		t.Errorf("the job ended by %q", got)
	}
}

// expiring is a context whose deadline passes when it is told to.
type expiring struct {
	context.Context
	late chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.late }

func (e expiring) Err() error {
	select {
	case <-e.late:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// A worker whose time is up leaves its run's job running, and the next one, in a session of its own, waits for
// that job. Another run, and another query, have jobs of their own.
func TestANextAttemptJoinsTheJob(t *testing.T) {
	peer, s := warehouse(t)
	peer.SetJobDuration(time.Second)
	request := func(run, sql string) source.PlanRequest {
		return source.PlanRequest{Query: sql, Labels: map[string]string{"headwater_run": run}}
	}
	ran := func() []googlepeer.Query {
		return slices.DeleteFunc(peer.Queries(), func(q googlepeer.Query) bool { return q.DryRun })
	}
	ctx := expiring{t.Context(), make(chan struct{})}
	go func() {
		defer close(ctx.late)
		for deadline := time.Now().Add(20 * time.Second); len(ran()) == 0 && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, err := s.Plan(ctx, request("run_01", "SELECT 1 AS one"))
	wantFault(t, err, fault.SourceUnavailable, "in time")

	next := open(t, peer, member(t, peer, reader))
	p, err := next.Plan(t.Context(), request("run_01", "SELECT 1 AS one"))
	must(t, err)
	if got := readAll(t, next, p); len(got) != 1 || len(ran()) != 1 {
		t.Errorf("%d rows, %d jobs; want the first attempt's job", len(got), len(ran()))
	}
	peer.SetJobDuration(0)
	for n, req := range []source.PlanRequest{request("run_02", "SELECT 1 AS one"), request("run_01", "SELECT 2 AS one"), {Query: "SELECT 1 AS one"}, {Query: "SELECT 1 AS one"}} {
		_, err := next.Plan(t.Context(), req)
		must(t, err)
		if len(ran()) != n+2 {
			t.Errorf("request %d: %d jobs, want one of its own", n, len(ran()))
		}
	}
}

// A query has columns and a filter as a table has; they apply to its result,
// and what it costs is the same.
func TestQueryWithColumnsAndFilter(t *testing.T) {
	_, s := warehouse(t)
	p, err := s.Plan(t.Context(), source.PlanRequest{
		Query: "SELECT day, n, n * 1.5 AS `odd name` FROM crm.visits WHERE day < '2024-01-05'", Columns: []string{"odd name", "day"},
		Filter: source.Filter{{Column: "odd name", Op: source.Greater, Values: []string{"2"}}, {Column: "n", Op: source.NotNull}},
	})
	must(t, err)
	if diff := cmp.Diff([]string{`{"day":"2024-01-03","odd name":3}`, `{"day":"2024-01-04","odd name":4.5}`}, readAll(t, s, p, "odd name", "day")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	_, err = s.Plan(t.Context(), source.PlanRequest{Query: "SELECT 1 AS one", Filter: source.Filter{{Column: "two", Op: source.IsNull}}})
	wantFault(t, err, fault.SourceInvalidFilter, "no such column")
	_, err = s.Plan(t.Context(), source.PlanRequest{Query: "SELECT 1 AS one", Columns: []string{"two"}})
	wantFault(t, err, fault.SourceChanged, "not in the table")
}

// While a query runs BigQuery may fail to answer: the query is not started, and
// paid for, again.
func TestAJobIsWaitedForOnce(t *testing.T) {
	peer, s := warehouse(t)
	asks := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/queries/") }
	peer.Inject(googlepeer.Fault{Service: source.EndpointBigQuery, Match: asks, Times: 3, Status: http.StatusServiceUnavailable, Reason: "backendError", Message: "try again"})
	_, err := s.Plan(t.Context(), source.PlanRequest{Query: "SELECT 1 AS one"})
	must(t, err)
	ran := slices.DeleteFunc(peer.Queries(), func(q googlepeer.Query) bool { return q.DryRun })
	if len(ran) != 1 {
		t.Errorf("%d queries ran", len(ran))
	}
}

// One project has the data, another one runs and pays.
func TestBillingProject(t *testing.T) {
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	numbers(t, peer)
	must(t, peer.CreateTable(t.Context(), googlepeer.Table{Name: "crm.v", View: "SELECT 1 AS one"}))
	cfg := member(t, peer, reader, catalog.BigQueryRunPermissions()...)
	peer.GrantAll(reader, "projects/acme-billing", catalog.BigQueryRunPermissions()...)
	s := open(t, peer, with(cfg, "billing_project", "acme-billing"))
	for name, r := range checked(t, s) {
		if r.Outcome != source.Pass {
			t.Errorf("%s: %s %s %s", name, r.Outcome, r.Detail, r.Provider)
		}
	}
	if got := readAll(t, s, plan(t, s, source.PlanRequest{}, "crm.numbers")); len(got) != 80 {
		t.Errorf("%d rows of the table", len(got))
	}
	if got := readAll(t, s, plan(t, s, source.PlanRequest{}, "crm.v")); len(got) != 1 {
		t.Errorf("%d rows of the view", len(got))
	}
	for _, r := range peer.ReadSessions() {
		if r.GetParent() != "projects/acme-billing" {
			t.Errorf("a session of %s", r.GetParent())
		}
	}
	for _, q := range peer.Queries() {
		if q.Project != "acme-billing" {
			t.Errorf("a query of %s", q.Project)
		}
	}
}

// jobs lists the jobs of the peer.
func jobs(t *testing.T, peer *googlepeer.Peer) []*bq.JobListJobs {
	t.Helper()
	const admin = "admin@acme-data.iam.gserviceaccount.com"
	peer.GrantAll(admin, "projects/"+project, "bigquery.jobs.list", "bigquery.jobs.listAll")
	service, err := bq.NewService(t.Context(), option.WithHTTPClient(bearing(t, peer.Token(admin))), option.WithEndpoint(peer.Endpoints()(source.EndpointBigQuery)+"/bigquery/v2/"))
	must(t, err)
	list, err := service.Jobs.List(project).Do()
	must(t, err)
	return list.Jobs
}

// A job that fails for a moment is run again; one that fails for good is not.
func TestFailingJob(t *testing.T) {
	peer, s := warehouse(t)
	for reason, test := range map[string]struct {
		code fault.Code // "" succeeds in the end
		jobs int
	}{
		"backendError":      {"", 2},
		"resourcesExceeded": {fault.SourceQuota, 1},
		"quotaExceeded":     {fault.SourceQuota, 1},
	} {
		for _, labels := range []map[string]string{nil, {"headwater_run": "run_" + reason}} {
			before := len(peer.Queries())
			peer.InjectJob(googlepeer.JobFault{Times: 1, Reason: reason, Message: "it failed"})
			_, err := s.Plan(t.Context(), source.PlanRequest{Query: "SELECT 1 AS one", Labels: labels})
			if fault.CodeOf(err) != test.code {
				t.Errorf("%s: got %v, want %q", reason, err, test.code)
			}
			ran := slices.DeleteFunc(peer.Queries()[before:], func(q googlepeer.Query) bool { return q.DryRun })
			if len(ran) != test.jobs {
				t.Errorf("%s: %d jobs, want %d", reason, len(ran), test.jobs)
			}
		}
	}
}
