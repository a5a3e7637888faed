package transfer_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/memsource"
	"github.com/headwaterhq/headwater/shared/transfer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a connection to a table in memory, an import of it, and a lake: the
// real lake on a real object store's protocol, everything else in memory.
type world struct {
	driver    *memsource.Driver
	store     *memstore.Store
	objects   *memstore.Objects
	lake      *lake.Lake
	lakeFiles *s3mem.Backend
	sources   connection.Sources
	conn      connection.Connection
	imp       ingest.Import

	fate            *fate                        // kills steps of runs; nil: never
	splitRows       int                          // rows of a split; 0 is rowsPerSplit
	quarantineBytes int                          // of a part; 0 is the default
	unfiltered      bool                         // the platform applies no filter
	momentary       bool                         // it reads as of a moment
	count           func() (source.Tally, error) // what it counts; nil: what there is

	mu    sync.Mutex
	now   time.Time
	asked []source.PlanRequest
}

const (
	workspace = "acme"
	tableName = "people"
	bucket    = "lake"
)

// newWorld has a table of n good rows and one without an identifier.
func newWorld(t *testing.T, mode ingest.Mode, n int, changes ...func(*ingest.NewImport)) *world {
	t.Helper()
	w := emptyWorld()
	w.fillTable(n)
	w.open(t, mode, changes...)
	return w
}

// emptyWorld has no table, and nothing that needs one.
func emptyWorld() *world {
	return &world{
		store: memstore.New(), objects: &memstore.Objects{}, lakeFiles: s3mem.New(),
		now:    time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
		driver: &memsource.Driver{Tokens: map[string]memsource.Rights{"good": {List: true, Read: true}}},
	}
}

// open makes the lake, the connection to the table that is there, and an import of it.
func (w *world) open(t *testing.T, mode ingest.Mode, changes ...func(*ingest.NewImport)) {
	t.Helper()
	w.openLake(t)
	w.connect(t)
	w.createImport(t, mode, changes...)
}

// fillTable replaces the source's rows.
func (w *world) fillTable(n int) {
	rows := make([]string, n, n+1)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":"u%04d","age":%d}`, i, i%90)
	}
	rows = append(rows, `{"age":7}`)
	w.driver.Datasets = map[string][]memsource.Table{"crm": {{Table: peopleTable(), Rows: "[" + strings.Join(rows, ",") + "]"}}}
}

func peopleTable() schema.Table {
	return schema.Table{Name: tableName, Columns: []schema.Column{
		{Name: "id", Type: schema.String, Nullable: true}, {Name: "age", Type: schema.Int64, Nullable: true},
	}}
}

