package snowflake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// detail is a split: a stretch of the parts of a query's result.
type detail struct {
	Query string `json:"query_id"`
	First int    `json:"first"` // part 0 is what the service answers at once, if there is any; then come the chunks
	Count int    `json:"count"`
}

// Plan runs the query whose result is read, and cuts its result into splits.
// All rows are those of one statement and so of one moment.
func (s *session) Plan(ctx context.Context, req source.PlanRequest) (source.Plan, error) {
	q, err := s.prepare(ctx, req)
	if err != nil {
		return source.Plan{}, err
	}
	if err := s.afford(ctx, q, req.MaximumBytes); err != nil {
		return source.Plan{}, err
	}
	r, asOf, err := s.start(ctx, q, s.tag(req.Labels))
	if err != nil {
		return source.Plan{}, err
	}
	if err := r.readable(); err != nil {
		return source.Plan{}, err
	}
	return source.Plan{Table: q.table, Splits: cut(r, req.TargetBytes), AsOf: asOf}, nil
}

// start runs the query as of the server's time. A table that keeps no history
// is read as it is when the query starts.
func (s *session) start(ctx context.Context, q query, tag string) (result, time.Time, error) {
	if q.travels {
		asOf, err := s.now(ctx)
		if err != nil {
			return result{}, time.Time{}, err
		}
		r, err := s.execute(ctx, q.text(&asOf), q.binds, tag)
		if !noHistory(err) {
			return r, asOf, reading(err)
		}
	}
	asOf, err := s.now(ctx)
	if err != nil {
		return result{}, time.Time{}, err
	}
	r, err := s.execute(ctx, q.text(nil), q.binds, tag)
	return r, asOf, reading(err)
}

func reading(err error) error {
	if err != nil {
		return fmt.Errorf("running the query: %w", err)
	}
	return nil
}

// noHistory reports whether a table cannot be read as of a moment that is long
// enough ago to have passed and short enough ago to be now: it was just made,
// its retention is zero, or its kind has no time travel.
func noHistory(err error) bool {
	var refusal *sf.SnowflakeError
	return errors.As(err, &refusal) && (refusal.Number == 707 ||
		strings.Contains(strings.ToLower(refusal.Message), "time travel"))
}

// now is the server's time.
func (s *session) now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.each(ctx, "SELECT CURRENT_TIMESTAMP() AS NOW", func(r row) error {
		var err error
		now, err = time.Parse(time.RFC3339Nano, r.text("now"))
		return err
	})
	if err == nil && now.IsZero() {
		err = errors.New("the service does not tell its time")
	}
	return now.UTC(), err
}

// tag is the query tag: the run's labels in JSON, and whose connection it is.
// Snowflake takes up to 2000 characters.
func (s *session) tag(labels map[string]string) string {
	const maxTag = 2000
	all := maps.Clone(labels)
	if all == nil {
		all = map[string]string{}
	}
	all["application"] = "headwater"
	if s.config.connection != "" {
		all["connection"] = s.config.connection
	}
	for {
		text, err := json.Marshal(all)
		if err != nil {
			panic("snowflake: tags always marshal: " + err.Error())
		}
		if len(text) <= maxTag || len(all) == 0 {
			return string(text)
		}
		longest := slices.MaxFunc(slices.Collect(maps.Keys(all)), func(a, b string) int { return len(all[a]) - len(all[b]) })
		delete(all, longest)
	}
}

const defaultTarget = 64 << 20

// cut makes splits of about equal size from neighbouring parts.
func cut(r result, target int64) []source.Split {
	if target <= 0 {
		target = defaultTarget
	}
	parts := r.parts()
	var splits []source.Split
	for first := 0; first < len(parts); {
		d := detail{Query: r.QueryID, First: first}
		var rows, bytes int64
		for _, p := range parts[first:] {
			// A part goes where it makes the smaller difference to the target.
			if d.Count > 0 && bytes+p.size()/2 > target {
				break
			}
			d.Count++
			rows += p.Rows
			bytes += p.size()
		}
		text, err := json.Marshal(d)
		if err != nil {
			panic("snowflake: splits always marshal: " + err.Error())
		}
		label := fmt.Sprintf("%s, parts %d to %d of %d", r.QueryID, first+1, first+d.Count, len(parts))
		splits = append(splits, source.Split{Label: label, Detail: text, Rows: rows, Bytes: bytes})
		first += d.Count
	}
	return splits
}

// query is what is read: a SELECT whose columns are those that are delivered,
// in their order.
type query struct {
	table   schema.Table // as it is now, or the columns of a query
	from    string       // a table's name, or a query in parentheses
	columns []string     // expressions
	where   string       // empty without a filter
	binds   []string     // values of the filter
	travels bool         // a table, which can be read as of a moment
}

// text is the statement, of a moment unless at is nil.
func (q query) text(at *time.Time) string {
	var b strings.Builder
	b.WriteString("SELECT " + strings.Join(q.columns, ", ") + " FROM " + q.from)
	if at != nil {
		b.WriteString(" AT(TIMESTAMP => " + text(at.UTC().Format("2006-01-02T15:04:05.000000000+00:00")) + "::TIMESTAMP_TZ)")
	}
	if q.where != "" {
		b.WriteString(" WHERE " + q.where)
	}
	return b.String()
}

// prepare looks at the table, or compiles the query, and writes the statement.
func (s *session) prepare(ctx context.Context, req source.PlanRequest) (query, error) {
	var q query
	var fields []nativeField
	var err error
	if req.Query != "" {
		q, fields, err = s.prepareQuery(ctx, req.Query)
	} else {
		q, fields, err = s.prepareTable(ctx, req.Table.Name)
	}
	if err != nil {
		return query{}, err
	}
	columns, err := source.ReadRequest{Table: q.table, Columns: req.Columns}.Projection()
	if err != nil {
		return query{}, err
	}
	if len(columns) == 0 {
		return query{}, fault.New(fault.SourceUnsupportedType, "no column of the table can be read")
	}
	for _, c := range columns {
		q.columns = append(q.columns, expression(fieldOf(fields, c.Name)))
	}
	if err := req.Filter.Validate("filter", q.table); err != nil {
		return query{}, err
	}
	q.where, q.binds, err = where(req.Filter, q.table, fields)
	return q, err
}

func fieldOf(fields []nativeField, name string) nativeField {
	i := slices.IndexFunc(fields, func(f nativeField) bool { return f.name == name })
	return fields[i] // the columns were made from the fields
}

// expression is how a column is selected. A DECFLOAT has no Arrow type that
// holds its digits; as text it has them all.
func expression(f nativeField) string {
	name := quote(f.name)
	if f.base == "DECFLOAT" {
		return "TO_VARCHAR(" + name + ") AS " + name
	}
	return name
}

func (s *session) prepareTable(ctx context.Context, name string) (query, []nativeField, error) {
	parts, ok := schema.SplitName(name)
	if !ok || len(parts) != 3 || !s.config.covers(parts[0], parts[1]) {
		return query{}, nil, fault.New(fault.SourceNotFound, "the connection does not cover such a table")
	}
	table, fields, err := s.table(ctx, parts)
	if err != nil {
		return query{}, nil, err
	}
	return query{table: table, from: quote(parts...), travels: table.Kind == schema.BaseTable}, fields, nil
}
