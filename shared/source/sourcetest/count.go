package sourcetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Counts is what a platform counts by its own means, of some table at least.
type Counts struct {
	Rows     bool // of a whole table
	Filtered bool // of the part of it that a filter leaves over
	Windows  bool // by windows of a column
}

// testCount: what the platform counts is what reading delivers, of every table
// whole and filtered, and by windows of every column that has some.
func testCount(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	snapshot := discover(t, s)
	c := counting{source: s, target: h.TargetBytes}
	for _, want := range h.importable() {
		table, _ := snapshot.Table(want.Name)
		t.Run(want.Name, func(t *testing.T) { c.table(t, table) })
	}
	for _, q := range h.Queries {
		if q.Fails == nil {
			t.Run("query", func(t *testing.T) { c.hold(t, source.PlanRequest{Query: q.SQL}, nil) })
		}
	}
	if diff := gocmp.Diff(h.Counts, c.seen); diff != "" {
		t.Errorf("the platform counts otherwise than the harness says (-want +got):\n%s", diff)
	}
}

type counting struct {
	source *source.Source
	target int64
	seen   Counts
}

// table counts a table in all ways.
func (c *counting) table(t *testing.T, table schema.Table) {
	rows := c.hold(t, source.PlanRequest{Table: table}, nil)
	if len(rows) > filterRows {
		rows = rows[:filterRows]
	}
	for _, column := range table.Columns {
		windowed := &column
		if !source.Windowed(column) {
			windowed = nil
		} else {
			c.hold(t, source.PlanRequest{Table: table}, windowed)
		}
		conditions := conditions(column, rows)
		boundary := conditions[len(conditions)-1] // which NULL holds for, where the column can be compared
		c.hold(t, source.PlanRequest{Table: table, Filter: source.Filter{boundary}}, windowed)
	}
}

// hold plans, counts, reads and compares. It returns the rows that were read.
func (c *counting) hold(t *testing.T, req source.PlanRequest, column *schema.Column) []row {
	t.Helper()
	req.TargetBytes = c.target
	p, err := c.source.Plan(t.Context(), req)
	if err != nil {
		t.Fatalf("planning: %v", err)
	}
	var rows []row
	rejects := 0
	for _, split := range p.Splits {
		read(t, c.source, source.ReadRequest{Table: p.Table, Filter: req.Filter, Split: split}, func(b source.Batch) {
			rows = append(rows, rowsOf(b)...)
			rejects += len(b.Rejects)
		})
	}
	name := fmt.Sprintf("%s, filter %v", p.Table.Name, req.Filter)
	got, err := c.source.Count(t.Context(), source.CountRequest{PlanRequest: req, Plan: p, Column: column})
	if e, ok := fault.As(err); ok && e.Code == fault.SourceUnsupported && e.Message != "" {
		return rows
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return rows
	}
	if got.Rows != int64(len(rows)+rejects) {
		t.Errorf("%s: %d rows counted, %d read and %d rejected", name, got.Rows, len(rows), rejects)
	}
	c.seen.Rows = c.seen.Rows || len(req.Filter) == 0
	c.seen.Filtered = c.seen.Filtered || len(req.Filter) > 0
	if got.Column == "" {
		if got.Bounds != nil || got.Counts != nil {
			t.Errorf("%s: bounds %q and counts %v of no column", name, got.Bounds, got.Counts)
		}
		return rows
	}
	c.seen.Windows = true
	if column == nil || got.Column != column.Name {
		t.Fatalf("%s: counted by windows of %q, want %v", name, got.Column, column)
	}
	if rejects == 0 {
		holdWindows(t, name, got, *column, rows)
	}
	return rows
}

// holdWindows counts rows by windows, and compares.
func holdWindows(t *testing.T, name string, got source.Tally, column schema.Column, rows []row) {
	t.Helper()
	if len(got.Bounds) >= source.MaxWindows {
		t.Errorf("%s by %s: %d bounds", name, column.Name, len(got.Bounds))
	}
	if !slices.IsSortedFunc(got.Bounds, func(a, b string) int { return cmp.Or(compareLiterals(column, a, b), -1) }) {
		t.Errorf("%s by %s: the bounds %q do not ascend", name, column.Name, got.Bounds)
	}
	want := make([]int64, len(got.Bounds)+2)
	for _, r := range rows {
		v := r.values[column.Name]
		if v == nil {
			want[len(want)-1]++
			continue
		}
		window := slices.IndexFunc(got.Bounds, func(b string) bool { return compareLiterals(column, *v, b) < 0 })
		if window < 0 {
			window = len(got.Bounds)
		}
		want[window]++
	}
	if !slices.Equal(want, got.Counts) {
		t.Errorf("%s by %s, bounds %q: counted %v, read %v", name, column.Name, got.Bounds, got.Counts, want)
	}
}