func (w *world) openLake(t *testing.T) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if err := w.lakeFiles.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(w.lakeFiles).Server())
	t.Cleanup(server.Close)
	opened, err := lake.Open(t.Context(), lake.Config{
		Catalog: lake.SQL, URI: filepath.Join(t.TempDir(), "catalog.db"),
		Warehouse: "s3://" + bucket + "/lake", Region: "us-east-1", S3Endpoint: server.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.lake = opened
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
}

// connect makes an active connection, as a validation would.
func (w *world) connect(t *testing.T) {
	t.Helper()
	credentials := &memstore.Credentials{}
	service := &connection.Service{
		Store: w.store, Secrets: credentials, Objects: w.objects,
		Catalog: source.NewRegistry(w.platform()), Workflow: unstarted{}, Now: w.time,
	}
	c, err := service.Create(t.Context(), workspace, "me", connection.NewConnection{
		Name: "crm", Platform: memsource.Platform, Settings: map[string]any{"dataset": "crm"},
		Credential: source.Credential{Method: "token", Fields: map[string]source.Secret{"token": "good"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.sources = connection.Sources{Registry: source.NewRegistry(w.platform()), Credentials: credentials}
	validator := &connection.Validator{Store: w.store, Sources: w.sources, Objects: w.objects, Now: w.time}
	ref := connection.Ref{WorkspaceID: workspace, ConnectionID: c.ID, ValidationID: c.ValidationID}
	if passed, err := validator.Check(t.Context(), ref); err != nil || !passed {
		t.Fatalf("check: %t, %v", passed, err)
	}
	if done, err := validator.Discover(t.Context(), ref); err != nil || !done {
		t.Fatalf("discover: %t, %v", done, err)
	}
	settler := &connection.Settler{Store: w.store, Now: w.time}
	if _, err := settler.Settle(t.Context(), ref, nil); err != nil {
		t.Fatal(err)
	}
	if w.conn, err = w.store.Connection(t.Context(), workspace, c.ID); err != nil || w.conn.Status != connection.Active {
		t.Fatalf("connection is %s, %v", w.conn.Status, err)
	}
}

func (w *world) service() *ingest.Service {
	return &ingest.Service{
		Store: w.store, Workflow: unstarted{}, Keys: unstarted{}, RunKeys: w.store, Now: w.time,
		Schemas: &connection.Service{Store: w.store, Objects: w.objects}, Catalog: source.NewRegistry(w.platform()),
	}
}

func (w *world) createImport(t *testing.T, mode ingest.Mode, changes ...func(*ingest.NewImport)) {
	t.Helper()
	n := ingest.NewImport{
		Name: "people", ConnectionID: w.conn.ID, Table: tableName, Type: ingest.UserProfile, Mode: mode,
		Mapping: ingest.Mapping{{Source: "id", Target: "identifier"}, {Source: "age", Target: "age"}},
	}
	for _, change := range changes {
		change(&n)
	}
	i, err := w.service().Create(t.Context(), workspace, "me", n)
	if err != nil {
		t.Fatal(err)
	}
	w.imp = i
}

// begin opens a run by hand.
func (w *world) begin(t *testing.T) ingest.Ref {
	t.Helper()
	r, err := w.service().Start(t.Context(), workspace, w.imp.ID)
	if err != nil {
		t.Fatal(err)
	}
	return r.Ref()
}

// rowsPerSplit makes several splits of a few hundred rows.
const rowsPerSplit = 50

func (w *world) planner() *transfer.Planner {
	return &transfer.Planner{
		Store: w.mortal(), Connections: w.store, Sources: w.sources, Objects: w.mortalObjects(), Lake: w.lake, Vault: w.vault(), Now: w.time,
		SplitBytes: int64(100 * cmp.Or(w.splitRows, rowsPerSplit)), // memsource takes a row to weigh 100 bytes
	}
}

func (w *world) extractor() *transfer.Extractor {
	return &transfer.Extractor{
		Store: w.mortal(), Connections: w.store, Sources: w.sources, Objects: w.mortalObjects(), Lake: w.lake, Vault: w.vault(), Now: w.time,
		QuarantineBytes: w.quarantineBytes,
	}
}

func (w *world) committer() *transfer.Committer {
	return &transfer.Committer{
		Store: w.mortal(), Objects: w.mortalObjects(), Lake: w.lake, Vault: w.vault(), Now: w.time, QuarantineBytes: w.quarantineBytes,
	}
}

func (w *world) vault() quarantine.Vault {
	return quarantine.Vault{Keys: w.mortal(), Workspace: workspaceKeys{}}
}

// workspaceKeys are the secrets of every workspace.
type workspaceKeys struct{}

func (workspaceKeys) WorkspaceKeys(context.Context, string) (ingest.WorkspaceKeys, error) {
	return ingest.WorkspaceKeys{HMAC: bytes.Repeat([]byte{1}, 32), Quarantine: bytes.Repeat([]byte{2}, 32)}, nil
}

func (w *world) settler() *ingest.Settler {
	return &ingest.Settler{Store: w.store, Lake: transfer.Committed{Lake: w.lake}, Now: w.time}
}

// plan plans a run and returns the number of splits.
func (w *world) plan(t *testing.T, ref ingest.Ref) int {
	t.Helper()
	planned, err := w.planner().Plan(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return planned.Splits
}

// extract extracts all splits of a run.
func (w *world) extract(t *testing.T, ref ingest.Ref, splits int) {
	t.Helper()
	for n := range splits {
		if done, err := w.extractor().Extract(t.Context(), ingest.SplitRef{Ref: ref, Split: n}); err != nil || !done {
			t.Fatalf("split %d: %t, %v", n, done, err)
		}
	}
}

// whole runs an import from beginning to end.
func (w *world) whole(t *testing.T) ingest.Run {
	t.Helper()
	ref := w.begin(t)
	w.extract(t, ref, w.plan(t, ref))
	if _, err := w.committer().Commit(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	return w.settle(t, ref)
}

func (w *world) settle(t *testing.T, ref ingest.Ref) ingest.Run {
	t.Helper()
	if _, err := w.settler().Settle(t.Context(), ref, nil); err != nil {
		t.Fatal(err)
	}
	return w.run(t, ref)
}

func (w *world) run(t *testing.T, ref ingest.Ref) ingest.Run {
	t.Helper()
	r, err := w.store.Run(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantRows holds that the lake has each of the first n identifiers exactly so many times.
func (w *world) wantRows(t *testing.T, n, times int) {
	t.Helper()
	rows, err := w.lake.Rows(t.Context(), lake.TableOf(w.imp), n*times+1)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]int{}
	for _, row := range rows {
		identifier, _ := row.Value("identifier")
		seen[identifier]++
	}
	if len(rows) != n*times || len(seen) != n {
		t.Fatalf("the lake has %d rows of %d identifiers, want %d of %d", len(rows), len(seen), n*times, n)
	}
	for identifier, count := range seen {
		if count != times {
			t.Errorf("%v is there %d times, want %d", identifier, count, times)
		}
	}
}

// dataFiles counts the Parquet files in the bucket, committed or not.
func (w *world) dataFiles(t *testing.T) int {
	t.Helper()
	list, err := w.lakeFiles.ListBucket(bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, object := range list.Contents {
		if strings.HasSuffix(object.Key, ".parquet") {
			files++
		}
	}
	return files
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// unstarted is a workflow whose executions the test plays itself.
type unstarted struct{}

func (unstarted) StartValidation(context.Context, connection.Ref) error { return nil }
func (unstarted) StartRun(context.Context, ingest.Run) error            { return nil }
func (unstarted) EnsureWorkspaceKeys(context.Context, string) error     { return nil }
