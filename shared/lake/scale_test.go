package lake_test

import (
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/codec"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// described reads the descriptions of data files of the table people.
func described(t *testing.T, files lake.Files) []iceberg.DataFile {
	t.Helper()
	var out []iceberg.DataFile
	for rest := files.Encoded[1:]; len(rest) > 0; {
		length, n := binary.Uvarint(rest)
		file, err := codec.DecodeDataFile(rest[n:n+int(length)], *iceberg.UnpartitionedSpec, peopleIceberg, 2)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, file)
		rest = rest[n+int(length):]
	}
	return out
}

var peopleIceberg = iceberg.NewSchema(0,
	iceberg.NestedField{ID: 1, Name: "identifier", Type: iceberg.PrimitiveTypes.String, Required: true},
	iceberg.NestedField{ID: 2, Name: "visits", Type: iceberg.PrimitiveTypes.Int64},
)

// Query engines prune by these; a look-up does too.
func TestDataFilesCarryStatistics(t *testing.T) {
	l := newPlace(t).open(t)
	files := described(t, landPeople(t, l, "run_1", "a", 500))
	if len(files) != 1 {
		t.Fatalf("%d files, want 1", len(files))
	}
	f := files[0]
	if low, high := string(f.LowerBoundValues()[1]), string(f.UpperBoundValues()[1]); low != "a-000000" || high != "a-000499" {
		t.Errorf("identifiers between %q and %q", low, high)
	}
	if low, high := f.LowerBoundValues()[2], f.UpperBoundValues()[2]; binary.LittleEndian.Uint64(low) != 0 || binary.LittleEndian.Uint64(high) != 499 {
		t.Errorf("visits between %v and %v", low, high)
	}
	if f.Count() != 500 || f.ValueCounts()[1] != 500 || f.NullValueCounts()[2] != 0 || f.ColumnSizes()[1] == 0 || f.FileSizeBytes() == 0 {
		t.Errorf("counts are missing: %v", f)
	}
}

// Ten thousand files must commit in the memory of a Lambda, and be replaced by
// as many. The files themselves are not there: a commit does not open them.
func TestCommitOfTenThousandFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const files, limit = 10_000, 512 << 20
	l := newPlace(t).open(t)
	original := described(t, landPeople(t, l, "run_1", "a", 100))[0]
	for _, runID := range []string{"run_1", "run_2"} {
		peak, stop := watchHeap()
		began := time.Now()
		_, err := l.Commit(t.Context(), people, runID, ingest.FullRefresh, func(yield func([]byte, error) bool) {
			for i := range files {
				if !yield(copyOf(t, original, runID, i), nil) {
					return
				}
			}
		})
		stop()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %s, at most %d MiB in use", runID, time.Since(began).Round(time.Millisecond), *peak>>20)
		if *peak > limit {
			t.Errorf("%s: %d MiB in use", runID, *peak>>20)
		}
	}
}

func copyOf(t *testing.T, original iceberg.DataFile, runID string, i int) []byte {
	t.Helper()
	path := original.FilePath()[:strings.LastIndexByte(original.FilePath(), '/')] + "/" + runID + "-" + time.Duration(i).String()
	b, err := iceberg.NewDataFileBuilder(*iceberg.UnpartitionedSpec, iceberg.EntryContentData, path, iceberg.ParquetFile, nil, nil, nil, original.Count(), original.FileSizeBytes())
	if err != nil {
		t.Fatal(err)
	}
	b.ColumnSizes(original.ColumnSizes()).ValueCounts(original.ValueCounts()).NullValueCounts(original.NullValueCounts()).
		LowerBoundValues(original.LowerBoundValues()).UpperBoundValues(original.UpperBoundValues())
	entry, err := codec.EncodeDataFile(b.Build(), *iceberg.UnpartitionedSpec, peopleIceberg, 2)
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.AppendUvarint([]byte{1}, uint64(len(entry))), entry...)
}

// watchHeap samples the heap until stop is called; then peak is its maximum.
func watchHeap() (peak *uint64, stop func()) {
	runtime.GC()
	peak = new(uint64)
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			*peak = max(*peak, now.HeapAlloc)
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return peak, func() { close(ended); <-done }
}
