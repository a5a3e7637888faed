package controlapi_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/snapshot"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

// canary is the secret of every connection here. It must be nowhere but in the secret store.
const canary = "canary-hunter2-9d1c"

var (
	acme  = contracttest.Owner("acme")
	other = contracttest.Owner("other")
)

// stand is the API over real services and stores in memory.
type stand struct {
	*contracttest.Client
	t       *testing.T
	store   *memstore.Store
	objects *memstore.Objects
	secrets *memstore.Credentials
	started *starter
	log     *bytes.Buffer
	now     time.Time
}

func newStand(t *testing.T) *stand {
	s := &stand{
		t: t, store: memstore.New(), objects: &memstore.Objects{}, secrets: &memstore.Credentials{}, started: &starter{},
		log: &bytes.Buffer{}, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
	}
	clock := func() time.Time { return s.now }
	connections := &connection.Service{
		Store: s.store, Secrets: s.secrets, Objects: s.objects, Catalog: catalog.Specs(), Workflow: s.started, Now: clock,
		Statements: catalog.Grants, Principal: "123456789012", Identify: catalog.Identity,
	}
	imports := &ingest.Service{Store: s.store, Schemas: connections, Catalog: capable(), Workflow: s.started, Keys: s.started, RunKeys: s.store, Now: clock}
	s.Client = contracttest.New(t, controlapi.New(telemetry.New(s.log, slog.LevelInfo), contracttest.Identify, controlapi.Services{
		Connections: connections, Imports: imports, Manifests: s.objects, Catalog: catalog.Specs(), Now: clock,
	}))
	return s
}

// capable is the catalog with platforms that can do everything.
func capable() source.Catalog {
	specs := catalog.Specs()
	for i := range specs {
		specs[i].Capabilities = []source.Capability{source.RowFilter, source.Queries, source.CostEstimate}
	}
	return specs
}

// starter counts what was started, and fails when told to.
type starter struct {
	validations []connection.Ref
	runs        []ingest.Start
	workspaces  []string // whose keys were made
	err         error
}

func (w *starter) StartValidation(_ context.Context, ref connection.Ref) error {
	w.validations = append(w.validations, ref)
	return w.err
}

func (w *starter) StartRun(_ context.Context, r ingest.Run) error {
	w.runs = append(w.runs, r.Start())
	return w.err
}

func (w *starter) EnsureWorkspaceKeys(_ context.Context, workspaceID string) error {
	w.workspaces = append(w.workspaces, workspaceID)
	return nil
}

func newConnection(name string) string {
	return fmt.Sprintf(`{"name":%q,"platform":"s3","settings":{"bucket":"customer-data","prefix":"exports/","region":"eu-west-1"},
		"credentials":{"method":"access_key","access_key_id":"AKIAEXAMPLE","secret_access_key":%q}}`, name, canary)
}

// connect creates a connection.
func (s *stand) connect(name string) controlapi.Connection {
	s.t.Helper()
	s.now = s.now.Add(time.Second)
	return contracttest.Into[controlapi.Connection](s.t, s.Do(s.t, contracttest.Request{Caller: acme, Target: "/v1/connections", Body: newConnection(name)}), 201)
}

// activate does what the validation would: checks passed, schema discovered.
func (s *stand) activate(c controlapi.Connection, tables ...schema.Table) {
	s.t.Helper()
	ref := s.ref(c)
	s.must(snapshot.WritePage(s.t.Context(), s.objects, "schemas/acme/", "part", tables))
	made, err := snapshot.Assemble(s.t.Context(), s.objects, "schemas/acme/", []string{"part"}, s.now)
	s.must(err)
	_, err = s.store.RecordChecks(s.t.Context(), ref, []source.CheckResult{{Name: "s3.list_objects", Title: "List objects", Mandatory: true, Outcome: source.Pass, Millis: 12}})
	s.must(err)
	_, err = s.store.RecordDiscovery(s.t.Context(), ref, 0, connection.Discovery{Pages: 1, Tables: len(tables), Key: made.Key, Version: made.Version})
	s.must(err)
	s.settle(ref, nil)
}

func (s *stand) settle(ref connection.Ref, cause *fault.Error) {
	s.t.Helper()
	settler := connection.Settler{Store: s.store, Now: func() time.Time { return s.now }}
	ended, err := settler.Settle(s.t.Context(), ref, cause)
	s.must(err)
	if !ended {
		s.t.Fatal("the validation had ended before")
	}
}

// ref names the running validation of a connection.
func (s *stand) ref(c controlapi.Connection) connection.Ref {
	s.t.Helper()
	stored, err := s.store.Connection(s.t.Context(), "acme", c.ID)
	s.must(err)
	return connection.Ref{WorkspaceID: "acme", ConnectionID: c.ID, ValidationID: stored.ValidationID}
}

func (s *stand) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) get(target string) contracttest.Answer {
	s.t.Helper()
	return s.Do(s.t, contracttest.Request{Caller: acme, Target: target})
}

func (s *stand) post(target, body string) contracttest.Answer {
	s.t.Helper()
	return s.Do(s.t, contracttest.Request{Caller: acme, Method: "POST", Target: target, Body: body})
}

// profiles is a table that a user_profile import can be made of.
func profiles(name string) schema.Table {
	return schema.Table{
		Name: name, Format: "csv", Rows: 1000, Bytes: 1 << 20, Files: 3,
		Columns: []schema.Column{
			{Name: "Email", Type: schema.String, Native: "text", Nullable: true},
			{Name: "age", Type: schema.Int64, Native: "text", Nullable: true},
			{Name: "spent", Type: schema.Decimal, Native: "DECIMAL(10,2)", Precision: 10, Scale: 2},
			{Name: "day", Type: schema.Date, Native: "path", Partition: true},
		},
	}
}
