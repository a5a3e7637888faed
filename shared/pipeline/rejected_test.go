package pipeline_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
)

func TestTheValueAtFault(t *testing.T) {
	long := strings.Repeat("é", 3000)
	for _, test := range []struct {
		name   string
		of     arrow.DataType
		value  any
		column ingest.Column
		want   string
	}{
		{"text", text, " one ", ingest.Column{Type: schema.Int64}, " one "},
		{"text, before it is changed", text, "Nobody", ingest.Column{Type: schema.String, Transforms: []ingest.Transform{ingest.Lower, ingest.Email}}, "Nobody"},
		{"long text, between two characters", text, "x" + long, ingest.Column{Type: schema.Int64}, ("x" + long)[:4095]},
		{"float64", float64s, 0.5, ingest.Column{Type: schema.Int64}, "0.5"},
		{"decimal", decimal(10, 2), decimal128.FromI64(150), ingest.Column{Type: schema.Int64}, "1.5"},
		{"date", date, arrow.Date32(1 << 30), ingest.Column{Type: schema.Timestamp}, "2941775-04-07"},
		{"int64", int64s, int64(2), ingest.Column{Type: schema.Bool}, "2"},
		{"null", binaries, nil, ingest.Column{Type: schema.Bytes, Required: true}, ""},
		{"part", text, `{"a":{"b":"x\ty"},"c":1}`, ingest.Column{Path: "a.b", Type: schema.Int64}, "x\ty"},
		{"part of what is no JSON", text, `{"a`, ingest.Column{Path: "a.b", Type: schema.Int64}, `{"a`},
		{"missing part", text, `{"a":1}`, ingest.Column{Path: "b", Type: schema.Int64, Required: true}, ""},
		{"part that is null", text, `{"b":null}`, ingest.Column{Path: "b", Type: schema.Int64, Required: true}, ""},
		{"part that is an object", text, `{"b": {"c": 1} }`, ingest.Column{Path: "b", Type: schema.Int64}, `{"c": 1}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			alloc := checked(t)
			in := build(t, alloc, test.of, test.value)
			defer in.Release()
			result := onto(t, alloc, in, test.column)
			defer result.Release()
			if len(result.Rejects) != 1 || !result.Rejects[0].HasRow || result.Rejects[0].Value != test.want {
				t.Errorf("rejects %+v, want one with the value %q", result.Rejects, test.want)
			}
			if diff := cmp.Diff([][]any{{test.value}}, rowsOf(t, result.Rejected), unscaled); diff != "" {
				t.Errorf("rejected rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRowsThatAreFlagged(t *testing.T) {
	alloc := checked(t)
	sc, batch := people(t, alloc, bools, []any{"a", "b", nil, "d", "e"}, []any{true, false, true, nil, true})
	mapping := append(ingest.Mapping{{Source: "v", Target: "gone", Type: schema.Bool}}, named...)
	m := mapper(t, mapping, sc, pipeline.WithAllocator(alloc), pipeline.WithFlag("gone"))
	result, err := m.Map(batch)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	if result.Flagged != 2 { // not the row that is rejected
		t.Errorf("%d rows are flagged, want 2", result.Flagged)
	}
}

// Who has no identifier is counted by the column that names whom a row is about.
func TestRowsWithoutAnIdentifier(t *testing.T) {
	for _, test := range []struct {
		of       ingest.Type
		targets  []string
		nameless int64
	}{
		{ingest.UserProfile, []string{"identifier", "trait"}, 2},
		{ingest.UserActivity, []string{"event_name", "identifier"}, 1}, // the other row without one was rejected before, for its name
		{ingest.GroupIdentity, []string{"user_id", "group_id"}, 2},
		{ingest.GroupIdentity, []string{"group_id", "user_id"}, 1},
		{ingest.IdentityGraph, []string{"first_id", "second_id"}, 3},
	} {
		sc, batch := people(t, checked(t), text, []any{"a", nil, "", "d"}, []any{"x", nil, "y", ""})
		mapping := ingest.Mapping{
			{Source: "id", Target: test.targets[0], Type: schema.String, Required: true},
			{Source: "v", Target: test.targets[1], Type: schema.String, Required: test.targets[1] != "trait"},
		}
		if test.targets[0] == "event_name" || test.targets[0] == "group_id" {
			mapping[0].Source, mapping[1].Source = "v", "id"
		}
		m, err := pipeline.New(test.of, mapping, sc)
		if err != nil {
			t.Fatal(err)
		}
		result, err := m.Map(batch)
		if err != nil {
			t.Fatal(err)
		}
		if result.Nameless != test.nameless {
			t.Errorf("%s %v: %d rows without an identifier, want %d", test.of, test.targets, result.Nameless, test.nameless)
		}
		result.Release()
	}
}

func TestABatchOfWhichNothingIsLeft(t *testing.T) {
	alloc := checked(t)
	sc, batch := people(t, alloc, int64s, []any{nil, ""}, []any{int64(1), int64(2)})
	m := mapper(t, named, sc, pipeline.WithAllocator(alloc), pipeline.WithFingerprint([]string{"id", "v"}), pipeline.WithCursor(ingest.Cursor{Column: "v", Type: schema.Int64}))
	result, err := m.Map(batch)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	if result.Record.NumRows() != 0 || !result.Record.Schema().Equal(m.Schema()) || result.Rejected.NumRows() != 2 || m.Cursor() != "2" {
		t.Errorf("%v, %v, cursor %q", result.Record, result.Rejected, m.Cursor())
	}
	if !array.RecordEqual(result.Rejected, batch.Record) {
		t.Errorf("rejected rows %v", result.Rejected)
	}
}

// The rows of a quarantine wait for more of them: one must not hold on to its batch.
func TestARejectedRowIsACopy(t *testing.T) {
	sc, batch := people(t, checked(t), text, []any{"a", nil, "c"}, []any{strings.Repeat("x", 1000), "y", strings.Repeat("z", 1000)})
	result, err := mapper(t, named, sc).Map(batch)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	for i, column := range result.Rejected.Columns() {
		if size := column.Data().SizeInBytes(); size > 300 {
			t.Errorf("column %d of one row has %d bytes", i, size)
		}
	}
}
