package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/scripts/bench/landing"
	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/snapshot"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/memsource"
	"github.com/headwaterhq/headwater/shared/task"
	"github.com/headwaterhq/headwater/shared/transfer"
)

const (
	workspace = "bench"
	tableName = "exports/customer-profiles/2026/03/01/part" // as long as those of real splits
	rowBytes  = 100                                         // that memsource takes a row to weigh
)

// engine is a deployment of the functions' code without the functions.
type engine struct {
	store   *table
	objects *directory
	lake    *lake.Lake
	sources connection.Sources
	conn    connection.Connection
	vault   quarantine.Vault
	imp     ingest.Import
}

func measure(ctx context.Context, dir string, splits, files int, latency time.Duration) (found cost, err error) {
	if err := os.RemoveAll(dir); err != nil {
		return found, fmt.Errorf("removing what an earlier run left: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return found, fmt.Errorf("making the directory: %w", err)
	}
	e, err := newEngine(ctx, dir, splits)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, e.lake.Close()) }()
	found = cost{Splits: splits, Files: splits * files}
	e.objects.latency = latency
	r := ingest.Run{WorkspaceID: workspace, ImportID: e.imp.ID, ID: "run_01hqjk6z3v9d8m4n2p5r7t0wxy", Trigger: ingest.Manual, Status: ingest.Queued, CreatedAt: time.Now().UTC()}
	if err := e.store.OpenRun(ctx, e.imp, r, time.Time{}); err != nil {
		return found, fmt.Errorf("opening the run: %w", err)
	}
	var planned transfer.Planned
	if found.Plan, err = timed(e.objects, func() (err error) { planned, err = e.planner().Plan(ctx, r.Ref()); return err }); err != nil {
		return found, fmt.Errorf("planning: %w", err)
	}
	if planned.Splits != splits {
		return found, fmt.Errorf("the plan has %d splits", planned.Splits)
	}
	if found.Extract, err = timed(e.objects, func() error { return e.extract(ctx, r.Ref(), 0) }); err != nil {
		return found, fmt.Errorf("extracting: %w", err)
	}
	e.objects.latency = 0
	for n := 1; n < splits; n++ { // as workers do, but for the reading, which is measured elsewhere
		if err := e.record(ctx, r.Ref(), n, files); err != nil {
			return found, fmt.Errorf("recording split %d: %w", n, err)
		}
	}
	e.objects.latency = latency
	var landed transfer.Landed
	if found.Commit, err = timed(e.objects, func() (err error) { landed, err = e.committer().Commit(ctx, r.Ref()); return err }); err != nil {
		return found, fmt.Errorf("committing: %w", err)
	}
	return found, e.weigh(ctx, &found, r.Ref(), planned, landed)
}

// weigh says how large everything was that travelled, and that all of it arrived.
func (e *engine) weigh(ctx context.Context, found *cost, ref ingest.Ref, planned transfer.Planned, landed transfer.Landed) error {
	for _, payload := range []any{
		ref,
		ingest.SplitRef{Ref: ref, Split: found.Splits},
		task.Committed{SnapshotID: landed.SnapshotID},
		task.Planned{Bucket: "headwater-lake-123456789012-eu-west-1", Key: planned.Key, Splits: planned.Splits},
	} {
		text, err := json.Marshal(payload)
		if err != nil {
			return fmt.Errorf("encoding a payload: %w", err)
		}
		found.State = max(found.State, len(text))
	}
	if found.State > stateLimit {
		return fmt.Errorf("a state has %d bytes, Step Functions takes %d", found.State, stateLimit)
	}
	of := func(prefix, middle string) func(string) bool {
		return func(key string) bool { return strings.HasPrefix(key, prefix) && strings.Contains(key, middle) }
	}
	found.PlanBytes = e.objects.largest(of(names.RunPrefix, "/plan-"))
	found.InputBytes = e.objects.largest(of(names.RunPrefix, "/splits-"))
	found.PartBytes = e.objects.largest(of(names.RunPrefix, "/parts/"))
	found.Manifest = e.objects.largest(of(names.ManifestPrefix, ""))
	found.Writes, found.Conditional = e.store.writes, e.store.inTransactions
	snapshots, err := e.lake.Snapshots(ctx, lake.TableOf(e.imp))
	if err != nil {
		return fmt.Errorf("reading the table back: %w", err)
	}
	run, err := e.store.Run(ctx, ref)
	if err != nil {
		return fmt.Errorf("reading the run back: %w", err)
	}
	if len(snapshots) != 1 || snapshots[0].TotalRows != run.Counts.RowsWritten || run.ManifestHash == "" {
		return fmt.Errorf("%d rows were written; the table has %d snapshots, the first of other rows, or there is no manifest", run.Counts.RowsWritten, len(snapshots))
	}
	return nil
}

