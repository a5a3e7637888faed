package googlepeer

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"
)

// Query is a query job that a client ran, as it asked for it.
type Query struct {
	Principal          string
	SQL                string
	Project            string
	Location           string
	Labels             map[string]string
	MaximumBytesBilled int64
	DryRun             bool
}

// Queries are the query jobs of clients, in order.
func (p *Peer) Queries() []Query {
	p.warehouse.mu.Lock()
	defer p.warehouse.mu.Unlock()
	return slices.Clone(p.warehouse.queries)
}

// SetJobDuration makes every job from now on take at least this long.
func (p *Peer) SetJobDuration(d time.Duration) {
	p.warehouse.mu.Lock()
	defer p.warehouse.mu.Unlock()
	p.warehouse.duration = d
}

// job is a query job.
type job struct {
	id, project, owner string
	configuration      *bigquery.JobConfiguration
	location           string
	statistics         *bigquery.JobStatistics
	destination        tableRef
	cancel             context.CancelFunc
	done               chan struct{} // closed when what follows stands
	result             *rows
	failure            *problem
	ending             time.Time
}

// newJob resolves a query and starts it. A statement that changes something is
// recorded, and refused. That a caller may not run jobs at all is a refusal;
// what is wrong with the query is the job's failure.
func (b *warehouse) newJob(project, id, location, caller string, c *bigquery.JobConfiguration) (*job, *problem) {
	if refused := b.admit(project, caller, c); refused != nil {
		return nil, refused
	}
	j := &job{
		id: cmp.Or(id, "job_"+rand.Text()), project: project, owner: caller, configuration: c, done: make(chan struct{}),
		destination: tableRef{datasetRef{project, "_" + strings.ToLower(rand.Text())}, "anon" + strings.ToLower(rand.Text())},
		location:    cmp.Or(location, b.peer.config.Location),
	}
	q, failure := b.prepare(j, location, caller)
	if q != nil {
		j.location = q.location
	}
	j.statistics = q.statistics(time.Now())
	ctx, cancel := context.WithCancel(b.background)
	j.cancel = cancel
	duration, refused := b.register(j, location)
	if refused != nil {
		cancel()
		return nil, refused
	}
	if failure == nil && !c.DryRun {
		failure = b.peer.faults.nextJob()
	}
	b.running.Go(func() {
		defer close(j.done)
		defer cancel()
		j.result, j.failure = b.execute(ctx, j, q, failure, duration)
		j.ending = time.Now()
	})
	return j, nil
}

// admit refuses what does not become a job.
func (b *warehouse) admit(project, caller string, c *bigquery.JobConfiguration) *problem {
	if change := mutation(c); change != "" {
		b.peer.mutations.add(change)
	}
	switch {
	case c == nil || c.Query == nil:
		return invalid("Required parameter is missing: query")
	case !b.peer.policy.allows(caller, "bigquery.jobs.create", "projects/"+project):
		return deniedInProject("bigquery.jobs.create", project)
	case c.Query.UseLegacySql == nil || *c.Query.UseLegacySql:
		return invalid("the peer knows GoogleSQL only: set useLegacySql to false")
	}
	return nil
}

// register keeps a job, unless there is one with its id, and returns how long it is to take at least.
func (b *warehouse) register(j *job, location string) (time.Duration, *problem) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, taken := b.jobs[j.id]; taken {
		return 0, &problem{status: http.StatusConflict, reason: "duplicate", message: "Already Exists: Job " + j.project + ":" + j.location + "." + j.id}
	}
	c := j.configuration
	b.jobs[j.id] = j
	b.queries = append(b.queries, Query{j.owner, c.Query.Query, j.project, location, c.Labels, c.Query.MaximumBytesBilled, c.DryRun})
	return b.duration, nil
}

// statistics is what is known of a job before it runs. Of one that could not be resolved it is only the time.
func (q *resolved) statistics(now time.Time) *bigquery.JobStatistics {
	s := &bigquery.JobStatistics{CreationTime: now.UnixMilli(), StartTime: now.UnixMilli(), Query: &bigquery.JobStatistics2{StatementType: "SELECT"}}
	if q == nil {
		return s
	}
	s.TotalBytesProcessed, s.Query.TotalBytesProcessed, s.Query.TotalBytesBilled = q.bytes, q.bytes, q.billed
	for _, t := range q.tables {
		s.Query.ReferencedTables = append(s.Query.ReferencedTables, &bigquery.TableReference{ProjectId: t.project, DatasetId: t.dataset, TableId: t.table})
	}
	return s
}

// mutating are the statements that change something, or may, as a script can.
var mutating = []string{
	"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP", "UNDROP", "RENAME", "GRANT", "REVOKE", "LOAD", "EXPORT",
	"CALL", "EXECUTE", "BEGIN", "COMMIT", "ROLLBACK", "DECLARE", "SET", "IF", "LOOP", "WHILE", "REPEAT", "FOR", "CASE", "ASSERT", "RAISE",
}

