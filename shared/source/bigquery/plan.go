package bigquery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Plan makes a read session of a table, or runs a query and makes one of its
// result. Its streams are the splits, and all of them read one moment.
func (s *session) Plan(ctx context.Context, req source.PlanRequest) (source.Plan, error) {
	w, err := s.prepare(ctx, req)
	if err != nil {
		return source.Plan{}, err
	}
	if w.sql == "" {
		return s.planTable(ctx, req, w)
	}
	return s.planQuery(ctx, req, w)
}

// Estimate says how much reading would scan, of a query by a dry run, of a
// table by a read session that nobody reads.
func (s *session) Estimate(ctx context.Context, req source.PlanRequest) (source.Estimate, error) {
	w, err := s.prepare(ctx, req)
	if err != nil {
		return source.Estimate{}, err
	}
	if w.sql != "" {
		return source.Estimate{Bytes: w.bytes}, nil
	}
	opened, err := s.createSession(ctx, w.read, 1)
	if err != nil {
		return source.Estimate{}, err
	}
	return source.Estimate{Bytes: opened.EstimatedTotalBytesScanned, Rows: opened.EstimatedRowCount}, nil
}

// work is what a plan comes down to: a table to read, or a query to run.
type work struct {
	table    schema.Table
	read     readRequest // of the table, or of the query's result
	at       time.Time   // that it is read as of
	sql      string      // of everything else
	location string
	bytes    int64 // what the query's dry run says
}

func (s *session) prepare(ctx context.Context, req source.PlanRequest) (work, error) {
	if req.Query != "" {
		return s.prepareQuery(ctx, req)
	}
	r, err := s.ref(req.Table.Name)
	if err != nil {
		return work{}, err
	}
	var e entry
	if r.wildcard() {
		if e, err = s.newestOf(ctx, r); err != nil {
			return work{}, err
		}
		if e.shards == 0 {
			return work{}, fault.New(fault.SourceNotFound, "no table has a name that fits the wildcard")
		}
	}
	t, err := s.describe(ctx, r, e)
	if err != nil {
		return work{}, err
	}
	return s.prepareTable(ctx, req, t)
}

func (s *session) prepareTable(ctx context.Context, req source.PlanRequest, t table) (work, error) {
	if t.ProblemCode != "" {
		return work{}, fault.New(fault.Code(t.ProblemCode), t.Problem)
	}
	if p := t.Partitioning; p != nil && p.FilterRequired && !slices.ContainsFunc(req.Filter, func(c source.Condition) bool { return c.Column == p.Column }) {
		return work{}, fault.Field(fault.SourceInvalidFilter, "filter", filterWanted(p.Column))
	}
	wanted, err := source.ReadRequest{Table: t.Table, Columns: req.Columns}.Projection()
	if err != nil {
		return work{}, err
	}
	where, err := restriction(req.Filter, t.fields)
	if err != nil {
		return work{}, err
	}
	w := work{table: t.Table, location: t.location}
	if t.direct {
		w.at = t.at
		w.read = readRequest{table: t.ref.path(), columns: names(wanted), restriction: where, at: t.at, labels: req.Labels}
		return w, nil
	}
	w.sql = selection(t.ref, wanted, where)
	dry, err := s.foresee(ctx, query{sql: w.sql, location: w.location})
	if err != nil {
		return work{}, err
	}
	w.bytes = scanned(dry)
	return w, nil
}

// suffixAlias carries _TABLE_SUFFIX through a query's result, where no column
// may have the name of a pseudo-column.
const suffixAlias = "headwater_table_suffix"

// selection is the SELECT that reads some columns of a view, an external table
// or a group of tables.
func selection(r tableRef, wanted []schema.Column, where string) string {
	list := make([]string, len(wanted))
	for i, c := range wanted {
		list[i] = quote(c.Name)
		if r.wildcard() && c.Name == suffixColumn {
			list[i] += " AS " + suffixAlias
		}
	}
	sql := "SELECT " + strings.Join(list, ", ") + " FROM " + r.sql()
	var conditions []string
	if r.wildcard() { // the "*" stands for anything, and the group has digits there only
		conditions = append(conditions, "REGEXP_CONTAINS(_TABLE_SUFFIX, r'^[0-9]+$')")
	}
	if where != "" {
		conditions = append(conditions, where)
	}
	if len(conditions) > 0 {
		sql += " WHERE " + strings.Join(conditions, " AND ")
	}
	return sql
}

