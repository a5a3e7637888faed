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
	done               chan struct{} // closed when result and failure stand
	result             *rows
	failure            *problem
}

// newJob resolves a query and starts it. A statement that changes something is
// recorded, and refused. That a caller may not run jobs at all is a refusal;
// what is wrong with the query is the job's failure.
func (b *warehouse) newJob(project, id, location, caller string, c *bigquery.JobConfiguration) (*job, *problem) {
	if c == nil || c.Query == nil || strings.TrimSpace(c.Query.Query) == "" {
		b.peer.mutations.add("job: " + jobType(c))
		return nil, invalid("Required parameter is missing: query")
	}
	if !b.peer.policy.allows(caller, "bigquery.jobs.create", "projects/"+project) {
		return nil, deniedInProject("bigquery.jobs.create", project)
	}
	if c.Query.UseLegacySql == nil || *c.Query.UseLegacySql {
		return nil, invalid("the peer knows GoogleSQL only: set useLegacySql to false")
	}
	j := &job{
		id: cmp.Or(id, "job_"+rand.Text()), project: project, owner: caller, configuration: c, done: make(chan struct{}),
		destination: tableRef{datasetRef{project, "_" + strings.ToLower(rand.Text())}, "anon" + strings.ToLower(rand.Text())},
	}
	b.mu.Lock()
	b.queries = append(b.queries, Query{caller, c.Query.Query, project, location, c.Labels, c.Query.MaximumBytesBilled, c.DryRun})
	duration := b.duration
	_, taken := b.jobs[j.id]
	b.mu.Unlock()
	if taken {
		return nil, &problem{status: http.StatusConflict, reason: "duplicate", message: "Already Exists: Job " + project + ":" + location + "." + j.id}
	}
	q, failure := b.prepare(j, location, caller)
	j.location = cmp.Or(location, b.peer.config.Location)
	if q != nil {
		j.location = q.location
	}
	now := time.Now().UnixMilli()
	j.statistics = &bigquery.JobStatistics{CreationTime: now, StartTime: now, Query: &bigquery.JobStatistics2{StatementType: "SELECT"}}
	if q != nil {
		j.statistics.TotalBytesProcessed, j.statistics.Query.TotalBytesProcessed, j.statistics.Query.TotalBytesBilled = q.bytes, q.bytes, q.billed
		for _, t := range q.tables {
			j.statistics.Query.ReferencedTables = append(j.statistics.Query.ReferencedTables, &bigquery.TableReference{ProjectId: t.project, DatasetId: t.dataset, TableId: t.table})
		}
	}
	if failure == nil && !c.DryRun {
		failure = b.peer.faults.nextJob()
	}
	b.start(j, q, failure, duration)
	return j, nil
}

func jobType(c *bigquery.JobConfiguration) string {
	switch {
	case c == nil:
		return "none"
	case c.Load != nil:
		return "load"
	case c.Copy != nil:
		return "copy"
	case c.Extract != nil:
		return "extract"
	default:
		return "query"
	}
}

// mutating are the statements that change something, or may, as a script can.
var mutating = []string{
	"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP", "UNDROP", "RENAME", "GRANT", "REVOKE", "LOAD", "EXPORT",
	"CALL", "EXECUTE", "BEGIN", "COMMIT", "ROLLBACK", "DECLARE", "SET", "IF", "LOOP", "WHILE", "REPEAT", "FOR", "CASE", "ASSERT", "RAISE",
}

// prepare finds out whether a query may run, and what it costs.
func (b *warehouse) prepare(j *job, location, caller string) (*resolved, *problem) {
	c := j.configuration.Query
	switch kind := parse(c.Query).kind; {
	case slices.Contains(mutating, kind):
		b.peer.mutations.add("query: " + kind)
		return nil, accessDenied("Access Denied: the peer lets nobody change anything")
	case kind != "SELECT":
		return nil, &problem{
			status: http.StatusBadRequest, reason: "invalidQuery", at: "query", atType: "parameter",
			message: "Syntax error: Unexpected identifier \"" + kind + "\" at [1:1]",
		}
	}
	if c.DestinationTable != nil && c.DestinationTable.TableId != "" {
		b.peer.mutations.add("query: destination table")
		return nil, deniedOn("bigquery.tables.create", "dataset", c.DestinationTable.ProjectId+":"+c.DestinationTable.DatasetId)
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

// start runs a job to its end, in the background.
func (b *warehouse) start(j *job, q *resolved, failure *problem, duration time.Duration) {
	ctx, cancel := context.WithCancel(b.background)
	j.cancel = cancel
	b.mu.Lock()
	b.jobs[j.id] = j
	b.mu.Unlock()
	b.running.Go(func() {
		defer close(j.done)
		defer cancel()
		select {
		case <-time.After(duration):
		case <-ctx.Done():
			j.failure = stopped()
			return
		}
		if j.failure = failure; failure != nil {
			return
		}
		sql := q.sql
		if j.configuration.DryRun {
			sql = "SELECT * FROM (" + sql + "\n) LIMIT 0"
		}
		j.result, j.failure = b.run(ctx, sql, j.configuration.Query.QueryParameters)
		if ctx.Err() != nil {
			j.failure = stopped()
		}
	})
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
	statistics.EndTime = time.Now().UnixMilli()
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
