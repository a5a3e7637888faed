package audience_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/audience"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// ready is a lake whose batches are made before.
type ready struct {
	memoryLake
	batches map[lake.TableID][]arrow.RecordBatch // a bucket each
}

func (r ready) Scan(_ context.Context, id lake.TableID, _ []string, bucket int) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) { yield(r.batches[id][bucket], nil) }
}

// BenchmarkPreview counts over profiles with three activities each; what the lake takes to read them comes on top.
func BenchmarkPreview(b *testing.B) {
	const people, buckets = 200_000, 16
	var w world
	w.table(ingest.UserProfile, 0, "", profileColumns)
	w.table(ingest.UserActivity, 0, "", activityColumns)
	s := w.service(b)
	r := ready{s.Lake.(memoryLake), map[lake.TableID][]arrow.RecordBatch{}}
	for n := range w {
		id := lake.TableOf(w[n].of)
		table := r.memoryLake[id]
		table.buckets = buckets
		r.memoryLake[id] = table
		for bucket := range buckets {
			var rows []record
			for p := bucket; p < people; p += buckets {
				name := fmt.Sprintf("person-%d@example.com", p)
				if n == 0 {
					rows = append(rows, record{"identifier": name, "plan": fmt.Sprint("plan-", p%7), "age": int64(p % 80)})
					continue
				}
				for e := range 3 {
					rows = append(rows, record{"identifier": name, "event_name": "order", "event_time": int64(e), "amount": int64(p % 100)})
				}
			}
			r.batches[id] = append(r.batches[id], w[n].batch(rows, columnNames(w[n])))
		}
	}
	s.Lake = r
	e := audience.Expression{All: []audience.Expression{
		{Trait: &audience.Trait{Name: "plan", Op: "in", Values: []string{"plan-1", "plan-2"}}},
		{Trait: &audience.Trait{Name: "age", Op: "ge", Values: []string{"18"}}},
		{Activity: &audience.Activity{Event: "order", Where: []audience.Property{{Property: "amount", Op: "gt", Values: []string{"50"}}}}},
	}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for b.Loop() {
		if _, err := s.Preview(b.Context(), "acme", e, 100); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(4*people)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/people, "B/person")
}

// columnNames are the names of a table's columns.
func columnNames(t landed) (names []string) {
	for _, c := range t.columns {
		names = append(names, c.Name)
	}
	return names
}
