package main

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"log"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/manifest"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/objectstore"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

const bucket = "lake"

var start = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)

// world is an import with its records, its objects and its table, all of them real but for S3 and DynamoDB.
type world struct {
	t        *testing.T
	store    *memstore.Store
	objects  *objectstore.Store
	lake     *lake.Lake
	importID string
	runs     int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(gofakes3.New(backend).Server())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	opened, err := lake.Open(t.Context(), lake.Config{
		Catalog: lake.SQL, URI: filepath.Join(t.TempDir(), "catalog.db"), Warehouse: "s3://" + bucket + "/lake", Region: "us-east-1", S3Endpoint: server.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, store: memstore.New(), objects: objectstore.New(client, bucket), lake: opened, importID: "imp_01"}
	i := ingest.Import{
		WorkspaceID: "acme", ID: w.importID, Name: "profiles", ConnectionID: "con_01", Table: "profiles", Type: ingest.UserProfile, Mode: ingest.Append,
		Mapping: ingest.Mapping{{Source: "id", Target: "identifier", Type: schema.String, Required: true}}, CreatedAt: start,
	}
	w.must(w.store.CreateImport(t.Context(), i))
	w.must(w.lake.Ensure(t.Context(), lake.TableOf(i), i.LakeColumns(), lake.SpreadOf(i.Type)))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) imported() ingest.Import {
	w.t.Helper()
	i, err := w.store.Import(w.t.Context(), "acme", w.importID)
	w.must(err)
	return i
}

// run is a run of one split that lands so many rows and leaves its manifest.
func (w *world) run(rows int) ingest.Run {
	w.t.Helper()
	ctx, i := w.t.Context(), w.imported()
	w.runs++
	r := ingest.Run{
		WorkspaceID: "acme", ImportID: i.ID, ID: fmt.Sprintf("run_%02d", w.runs), Trigger: ingest.Manual, Status: ingest.Queued,
		CreatedAt: start.AddDate(0, 0, w.runs),
	}
	w.must(w.store.OpenRun(ctx, i, r, time.Time{}))
	r = w.move(r, func(r *ingest.Run) {
		r.Status, r.StartedAt, r.Splits, r.SchemaVersion = ingest.Running, r.CreatedAt, 1, "schema"
	})
	w.must(w.store.CreateSplits(ctx, r.Ref(), []ingest.SplitProgress{{Label: "a.csv"}}))
	files := w.land(r.ID, rows)
	part := ingest.Part{Last: true, After: "end", Counts: ingest.Counts{RowsRead: int64(rows), RowsWritten: int64(rows), BytesWritten: files.Bytes}}
	if first, err := w.store.RecordPart(ctx, r.Ref(), part); err != nil || !first {
		w.t.Fatalf("recording the part: %t, %v", first, err)
	}
	snapshot := w.commit(r.ID, files)
	found, err := evidence{lake: w.lake}.snapshots(ctx, i)
	w.must(err)
	facts := manifest.Facts{Splits: []source.Split{{Label: "a.csv", Detail: []byte(`{}`)}}, Parts: []ingest.Part{part}}
	facts.Before, facts.After = manifest.Around(r.ID, found)
	current, err := w.store.Run(ctx, r.Ref())
	w.must(err)
	body, hash, err := manifest.New(i, current, facts).Encode()
	w.must(err)
	w.must(w.objects.Put(ctx, manifest.Key(r.Ref()), body))
	return w.move(current, func(r *ingest.Run) { r.Status, r.SnapshotID, r.ManifestHash = ingest.Succeeded, snapshot, hash })
}

func (w *world) move(seen ingest.Run, change func(*ingest.Run)) ingest.Run {
	w.t.Helper()
	r := seen
	change(&r)
	if moved, err := w.store.MoveRun(w.t.Context(), seen, r); err != nil || !moved {
		w.t.Fatalf("moving the run: %t, %v", moved, err)
	}
	r, err := w.store.Run(w.t.Context(), r.Ref())
	w.must(err)
	return r
}

// land writes data files.
func (w *world) land(runID string, rows int) lake.Files {
	w.t.Helper()
	columns := arrow.NewSchema([]arrow.Field{{Name: "identifier", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, columns)
	defer b.Release()
	for n := range rows {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("%s-%d", runID, n))
	}
	writer, err := w.lake.Writer(w.t.Context(), lake.TableOf(w.imported()), columns, runID)
	w.must(err)
	batch := b.NewRecordBatch()
	defer batch.Release()
	w.must(writer.Write(w.t.Context(), batch))
	files, err := writer.Close(w.t.Context())
	w.must(err)
	return files
}

func (w *world) commit(runID string, files lake.Files) string {
	w.t.Helper()
	snapshot, err := w.lake.Commit(w.t.Context(), lake.TableOf(w.imported()), runID, ingest.Append, one(files.Encoded))
	w.must(err)
	return snapshot
}

func one(part []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) { yield(part, nil) }
}

// replace changes the text of an object.
func (w *world) replace(key, old, changed string) {
	w.t.Helper()
	body, err := w.objects.Get(w.t.Context(), key)
	w.must(err)
	if !bytes.Contains(body, []byte(old)) {
		w.t.Fatalf("%s does not have %s", key, old)
	}
	w.must(w.objects.Delete(w.t.Context(), key)) // with the checksum that this S3 keeps of it
	w.must(w.objects.Put(w.t.Context(), key, bytes.ReplaceAll(body, []byte(old), []byte(changed))))
}

// metadata is the key of the table's newest metadata file.
func (w *world) metadata() string {
	w.t.Helper()
	newest := ""
	for key, err := range w.objects.Keys(w.t.Context(), "lake/") {
		w.must(err)
		if filepath.Ext(key) == ".json" && filepath.Base(key) > filepath.Base(newest) {
			newest = key
		}
	}
	return newest
}

// verify returns what the command prints, and the code that it exits with.
func (w *world) verify(asJSON bool) (printed string, code int) {
	w.t.Helper()
	reports, err := evidence{store: w.store, objects: w.objects, lake: w.lake}.verify(w.t.Context(), "acme", nil)
	w.must(err)
	var out bytes.Buffer
	code = exitCode(show(&out, reports, asJSON))
	return out.String(), code
}
