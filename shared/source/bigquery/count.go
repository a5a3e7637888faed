package bigquery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Count counts by queries. Of a table they read the moment that the plan reads.
// What took a query to plan is counted in that query's result: all of its rows by the
// job's own number, without a query.
func (s *session) Count(ctx context.Context, req source.CountRequest) (source.Tally, error) {
	c, err := s.countable(ctx, req)
	if err != nil {
		return source.Tally{}, err
	}
	if c.known {
		return source.Tally{Rows: c.rows}, nil
	}
	if err := s.affordCount(ctx, c); err != nil {
		return source.Tally{}, err
	}
	if c.field == nil {
		cells, err := s.row(ctx, c.query("COUNT(*)"))
		if err != nil {
			return source.Tally{}, err
		}
		rows, err := number(cells[0])
		return source.Tally{Rows: rows}, err
	}
	return s.countWindows(ctx, c, *req.Column)
}

// countable is what a count comes down to: rows that are known, or a table to ask.
type countable struct {
	known bool
	rows  int64

	from     string // a table, as of the moment
	where    string
	field    *bigquery.TableFieldSchema // by whose windows; nil for none
	location string
	maximum  int64
	labels   map[string]string
}

// query is a SELECT of aggregates of the rows that are counted.
func (c countable) query(aggregates ...string) query {
	for i := range aggregates {
		aggregates[i] += " AS c" + strconv.Itoa(i)
	}
	sql := "SELECT " + strings.Join(aggregates, ", ") + " FROM " + c.from
	if c.where != "" {
		sql += " WHERE " + c.where
	}
	return query{sql: sql, location: c.location, maximum: c.maximum, labels: c.labels}
}

func (s *session) countable(ctx context.Context, req source.CountRequest) (countable, error) {
	c := countable{maximum: s.config.cap(req.MaximumBytes), labels: req.Labels}
	if req.Column != nil && !source.Windowed(*req.Column) {
		return c, fault.New(fault.SourceUnsupported, "rows are not counted by windows of a "+string(req.Column.Type))
	}
	if req.Query == "" {
		r, err := s.ref(req.Plan.Table.Name)
		if err != nil {
			return c, err
		}
		if !r.wildcard() {
			t, err := s.describe(ctx, r, entry{})
			if err != nil {
				return c, err
			}
			if t.direct {
				return c.ofTable(req, t)
			}
		}
	}
	return s.countResult(ctx, req, c)
}

// ofTable counts a table that a read session reads.
func (c countable) ofTable(req source.CountRequest, t table) (countable, error) {
	if req.Plan.AsOf.IsZero() {
		return c, fault.New(fault.SourceUnsupported, "the plan does not say which moment it reads")
	}
	c.from = t.ref.sql() + req.Plan.AsOf.UTC().Format(" FOR SYSTEM_TIME AS OF TIMESTAMP '2006-01-02 15:04:05.000000+00'")
	c.location = t.location
	var err error
	if c.where, err = restriction(req.Filter, t.fields); err != nil {
		return c, err
	}
	if req.Column != nil {
		if c.field = fieldOf(t.fields, req.Column.Name); c.field == nil {
			return c, fault.New(fault.SourceChanged, "a column that is to be read is not in the table any more")
		}
	}
	return c, nil
}

// countResult counts the result of the query that a plan ran. A plan without splits has none.
func (s *session) countResult(ctx context.Context, req source.CountRequest, c countable) (countable, error) {
	if len(req.Plan.Splits) == 0 {
		c.known = true
		return c, nil
	}
	d, err := parseSplit(req.Plan.Splits[0].Detail)
	if err != nil {
		return c, err
	}
	ref := &bigquery.JobReference{ProjectId: s.config.billing}
	switch {
	case d.Result != nil:
		ref.JobId, ref.Location = d.Result.Job, d.Result.Location
	case d.Job != nil:
		ref.JobId, ref.Location = d.Job.ID, d.Job.Location
	default:
		return c, fault.New(fault.SourceChanged, "the table was one when the run was planned, and now takes a query")
	}
	done, err := s.await(ctx, ref)
	if err != nil {
		return c, fmt.Errorf("finding the query's result: %w", unquoted(err, ref))
	}
	where := ""
	if req.Query != "" { // any other filter stands in the query itself
		if where, err = restriction(req.Filter, done.fields); err != nil {
			return c, err
		}
	}
	if req.Column != nil && !offCloud(ref.Location) {
		c.field = fieldOf(done.fields, req.Column.Name) // nil when it is not among the columns that are read
	}
	if where == "" && c.field == nil {
		c.known, c.rows = true, done.rows
		return c, nil
	}
	job, err := s.getJob(ctx, ref)
	if err != nil {
		return c, fmt.Errorf("getting a query's job: %w", err)
	}
	if job.Configuration == nil || job.Configuration.Query == nil || job.Configuration.Query.DestinationTable == nil {
		return c, fault.New(fault.SourceUnavailable, "BigQuery does not say where the query's result is")
	}
	c.from, c.where, c.location = refOf(job.Configuration.Query.DestinationTable).sql(), where, ref.Location
	return c, nil
}

