package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
	"github.com/headwaterhq/headwater/shared/source/memsource"
)

func TestRowsThatAFilterLeavesOut(t *testing.T) {
	alloc := checked(t)
	sc, batch := people(t, alloc, int64s, []any{"a", nil, "c", "d", nil}, []any{int64(1), int64(2), int64(9), nil, int64(8)})
	batch.Rejects = []source.Reject{{Origin: 6, Rule: "ragged_row", Reason: "too few fields"}}
	table := schema.Table{Columns: []schema.Column{{Name: "id", Type: schema.String}, {Name: "v", Type: schema.Int64}}}
	m := mapper(t, named, sc, pipeline.WithAllocator(alloc), pipeline.WithCursor(ingest.Cursor{Column: "v", Type: schema.Int64}),
		pipeline.WithFilter(source.Filter{{Column: "v", Op: source.Less, Values: []string{"8"}}}, table))
	for range 2 {
		result, err := m.Map(batch)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]any{{"a", int64(1)}}, rowsOf(t, result.Record)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		want := []pipeline.Rejected{
			{From: "p.csv", Origin: 6, Rule: "ragged_row", Reason: "too few fields"},
			{From: "p.csv", Origin: 2, Rule: pipeline.RuleRequired, Column: "id", Reason: "the value is missing", HasRow: true},
		}
		if diff := cmp.Diff(want, result.Rejects); diff != "" {
			t.Errorf("rejects (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([][]any{{nil, int64(2)}}, rowsOf(t, result.Rejected)); diff != "" {
			t.Errorf("rejected rows (-want +got):\n%s", diff)
		}
		if result.Filtered != 3 || result.Nameless != 1 {
			t.Errorf("%d filtered, %d without an identifier", result.Filtered, result.Nameless)
		}
		if m.Cursor() != "2" {
			t.Errorf("cursor %q of a row that was left out", m.Cursor())
		}
		result.Release()
	}
}

// tables is a platform that plans and reads: what a Session and file.Files have in common.
type tables interface {
	Plan(ctx context.Context, req source.PlanRequest) (source.Plan, error)
	Read(ctx context.Context, req source.ReadRequest) (source.Reader, error)
}

// objects is an object store in memory.
type objects map[string]string

func (o objects) List(context.Context, string, string) (file.Page, error) {
	var page file.Page
	for key, content := range o {
		page.Objects = append(page.Objects, file.Object{Key: key, Size: int64(len(content)), ETag: "1"})
	}
	return page, nil
}

func (o objects) Open(_ context.Context, obj file.Object, offset, length int64) (io.ReadCloser, error) {
	content := o[obj.Key][offset:]
	if length >= 0 {
		content = content[:min(length, int64(len(content)))]
	}
	return io.NopCloser(strings.NewReader(content)), nil
}

// mixed are the columns of the table that every platform has.
var mixed = []schema.Column{
	{Name: "id", Type: schema.String},
	{Name: "n", Type: schema.Int64, Nullable: true},
	{Name: "f", Type: schema.Float64, Nullable: true},
	{Name: "s", Type: schema.String, Nullable: true},
	{Name: "b", Type: schema.Bool, Nullable: true},
	{Name: "at", Type: schema.Timestamp, Nullable: true},
	{Name: "d", Type: schema.Date, Nullable: true},
}

// few are literals of each type, which rows and filters share.
var few = map[schema.Type][]string{
	schema.String:    {"a", "B", "ab", "z"},
	schema.Int64:     {"-1", "0", "7", "9007199254740993"},
	schema.Float64:   {"-2.5", "0.25", "7.5", "1e300"},
	schema.Bool:      {"true", "false"},
	schema.Timestamp: {"1969-12-31T23:59:59.5Z", "2024-05-01T10:00:00Z", "2024-05-01T10:00:00.25Z"},
	schema.Date:      {"1969-12-31", "2024-02-29", "2024-05-01"},
}

// rowsIn draws rows as JSON objects and as lines of CSV.
func rowsIn(t *rapid.T) (objects, lines []string) {
	for i := range rapid.IntRange(1, 30).Draw(t, "rows") {
		object, line := []string{fmt.Sprintf(`"id":"id%d"`, i)}, []string{fmt.Sprintf("id%d", i)}
		for _, c := range mixed[1:] {
			v := rapid.SampledFrom(append([]string{""}, few[c.Type]...)).Draw(t, c.Name)
			line = append(line, v)
			switch {
			case v == "":
				v = "null"
			case c.Type == schema.String || c.Type == schema.Timestamp || c.Type == schema.Date:
				v = `"` + v + `"`
			}
			object = append(object, fmt.Sprintf("%q:%s", c.Name, v))
		}
		objects, lines = append(objects, "{"+strings.Join(object, ",")+"}"), append(lines, strings.Join(line, ","))
	}
	return objects, lines
}

