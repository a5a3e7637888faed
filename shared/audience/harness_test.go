package audience_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/audience"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// record is a row: string, int64, bool or nil by column. A time is an int64 of microseconds.
type record map[string]any

// landed is a table in memory, of an import of workspace acme.
type landed struct {
	of      ingest.Import
	columns []schema.Column
	rows    []record
	buckets int // 0: in one piece
}

// memoryLake stands where the lake is.
type memoryLake map[lake.TableID]landed

func (l memoryLake) Describe(_ context.Context, id lake.TableID) (lake.Description, error) {
	t, ok := l[id]
	if !ok {
		return lake.Description{}, fault.New(fault.LakeTableMissing, "")
	}
	bucket := lake.Bucket{N: 1}
	if t.buckets > 0 {
		bucket = lake.Bucket{Column: t.columns[0].Name, N: t.buckets}
	}
	return lake.Description{Columns: t.columns, Bucket: bucket, Rows: int64(len(t.rows))}, nil
}

// Scan yields batches of up to three rows.
func (l memoryLake) Scan(ctx context.Context, id lake.TableID, columns []string, bucket int) iter.Seq2[arrow.RecordBatch, error] {
	t := l[id]
	return func(yield func(arrow.RecordBatch, error) bool) {
		var some []record
		for _, r := range t.rows {
			if bucket < 0 || bucketOf(r[t.columns[0].Name].(string), t.buckets) == bucket {
				some = append(some, r)
			}
		}
		for chunk := range slices.Chunk(some, 3) {
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			batch := t.batch(chunk, columns)
			more := yield(batch, nil)
			batch.Release()
			if !more {
				return
			}
		}
	}
}

// scribbler spoils memory that is given back, so that what still points into it shows.
type scribbler struct{ memory.Allocator }

func (s scribbler) Free(b []byte) {
	for n := range b {
		b[n] = 'x'
	}
	s.Allocator.Free(b)
}

func bucketOf(name string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int(h.Sum32()) % n
}

func (t landed) batch(rows []record, names []string) arrow.RecordBatch {
	var columns []schema.Column
	for _, name := range names {
		column, ok := schema.Table{Columns: t.columns}.Column(name)
		if !ok {
			panic("the table has no column " + name)
		}
		columns = append(columns, column)
	}
	b := array.NewRecordBuilder(scribbler{memory.NewGoAllocator()}, source.ArrowSchema(columns))
	defer b.Release()
	for _, r := range rows {
		for n, c := range columns {
			switch v := r[c.Name].(type) {
			case nil:
				b.Field(n).AppendNull()
			case string:
				b.Field(n).(*array.StringBuilder).Append(v)
			case bool:
				b.Field(n).(*array.BooleanBuilder).Append(v)
			case int64:
				if c.Type == schema.Timestamp {
					b.Field(n).(*array.TimestampBuilder).Append(arrow.Timestamp(v))
				} else {
					b.Field(n).(*array.Int64Builder).Append(v)
				}
			}
		}
	}
	return b.NewRecordBatch()
}

// world is a workspace's imports, oldest first.
type world []landed

// table adds an import and what it has landed. The first column is the one that it is in buckets by.
func (w *world) table(kind ingest.Type, precedence int, cursor schema.Type, columns []schema.Column, rows ...record) {
	i := ingest.Import{WorkspaceID: "acme", ID: fmt.Sprintf("imp_%02d", len(*w)), Type: kind, Precedence: precedence}
	i.Name = i.ID
	if cursor != "" {
		i.Cursor = &ingest.Cursor{Column: "at", Type: cursor}
		columns = append(slices.Clone(columns), schema.Column{Name: ingest.CursorColumn, Type: cursor, Nullable: true})
	}
	*w = append(*w, landed{of: i, columns: columns, rows: rows, buckets: 4})
}

func (w world) service(t testing.TB) *audience.Service {
	t.Helper()
	store, l := memstore.New(), memoryLake{}
	for _, table := range w {
		if err := store.CreateImport(t.Context(), table.of); err != nil {
			t.Fatal(err)
		}
		l[lake.TableOf(table.of)] = table
	}
	return &audience.Service{Imports: store, Lake: l, Now: func() time.Time { return noon }}
}

func column(name string, kind schema.Type) schema.Column {
	return schema.Column{Name: name, Type: kind, Nullable: name != "identifier" && name != "user_id"}
}

var (
	profileColumns  = []schema.Column{column("identifier", schema.String), column("plan", schema.String), column("age", schema.Int64)}
	activityColumns = []schema.Column{column("identifier", schema.String), column("event_name", schema.String), column("event_time", schema.Timestamp), column("amount", schema.Int64)}
	groupColumns    = []schema.Column{column("user_id", schema.String), column("group_id", schema.String), column("cursor", schema.Int64), column("is_deleted", schema.Bool)}
)