// mutation says what a job would change, "" for one that only reads.
func mutation(c *bigquery.JobConfiguration) string {
	switch {
	case c == nil:
		return ""
	case c.Load != nil:
		return "job: load"
	case c.Copy != nil:
		return "job: copy"
	case c.Extract != nil:
		return "job: extract"
	case c.Query == nil:
		return ""
	case c.Query.DestinationTable != nil && c.Query.DestinationTable.TableId != "":
		return "query: destination table"
	}
	if kind := parse(c.Query.Query).kind; slices.Contains(mutating, kind) {
		return "query: " + kind
	}
	return ""
}

// prepare finds out whether a query may run, and what it costs.
func (b *warehouse) prepare(j *job, location, caller string) (*resolved, *problem) {
	if mutation(j.configuration) != "" {
		return nil, accessDenied("Access Denied: the peer lets nobody change anything")
	}
	c := j.configuration.Query
	if kind := parse(c.Query).kind; kind != "SELECT" {
		return nil, &problem{
			status: http.StatusBadRequest, reason: "invalidQuery", at: "query", atType: "parameter",
			message: "Syntax error: Unexpected identifier \"" + kind + "\" at [1:1]",
		}
	}
	q, failure := b.resolve(c.Query, j.project, caller, location, c.DefaultDataset)
	if failure != nil {
		return nil, failure
	}
	if limit := c.MaximumBytesBilled; limit > 0 && q.billed > limit {
		return q, &problem{
			status: http.StatusBadRequest, reason: "bytesBilledLimitExceeded",
			message: "Query exceeded limit for bytes billed: " + decimal(limit) + ". " + decimal(q.billed) + " or higher required.",
		}
	}
	return q, nil
}

// execute runs a job to its end.
func (b *warehouse) execute(ctx context.Context, j *job, q *resolved, failure *problem, duration time.Duration) (*rows, *problem) {
	select {
	case <-time.After(duration):
	case <-ctx.Done():
		return nil, stopped()
	}
	if failure != nil {
		return nil, failure
	}
	sql := q.sql
	if j.configuration.DryRun {
		sql = "SELECT * FROM (" + sql + "\n) LIMIT 0"
	}
	result, failure := b.run(ctx, sql, j.configuration.Query.QueryParameters)
	if ctx.Err() != nil {
		return nil, stopped()
	}
	return result, failure
}

func stopped() *problem {
	return &problem{status: http.StatusBadRequest, reason: "stopped", message: "Job execution was cancelled: User requested cancellation"}
}

// ended waits for a job's end, at most so long.
func (j *job) ended(ctx context.Context, wait time.Duration) bool {
	select {
	case <-j.done:
		return true
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return false
}

// resource is how jobs.get shows a job.
func (j *job) resource() *bigquery.Job {
	configuration := *j.configuration
	query := *configuration.Query
	query.DestinationTable = &bigquery.TableReference{ProjectId: j.destination.project, DatasetId: j.destination.dataset, TableId: j.destination.table}
	configuration.Query, configuration.JobType = &query, "QUERY"
	statistics, statement := *j.statistics, *j.statistics.Query
	statistics.Query = &statement
	r := &bigquery.Job{
		Kind: "bigquery#job", Id: j.project + ":" + j.location + "." + j.id, JobReference: j.reference(), UserEmail: j.owner,
		Configuration: &configuration, Statistics: &statistics, Status: &bigquery.JobStatus{State: "RUNNING"},
	}
	select {
	case <-j.done:
	default:
		return r
	}
	r.Status.State = "DONE"
	statistics.EndTime = j.ending.UnixMilli()
	switch {
	case j.failure != nil:
		r.Status.ErrorResult = j.failure.proto()
		r.Status.Errors = []*bigquery.ErrorProto{r.Status.ErrorResult}
	case configuration.DryRun:
		statement.Schema = &bigquery.TableSchema{Fields: j.result.fields}
	}
	return r
}

func (j *job) reference() *bigquery.JobReference {
	return &bigquery.JobReference{ProjectId: j.project, JobId: j.id, Location: j.location}
}

func (e *problem) proto() *bigquery.ErrorProto {
	return &bigquery.ErrorProto{Reason: e.reason, Message: e.message, Location: e.at}
}

// findJob returns a job that the caller may see: its own, or any with a permission.
func (b *warehouse) findJob(r *http.Request, caller, permission string) (*job, *problem) {
	project, id := r.PathValue("project"), r.PathValue("job")
	b.mu.Lock()
	j, ok := b.jobs[id]
	b.mu.Unlock()
	missing := notFound("Not found: Job " + project + ":" + id)
	if !ok || j.project != project {
		return nil, missing
	}
	location := r.URL.Query().Get("location")
	if location != "" && !strings.EqualFold(location, j.location) || location == "" && !multiRegion(j.location) {
		return nil, missing // a job is looked for in one location only
	}
	if j.owner != caller && !b.peer.policy.allows(caller, permission, "projects/"+project) {
		return nil, accessDenied("Access Denied: Job " + project + ":" + id + ": Permission " + permission + " denied on job (or it may not exist).")
	}
	return j, nil
}

func multiRegion(location string) bool {
	return strings.EqualFold(location, "US") || strings.EqualFold(location, "EU")
}

func decode(r *http.Request, to any) *problem {
	if err := json.NewDecoder(r.Body).Decode(to); err != nil {
		return &problem{status: http.StatusBadRequest, reason: "parseError", message: "Invalid JSON payload received."}
	}
	return nil
}
