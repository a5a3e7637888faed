package googlepeer

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"
)

// insertJob is jobs.insert. A dry run that fails is an answer of its own; what
// else fails is told by the job.
func (b *warehouse) insertJob(r *http.Request, caller string) (any, *problem) {
	var body bigquery.Job
	if refused := decode(r, &body); refused != nil {
		return nil, refused
	}
	var id, location string
	if body.JobReference != nil {
		id, location = body.JobReference.JobId, body.JobReference.Location
	}
	j, refused := b.newJob(r.PathValue("project"), id, location, caller, body.Configuration)
	if refused != nil {
		return nil, refused
	}
	if body.Configuration.DryRun {
		<-j.done
		if j.failure != nil {
			return nil, j.failure
		}
	}
	return j.resource(), nil
}

func (b *warehouse) getJob(r *http.Request, caller string) (any, *problem) {
	j, refused := b.findJob(r, caller, "bigquery.jobs.get")
	if refused != nil {
		return nil, refused
	}
	return j.resource(), nil
}

func (b *warehouse) cancelJob(r *http.Request, caller string) (any, *problem) {
	j, refused := b.findJob(r, caller, "bigquery.jobs.update")
	if refused != nil {
		return nil, refused
	}
	j.cancel()
	return &bigquery.JobCancelResponse{Kind: "bigquery#jobCancelResponse", Job: j.resource()}, nil
}

// listJobs lists the caller's own jobs, newest first; everybody's with bigquery.jobs.listAll.
func (b *warehouse) listJobs(r *http.Request, caller string) (any, *problem) {
	project := r.PathValue("project")
	all := b.peer.policy.allows(caller, "bigquery.jobs.listAll", "projects/"+project)
	if !all && !b.peer.policy.allows(caller, "bigquery.jobs.list", "projects/"+project) {
		return nil, deniedInProject("bigquery.jobs.list", project)
	}
	list := &bigquery.JobList{Kind: "bigquery#jobList"}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range b.jobs {
		if j.project == project && (all || j.owner == caller) {
			shown := j.resource()
			list.Jobs = append(list.Jobs, &bigquery.JobListJobs{
				Id: shown.Id, Kind: shown.Kind, JobReference: shown.JobReference, State: shown.Status.State, Status: shown.Status,
				Configuration: shown.Configuration, Statistics: shown.Statistics, UserEmail: shown.UserEmail, ErrorResult: shown.Status.ErrorResult,
			})
		}
	}
	slices.SortFunc(list.Jobs, func(a, b *bigquery.JobListJobs) int {
		return cmp.Or(cmp.Compare(b.Statistics.CreationTime, a.Statistics.CreationTime), cmp.Compare(a.Id, b.Id))
	})
	return list, nil
}

// query is jobs.query: a job, and its first rows if they come soon enough.
func (b *warehouse) query(r *http.Request, caller string) (any, *problem) {
	var body bigquery.QueryRequest
	if refused := decode(r, &body); refused != nil {
		return nil, refused
	}
	configuration := &bigquery.JobConfiguration{
		DryRun: body.DryRun, Labels: body.Labels,
		Query: &bigquery.JobConfigurationQuery{
			Query: body.Query, DefaultDataset: body.DefaultDataset, MaximumBytesBilled: body.MaximumBytesBilled, UseLegacySql: body.UseLegacySql,
			QueryParameters: body.QueryParameters, ParameterMode: body.ParameterMode,
		},
	}
	j, refused := b.newJob(r.PathValue("project"), "", body.Location, caller, configuration)
	if refused != nil {
		return nil, refused
	}
	answer := &bigquery.QueryResponse{Kind: "bigquery#queryResponse", JobReference: j.reference(), Location: j.location, ForceSendFields: []string{"JobComplete", "TotalRows"}}
	if !j.ended(r.Context(), patience(int(body.TimeoutMs))) {
		return answer, nil
	}
	if j.failure != nil {
		return nil, j.failure
	}
	answer.JobComplete, answer.TotalBytesProcessed = true, j.statistics.TotalBytesProcessed
	answer.Schema = &bigquery.TableSchema{Fields: j.result.fields}
	if !body.DryRun {
		answer.TotalRows = uint64(len(j.result.rows))
		answer.Rows, answer.PageToken = j.result.page(0, int(body.MaxResults), integers(body.FormatOptions))
	}
	return answer, nil
}

// getResults is jobs.getQueryResults.
func (b *warehouse) getResults(r *http.Request, caller string) (any, *problem) {
	j, refused := b.findJob(r, caller, "bigquery.jobs.get")
	if refused != nil {
		return nil, refused
	}
	query := r.URL.Query()
	wait, _ := strconv.Atoi(query.Get("timeoutMs")) // absent is the default
	answer := &bigquery.GetQueryResultsResponse{Kind: "bigquery#getQueryResultsResponse", JobReference: j.reference(), ForceSendFields: []string{"JobComplete", "TotalRows"}}
	if !j.ended(r.Context(), patience(wait)) {
		return answer, nil
	}
	if j.failure != nil {
		return nil, j.failure
	}
	start, limit := window(r)
	answer.JobComplete, answer.TotalBytesProcessed = true, j.statistics.TotalBytesProcessed
	answer.Schema, answer.TotalRows = &bigquery.TableSchema{Fields: j.result.fields}, uint64(len(j.result.rows))
	answer.Rows, answer.PageToken = j.result.page(start, limit, query.Get("formatOptions.useInt64Timestamp") == "true")
	return answer, nil
}

