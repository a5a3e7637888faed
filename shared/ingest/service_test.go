package ingest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

func TestCreate(t *testing.T) {
	hours := func(n int) *int { return &n }
	for name, test := range map[string]struct {
		every *int
		hours int
		next  time.Time
	}{
		"by default": {nil, 24, noon.Add(24 * time.Hour)},
		"hourly":     {hours(1), 1, noon.Add(time.Hour)},
		"by hand":    {hours(0), 0, time.Time{}},
		"monthly":    {hours(744), 744, noon.Add(744 * time.Hour)},
	} {
		w, n := newWorld(), newImport()
		n.EveryHours = test.every
		i, err := w.service().Create(t.Context(), "w", "ada", n)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if i.EveryHours != test.hours || !i.NextRunAt.Equal(test.next) || i.Name != "People" || i.Mapping[0].Type != schema.String {
			t.Errorf("%s: created %+v", name, i)
		}
		same(t, name, i, w.get(t, i))
	}
}

func TestCreateRefuses(t *testing.T) {
	hours := func(n int) *int { return &n }
	for name, test := range map[string]struct {
		change func(*world, *ingest.NewImport)
		want   []problem
	}{
		"nothing at all": {
			func(_ *world, n *ingest.NewImport) { *n = ingest.NewImport{} },
			[]problem{
				{fault.MissingField, "name"},
				{fault.MissingField, "connection_id"},
				{fault.MissingField, "table"},
				{fault.InvalidRequest, "type"},
				{fault.InvalidRequest, "mode"},
				{fault.MissingField, "mapping"},
			},
		},
		"a long name":  {func(_ *world, n *ingest.NewImport) { n.Name = strings.Repeat("ü", 101) }, []problem{{fault.InvalidRequest, "name"}}},
		"too rarely":   {func(_ *world, n *ingest.NewImport) { n.EveryHours = hours(745) }, []problem{{fault.InvalidRequest, "every_hours"}}},
		"backwards":    {func(_ *world, n *ingest.NewImport) { n.EveryHours = hours(-1) }, []problem{{fault.InvalidRequest, "every_hours"}}},
		"another mode": {func(_ *world, n *ingest.NewImport) { n.Mode = "upsert" }, []problem{{fault.InvalidRequest, "mode"}}},
		"a long constant": {func(_ *world, n *ingest.NewImport) {
			n.Mapping = append(n.Mapping, ingest.Column{Target: "x", Constant: new(strings.Repeat("x", 257))})
		}, []problem{{fault.InvalidRequest, "mapping[1].constant"}}},
		"a long default": {func(_ *world, n *ingest.NewImport) {
			n.Mapping = append(n.Mapping, ingest.Column{Source: "string", Target: "x", Default: new(strings.Repeat("x", 257))})
		}, []problem{{fault.InvalidRequest, "mapping[1].default"}}},
		"a long path": {
			func(_ *world, n *ingest.NewImport) {
				n.Mapping = append(n.Mapping, ingest.Column{Source: "string", Path: strings.Repeat("x", 513), Target: "x"})
			},
			[]problem{{fault.InvalidRequest, "mapping[1].path"}},
		},
		"too many columns": {func(_ *world, n *ingest.NewImport) { n.Mapping = make(ingest.Mapping, 2001) }, []problem{{fault.InvalidRequest, "mapping"}}},
		"too many transforms": {
			func(_ *world, n *ingest.NewImport) {
				n.Mapping[0].Transforms = slices.Repeat([]ingest.Transform{ingest.Trim}, 17)
			},
			[]problem{{fault.InvalidRequest, "mapping[0].transforms"}},
		},
		"a mapping that fills its item": {
			func(_ *world, n *ingest.NewImport) { n.Mapping[0].Source = strings.Repeat("x", 330_000) }, []problem{{fault.InvalidRequest, "mapping"}},
		},
		"no connection":    {func(w *world, _ *ingest.NewImport) { w.schemaErr = fault.New(fault.ConnectionNotFound, "m") }, []problem{{fault.ConnectionNotFound, "connection_id"}}},
		"no schema yet":    {func(w *world, _ *ingest.NewImport) { w.schemaErr = fault.New(fault.SchemaNotFound, "m") }, []problem{{fault.SchemaNotFound, "connection_id"}}},
		"an inactive one":  {func(w *world, _ *ingest.NewImport) { w.status = connection.Inactive }, []problem{{fault.ConnectionInactive, "connection_id"}}},
		"no such table":    {func(_ *world, n *ingest.NewImport) { n.Table = "People" }, []problem{{fault.TableNotFound, "table"}}},
		"a broken table":   {func(_ *world, n *ingest.NewImport) { n.Table = "broken" }, []problem{{fault.SourceMalformed, "table"}}},
		"a column missing": {func(_ *world, n *ingest.NewImport) { n.Mapping[0].Source = "none" }, []problem{{fault.ImportColumn, "mapping[0].source"}}},
	} {
		t.Run(name, func(t *testing.T) {
			w, n := newWorld(), newImport()
			test.change(w, &n)
			_, err := w.service().Create(t.Context(), "w", "ada", n)
			same(t, "problems", test.want, problems(err))
			all, err := w.store.Imports(t.Context(), "w", "", 10)
			if err != nil || len(all) > 0 {
				t.Errorf("something was created: %v, %v", all, err)
			}
		})
	}
}

