package lake_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

// event is a row of a table with every kind of partition, and a column of every kind that is held in memory.
type event struct {
	Identifier string
	At         int64 // microseconds; null where it is noTime
	Flag       bool
	Number     int64
	Note       string // null where it is ""
}

const noTime = -1 << 60

var (
	events       = lake.TableID{Workspace: "acme-1", Name: "user_activity_imp_01"}
	eventColumns = []schema.Column{
		{Name: "identifier", Type: schema.String},
		{Name: "event_time", Type: schema.Timestamp, Nullable: true},
		{Name: "flag", Type: schema.Bool},
		{Name: "number", Type: schema.Decimal, Precision: 20, Scale: 2},
		{Name: "note", Type: schema.String, Nullable: true},
		{Name: "day", Type: schema.Date},
		{Name: "unseen", Type: schema.String, Nullable: true}, // which no batch has
	}
	eventArrow = arrow.NewSchema([]arrow.Field{ // in another order than the table
		{Name: "number", Type: &arrow.Decimal128Type{Precision: 20, Scale: 2}},
		{Name: "identifier", Type: arrow.BinaryTypes.String},
		{Name: "flag", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "event_time", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, Nullable: true},
		{Name: "note", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32},
	}, nil)
	eventSpread = lake.SpreadOf(ingest.UserActivity)
)

func eventBatch(rows []event) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, eventArrow)
	defer b.Release()
	for _, row := range rows {
		b.Field(0).(*array.Decimal128Builder).Append(decimal128.FromI64(row.Number))
		b.Field(1).(*array.StringBuilder).Append(row.Identifier)
		b.Field(2).(*array.BooleanBuilder).Append(row.Flag)
		if row.At == noTime {
			b.Field(3).AppendNull()
		} else {
			b.Field(3).(*array.TimestampBuilder).Append(arrow.Timestamp(row.At))
		}
		if row.Note == "" {
			b.Field(4).AppendNull()
		} else {
			b.Field(4).(*array.StringBuilder).Append(row.Note)
		}
		b.Field(5).(*array.Date32Builder).Append(arrow.Date32(row.Number % 100_000))
	}
	return b.NewRecordBatch()
}

// eventsOf are the rows of the batch, whichever columns it has in whichever order.
func eventsOf(batch arrow.RecordBatch) []event {
	rows := make([]event, batch.NumRows())
	column := func(name string) arrow.Array { return batch.Column(batch.Schema().FieldIndices(name)[0]) }
	for i := range rows {
		rows[i] = event{
			Identifier: column("identifier").(*array.String).Value(i), At: noTime,
			Flag: column("flag").(*array.Boolean).Value(i), Number: int64(column("number").(*array.Decimal128).Value(i).LowBits()),
		}
		if at := column("event_time").(*array.Timestamp); at.IsValid(i) {
			rows[i].At = int64(at.Value(i))
		}
		if note := column("note").(*array.String); note.IsValid(i) {
			rows[i].Note = note.Value(i)
		}
		if day := column("day").(*array.Date32).Value(i); int64(day) != rows[i].Number%100_000 {
			rows[i].Note = "another day"
		}
	}
	return rows
}

// landEvents writes each batch as it is, and commits them.
func landEvents(t tester, l *lake.Lake, id lake.TableID, runID string, each ...[]event) lake.Files {
	t.Helper()
	if err := l.Ensure(t.Context(), id, eventColumns, eventSpread); err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context(), id, eventArrow, runID)
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range each {
		batch := eventBatch(rows)
		err := w.Write(t.Context(), batch)
		batch.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Commit(t.Context(), id, runID, ingest.Append, parts(files)); err != nil {
		t.Fatal(err)
	}
	return files
}

func scanned(t tester, l *lake.Lake, id lake.TableID, bucket int) []event {
	t.Helper()
	var rows []event
	for batch, err := range l.Scan(t.Context(), id, nil, bucket) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, eventsOf(batch)...)
	}
	return rows
}

func byNumber(a, b event) int { return int(a.Number - b.Number) }

