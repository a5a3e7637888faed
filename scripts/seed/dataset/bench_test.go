package dataset_test

import (
	"context"
	"io"
	"runtime"
	"testing"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

// nowhere is a Sink that keeps nothing.
type nowhere struct{}

func (nowhere) Create(context.Context, string) (io.WriteCloser, error) { return sunk{io.Discard}, nil }

type sunk struct{ io.Writer }

func (sunk) Close() error { return nil }

func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	allocated := func(opts dataset.Options) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := dataset.Write(t.Context(), nowhere{}, opts); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, format := range []dataset.Format{dataset.CSV, dataset.NDJSON} {
		few := allocated(dataset.Options{Rows: 2_000, Format: format, Customers: 50_000})
		many := allocated(dataset.Options{Rows: 50_000, Format: format, Customers: 50_000})
		if many > few+8<<20 {
			t.Errorf("%s: 50000 rows allocate %d bytes, 2000 rows %d: want no allocation per row", format, many, few)
		}
	}
}

func BenchmarkProfiles(b *testing.B) {
	for _, e := range encodings() {
		b.Run(e.String(), func(b *testing.B) {
			b.ReportAllocs()
			const rows = 100_000
			var bytes int64
			for b.Loop() {
				manifest, err := dataset.Write(b.Context(), nowhere{}, dataset.Options{
					Rows: rows, Tables: []string{dataset.Profiles}, Format: e.format, Compression: e.compression, Parallel: 1,
				})
				if err != nil {
					b.Fatal(err)
				}
				bytes += manifest.Tables[0].Bytes
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(bytes)/float64(rows)/float64(b.N), "bytes/row")
		})
	}
}