func TestStart(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon.Add(time.Hour), 24)
	r, err := w.service().Start(t.Context(), "w", i.ID)
	ok(t, err)
	same(t, "started", []ingest.Start{r.Start()}, w.started)
	if r.Status != ingest.Queued || r.Trigger != ingest.Manual || !r.Deadline.Equal(noon.Add(24*time.Hour+5*time.Minute)) {
		t.Errorf("run %+v", r)
	}
	if got := w.get(t, i); got.OpenRunID != r.ID || !got.NextRunAt.Equal(i.NextRunAt) {
		t.Errorf("import holds %q and is next at %v; want the run, and the slot as it was", got.OpenRunID, got.NextRunAt)
	}
	_, err = w.service().Start(t.Context(), "w", i.ID)
	fails(t, err, fault.ImportRunOpen)
	_, err = w.service().Start(t.Context(), "thief", i.ID)
	fails(t, err, fault.ImportNotFound)
	if len(w.started) != 1 {
		t.Errorf("%d executions, want one", len(w.started))
	}
}

// A start that is throttled is not lost: the run is queued, and the next claim hands it out.
func TestStartThatIsThrottled(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon.Add(time.Hour), 24)
	w.startErr = fault.New(fault.Throttled, "m")
	r, err := w.service().Start(t.Context(), "w", i.ID)
	ok(t, err)
	w.now = noon.Add(2*time.Minute + time.Second)
	runs, _, err := w.claimer().Claim(t.Context(), w.now)
	ok(t, err)
	same(t, "handed out", []ingest.Start{r.Start()}, runs)

	w.startErr = fault.New(fault.Internal, "m")
	other := w.due(t, noon.Add(time.Hour), 24)
	_, err = w.service().Start(t.Context(), "w", other.ID)
	fails(t, err, fault.Internal)
}

func TestListsNeedTheirOwner(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon, 24)
	r, err := w.service().Start(t.Context(), "w", i.ID)
	ok(t, err)
	_, err = w.service().Runs(t.Context(), "thief", i.ID, "", 10)
	fails(t, err, fault.ImportNotFound)
	foreign := r.Ref()
	foreign.WorkspaceID = "thief"
	_, err = w.service().Splits(t.Context(), foreign, 0, 10)
	fails(t, err, fault.RunNotFound)
	other := r.Ref()
	other.ImportID = "imp_other"
	_, err = w.service().Splits(t.Context(), other, 0, 10)
	fails(t, err, fault.RunNotFound)
	_, err = w.service().Run(t.Context(), foreign)
	fails(t, err, fault.RunNotFound)
}
