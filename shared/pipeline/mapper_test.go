package pipeline_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestTransforms(t *testing.T) {
	tests := []struct {
		name       string
		transforms []ingest.Transform
		want       func(string) string
	}{
		{"none", nil, func(s string) string { return s }},
		{"trim", []ingest.Transform{ingest.Trim}, strings.TrimSpace},
		{"lower", []ingest.Transform{ingest.Lower}, strings.ToLower},
		{"sha256", []ingest.Transform{ingest.SHA256}, hashed},
		{"trim, lower", []ingest.Transform{ingest.Trim, ingest.Lower}, func(s string) string { return strings.ToLower(strings.TrimSpace(s)) }},
		{"lower, trim, lower", []ingest.Transform{ingest.Lower, ingest.Trim, ingest.Lower}, func(s string) string { return strings.TrimSpace(strings.ToLower(s)) }},
		{"trim, lower, sha256", []ingest.Transform{ingest.Trim, ingest.Lower, ingest.SHA256}, func(s string) string { return hashed(strings.ToLower(strings.TrimSpace(s))) }},
		{"sha256, lower, sha256", []ingest.Transform{ingest.SHA256, ingest.Lower, ingest.SHA256}, func(s string) string { return hashed(hashed(s)) }},
	}
	columns := map[string][]any{
		"in order":   {"a@b.example", "", nil, "c d"},
		"capitals":   {"A@B.Example", "x", nil, "Zz"},
		"spaces":     {" a", "a\t", "\r\n", "a b", nil, "\u00a0a\u2003", "\u0085"},
		"beyond":     {"ÄÖÜ", "İstanbul", "IŞIK", "ΟΔΟΣ", "ΣΑΣ ", "Straße", "ǅ", "K", "日本", nil, strings.Repeat("É", 5000)},
		"only nulls": {nil, nil},
	}
	for _, test := range tests {
		for name, values := range columns {
			t.Run(test.name+" of "+name, func(t *testing.T) {
				alloc := checked(t)
				in := build(t, alloc, text, values...)
				defer in.Release()
				result := one(t, alloc, in, schema.String, test.transforms...)
				defer result.Release()
				for i, v := range values {
					want := v
					if s, ok := v.(string); ok {
						want = test.want(s)
					}
					if diff := cmp.Diff(want, valueAt(t, result.Record.Column(0), i)); diff != "" {
						t.Errorf("value %d (-want +got):\n%s", i, diff)
					}
				}
			})
		}
	}
}

func TestColumnsInOrderAreNotCopied(t *testing.T) {
	alloc := checked(t)
	in := build(t, alloc, text, "a", nil, "b c")
	defer in.Release()
	result := one(t, alloc, in, schema.String, ingest.Trim, ingest.Lower)
	defer result.Release()
	if in.Data().Buffers()[2] != result.Record.Column(0).Data().Buffers()[2] {
		t.Error("the text was copied")
	}
}

// events is a mapping with everything that can reject a row.
func events(t *testing.T) (*arrow.Schema, ingest.Mapping) {
	t.Helper()
	table := schema.Table{Name: "events", Columns: []schema.Column{
		{Name: "Email", Type: schema.String}, {Name: "at", Type: schema.String}, {Name: "what", Type: schema.String}, {Name: "n", Type: schema.String},
	}}
	mapping, err := ingest.Mapping{
		{Source: "what", Target: "event_name"},
		{Source: "n", Target: "amount", Type: schema.Int64, Required: true},
		{Source: "Email", Target: "identifier", Transforms: []ingest.Transform{ingest.Trim, ingest.Lower}},
		{Source: "at", Target: "event_time"},
		{Source: "n", Target: "amount_text"},
	}.Resolve(ingest.UserActivity, table)
	if err != nil {
		t.Fatal(err)
	}
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "Email", Type: text, Nullable: true}, {Name: "at", Type: text, Nullable: true}, {Name: "what", Type: text, Nullable: true}, {Name: "n", Type: text, Nullable: true},
	}, nil)
	return sc, mapping
}