func newEngine(ctx context.Context, dir string, splits int) (*engine, error) {
	e := &engine{store: &table{Store: memstore.New()}, objects: newDirectory(dir, 0)}
	var err error
	if e.lake, err = landing.OpenLake(ctx, dir); err != nil {
		return nil, err
	}
	e.vault = quarantine.Vault{Keys: e.store, Workspace: workspaceKeys{}}
	var rows strings.Builder
	for n := range splits {
		fmt.Fprintf(&rows, `,{"id":"user-%08d","age":%d}`, n, n%90)
	}
	source1 := schema.Table{Name: tableName, Columns: []schema.Column{{Name: "id", Type: schema.String, Nullable: true}, {Name: "age", Type: schema.Int64, Nullable: true}}}
	driver := &memsource.Driver{
		Tokens:   map[string]memsource.Rights{"token": {List: true, Read: true}},
		Datasets: map[string][]memsource.Table{"crm": {{Table: source1, Rows: "[" + rows.String()[1:] + "]"}}},
	}
	credentials := &memstore.Credentials{}
	e.conn = connection.Connection{
		WorkspaceID: workspace, ID: "con_01hqjk6z3v9d8m4n2p5r7t0wxy", Platform: memsource.Platform, Settings: map[string]any{"dataset": "crm"}, Status: connection.Active,
	}
	err = credentials.PutCredential(ctx, workspace, e.conn.ID, source.Credential{Method: "token", Fields: map[string]source.Secret{"token": "token"}})
	if err != nil {
		return nil, fmt.Errorf("keeping the credential: %w", err)
	}
	e.sources = connection.Sources{Registry: source.NewRegistry(driver), Credentials: credentials}
	if err := snapshot.WritePage(ctx, e.objects, names.SchemaPrefix+workspace+"/", "page", []schema.Table{source1}); err != nil {
		return nil, fmt.Errorf("keeping the schema: %w", err)
	}
	made, err := snapshot.Assemble(ctx, e.objects, names.SchemaPrefix+workspace+"/", []string{"page"}, time.Now())
	if err != nil {
		return nil, fmt.Errorf("keeping the schema: %w", err)
	}
	e.conn.SchemaKey, e.conn.SchemaVersion = made.Key, made.Version
	e.imp = ingest.Import{
		WorkspaceID: workspace, ID: "imp_01hqjk6z3v9d8m4n2p5r7t0wxy", Name: "profiles", ConnectionID: e.conn.ID, Table: tableName, Type: ingest.UserProfile,
		Mode: ingest.FullRefresh, Proof: ingest.ProofOff, CreatedAt: time.Now(), // the rows of the parts are not those of the source
		Mapping: ingest.Mapping{{Source: "id", Target: "identifier", Type: schema.String, Required: true}, {Source: "age", Target: "age", Type: schema.Int64}},
	}
	return e, e.store.CreateImport(ctx, e.imp)
}

// Connection implements transfer.Connections.
func (e *engine) Connection(context.Context, string, string) (connection.Connection, error) {
	return e.conn, nil
}

type workspaceKeys struct{}

// WorkspaceKeys implements quarantine.WorkspaceKeys.
func (workspaceKeys) WorkspaceKeys(context.Context, string) (ingest.WorkspaceKeys, error) {
	return ingest.WorkspaceKeys{HMAC: bytes.Repeat([]byte{1}, 32), Quarantine: bytes.Repeat([]byte{2}, 32)}, nil
}

func (e *engine) planner() *transfer.Planner {
	return &transfer.Planner{
		Store: e.store, Connections: e, Sources: e.sources, Objects: e.objects, Lake: e.lake, Vault: e.vault, Now: time.Now, SplitBytes: rowBytes,
	}
}

func (e *engine) extract(ctx context.Context, ref ingest.Ref, split int) error {
	worker := &transfer.Extractor{Store: e.store, Connections: e, Sources: e.sources, Objects: e.objects, Lake: e.lake, Vault: e.vault, Now: time.Now}
	done, err := worker.Extract(ctx, ingest.SplitRef{Ref: ref, Split: split})
	if err == nil && !done {
		err = errors.New("a split of one row was not done in one pass")
	}
	return err
}

func (e *engine) committer() *transfer.Committer {
	return &transfer.Committer{Store: e.store, Objects: e.objects, Lake: e.lake, Vault: e.vault, Now: time.Now}
}

// record writes and records a part of a split that has so many data files.
func (e *engine) record(ctx context.Context, ref ingest.Ref, split, files int) error {
	columns := arrow.NewSchema([]arrow.Field{{Name: "identifier", Type: arrow.BinaryTypes.String}, {Name: "age", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	writer, err := e.lake.Writer(ctx, lake.TableOf(e.imp), columns, ref.RunID)
	if err != nil {
		return err
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, columns)
	defer b.Release()
	for n := range identifiers(files) {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("user-%08d-%d", split, n))
		b.Field(1).(*array.Int64Builder).Append(int64(n))
	}
	batch := b.NewRecordBatch()
	defer batch.Release()
	rows := batch.NumRows()
	if err := writer.Write(ctx, batch); err != nil {
		return errors.Join(err, writer.Abort(ctx))
	}
	written, err := writer.Close(ctx)
	if err != nil {
		return err
	}
	part := ingest.Part{
		Split: split, After: "end", Last: true, At: time.Now(), FilesKey: fmt.Sprintf(names.RunPrefix+"%s/%s/parts/%06d-000000-01hqjk6z3v9d8m4n2p5r7t0wxy.avro", workspace, ref.RunID, split),
		Counts: ingest.Counts{RowsRead: rows, RowsWritten: rows, BytesRead: rowBytes, BytesWritten: written.Bytes},
	}
	if err := e.objects.Put(ctx, part.FilesKey, written.Encoded); err != nil {
		return err
	}
	first, err := e.store.RecordPart(ctx, ref, part)
	if err == nil && !first {
		err = errors.New("another worker was first")
	}
	return err
}

// identifiers is how many rows fall into about so many of the table's buckets: enough to miss none of all of them.
func identifiers(files int) int {
	if files == 1 {
		return 1
	}
	return files * 8
}