// filterOn draws a filter that fits a table.
func filterOn(t *rapid.T, table schema.Table) source.Filter {
	ops := []source.Op{
		source.Equal, source.NotEqual, source.Less, source.LessOrEqual, source.Greater, source.GreaterOrEqual, source.In, source.IsNull, source.NotNull,
	}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) source.Condition {
		column := rapid.SampledFrom(table.Columns).Draw(t, "column")
		c := source.Condition{Column: column.Name, Op: rapid.SampledFrom(ops).Draw(t, "op")}
		if column.Type == schema.Bool {
			c.Op = rapid.SampledFrom([]source.Op{source.Equal, source.NotEqual, source.IsNull}).Draw(t, "op of a boolean")
		}
		literal := rapid.SampledFrom(few[column.Type])
		switch c.Op {
		case source.IsNull, source.NotNull:
			return c
		case source.In:
			c.Values = rapid.SliceOfN(literal, 1, 3).Draw(t, "values")
		default:
			c.Values = []string{literal.Draw(t, "value")}
		}
		c.OrNull = rapid.Bool().Draw(t, "or null")
		return c
	}), 1, 3).Draw(t, "filter")
}

func parquetOf(t testing.TB, rows []string) string {
	t.Helper()
	sc := source.ArrowSchema(mixed)
	record, _, err := array.RecordFromJSON(memory.DefaultAllocator, sc, strings.NewReader("["+strings.Join(rows, ",")+"]"))
	if err != nil {
		t.Fatal(err)
	}
	defer record.Release()
	var to bytes.Buffer
	w, err := pqarrow.NewFileWriter(sc, &to, parquet.NewWriterProperties(parquet.WithMaxRowGroupLength(7)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return to.String()
}

// imported maps all rows of a table, with the filter pushed to the platform or kept back for the pipeline.
func imported(t *testing.T, from tables, f source.Filter, pushed bool) (rows [][]any, filtered int64, cursor string) {
	t.Helper()
	var toSource source.Filter
	if pushed {
		toSource = f
	}
	plan, err := from.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, Filter: toSource, TargetBytes: 300})
	if err != nil {
		t.Fatal(err)
	}
	var mapping ingest.Mapping
	var columns []string
	for _, c := range plan.Table.Columns {
		mapping = append(mapping, ingest.Column{Source: c.Name, Target: c.Name, Type: c.Type})
		columns = append(columns, c.Name)
	}
	for _, split := range plan.Splits {
		reader, err := from.Read(t.Context(), source.ReadRequest{Table: plan.Table, Columns: columns, Filter: toSource, Split: split})
		if err != nil {
			t.Fatal(err)
		}
		with := []pipeline.Option{pipeline.WithCursor(ingest.Cursor{Column: "id", Type: schema.String})}
		if !pushed {
			with = append(with, pipeline.WithFilter(f, plan.Table))
		}
		m, err := pipeline.New("", mapping, reader.Schema(), with...)
		if err != nil {
			t.Fatal(err)
		}
		for {
			batch, err := reader.Next(t.Context())
			if err == io.EOF { //nolint:errorlint // a reader ends with a bare EOF
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			result, err := m.Map(batch)
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Rejects) > 0 {
				t.Fatalf("rejects %+v", result.Rejects)
			}
			rows, filtered = append(rows, rowsOf(t, result.Record)...), filtered+result.Filtered
			result.Release()
			batch.Release()
		}
		cursor = max(cursor, m.Cursor())
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortStableFunc(rows, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
	return rows, filtered, cursor
}

// A filter gives the same rows and the same cursor whether the source applies it or the pipeline does.
func TestFiltersHereAndAtTheSourceAreTheSame(t *testing.T) {
	for _, format := range []string{"memory", "csv", "ndjson", "parquet"} {
		t.Run(format, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				rows, lines := rowsIn(rt)
				var from tables
				switch format {
				case "memory":
					d := &memsource.Driver{
						Datasets: map[string][]memsource.Table{"crm": {{Table: schema.Table{Name: "t", Columns: mixed}, Rows: "[" + strings.Join(rows, ",") + "]"}}},
						Tokens:   map[string]memsource.Rights{"token": {List: true, Read: true}},
					}
					s, err := source.Open(t.Context(), d, source.Config{
						Settings:   map[string]any{"dataset": "crm"},
						Credential: source.Credential{Method: "token", Fields: map[string]source.Secret{"token": "token"}},
					})
					if err != nil {
						t.Fatal(err)
					}
					defer func() { _ = s.Close() }()
					from = s
				case "csv":
					from = file.New(objects{"t/x.csv": "id,n,f,s,b,at,d\n" + strings.Join(lines, "\n") + "\n"}, "")
				case "ndjson":
					from = file.New(objects{"t/x.ndjson": strings.Join(rows, "\n") + "\n"}, "")
				case "parquet":
					from = file.New(objects{"t/x.parquet": parquetOf(t, rows)}, "")
				}
				plan, err := from.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}})
				if err != nil {
					t.Fatal(err)
				}
				f := filterOn(rt, plan.Table)
				pushed, none, there := imported(t, from, f, true)
				kept, filtered, here := imported(t, from, f, false)
				if diff := cmp.Diff(pushed, kept); diff != "" {
					rt.Errorf("%+v: at the source and here (-source +here):\n%s", f, diff)
				}
				if none != 0 || int(filtered) != len(rows)-len(kept) {
					rt.Errorf("%d and %d filtered of %d rows, %d are left", none, filtered, len(rows), len(kept))
				}
				if there != here {
					rt.Errorf("cursor %q at the source, %q here", there, here)
				}
			})
		})
	}
}
