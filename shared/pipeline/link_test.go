package pipeline_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// linked maps rows of first_id, first_id_type, second_id, second_id_type.
func linked(t *testing.T, rows [][]any) pipeline.Result {
	t.Helper()
	alloc := memory.DefaultAllocator
	targets := []string{"first_id", "first_id_type", "second_id", "second_id_type"}
	var mapping ingest.Mapping
	var fields []arrow.Field
	var columns []arrow.Array
	for i, target := range targets {
		values := make([]any, len(rows))
		for r, row := range rows {
			values[r] = row[i]
		}
		mapping = append(mapping, ingest.Column{Source: target, Target: target, Type: schema.String, Required: i%2 == 0})
		fields = append(fields, arrow.Field{Name: target, Type: text, Nullable: true})
		columns = append(columns, build(t, alloc, text, values...))
	}
	sc := arrow.NewSchema(fields, nil)
	m, err := pipeline.New(ingest.IdentityGraph, mapping, sc, withKey)
	if err != nil {
		t.Fatal(err)
	}
	result, err := m.Map(source.Batch{Record: array.NewRecordBatch(sc, columns, int64(len(rows)))})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestTheLesserSideOfALinkComesFirst(t *testing.T) {
	result := linked(t, [][]any{
		{"b", "email", "a", "email"},
		{"a", "phone", "b", "email"}, // the type counts before the text
		{"z", nil, "a", "email"},     // no type is less than any
		{"a", "email", "b", "email"},
		{"x", "email", "x", "email"}, // itself
		{"x", nil, "x", ""},          // itself, as none and empty are the same
		{"x", "email", "x", "phone"}, // another one
		{nil, nil, "y", "email"},
		{"y", "email", "", nil},
	})
	defer result.Release()
	want := [][]any{
		{"a", "email", "b", "email"},
		{"b", "email", "a", "phone"},
		{"z", nil, "a", "email"},
		{"a", "email", "b", "email"},
		{"x", "email", "x", "phone"},
	}
	if diff := cmp.Diff(want, rowsOf(t, result.Record)); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	wantRejects := []pipeline.Rejected{
		{RowKey: rowKeyed("x"), Rule: pipeline.RuleSelfLink, Column: "second_id", Value: "x", HasRow: true},
		{RowKey: rowKeyed("x"), Rule: pipeline.RuleSelfLink, Column: "second_id", Value: "x", HasRow: true},
		{Rule: pipeline.RuleRequired, Column: "first_id", HasRow: true},
		{RowKey: rowKeyed("y"), Rule: pipeline.RuleRequired, Column: "second_id", HasRow: true},
	}
	for i := range result.Rejects {
		result.Rejects[i].Reason = ""
	}
	if diff := cmp.Diff(wantRejects, result.Rejects); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	if result.Nameless != 2 {
		t.Errorf("%d rows without an identifier, want 2", result.Nameless)
	}
}

// A link is the same row whichever way it is told.
func TestLinksAreSymmetric(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.OneOf(rapid.Just[any](nil), rapid.StringMatching(`[ab]{0,2}`).AsAny())
		row := rapid.SliceOfN(id, 4, 4)
		rows := rapid.SliceOfN(row, 1, 20).Draw(rt, "rows")
		turned := make([][]any, len(rows))
		for i, r := range rows {
			turned[i] = []any{r[2], r[3], r[0], r[1]}
		}
		there, back := linked(t, rows), linked(t, turned)
		defer there.Release()
		defer back.Release()
		// Of two types of which one is empty and one is none, each stays with its identifier.
		if diff := cmp.Diff(rowsOf(t, there.Record), rowsOf(t, back.Record)); diff != "" {
			rt.Errorf("one way and the other:\n%s", diff)
		}
		if len(there.Rejects) != len(back.Rejects) {
			rt.Errorf("%d rejects one way, %d the other", len(there.Rejects), len(back.Rejects))
		}
	})
}

func TestATypeThatIsRequiredOfOneSideIsOfBoth(t *testing.T) {
	alloc := checked(t)
	sc, batch := people(t, alloc, text, []any{"b", "a", "d"}, []any{"email", "email", nil})
	mapping := ingest.Mapping{
		{Source: "id", Target: "first_id", Type: schema.String, Required: true},
		{Source: "v", Target: "first_id_type", Type: schema.String},
		{Target: "second_id", Type: schema.String, Required: true, Constant: new("c")},
		{Target: "second_id_type", Type: schema.String, Required: true, Constant: new("device")},
	}
	m, err := pipeline.New(ingest.IdentityGraph, mapping, sc, pipeline.WithAllocator(alloc))
	if err != nil {
		t.Fatal(err)
	}
	result, err := m.Map(batch)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	if diff := cmp.Diff([][]any{{"c", "device", "b", "email"}, {"c", "device", "a", "email"}}, rowsOf(t, result.Record)); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if len(result.Rejects) != 1 || result.Rejects[0].Rule != pipeline.RuleRequired || result.Rejects[0].Column != "v" {
		t.Errorf("rejects %+v", result.Rejects)
	}
}

func TestOneTypeOfALinkAloneIsRefused(t *testing.T) {
	sc := arrow.NewSchema([]arrow.Field{{Name: "a", Type: text}, {Name: "b", Type: text}}, nil)
	mapping := ingest.Mapping{
		{Source: "a", Target: "first_id", Type: schema.String, Required: true},
		{Source: "b", Target: "second_id", Type: schema.String, Required: true},
		{Source: "b", Target: "second_id_type", Type: schema.String},
	}
	if _, err := pipeline.New(ingest.IdentityGraph, mapping, sc); err == nil {
		t.Error("a mapping with one type of two was taken")
	}
}
