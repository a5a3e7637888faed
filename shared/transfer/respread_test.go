package transfer_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/memsource"
)

// remap changes the mapping of the import.
func (w *world) remap(t *testing.T, mapping ingest.Mapping) {
	t.Helper()
	i, err := w.service().Update(t.Context(), workspace, w.imp.ID, ingest.Change{Mapping: mapping})
	if err != nil {
		t.Fatal(err)
	}
	w.imp = i
}

// names are the names that have landed, in order.
func (w *world) names(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, row := range w.landed(t) {
		names = append(names, strings.Fields(row)[1])
	}
	slices.Sort(names)
	return names
}

// Rows are told apart by what the source has: whatever a mapping makes of one that is read again, in the
// overlap or by a backfill, it is the same one, also where it moves to another partition.
func TestARowIsReadAgainThroughAnotherMapping(t *testing.T) {
	k := kinds()[2] // the lookback is of six
	first := []record{{ID: "U1", Name: "a", Changed: 3}, {ID: "U2", Name: "b", Changed: 5}, {ID: "U2", Name: "b", Changed: 5}}
	next := append(slices.Clone(first), record{ID: "U3", Name: "c", Changed: 9})
	id := ingest.Column{Source: "id", Target: "identifier"}
	lower := ingest.Column{Source: "id", Target: "identifier", Transforms: []ingest.Transform{ingest.Lower}}
	name := ingest.Column{Source: "name", Target: "name"}
	for label, mapping := range map[string]ingest.Mapping{
		"a column more":           {id, name, {Source: "gone", Target: "gone"}},
		"a column less":           {id, name},
		"another order":           {name, id},
		"a trait by another name": {id, name, {Source: "name", Target: "title"}},
		"another identifier":      {lower, name},
		"a trait transformed":     {id, {Source: "name", Target: "name", Transforms: []ingest.Transform{ingest.Trim}}},
	} {
		t.Run(label, func(t *testing.T) {
			w := emptyWorld()
			w.feed(t, k, first)
			w.open(t, ingest.Append, func(n *ingest.NewImport) {
				n.Cursor = &ingest.Cursor{Column: "changed", Lookback: k.lookback}
				n.Mapping = ingest.Mapping{id, name, {Source: "changed", Target: "changed"}}
			})
			w.run1(t, "the first run", w.begin(t))
			w.remap(t, mapping)
			w.feed(t, k, next)
			w.wait(time.Hour)
			w.run1(t, "a run of the overlap", w.begin(t))
			if diff := cmp.Diff([]string{"a", "b", "b", "c"}, w.names(t)); diff != "" {
				t.Errorf("after the overlap (-want +got):\n%s", diff)
			}
			w.wait(time.Hour)
			r, err := w.service().StartBackfill(t.Context(), workspace, w.imp.ID, ingest.Range{From: "0", To: "100"})
			if err != nil {
				t.Fatal(err)
			}
			w.run1(t, "a backfill", r.Ref())
			if diff := cmp.Diff([]string{"a", "b", "b", "c"}, w.names(t)); diff != "" {
				t.Errorf("after the backfill (-want +got):\n%s", diff)
			}
		})
	}
}

// What tells rows apart must be there, although nothing is mapped from it any more.
func TestAColumnThatTellsRowsApartIsGone(t *testing.T) {
	k := kinds()[2]
	w := emptyWorld()
	w.feed(t, k, []record{{ID: "u1", Name: "a", Changed: 3}})
	w.open(t, ingest.Append, ofFeed, func(n *ingest.NewImport) { n.Cursor = &ingest.Cursor{Column: "changed"} })
	w.run1(t, "the first run", w.begin(t))
	w.remap(t, ingest.Mapping{{Source: "id", Target: "identifier"}})
	table := k.table()
	table.Columns = slices.DeleteFunc(table.Columns, func(c schema.Column) bool { return c.Name == "name" })
	w.driver.Datasets = map[string][]memsource.Table{"crm": {{Table: table, Rows: `[{"id":"u1","changed":3}]`}}}
	w.wait(time.Hour)
	_, err := w.planner().Plan(t.Context(), w.begin(t))
	if e, _ := fault.As(err); e == nil || e.Code != fault.RunSchemaGate || e.Field != "name" || !strings.Contains(e.Message, "tell the rows") {
		t.Errorf("error %v", err)
	}
}
