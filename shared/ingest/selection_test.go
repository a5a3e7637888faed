package ingest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

func adults() source.Filter {
	return source.Filter{{Column: "int64", Op: source.GreaterOrEqual, Values: []string{"18"}}, {Column: "Email", Op: source.NotNull}}
}

func TestCreateWithAFilter(t *testing.T) {
	w, n := newWorld(), newImport()
	n.Filter, n.MaximumBytes = adults(), 1<<40
	i, err := w.service().Create(t.Context(), "w", "ada", n)
	ok(t, err)
	same(t, "filter", adults(), i.Filter)
	same(t, "stored import", i, w.get(t, i))
	if i.MaximumBytes != 1<<40 {
		t.Errorf("limit %d", i.MaximumBytes)
	}
}

// What the platform cannot filter, the pipeline does, so that a filter is taken everywhere. Of a query nobody knows its columns yet.
func TestCreateWithAFilterThatThePlatformDoesNotApply(t *testing.T) {
	w, n := newWorld(), newImport()
	w.can, n.Filter = nil, adults()
	_, err := w.service().Create(t.Context(), "w", "ada", n)
	ok(t, err)
	w, n = newWorld(), newImport()
	n.Table, n.Query = "", "SELECT * FROM people"
	n.Filter = append(adults(), source.Condition{Column: "whatever", Op: source.IsNull})
	i, err := w.service().Create(t.Context(), "w", "ada", n)
	ok(t, err)
	same(t, "filter", n.Filter, w.get(t, i).Filter)
}

// What a run adds to a filter must fit beside the longest one.
func TestTheLongestFilterHasRoomForTheCursor(t *testing.T) {
	w, n := newWorld(), newImport()
	n.Mode, n.Cursor, n.Filter = ingest.Append, &ingest.Cursor{Column: "int64"}, slices.Repeat(adults(), 25)
	i, err := w.service().Create(t.Context(), "w", "ada", n)
	ok(t, err)
	i.Watermark = "7"
	for _, r := range []ingest.Run{{}, {Trigger: ingest.Backfill, Range: &ingest.Range{From: "1", To: "2"}}} {
		filter, err := i.Reads(r)
		ok(t, err)
		ok(t, filter.Validate("filter", people()))
	}
}

// A query's columns are not known: what a mapping says by itself is checked, the rest when a run is planned.
func TestCreateWithAQuery(t *testing.T) {
	w, n := newWorld(), newImport()
	n.Table, n.Query = "", "SELECT * FROM people"
	n.Mapping = ingest.Mapping{{Source: "Email", Target: "identifier"}, {Source: "Whatever", Target: "raw", Type: schema.Bytes}, {Source: "Whatever", Target: "age", Type: schema.Int64, Default: new("0")}, {Source: "Whatever", Path: "a[1]", Target: "part"}}
	i, err := w.service().Create(t.Context(), "w", "ada", n)
	ok(t, err)
	same(t, "mapping", n.Mapping, i.Mapping)
	same(t, "stored import", i, w.get(t, i))
}

