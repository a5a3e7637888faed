package lake_test

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

// wideColumns are those of a table of profiles: an identifier, a time, six texts, four whole numbers, three others, two flags.
func wideColumns() []schema.Column {
	columns := []schema.Column{{Name: "identifier", Type: schema.String}, {Name: "event_time", Type: schema.Timestamp}}
	for i, kind := range []schema.Type{
		schema.String, schema.String, schema.String, schema.String, schema.String, schema.String,
		schema.Int64, schema.Int64, schema.Int64, schema.Int64, schema.Float64, schema.Float64, schema.Float64, schema.Bool, schema.Bool,
	} {
		columns = append(columns, schema.Column{Name: fmt.Sprintf("c%02d", i), Type: kind, Nullable: true})
	}
	return columns
}

var wideArrow = func() *arrow.Schema {
	var fields []arrow.Field
	for _, column := range wideColumns() {
		types := map[schema.Type]arrow.DataType{
			schema.String: arrow.BinaryTypes.String, schema.Int64: arrow.PrimitiveTypes.Int64, schema.Float64: arrow.PrimitiveTypes.Float64,
			schema.Bool: arrow.FixedWidthTypes.Boolean, schema.Timestamp: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
		}
		fields = append(fields, arrow.Field{Name: column.Name, Type: types[column.Type], Nullable: column.Nullable})
	}
	return arrow.NewSchema(fields, nil)
}()

// wideBatch has so many rows of so many people over so many days.
func wideBatch(random *rand.Rand, rows, people, days int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, wideArrow)
	defer b.Release()
	for range rows {
		for i, field := range b.Fields() {
			switch to := field.(type) {
			case *array.StringBuilder:
				if i == 0 {
					to.Append(fmt.Sprintf("person-%08d", random.IntN(people)))
				} else {
					to.Append(fmt.Sprintf("text %d", random.IntN(1<<(2*i))))
				}
			case *array.TimestampBuilder:
				to.Append(arrow.Timestamp(random.Int64N(int64(days) * 86_400_000_000)))
			case *array.Int64Builder:
				to.Append(random.Int64N(1 << 20))
			case *array.Float64Builder:
				to.Append(random.Float64())
			case *array.BooleanBuilder:
				to.Append(random.IntN(2) == 0)
			}
		}
	}
	return b.NewRecordBatch()
}

// cpuSeconds is what the process has used of processors.
func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

// What spreading rows costs a writer, against a table in one piece.
func BenchmarkWriter(b *testing.B) {
	const batchRows = 8192
	buckets := []lake.Bucket{{Column: "identifier", N: 16}}
	for _, of := range []struct {
		name   string
		spread lake.Spread
		days   int
	}{
		{"one piece", lake.Spread{}, 1},
		{"16 buckets", lake.Spread{Buckets: buckets}, 1},
		{"16 buckets of 3 days", lake.Spread{Buckets: buckets, Day: "event_time"}, 3},
		{"16 buckets of 365 days", lake.Spread{Buckets: buckets, Day: "event_time"}, 365},
	} {
		b.Run(of.name, func(b *testing.B) {
			p := newPlace(b)
			p.traffic.s3 = sink{p.traffic.s3}
			l := p.open(b)
			if err := l.Ensure(b.Context(), people, wideColumns(), of.spread); err != nil {
				b.Fatal(err)
			}
			random := rand.New(rand.NewPCG(1, 2))
			batches := make([]arrow.RecordBatch, 16)
			for i := range batches {
				batches[i] = wideBatch(random, batchRows, 1_000_000, of.days)
				defer batches[i].Release()
			}
			w, err := l.Writer(b.Context(), people, wideArrow, "run_1")
			if err != nil {
				b.Fatal(err)
			}
			n, before := 0, cpuSeconds(b)
			for b.Loop() {
				if err := w.Write(b.Context(), batches[n%len(batches)]); err != nil {
					b.Fatal(err)
				}
				n++
			}
			files, err := w.Close(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)*batchRows/(cpuSeconds(b)-before), "rows/CPU-s") // with what is left for Close
			b.ReportMetric(float64(files.Bytes)/float64(files.Rows), "bytes/row")
			b.ReportMetric(float64(files.Count), "files")
		})
	}
}

// What a look-up of one person takes in a table of many runs.
func BenchmarkLookup(b *testing.B) {
	const runs, rows, folk = 50, 20_000, 1_000_000
	for name, spread := range map[string]lake.Spread{"one piece": {}, "16 buckets": {Buckets: []lake.Bucket{{Column: "identifier", N: 16}}}} {
		b.Run(name, func(b *testing.B) {
			p := newPlace(b)
			l := p.open(b)
			if err := l.Ensure(b.Context(), people, wideColumns(), spread); err != nil {
				b.Fatal(err)
			}
			random := rand.New(rand.NewPCG(1, 2))
			var landed []lake.Files
			for range runs {
				batch := wideBatch(random, rows, folk, 1)
				w, err := l.Writer(b.Context(), people, wideArrow, "run_1")
				if err != nil {
					b.Fatal(err)
				}
				if err := w.Write(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				batch.Release()
				files, err := w.Close(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				landed = append(landed, files)
			}
			if _, err := l.Commit(b.Context(), people, "run_1", ingest.Append, parts(landed...)); err != nil {
				b.Fatal(err)
			}
			var requests atomic.Int64
			p.traffic.hooks(func(string) { requests.Add(1) }, nil)
			before := cpuSeconds(b)
			for b.Loop() {
				if _, err := l.Lookup(b.Context(), people, "identifier", fmt.Sprintf("person-%08d", random.IntN(folk)), 100); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpuSeconds(b)-before)*1000/float64(b.N), "CPU-ms/op") // the store's, too
			b.ReportMetric(float64(requests.Load())/float64(b.N), "requests/op")
		})
	}
}
