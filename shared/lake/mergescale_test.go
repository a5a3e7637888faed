package lake_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
)

var visitors = lake.Merge{Key: []string{"visitor", "site"}, Order: []string{"visits"}}

// landVisitors makes the table of a key of two columns, and data files of n keys
// from the first on, each key so many times.
func landVisitors(t testing.TB, l *lake.Lake, id lake.TableID, runID string, first, n, times int) []lake.Files {
	t.Helper()
	columns := []schema.Column{
		{Name: "visitor", Type: schema.Int64}, {Name: "site", Type: schema.String}, {Name: "visits", Type: schema.Int64},
	}
	if err := l.Ensure(t.Context(), id, columns, lake.Spread{}); err != nil {
		t.Fatal(err)
	}
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "visitor", Type: arrow.PrimitiveTypes.Int64}, {Name: "site", Type: arrow.BinaryTypes.String}, {Name: "visits", Type: arrow.PrimitiveTypes.Int64},
	}, nil)
	var files []lake.Files
	for round := range times {
		b := array.NewRecordBuilder(memory.DefaultAllocator, sc)
		for key := first; key < first+n; key++ {
			b.Field(0).(*array.Int64Builder).Append(int64(key / 2))
			b.Field(1).(*array.StringBuilder).Append([]string{"shop", "blog"}[key%2])
			b.Field(2).(*array.Int64Builder).Append(int64(round))
		}
		files = append(files, landBatch(t, l, id, runID, b.NewRecordBatch()))
		b.Release()
	}
	return files
}

// A run of more rows than a merge compares in memory must not take more of it.
func TestMergeMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const keys, times, limit = 100_000, 4, 256 << 20
	p := newPlace(t)
	p.config.MergeRows = 20_000
	l := p.open(t)
	id := lake.TableID{Workspace: "acme-1", Name: "visitors"}
	landed := landVisitors(t, l, id, "run_1", 0, keys, times)
	peak, stop := watchHeap()
	began := time.Now()
	_, err := l.Merge(t.Context(), id, "run_1", visitors, parts(landed...))
	stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows: %s, at most %d MiB in use", keys*times, time.Since(began).Round(time.Millisecond), *peak>>20)
	if *peak > limit {
		t.Errorf("%d MiB in use", *peak>>20)
	}
	rows, err := l.Rows(t.Context(), id, keys*times)
	if err != nil || len(rows) != keys {
		t.Fatalf("%d rows, %v; want %d", len(rows), err, keys)
	}
	for _, row := range rows {
		if visits, _ := row.Value("visits"); visits != int64(times-1) {
			t.Fatalf("a row that is not the last of its key: %v", row)
		}
	}
}

// BenchmarkMerge merges the same change into tables of several sizes.
func BenchmarkMerge(b *testing.B) {
	const change = 100_000
	for _, size := range []int{0, 200_000, 2_000_000} {
		b.Run(fmt.Sprintf("rows=%d", size), func(b *testing.B) {
			l := newPlace(b).open(b)
			id := lake.TableID{Workspace: "acme-1", Name: "visitors"}
			for first := 0; first < size; first += change {
				runID := fmt.Sprintf("run_%d", first)
				if _, err := l.Commit(b.Context(), id, runID, ingest.Append, parts(landVisitors(b, l, id, runID, first, change, 1)...)); err != nil {
					b.Fatal(err)
				}
			}
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				runID := fmt.Sprintf("run_merge_%d", n)
				landed := landVisitors(b, l, id, runID, 50_000, change, 1)
				b.StartTimer()
				if _, err := l.Merge(b.Context(), id, runID, visitors, parts(landed...)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(change*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkMergeWide merges rows of many columns, all of which are in the order, as those of an import are: a few keys have
// rows that the first of them leaves equal.
func BenchmarkMergeWide(b *testing.B) {
	const rows, files, folk = 20_000, 5, 1_000_000
	by := lake.Merge{Key: []string{"identifier"}, Order: []string{"event_time"}}
	for _, column := range wideColumns()[2:] {
		by.Order = append(by.Order, column.Name)
	}
	for _, tied := range []bool{false, true} {
		b.Run(fmt.Sprintf("tied=%t", tied), func(b *testing.B) {
			l := newPlace(b).open(b)
			if err := l.Ensure(b.Context(), people, wideColumns(), lake.Spread{}); err != nil {
				b.Fatal(err)
			}
			random := rand.New(rand.NewPCG(1, 2))
			var used float64
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				runID := fmt.Sprintf("run_%d", n)
				var landed []lake.Files
				for range files {
					landed = append(landed, landBatch(b, l, people, runID, wideBatch(random, rows, folk, 1)))
				}
				if tied {
					again := wideBatch(rand.New(rand.NewPCG(3, 4)), 100, folk, 1)
					again.Retain()
					landed = append(landed, landBatch(b, l, people, runID, again), landBatch(b, l, people, runID, again))
				}
				before := cpuSeconds(b)
				b.StartTimer()
				if _, err := l.Merge(b.Context(), people, runID, by, parts(landed...)); err != nil {
					b.Fatal(err)
				}
				used += cpuSeconds(b) - before
			}
			b.ReportMetric(used/float64(b.N), "CPU-s/op")
		})
	}
}