func TestRejectsOncePerRowByTheFirstRule(t *testing.T) {
	alloc := checked(t)
	sc, mapping := events(t)
	m, err := pipeline.New(ingest.UserActivity, mapping, sc, pipeline.WithAllocator(alloc), withKey)
	if err != nil {
		t.Fatal(err)
	}
	const at = "2024-01-01 00:00:00"
	record := array.NewRecordBatch(sc, []arrow.Array{
		build(t, alloc, text, " A@x ", "b@x", "  ", nil, "e@x", "f@x", "g@x", "H@x"),
		build(t, alloc, text, at, at, at, at, "yesterday", nil, at, at),
		build(t, alloc, text, "buy", "buy", "buy", "buy", "buy", "buy", "", "buy"),
		build(t, alloc, text, "1", "one", "3", "4", "5", "6", "7", nil),
	}, 8)
	for _, column := range record.Columns() {
		column.Release() // the record has its own references
	}
	defer record.Release()
	batch := source.Batch{
		Record: record, Part: "f.csv", Origins: []int64{10, 20, 30, 40, 50, 60, 70, 80},
		Rejects: []source.Reject{{Origin: 15, Column: "n", Rule: "ragged_row", Reason: "too few fields"}},
	}
	for range 3 { // what one batch left behind must not show in the next
		result, err := m.Map(batch)
		if err != nil {
			t.Fatal(err)
		}
		want := []pipeline.Rejected{
			{From: "f.csv", Origin: 15, Rule: "ragged_row", Column: "n", Reason: "too few fields"},
			{From: "f.csv", RowKey: rowKeyed("b@x"), Origin: 20, Rule: "cast", Column: "n", Reason: "not a whole number in the range of int64", Value: "one", HasRow: true},
			{From: "f.csv", Origin: 30, Rule: "required", Column: "Email", Reason: "the value is empty", Value: "  ", HasRow: true},
			{From: "f.csv", Origin: 40, Rule: "required", Column: "Email", Reason: "the value is missing", HasRow: true},
			{From: "f.csv", RowKey: rowKeyed("e@x"), Origin: 50, Rule: "cast", Column: "at", Reason: "not a time stamp as RFC 3339 or YYYY-MM-DD hh:mm:ss", Value: "yesterday", HasRow: true},
			{From: "f.csv", RowKey: rowKeyed("f@x"), Origin: 60, Rule: "required", Column: "at", Reason: "the value is missing", HasRow: true},
			{From: "f.csv", RowKey: rowKeyed("g@x"), Origin: 70, Rule: "required", Column: "what", Reason: "the value is empty", HasRow: true},
			{From: "f.csv", RowKey: rowKeyed("h@x"), Origin: 80, Rule: "required", Column: "n", Reason: "the value is missing", HasRow: true},
		}
		if diff := cmp.Diff(want, result.Rejects); diff != "" {
			t.Errorf("rejects (-want +got):\n%s", diff)
		}
		if got := fmt.Sprint(result.Record); !strings.Contains(got, `["a@x"]`) || result.Record.NumRows() != 1 {
			t.Errorf("got %v, want the row of a@x alone", got)
		}
		result.Release()
	}
}

func TestSchemaIsTheLakes(t *testing.T) {
	sc, mapping := events(t)
	m, err := pipeline.New(ingest.UserActivity, mapping, sc)
	if err != nil {
		t.Fatal(err)
	}
	want := arrow.NewSchema([]arrow.Field{
		{Name: "event_name", Type: text},
		{Name: "amount", Type: int64s},
		{Name: "identifier", Type: text},
		{Name: "event_time", Type: timestamp},
		{Name: "amount_text", Type: text, Nullable: true},
	}, nil)
	if !m.Schema().Equal(want) {
		t.Errorf("got %s, want %s", m.Schema(), want)
	}
}

func TestBatchesWithoutRows(t *testing.T) {
	sc, mapping := events(t)
	m, err := pipeline.New(ingest.UserActivity, mapping, sc)
	if err != nil {
		t.Fatal(err)
	}
	empty := array.NewRecordBatch(sc, []arrow.Array{build(t, checked(t), text), build(t, checked(t), text), build(t, checked(t), text), build(t, checked(t), text)}, 0)
	for _, column := range empty.Columns() {
		column.Release()
	}
	defer empty.Release()
	for name, record := range map[string]arrow.RecordBatch{"no record": nil, "no rows": empty} {
		result, err := m.Map(source.Batch{Record: record, Rejects: []source.Reject{{Origin: 1, Rule: "not_utf8"}}})
		if err != nil {
			t.Fatal(err)
		}
		if !result.Record.Schema().Equal(m.Schema()) || result.Record.NumRows() != 0 || len(result.Rejects) != 1 {
			t.Errorf("%s: got %v", name, result)
		}
		result.Release()
	}
}

func TestMappingThatDoesNotFit(t *testing.T) {
	sc, mapping := events(t)
	other := arrow.NewSchema([]arrow.Field{{Name: "Email", Type: text}, {Name: "what", Type: text}, {Name: "n", Type: binaries}, {Name: "at", Type: text}}, nil)
	missing := arrow.NewSchema([]arrow.Field{{Name: "Email", Type: text}}, nil)
	for name, in := range map[string]*arrow.Schema{"another type": other, "a column less": missing} {
		if _, err := pipeline.New(ingest.UserActivity, mapping, in); fault.CodeOf(err) != fault.SourceChanged {
			t.Errorf("%s: got %v", name, err)
		}
	}
	m, err := pipeline.New(ingest.UserActivity, mapping, sc)
	if err != nil {
		t.Fatal(err)
	}
	alloc := checked(t)
	column := build(t, alloc, int64s, int64(1))
	defer column.Release()
	record := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "Email", Type: int64s}}, nil), []arrow.Array{column}, 1)
	defer record.Release()
	if _, err := m.Map(source.Batch{Record: record}); fault.CodeOf(err) != fault.SourceChanged {
		t.Errorf("a batch of another schema: got %v", err)
	}
}
