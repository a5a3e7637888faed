package sourcetest

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// content is what was read: rows as JSON, and rejects.
type content struct {
	rows    []string
	rejects []source.Reject
}

func (c *content) add(t *testing.T, b source.Batch) {
	t.Helper()
	var text bytes.Buffer
	if err := array.RecordToJSON(b.Record, &text); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		c.rows = append(c.rows, strings.TrimSpace(line))
	}
	c.rejects = append(c.rejects, b.Rejects...)
	if b.Origins != nil && int64(len(b.Origins)) != b.Record.NumRows() {
		t.Fatalf("%d origins for %d rows", len(b.Origins), b.Record.NumRows())
	}
}

// testRead: every table gives its rows once, typed as discovered.
func testRead(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	snapshot := discover(t, s)
	several := false
	for _, want := range h.importable() {
		t.Run(want.Name, func(t *testing.T) {
			plan := plan(t, s, snapshot, want.Name, h.TargetBytes)
			several = several || len(plan.Splits) > 1
			var got content
			for _, split := range plan.Splits {
				if split.Label == "" {
					t.Error("a split has no label")
				}
				read(t, s, source.ReadRequest{Table: plan.Table, Split: split}, func(b source.Batch) { got.add(t, b) })
			}
			compare(t, want, got)
		})
	}
	if !several {
		t.Error("no table has several splits: make the harness's target smaller")
	}
}

func compare(t *testing.T, want Table, got content) {
	t.Helper()
	if len(got.rejects) != want.Rejects {
		t.Errorf("%d rows rejected, want %d: %v", len(got.rejects), want.Rejects, got.rejects)
	}
	if want.Rows == nil {
		if len(got.rows) != want.Count {
			t.Errorf("%d rows, want %d", len(got.rows), want.Count)
		}
		return
	}
	rows := slices.Sorted(slices.Values(got.rows))
	if diff := cmp.Diff(slices.Sorted(slices.Values(want.Rows)), rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func plan(t *testing.T, s *source.Source, snapshot schema.Snapshot, name string, target int64) source.Plan {
	t.Helper()
	table, ok := snapshot.Table(name)
	if !ok {
		t.Fatalf("no table %q", name)
	}
	p, err := s.Plan(t.Context(), source.PlanRequest{Table: table, TargetBytes: target})
	if err != nil {
		t.Fatalf("planning: %v", err)
	}
	if diff := cmp.Diff(table.Columns, p.Table.Columns); diff != "" {
		t.Errorf("the plan's columns differ from the discovered ones (-want +got):\n%s", diff)
	}
	return p
}

// read reads a split from a checkpoint and hands over its batches.
func read(t *testing.T, s *source.Source, req source.ReadRequest, see func(source.Batch)) {
	t.Helper()
	r, err := s.Read(t.Context(), req)
	if err != nil {
		t.Fatalf("opening split: %v", err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Errorf("closing split: %v", err)
		}
	}()
	checkSchema(t, r.Schema(), req)
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			return
		}
		if err != nil {
			t.Fatalf("reading split: %v", err)
		}
		if !b.Record.Schema().Equal(r.Schema()) {
			t.Fatalf("a batch has schema %v, the reader %v", b.Record.Schema(), r.Schema())
		}
		if b.After == "" {
			t.Fatal("a batch has no checkpoint")
		}
		see(b)
		b.Release()
	}
}

// arrowTypes are what each logical type is delivered in.
var arrowTypes = map[schema.Type]arrow.Type{
	schema.String: arrow.STRING, schema.Int64: arrow.INT64, schema.Float64: arrow.FLOAT64, schema.Decimal: arrow.DECIMAL128,
	schema.Bool: arrow.BOOL, schema.Date: arrow.DATE32, schema.Timestamp: arrow.TIMESTAMP, schema.Time: arrow.TIME64,
	schema.Bytes: arrow.BINARY, schema.JSON: arrow.STRING,
}

func checkSchema(t *testing.T, got *arrow.Schema, req source.ReadRequest) {
	t.Helper()
	columns := req.Columns
	if len(columns) == 0 {
		for _, c := range req.Table.Columns {
			columns = append(columns, c.Name)
		}
	}
	if got.NumFields() != len(columns) {
		t.Fatalf("%d fields, want %d", got.NumFields(), len(columns))
	}
	for i, name := range columns {
		c, _ := req.Table.Column(name)
		f := got.Field(i)
		if f.Name != name || f.Type.ID() != arrowTypes[c.Type] {
			t.Errorf("field %d is %v, want %s as %v", i, f, name, arrowTypes[c.Type])
		}
		if ts, ok := f.Type.(*arrow.TimestampType); ok && (ts.Unit != arrow.Microsecond || ts.TimeZone != "UTC") {
			t.Errorf("%s is %v, want microseconds in UTC", name, ts)
		}
		if tm, ok := f.Type.(*arrow.Time64Type); ok && tm.Unit != arrow.Microsecond {
			t.Errorf("%s is %v, want microseconds", name, tm)
		}
	}
}

// testProject: a projection gives the named columns, in its order.
func testProject(t *testing.T, h Harness) {
	s := open(t, h, h.Config)
	snapshot := discover(t, s)
	for _, want := range h.importable() {
		plan := plan(t, s, snapshot, want.Name, h.TargetBytes)
		for i := range plan.Table.Columns {
			columns := []string{plan.Table.Columns[len(plan.Table.Columns)-1-i].Name}
			var whole, projected []string
			for _, split := range plan.Splits {
				read(t, s, source.ReadRequest{Table: plan.Table, Split: split}, func(b source.Batch) { whole = append(whole, columnText(b, columns[0])...) })
				read(t, s, source.ReadRequest{Table: plan.Table, Split: split, Columns: columns}, func(b source.Batch) { projected = append(projected, columnText(b, columns[0])...) })
			}
			if want.Rejects == 0 && !slices.Equal(whole, projected) {
				t.Errorf("%s: column %s alone differs from it in the whole row", want.Name, columns[0])
			}
		}
	}
}

func columnText(b source.Batch, name string) []string {
	column := b.Record.Column(b.Record.Schema().FieldIndices(name)[0])
	text := make([]string, column.Len())
	for i := range text {
		text[i] = column.ValueStr(i)
	}
	return text
}
