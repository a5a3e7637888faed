package snowflake

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Count counts the result that a plan's splits read, which holds the rows of one
// moment whatever has become of the table. How many rows it has the service says by
// itself; windows are counted by two queries of the result, which stays in
// Snowflake, and by no column that the plan does not read.
func (s *session) Count(ctx context.Context, req source.CountRequest) (source.Tally, error) {
	if req.Column != nil && !source.Windowed(*req.Column) {
		return source.Tally{}, fault.New(fault.SourceUnsupported, "rows are not counted by windows of a "+string(req.Column.Type))
	}
	if len(req.Plan.Splits) == 0 { // the result had no rows
		return source.Tally{}, nil
	}
	var d detail
	if err := json.Unmarshal(req.Plan.Splits[0].Detail, &d); err != nil || d.Query == "" {
		return source.Tally{}, fault.New(fault.WorkerInvalidCall, "the split is not one of Snowflake")
	}
	found, err := s.fetch(ctx, d.Query)
	if err != nil {
		return source.Tally{}, err
	}
	tally := source.Tally{Rows: found.Rows}
	if req.Column == nil {
		return tally, nil
	}
	for _, w := range found.Columns {
		if w.Name == req.Column.Name {
			c := counting{session: s, query: d.Query, column: *req.Column, field: w.field()}
			return c.windows(sf.WithQueryTag(ctx, s.tag(req.Labels)), tally)
		}
	}
	return tally, nil
}

// counting is a result whose rows are counted by windows of a column.
type counting struct {
	session *session
	query   string // id of the one that has the result
	column  schema.Column
	field   nativeField
}

// windows looks for the least and the greatest value first, and counts between them.
func (c counting) windows(ctx context.Context, tally source.Tally) (source.Tally, error) {
	name := quote(c.column.Name)
	extremes, err := c.ask(ctx, "MIN("+name+")", "MAX("+name+")")
	if err != nil {
		return source.Tally{}, err
	}
	tally.Column = c.column.Name
	if extremes[0] == "" { // NULL is all there is
		tally.Counts = []int64{0, tally.Rows}
		return tally, nil
	}
	if tally.Bounds, err = source.Windows(c.column, c.literal(extremes[0]), c.literal(extremes[1])); err != nil {
		return source.Tally{}, err
	}
	aggregates, err := c.aggregates(tally.Bounds)
	if err != nil {
		return source.Tally{}, err
	}
	counted, err := c.ask(ctx, aggregates...)
	if err != nil {
		return source.Tally{}, err
	}
	for _, text := range counted {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return source.Tally{}, fmt.Errorf("reading a count: %w", err)
		}
		tally.Counts = append(tally.Counts, n)
	}
	return tally, nil
}

// literal is a value as the SDK gives it in the form of source.Literal: dates are
// midnights there.
func (c counting) literal(value string) string {
	if c.column.Type == schema.Date {
		value, _, _ = strings.Cut(value, "T")
	}
	return value
}

// aggregates count each window, and NULL. COUNT_IF would be NULL for none.
func (c counting) aggregates(bounds []string) ([]string, error) {
	name := quote(c.column.Name)
	var w writer
	var counts []string
	from := ""
	add := func(condition string) { counts = append(counts, "COUNT(IFF("+condition+", 1, NULL))") }
	for _, bound := range bounds {
		below, err := w.compare(name, source.Less, bound, c.column, c.field)
		if err != nil {
			return nil, err
		}
		add(from + below)
		if from, err = w.compare(name, source.GreaterOrEqual, bound, c.column, c.field); err != nil {
			return nil, err
		}
		from += " AND "
	}
	add(strings.TrimSuffix(from, " AND "))
	add(name + " IS NULL")
	return counts, nil
}

// ask computes aggregates of the result.
func (c counting) ask(ctx context.Context, aggregates ...string) ([]string, error) {
	var values []string
	statement := "SELECT " + strings.Join(aggregates, ", ") + " FROM TABLE(RESULT_SCAN(" + text(c.query) + "))"
	err := c.session.each(ctx, statement, func(r row) error {
		for _, v := range r.values {
			values = append(values, v.String)
		}
		return nil
	})
	if err == nil && len(values) != len(aggregates) {
		err = fmt.Errorf("%d values for %d aggregates", len(values), len(aggregates))
	}
	if err != nil {
		return nil, fmt.Errorf("counting the result: %w", err)
	}
	return values, nil
}