// listRows is tabledata.list.
func (b *warehouse) listRows(r *http.Request, caller string) (any, *problem) {
	ref := tableOf(r)
	found, refused := b.content(r, ref, caller)
	if refused != nil {
		return nil, refused
	}
	if names := r.URL.Query().Get("selectedFields"); names != "" {
		chosen, unknown := choose(found.fields, strings.Split(names, ","))
		if len(unknown) > 0 {
			return nil, invalid("No such field: " + unknown[0] + ".")
		}
		found = found.project(chosen)
	}
	start, limit := window(r)
	list := &bigquery.TableDataList{Kind: "bigquery#tableDataList", TotalRows: int64(len(found.rows)), ForceSendFields: []string{"TotalRows"}}
	list.Rows, list.PageToken = found.page(start, limit, r.URL.Query().Get("formatOptions.useInt64Timestamp") == "true")
	return list, nil
}

func (b *warehouse) content(r *http.Request, ref tableRef, caller string) (*rows, *problem) {
	if result, ok := b.resultTable(ref, caller); ok {
		return result.rows, nil
	}
	if !b.peer.policy.allows(caller, "bigquery.tables.getData", ref.resource()) {
		return nil, deniedOn("bigquery.tables.getData", "table", ref.String())
	}
	meta, missing := b.findTable(ref)
	if missing != nil {
		return nil, missing
	}
	if meta.Type != kindTable {
		return nil, invalid("Cannot list a table of type " + meta.Type + ".")
	}
	return b.run(r.Context(), "SELECT * FROM "+ref.sql(), nil)
}

// project keeps the chosen columns.
func (r *rows) project(chosen []choice) *rows {
	kept := &rows{fields: chosenFields(chosen), rows: make([]*bigquery.TableRow, len(r.rows))}
	for i, row := range r.rows {
		cells := make([]*bigquery.TableCell, len(chosen))
		for j, c := range chosen {
			cells[j] = row.F[c.at]
		}
		kept.rows[i] = &bigquery.TableRow{F: cells}
	}
	return kept
}

// result is the anonymous table that a query's rows are in.
type result struct {
	meta *bigquery.Table
	rows *rows
	job  *job
}

// resultTable finds a query's result by its table. Only who ran the query may read it.
func (b *warehouse) resultTable(ref tableRef, caller string) (result, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range b.jobs {
		if j.destination != ref || j.owner != caller {
			continue
		}
		select {
		case <-j.done:
		default:
			return result{}, false
		}
		if j.result == nil || j.failure != nil {
			return result{}, false
		}
		return result{job: j, rows: j.result, meta: &bigquery.Table{
			Kind: "bigquery#table", Id: ref.String(), Type: kindTable, Location: j.location,
			TableReference: &bigquery.TableReference{ProjectId: ref.project, DatasetId: ref.dataset, TableId: ref.table},
			Schema:         &bigquery.TableSchema{Fields: j.result.fields}, NumRows: uint64(len(j.result.rows)),
			NumBytes: int64(len(j.result.rows) * len(j.result.fields) * 8), CreationTime: j.statistics.CreationTime,
			LastModifiedTime: uint64(j.statistics.CreationTime), ExpirationTime: time.Now().Add(24 * time.Hour).UnixMilli(), Etag: etag(j.id, j.project),
		}}, true
	}
	return result{}, false
}

// page returns rows from one on, and the token of the next page.
func (r *rows) page(start, limit int, integers bool) ([]*bigquery.TableRow, string) {
	if limit <= 0 {
		limit = 100_000 // what fits in the 10 MB of an answer, roughly
	}
	end := min(start+limit, len(r.rows))
	if start >= end {
		return nil, ""
	}
	token := ""
	if end < len(r.rows) {
		token = pageToken(strconv.Itoa(end))
	}
	if integers {
		return r.rows[start:end], token
	}
	shown := make([]*bigquery.TableRow, 0, end-start)
	for _, row := range r.rows[start:end] {
		cells := make([]*bigquery.TableCell, len(row.F))
		for i, cell := range row.F {
			cells[i] = &bigquery.TableCell{V: seconds(r.fields[i], cell.V)}
		}
		shown = append(shown, &bigquery.TableRow{F: cells})
	}
	return shown, token
}

// window reads which rows a request wants. Without maxResults it is as many as
// fit; with 0 none, for a client that waits for the job only.
func window(r *http.Request) (start, limit int) {
	query := r.URL.Query()
	if start, _ = strconv.Atoi(query.Get("startIndex")); query.Get("pageToken") != "" {
		after, _ := page(r)
		start, _ = strconv.Atoi(after)
	}
	if query.Get("maxResults") == "0" {
		return 1 << 40, 0
	}
	limit, _ = strconv.Atoi(query.Get("maxResults"))
	return start, limit
}

// patience is how long a request waits for a job: BigQuery's default is 10 seconds.
func patience(ms int) time.Duration {
	if ms <= 0 {
		return 10 * time.Second
	}
	return time.Duration(ms) * time.Millisecond
}

func integers(o *bigquery.DataFormatOptions) bool { return o != nil && o.UseInt64Timestamp }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