// tableOf opens the table with iceberg-go alone.
func tableOf(t *testing.T, p place, id lake.TableID) *table.Table {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+p.config.URI)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	opened, err := sqlcatalog.NewCatalog("headwater", db, sqlcatalog.SQLite, iceberg.Properties{
		"warehouse": p.config.Warehouse, icebergio.S3Region: p.config.Region, icebergio.S3EndpointURL: p.config.S3Endpoint,
	})
	if err != nil {
		t.Fatal(err)
	}
	namespace, name := "ws_acme_1", id.Name
	tbl, err := opened.LoadTable(t.Context(), table.Identifier{namespace, name})
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

// Each file must have the rows, and only those, that iceberg's own transforms put into its partition.
func TestPartitionsAreIcebergs(t *testing.T) {
	const day = 86_400_000_000
	p := newPlace(t)
	l := p.open(t)
	var rows []event
	for i, at := range []int64{0, -1, 1, day - 1, day, -day, -day - 1, 20_000*day + 5, noTime} {
		for j, identifier := range []string{"", "a", "ü", "日本", "same", "a\x00b", "ada@example.com", "0123456789abcdef"} {
			rows = append(rows, event{Identifier: identifier, At: at, Number: int64(i*100 + j), Flag: j%2 == 0, Note: identifier})
		}
	}
	landed := landEvents(t, l, events, "run_1", rows[:20], rows[20:])
	tbl := tableOf(t, p, events)
	scan := tbl.Scan()
	tasks, err := scan.PlanFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(tasks) != landed.Count || len(tasks) < 6*2 { // six days or none, and identifiers of several buckets
		t.Fatalf("%d files, %d planned", landed.Count, len(tasks))
	}
	seen := 0
	for _, task := range tasks {
		_, batches, err := scan.ReadTasks(t.Context(), []table.FileScanTask{task})
		if err != nil {
			t.Fatal(err)
		}
		for batch, err := range batches {
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range eventsOf(batch) {
				seen++
				if diff := cmp.Diff(partitionOf(tbl, row), task.File.Partition()); diff != "" {
					t.Errorf("%+v (-want +got):\n%s", row, diff)
				}
			}
			batch.Release()
		}
	}
	if seen != len(rows) {
		t.Errorf("%d rows, want %d", seen, len(rows))
	}
}

func partitionOf(tbl *table.Table, row event) map[int]any {
	want := make(map[int]any)
	spec := tbl.Spec()
	for _, field := range spec.Fields() {
		name, _ := tbl.Schema().FindColumnName(field.SourceID())
		value := iceberg.Optional[iceberg.Literal]{Valid: true, Val: iceberg.NewLiteral(row.Identifier)}
		if name == "event_time" {
			value = iceberg.Optional[iceberg.Literal]{Valid: row.At != noTime, Val: iceberg.NewLiteral(iceberg.Timestamp(row.At))}
		}
		want[field.FieldID] = nil
		if applied := field.Transform.Apply(value); applied.Valid {
			want[field.FieldID] = applied.Val.Any()
		}
	}
	return want
}

