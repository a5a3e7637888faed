package lake_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

func TestEnsureAddsColumnsAndKeepsRows(t *testing.T) {
	l := newPlace(t).open(t)
	before := landPeople(t, l, "run_1", "before", 2)
	wider := append(slices.Clone(peopleColumns), schema.Column{Name: "city", Type: schema.String}, schema.Column{Name: "extra", Type: schema.JSON, Nullable: true})
	for range 2 { // the second has nothing to do
		if err := l.Ensure(t.Context(), people, wider, lake.Spread{}); err != nil {
			t.Fatal(err)
		}
	}
	// Files written before the change are committed after it.
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(before)); err != nil {
		t.Fatal(err)
	}
	// A mapping without the once required column and the new ones still fits.
	if err := l.Ensure(t.Context(), people, peopleColumns[1:], lake.Spread{}); err != nil {
		t.Fatal(err)
	}
	rows, err := l.Rows(t.Context(), people, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 {
		t.Fatalf("%d rows, want 2", len(rows))
	}
	checkRow(t, `{"identifier":"before-000000","visits":0,"city":null,"extra":null}`, rows[0])
}

func TestEnsureRefusesAnotherType(t *testing.T) {
	tests := []struct {
		name   string
		column schema.Column
	}{
		{"text for a number", schema.Column{Name: "visits", Type: schema.String, Nullable: true}},
		{"json for text", schema.Column{Name: "identifier", Type: schema.JSON}},
		{"an unknown type", schema.Column{Name: "visits", Type: "money"}},
	}
	l := newPlace(t).open(t)
	if err := l.Ensure(t.Context(), people, peopleColumns, lake.Spread{}); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := l.Ensure(t.Context(), people, []schema.Column{test.column}, lake.Spread{})
			failure, ok := fault.As(err)
			if !ok || failure.Code != fault.LakeIncompatible || failure.Field != test.column.Name {
				t.Errorf("got %v, want %s of %s", err, fault.LakeIncompatible, test.column.Name)
			}
		})
	}
}

// Ten workers of ten processes make the same table at once, each with a column
// of its own: it must have them all.
func TestEnsureByManyAtOnce(t *testing.T) {
	const workers = 10
	p := newPlace(t)
	var group sync.WaitGroup
	for w := range workers {
		l := p.open(t)
		group.Go(func() {
			own := schema.Column{Name: "c" + string(rune('a'+w)), Type: schema.Int64, Nullable: true}
			if err := l.Ensure(t.Context(), people, append(slices.Clone(peopleColumns), own), lake.Spread{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	l := p.open(t)
	files := landPeople(t, l, "run_1", "x", 1)
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(files)); err != nil {
		t.Fatal(err)
	}
	rows, err := l.Rows(t.Context(), people, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows[0]) != len(peopleColumns)+workers {
		t.Errorf("the table has %d columns, want %d", len(rows[0]), len(peopleColumns)+workers)
	}
}
