package lake_test

import (
	"fmt"
	"testing"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// Compaction streams: what it holds must not grow with the table.
func TestMaintainMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const files, rows, valueBytes = 40, 10_000, 100  // 1 MB each that hardly compresses
	const stored, limit = 2 * files << 20, 192 << 20 // before and after; the collector may let the heap grow to twice what is alive
	p := newPlace(t)
	p.config.TargetFileBytes = 8 << 20
	l := p.open(t)
	landPeople(t, l, "run_x", "a", 0)
	for file := range files {
		runID := fmt.Sprintf("run_%d", file)
		landed := landBatch(t, l, people, runID, noise(rows, valueBytes))
		if _, err := l.Commit(t.Context(), people, runID, ingest.Append, parts(landed)); err != nil {
			t.Fatal(err)
		}
	}
	peak, stop := watchHeap()
	done := maintain(t, l, people, gentle)
	stop()
	t.Logf("%+v, at most %d MiB in use, of which up to %d MiB are the objects", done, *peak>>20, stored>>20)
	if done.FilesRewritten < files-4 || done.FilesWritten >= files/4 {
		t.Errorf("done: %+v", done)
	}
	if *peak > 2*stored+limit {
		t.Errorf("%d MiB in use", *peak>>20)
	}
	if again := maintain(t, l, people, gentle); again != (lake.Maintained{}) {
		t.Errorf("again: %+v", again)
	}
}
