package pipeline_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// people are rows of an identifier and one more column "v"; batch takes them in one record.
func people(t testing.TB, alloc memory.Allocator, of arrow.DataType, ids, values []any) (*arrow.Schema, source.Batch) {
	t.Helper()
	sc := arrow.NewSchema([]arrow.Field{{Name: "id", Type: text, Nullable: true}, {Name: "v", Type: of, Nullable: true}}, nil)
	columns := []arrow.Array{build(t, alloc, text, ids...), build(t, alloc, of, values...)}
	record := array.NewRecordBatch(sc, columns, int64(len(ids)))
	for _, column := range columns {
		column.Release()
	}
	t.Cleanup(record.Release)
	batch := source.Batch{Record: record, Part: "p.csv"}
	for i := range ids {
		batch.Origins = append(batch.Origins, int64(i+1))
	}
	return sc, batch
}

// named maps the identifier alone.
var named = ingest.Mapping{{Source: "id", Target: "identifier", Type: schema.String, Required: true}}

func mapper(t testing.TB, mapping ingest.Mapping, sc *arrow.Schema, with ...pipeline.Option) *pipeline.Mapper {
	t.Helper()
	m, err := pipeline.New(ingest.UserProfile, mapping, sc, with...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheCursorIsKeptAsTheSourceHasIt(t *testing.T) {
	for _, test := range []struct {
		name   string
		of     arrow.DataType
		kind   schema.Type
		values []any
		want   string
	}{
		{"timestamp", timestamp, schema.Timestamp, []any{arrow.Timestamp(-1), arrow.Timestamp(1_500_000), nil, arrow.Timestamp(0)}, "1970-01-01T00:00:01.5Z"},
		{"timestamp before 1970", timestamp, schema.Timestamp, []any{arrow.Timestamp(-2_000_000), nil}, "1969-12-31T23:59:58Z"},
		{"timestamp past what literals have", timestamp, schema.Timestamp, []any{arrow.Timestamp(1 << 62)}, "9999-12-31T23:59:59.999999Z"},
		{"timestamp before what literals have", timestamp, schema.Timestamp, []any{arrow.Timestamp(-1 << 62)}, "0000-01-01T00:00:00Z"},
		{"date", date, schema.Date, []any{arrow.Date32(-1), arrow.Date32(-3)}, "1969-12-31"},
		{"date past what literals have", date, schema.Date, []any{arrow.Date32(1 << 30)}, "9999-12-31"},
		{"int64", int64s, schema.Int64, []any{int64(-7), int64(-9), nil}, "-7"},
		{"string by its bytes", text, schema.String, []any{"b", "B", nil, "a", "ä"}, "ä"},
		{"only nulls", int64s, schema.Int64, []any{nil, nil}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			alloc := checked(t)
			ids := make([]any, len(test.values)) // none of which is one: the rows are rejected, and their cursors count
			ids[0] = "a"
			sc, batch := people(t, alloc, test.of, ids, test.values)
			m := mapper(t, named, sc, pipeline.WithAllocator(alloc), pipeline.WithCursor(ingest.Cursor{Column: "v", Type: test.kind}))
			result, err := m.Map(batch)
			if err != nil {
				t.Fatal(err)
			}
			defer result.Release()
			if m.Cursor() != test.want {
				t.Errorf("cursor %q, want %q", m.Cursor(), test.want)
			}
			if m.Cursor() != "" {
				if _, err := source.Literal(schema.Column{Type: test.kind}, m.Cursor()); err != nil {
					t.Errorf("the cursor is no literal: %v", err)
				}
			}
			field := m.Schema().Field(1)
			if want := (arrow.Field{Name: ingest.CursorColumn, Type: test.of, Nullable: true}); !field.Equal(want) || m.Schema().NumFields() != 2 {
				t.Errorf("schema %s, want the identifier and %s", m.Schema(), want)
			}
			if diff := cmp.Diff(test.values[:1], cells(t, result.Record.Column(1))); diff != "" {
				t.Errorf("column (-want +got):\n%s", diff)
			}
			m.ResetTotals()
			if m.Cursor() != "" {
				t.Errorf("%q is left of the cursor after it was reset", m.Cursor())
			}
		})
	}
}

func TestTheCursorOfABatchOutlivesIt(t *testing.T) {
	sc, _ := people(t, checked(t), text, nil, nil)
	m := mapper(t, named, sc, pipeline.WithCursor(ingest.Cursor{Column: "v", Type: schema.String}))
	for _, values := range [][]any{{"k1", "k9"}, {"k2", "k3"}} {
		_, batch := people(t, checked(t), text, []any{"a", "b"}, values)
		result, err := m.Map(batch)
		if err != nil {
			t.Fatal(err)
		}
		result.Release()
	}
	if m.Cursor() != "k9" {
		t.Errorf("cursor %q, want the greatest of both batches", m.Cursor())
	}
}

func TestACursorThatMustNotBeNull(t *testing.T) {
	alloc := checked(t)
	sc, batch := people(t, alloc, int64s, []any{"a", "b"}, []any{int64(1), nil})
	cursor := ingest.Cursor{Column: "v", Type: schema.Int64, Nulls: ingest.NullsFail}
	table := schema.Table{Columns: []schema.Column{{Name: "id", Type: schema.String}, {Name: "v", Type: schema.Int64}}}
	m := mapper(t, named, sc, pipeline.WithAllocator(alloc), pipeline.WithCursor(cursor))
	if _, err := m.Map(batch); fault.CodeOf(err) != fault.RunCursorNull {
		t.Errorf("got %v, want %s", err, fault.RunCursorNull)
	}
	without := source.Filter{{Column: "id", Op: source.Equal, Values: []string{"a"}}}
	m = mapper(t, named, sc, pipeline.WithAllocator(alloc), pipeline.WithCursor(cursor), pipeline.WithFilter(without, table))
	result, err := m.Map(batch)
	if err != nil {
		t.Fatalf("a row that is left out has no cursor: %v", err)
	}
	result.Release()
}

func TestOptionsThatDoNotFit(t *testing.T) {
	sc, _ := people(t, checked(t), int64s, nil, nil)
	number := schema.Column{Name: "v", Type: schema.Int64}
	column := func(name string, kind schema.Type) schema.Column { return schema.Column{Name: name, Type: kind} }
	for name, test := range map[string]struct {
		option pipeline.Option
		want   fault.Code
	}{
		"a cursor that is missing":     {pipeline.WithCursor(ingest.Cursor{Column: "w", Type: schema.Int64}), fault.SourceChanged},
		"a cursor of another type":     {pipeline.WithCursor(ingest.Cursor{Column: "v", Type: schema.Timestamp}), fault.SourceChanged},
		"a cursor without a type":      {pipeline.WithCursor(ingest.Cursor{Column: "v"}), fault.Internal},
		"windows of what is missing":   {pipeline.WithWindows(column("w", schema.Int64), nil), fault.SourceChanged},
		"windows of another type":      {pipeline.WithWindows(column("v", schema.Date), nil), fault.SourceChanged},
		"windows that go down":         {pipeline.WithWindows(number, []string{"2", "1"}), fault.Internal},
		"windows without a number":     {pipeline.WithWindows(number, []string{"x"}), fault.Internal},
		"windows of text":              {pipeline.WithWindows(column("id", schema.String), []string{"x"}), fault.Internal},
		"a filter on another type":     {pipeline.WithFilter(source.Filter{{Column: "v", Op: source.IsNull}}, schema.Table{Columns: []schema.Column{column("v", schema.Date)}}), fault.SourceChanged},
		"a filter on what is missing":  {pipeline.WithFilter(source.Filter{{Column: "w", Op: source.IsNull}}, schema.Table{Columns: []schema.Column{column("w", schema.Date)}}), fault.SourceChanged},
		"a filter that does not hold":  {pipeline.WithFilter(source.Filter{{Column: "w", Op: source.IsNull}}, schema.Table{}), fault.SourceInvalidFilter},
		"a flag that is no target":     {pipeline.WithFlag("gone"), fault.Internal},
		"a flag that is not a boolean": {pipeline.WithFlag("identifier"), fault.Internal},
	} {
		if _, err := pipeline.New(ingest.UserProfile, named, sc, test.option); err == nil || fault.CodeOf(err) != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}