// However little is held in memory and in temporary files, rows come out as they went in, and a bucket has its own.
func TestSpreadRowsComeBack(t *testing.T) {
	p := newPlace(t)
	tables := 0
	rapid.Check(t, func(rt *rapid.T) {
		tables++
		id := lake.TableID{Workspace: "acme-1", Name: fmt.Sprintf("events_%d", tables)}
		own := p
		own.config.HoldBytes = rapid.SampledFrom([]int64{1, 300, 2000, 1 << 20}).Draw(rt, "hold")
		own.config.OpenPartitions = rapid.SampledFrom([]int{1, 4, 100}).Draw(rt, "open partitions")
		own.config.SpillBytes = rapid.SampledFrom([]int64{1, 4000, 1 << 20}).Draw(rt, "spill")
		l, err := lake.Open(rt.Context(), own.config)
		if err != nil {
			rt.Fatal(err)
		}
		defer l.Close()
		one := rapid.Custom(func(t *rapid.T) event {
			return event{
				Identifier: rapid.SampledFrom([]string{"a", "b", "c", "", "a longer one, of more bytes"}).Draw(t, "identifier"),
				At:         rapid.SampledFrom([]int64{0, -1, 86_400_000_000, noTime}).Draw(t, "at"),
				Flag:       rapid.Bool().Draw(t, "flag"),
				Note:       rapid.SampledFrom([]string{"", "ä", "note"}).Draw(t, "note"),
			}
		})
		batches := rapid.SliceOfN(rapid.SliceOfN(one, 0, 12), 0, 6).Draw(rt, "batches")
		want := []event{}
		for i := range batches {
			for j := range batches[i] {
				batches[i][j].Number = int64(len(want))
				want = append(want, batches[i][j])
			}
		}
		files := landEvents(rt, l, id, "run_1", batches...)
		if files.Rows != int64(len(want)) {
			rt.Fatalf("%d rows written, want %d", files.Rows, len(want))
		}
		got := slices.SortedFunc(slices.Values(scanned(rt, l, id, -1)), byNumber)
		if diff := cmp.Diff(want, append([]event{}, got...)); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
		in, err := l.Buckets(rt.Context(), id)
		if err != nil || in != eventSpread.Buckets[0] {
			rt.Fatalf("in the buckets %v, %v", in, err)
		}
		together := 0
		of := make(map[string]int)
		for bucket := range in.N {
			for _, row := range scanned(rt, l, id, bucket) {
				together++
				if before, met := of[row.Identifier]; met && before != bucket {
					rt.Fatalf("%q is in the buckets %d and %d", row.Identifier, before, bucket)
				}
				of[row.Identifier] = bucket
			}
		}
		if together != len(want) {
			rt.Fatalf("%d rows in all buckets, want %d", together, len(want))
		}
	})
}

// Memory must not grow with partitions, nor may files be more than there are partitions.
func TestWriterMemoryIsBoundedByPartitions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for name, days := range map[string]int64{"few, which are written at once": 1, "many, which are sorted": 250} {
		t.Run(name, func(t *testing.T) { boundedByPartitions(t, days) })
	}
}

func boundedByPartitions(t *testing.T, days int64) {
	const rows, batchRows, limit = 1_000_000, 10_000, 192 << 20
	p := newPlace(t)
	p.traffic.s3 = sink{p.traffic.s3}
	l := p.open(t)
	if err := l.Ensure(t.Context(), events, eventColumns, eventSpread); err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context(), events, eventArrow, "run_1")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	peak, stop := watchHeap()
	for range rows / batchRows {
		some := make([]event, batchRows)
		for i := range some {
			some[i] = event{
				Identifier: fmt.Sprintf("person-%08d", random.IntN(1_000_000)), At: random.Int64N(days * 86_400_000_000),
				Number: random.Int64N(1000), Note: "a note that is rather long, so that there is something to hold and to write",
			}
		}
		batch := eventBatch(some)
		err := w.Write(t.Context(), batch)
		batch.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Close(t.Context())
	stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB in %d files, at most %d MiB in use", files.Bytes>>20, files.Count, *peak>>20)
	if files.Rows != rows || files.Count != 16*int(days) {
		t.Errorf("%d rows in %d files", files.Rows, files.Count)
	}
	if *peak > limit {
		t.Errorf("%d MiB in use", *peak>>20)
	}
}

// A merge that replaces rows in very many partitions holds no more than one that replaces as many in few.
func TestMergeMemoryIsBoundedByPartitions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const rows, days, limit = 20_000, 30, 96 << 20 // 480 partitions
	p := newPlace(t)
	l := p.open(t)
	random := rand.New(rand.NewPCG(1, 2))
	some := make([]event, rows)
	for i := range some {
		some[i] = event{Identifier: fmt.Sprintf("person-%08d", random.IntN(1_000_000)), At: random.Int64N(days * 86_400_000_000), Number: int64(i)}
	}
	landEvents(t, l, events, "run_1", some)
	again := landBatch(t, l, events, "run_2", eventBatch(some))
	peak, stop := watchHeap()
	_, err := l.Merge(t.Context(), events, "run_2", lake.Merge{Key: []string{"identifier", "event_time", "number"}, All: true}, parts(again))
	stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("at most %d MiB in use, with the objects", *peak>>20)
	if *peak > limit {
		t.Errorf("%d MiB in use", *peak>>20)
	}
	if got := len(scanned(t, l, events, -1)); got != rows {
		t.Errorf("%d rows, want %d", got, rows)
	}
}