// affordCount holds what counting would scan against the limit. An import that may
// be read and not counted is no failure: it is not counted.
func (s *session) affordCount(ctx context.Context, c countable) error {
	if c.maximum <= 0 {
		return nil
	}
	aggregates, queries := []string{"COUNT(*)"}, int64(1)
	if c.field != nil {
		aggregates, queries = append(aggregates, "MIN("+quote(c.field.Name)+")"), 2
	}
	dry, err := s.foresee(ctx, query{sql: c.query(aggregates...).sql, location: c.location})
	if err != nil {
		return err
	}
	if scanned(dry)*queries > c.maximum {
		return errCountLimit
	}
	return nil
}

var errCountLimit = fault.New(fault.SourceUnsupported, "counting the rows would scan more than the limit")

// countWindows looks for the least and the greatest value first, and counts between them.
func (s *session) countWindows(ctx context.Context, c countable, column schema.Column) (source.Tally, error) {
	name := quote(c.field.Name)
	cells, err := s.row(ctx, c.query("COUNT(*)", "MIN("+name+")", "MAX("+name+")"))
	if err != nil {
		return source.Tally{}, err
	}
	tally := source.Tally{Column: column.Name}
	if tally.Rows, err = number(cells[0]); err != nil {
		return source.Tally{}, err
	}
	if cells[1] == "" { // NULL is all there is
		tally.Counts = []int64{0, tally.Rows}
		return tally, nil
	}
	least, err := boundOf(c.field, cells[1])
	if err != nil {
		return source.Tally{}, err
	}
	greatest, err := boundOf(c.field, cells[2])
	if err != nil {
		return source.Tally{}, err
	}
	if tally.Bounds, err = source.Windows(column, least, greatest); err != nil {
		return source.Tally{}, err
	}
	aggregates, err := windowCounts(c.field, tally.Bounds)
	if err != nil {
		return source.Tally{}, err
	}
	if cells, err = s.row(ctx, c.query(aggregates...)); err != nil {
		return source.Tally{}, err
	}
	sum := int64(0)
	for _, cell := range cells {
		n, err := number(cell)
		if err != nil {
			return source.Tally{}, err
		}
		tally.Counts, sum = append(tally.Counts, n), sum+n
	}
	if sum != tally.Rows {
		return source.Tally{}, fault.New(fault.SourceUnsupported, "the table changed while its rows were counted: it keeps no history")
	}
	return tally, nil
}

// windowCounts are the aggregates that count each window, and NULL.
func windowCounts(f *bigquery.TableFieldSchema, bounds []string) ([]string, error) {
	name := quote(f.Name)
	var aggregates []string
	from := ""
	for i, bound := range bounds {
		l, err := literalOf(f, bound)
		if err != nil {
			return nil, err
		}
		aggregates = append(aggregates, "COUNTIF("+from+name+" < "+l.sql+")")
		from = name + " >= " + l.sql + " AND "
		if i == len(bounds)-1 {
			aggregates = append(aggregates, "COUNTIF("+name+" >= "+l.sql+")")
		}
	}
	return append(aggregates, "COUNTIF("+name+" IS NULL)"), nil
}

// row runs a query that has one row, and returns its values, "" for NULL.
func (s *session) row(ctx context.Context, q query) ([]string, error) {
	done, err := s.run(ctx, q)
	if class := (Driver{}).Classify(err); class != nil && class.Code == fault.SourceCostLimit {
		return nil, errCountLimit
	}
	if err != nil {
		return nil, fmt.Errorf("counting: %w", err)
	}
	got, err := paced(ctx, s.pace, func() (*bigquery.GetQueryResultsResponse, error) {
		return s.results(done.job.JobReference).MaxResults(1).FormatOptionsUseInt64Timestamp(true).Fields("jobComplete", "rows").Context(ctx).Do()
	})
	if err != nil {
		return nil, fmt.Errorf("reading a count: %w", err)
	}
	if len(got.Rows) != 1 || len(got.Rows[0].F) != len(done.fields) {
		return nil, errors.New("reading a count: it is not one row")
	}
	cells := make([]string, len(done.fields))
	for i, cell := range got.Rows[0].F {
		cells[i], _ = cell.V.(string)
	}
	return cells, nil
}

func number(cell string) (int64, error) {
	n, err := strconv.ParseInt(cell, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading a count: %w", err)
	}
	return n, nil
}

// boundOf makes a literal of a value of a result.
func boundOf(f *bigquery.TableFieldSchema, cell string) (string, error) {
	switch typ := typeOf(f); typ {
	case typeTimestamp, typeDatetime:
		micros, err := cellMicros(typ, cell)
		if err != nil {
			return "", fmt.Errorf("reading a bound: %w", err)
		}
		return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano), nil
	}
	return cell, nil
}