func TestCreateRefusesASelection(t *testing.T) {
	query := func(n *ingest.NewImport) { n.Table, n.Query = "", "SELECT 1" }
	for name, test := range map[string]struct {
		change func(*world, *ingest.NewImport)
		want   []problem
	}{
		"a table and a query": {func(_ *world, n *ingest.NewImport) { n.Query = "SELECT 1" }, []problem{{fault.InvalidRequest, "query"}}},
		"too many conditions": {
			func(_ *world, n *ingest.NewImport) { n.Filter = slices.Repeat(adults(), 26)[:51] }, []problem{{fault.SourceInvalidFilter, "filter"}},
		},
		"too many conditions on a query": {
			func(_ *world, n *ingest.NewImport) { query(n); n.Filter = slices.Repeat(adults(), 26)[:51] }, []problem{{fault.SourceInvalidFilter, "filter"}},
		},
		"a query of nothing": {func(_ *world, n *ingest.NewImport) { n.Table, n.Query = "", " \n" }, []problem{{fault.InvalidRequest, "query"}}},
		"a long query": {
			func(_ *world, n *ingest.NewImport) { n.Table, n.Query = "", strings.Repeat("x", 32<<10+1) }, []problem{{fault.InvalidRequest, "query"}},
		},
		"a filter that fills the item": {
			func(_ *world, n *ingest.NewImport) {
				n.Filter = source.Filter{{Column: "string", Op: source.Equal, Values: []string{strings.Repeat("x", 32<<10)}}}
			},
			[]problem{{fault.InvalidRequest, "filter"}},
		},
		"a limit below nothing": {func(_ *world, n *ingest.NewImport) { n.MaximumBytes = -1 }, []problem{{fault.InvalidRequest, "maximum_bytes"}}},
		"what the platform cannot do": {
			func(w *world, n *ingest.NewImport) { w.can, n.MaximumBytes = nil, 1 },
			[]problem{{fault.SourceUnsupported, "maximum_bytes"}},
		},
		"a query where there are none": {
			func(w *world, n *ingest.NewImport) { query(n); w.can = nil }, []problem{{fault.SourceUnsupported, "query"}},
		},
		"a query of an inactive connection": {
			func(w *world, n *ingest.NewImport) { query(n); w.status = connection.Inactive }, []problem{{fault.ConnectionInactive, "connection_id"}},
		},
		"a query of no connection": {
			func(w *world, n *ingest.NewImport) { query(n); w.schemaErr = fault.New(fault.ConnectionNotFound, "m") },
			[]problem{{fault.ConnectionNotFound, "connection_id"}},
		},
		"a filter that does not fit": {
			func(_ *world, n *ingest.NewImport) {
				n.Filter = append(adults(), source.Condition{Column: "none", Op: source.IsNull}, source.Condition{Column: "date", Op: source.Less, Values: []string{"x"}})
			},
			[]problem{{fault.SourceInvalidFilter, "filter[2].column"}, {fault.SourceInvalidFilter, "filter[3].values[0]"}},
		},
		"no filter where one is demanded": {
			func(w *world, n *ingest.NewImport) {
				w.tables[0].Partitioning = &schema.Partitioning{Column: "date", FilterRequired: true}
				n.Filter = adults()
			},
			[]problem{{fault.SourceInvalidFilter, "filter"}},
		},
		"a query without an identifier": {
			func(_ *world, n *ingest.NewImport) { query(n); n.Mapping[0].Target = "mail" }, []problem{{fault.ImportIdentifier, "mapping"}},
		},
		"a query with a broken mapping": {
			func(_ *world, n *ingest.NewImport) {
				query(n)
				n.Mapping = ingest.Mapping{{Source: "a", Target: "identifier"}, {Target: "b"}, {Source: "c", Target: "C!"}, {Source: "d", Target: "identifier"}}
			},
			[]problem{{fault.MissingField, "mapping[1].source"}, {fault.ImportMapping, "mapping[2].target"}, {fault.ImportMapping, "mapping[3].target"}},
		},
		"a query with a default of a type to come": {
			func(_ *world, n *ingest.NewImport) {
				query(n)
				n.Mapping = append(n.Mapping, ingest.Column{Source: "a", Target: "x", Default: new("0")})
			},
			[]problem{{fault.ImportMapping, "mapping[1].type"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, n := newWorld(), newImport()
			test.change(w, &n)
			_, err := w.service().Create(t.Context(), "w", "ada", n)
			same(t, "problems", test.want, problems(err))
		})
	}
	w, n := newWorld(), newImport()
	w.tables[0].Partitioning = &schema.Partitioning{Column: "date", FilterRequired: true}
	n.Filter = source.Filter{{Column: "date", Op: source.GreaterOrEqual, Values: []string{"2026-01-01"}}}
	_, err := w.service().Create(t.Context(), "w", "ada", n)
	ok(t, err)
}
