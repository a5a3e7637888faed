package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is everything around the domain, in memory. It is its own schemas, workflow, lake and clock.
type world struct {
	store     *memstore.Store
	now       time.Time
	status    connection.Status
	tables    []schema.Table
	schemaErr error
	can       []source.Capability
	started   []ingest.Start
	keyed     []string // workspaces whose keys were made
	keysErr   error
	startErr  error
	snapshots map[string]string // by run, what is in the lake
	lakeErr   error
	log       bytes.Buffer
}

func newWorld() *world {
	return &world{
		can:   []source.Capability{source.RowFilter, source.Queries, source.CostEstimate},
		store: memstore.New(), now: noon, status: connection.Active, snapshots: make(map[string]string),
		tables: []schema.Table{people(), {Name: "broken", ProblemCode: "source.malformed", Problem: "the file is truncated", ProblemAt: "a.csv.gz"}},
	}
}

// people is a table with a column of every type, named after it, and two of text.
func people() schema.Table {
	t := schema.Table{Name: "people", Columns: []schema.Column{
		{Name: "Email", Type: schema.String, Nullable: true}, {Name: "Happened", Type: schema.Timestamp},
	}}
	for _, typ := range schema.Types() {
		t.Columns = append(t.Columns, schema.Column{Name: string(typ), Type: typ, Nullable: true})
	}
	return t
}

func (w *world) Now() time.Time { return w.now }

func (w *world) connection(workspaceID, connectionID string) connection.Connection {
	return connection.Connection{WorkspaceID: workspaceID, ID: connectionID, Platform: "mem", Status: w.status}
}

func (w *world) Get(_ context.Context, workspaceID, connectionID string) (connection.Connection, error) {
	return w.connection(workspaceID, connectionID), w.schemaErr
}

func (w *world) Table(_ context.Context, workspaceID, connectionID, name string) (connection.Connection, schema.Table, error) {
	if w.schemaErr != nil {
		return connection.Connection{}, schema.Table{}, w.schemaErr
	}
	c := w.connection(workspaceID, connectionID)
	table, ok := schema.Snapshot{Tables: w.tables}.Table(name)
	if !ok {
		return c, schema.Table{}, fault.New(fault.TableNotFound, "the connection has no such table")
	}
	return c, table, nil
}

func (w *world) EnsureWorkspaceKeys(_ context.Context, workspaceID string) error {
	w.keyed = append(w.keyed, workspaceID)
	return w.keysErr
}

func (w *world) StartRun(_ context.Context, r ingest.Run) error {
	if w.startErr != nil {
		return w.startErr
	}
	w.started = append(w.started, r.Start())
	return nil
}

func (w *world) Committed(_ context.Context, _ ingest.Import, runID string) (string, bool, error) {
	snapshot, found := w.snapshots[runID]
	return snapshot, found, w.lakeErr
}

func (w *world) service() *ingest.Service {
	catalog := source.Catalog{{Platform: "mem", Title: "Memory", Capabilities: w.can}}
	return &ingest.Service{Store: w.store, Schemas: w, Catalog: catalog, Workflow: w, Keys: w, RunKeys: w.store, Now: w.Now}
}

func (w *world) claimer() *ingest.Claimer {
	return &ingest.Claimer{Store: w.store, Now: w.Now, Log: slog.New(slog.NewTextHandler(&w.log, nil))}
}

func (w *world) settler() *ingest.Settler {
	return &ingest.Settler{Store: w.store, Lake: w, Now: w.Now}
}

func newImport() ingest.NewImport {
	return ingest.NewImport{
		Name: " People ", ConnectionID: "con_1", Table: "people", Type: ingest.UserProfile, Mode: ingest.FullRefresh,
		Mapping: ingest.Mapping{{Source: "Email", Target: "identifier", Transforms: []ingest.Transform{ingest.Trim, ingest.Lower}}},
	}
}

// due writes an import whose next run is at a time.
func (w *world) due(t testing.TB, at time.Time, hours int) ingest.Import {
	t.Helper()
	i := ingest.Import{WorkspaceID: "w", ID: id.New(id.Import), EveryHours: hours, NextRunAt: at}
	i.Name = i.ID
	ok(t, w.store.CreateImport(t.Context(), i))
	return i
}

func (w *world) get(t testing.TB, i ingest.Import) ingest.Import {
	t.Helper()
	got, err := w.store.Import(t.Context(), i.WorkspaceID, i.ID)
	ok(t, err)
	return got
}

func (w *world) run(t testing.TB, ref ingest.Ref) ingest.Run {
	t.Helper()
	r, err := w.store.Run(t.Context(), ref)
	ok(t, err)
	return r
}

// move moves a run as a worker does.
func (w *world) move(t testing.TB, ref ingest.Ref, change func(*ingest.Run)) {
	t.Helper()
	seen := w.run(t, ref)
	r := seen
	change(&r)
	moved, err := w.store.MoveRun(t.Context(), seen, r)
	if err != nil || !moved {
		t.Fatalf("MoveRun = %t, %v", moved, err)
	}
}

// tester is a test, or a property being checked.
type tester interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}

func ok(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fails(t tester, err error, want fault.Code) {
	t.Helper()
	if !errors.Is(err, &fault.Error{Code: want}) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func same[T any](t tester, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// problem is one failure of an input.
type problem struct {
	Code  fault.Code
	Field string
}

func problems(err error) []problem {
	var list fault.List
	if one, ok := fault.As(err); ok && !errors.As(err, &list) {
		list = fault.List{one}
	}
	var out []problem
	for _, e := range list {
		out = append(out, problem{e.Code, e.Field})
	}
	return out
}