func (s *session) prepareQuery(ctx context.Context, req source.PlanRequest) (work, error) {
	if err := mayRead(req.Query); err != nil {
		return work{}, err
	}
	dry, err := s.foresee(ctx, query{sql: req.Query, location: s.config.location})
	if err != nil {
		return work{}, err
	}
	if err := onlySelects(dry); err != nil {
		return work{}, err
	}
	w := work{sql: req.Query, location: cmp.Or(locationOf(dry), s.config.location), bytes: scanned(dry)}
	if offCloud(w.location) && len(req.Filter) > 0 {
		return work{}, fault.Field(fault.SourceUnsupported, "filter", "does not go with a query in the region of another cloud: put its conditions into the query")
	}
	result := dry.Statistics.Query.Schema
	if result == nil {
		if len(req.Columns) > 0 || len(req.Filter) > 0 {
			return work{}, fault.New(fault.SourceUnavailable, "BigQuery does not say which columns the query has, so none can be chosen or filtered by")
		}
		return w, nil
	}
	w.table.Columns = columns(result.Fields)
	wanted, err := source.ReadRequest{Table: w.table, Columns: req.Columns}.Projection()
	if err != nil {
		return work{}, err
	}
	w.read.columns = names(wanted)
	w.read.restriction, err = restriction(req.Filter, result.Fields)
	return w, err
}

func (s *session) planTable(ctx context.Context, req source.PlanRequest, w work) (source.Plan, error) {
	opened, err := s.openSession(ctx, w.read, req.TargetBytes, func(scans int64) error { return s.affordable(scans, req.MaximumBytes) })
	if err != nil {
		return source.Plan{}, err
	}
	splits, err := splitsOf(opened, w.table.Name, split{})
	return source.Plan{Table: w.table, Splits: splits, AsOf: w.at}, err
}

func (s *session) planQuery(ctx context.Context, req source.PlanRequest, w work) (source.Plan, error) {
	if err := s.affordable(w.bytes, req.MaximumBytes); err != nil {
		return source.Plan{}, err
	}
	done, err := s.run(ctx, query{sql: w.sql, location: w.location, maximum: s.config.cap(req.MaximumBytes), labels: req.Labels})
	if err != nil {
		return source.Plan{}, err
	}
	p := source.Plan{Table: w.table, AsOf: startOf(done.job)}
	if req.Query != "" && len(done.fields) > 0 { // what the dry run foresaw, as it came out
		p.Table.Columns = columns(done.fields)
	}
	if offCloud(locationOf(done.job)) {
		p.Splits, err = resultSplits(done, w, req.TargetBytes)
		return p, err
	}
	destination := done.job.Configuration.Query.DestinationTable
	if destination == nil {
		return source.Plan{}, fault.New(fault.SourceUnavailable, "BigQuery does not say where the query's result is")
	}
	w.read.table, w.read.labels = refOf(destination).path(), req.Labels
	opened, err := s.openSession(ctx, w.read, req.TargetBytes, func(int64) error { return nil }) // the query is what costs
	if err != nil {
		return source.Plan{}, err
	}
	job := &jobRef{done.job.JobReference.JobId, done.job.JobReference.Location}
	p.Splits, err = splitsOf(opened, labelOf(w), split{Aliases: aliases(w), Job: job})
	return p, err
}

// affordable holds what would be scanned against the limits.
func (s *session) affordable(bytes, wanted int64) error {
	if limit := s.config.cap(wanted); limit > 0 && bytes > limit {
		return fault.New(fault.SourceCostLimit, fmt.Sprintf("reading would scan %d bytes, and the limit is %d", bytes, limit))
	}
	return nil
}

// aliases are the columns that a result has under other names.
func aliases(w work) map[string]string {
	if strings.HasSuffix(w.table.Name, "*") || strings.HasSuffix(w.table.Name, `*"`) {
		return map[string]string{suffixColumn: suffixAlias}
	}
	return nil
}

func labelOf(w work) string {
	if w.table.Name == "" {
		return "query"
	}
	return w.table.Name
}

func names(columns []schema.Column) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
	}
	return list
}

// startOf is when a query began, which is the moment that it read.
func startOf(job *bigquery.Job) time.Time {
	if job.Statistics == nil || job.Statistics.StartTime == 0 {
		return time.Time{}
	}
	return time.UnixMilli(job.Statistics.StartTime).UTC()
}

func locationOf(job *bigquery.Job) string {
	if job.JobReference == nil {
		return ""
	}
	return job.JobReference.Location
}
