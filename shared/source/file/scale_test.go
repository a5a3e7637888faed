package file_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/source/file"
)

// 20,000 tables of 50 columns are discovered page by page, each in a session of
// its own as by workers that take turns, in little memory: what is live is looked
// at while files are read and a page is held.
func TestDiscoverManyTables(t *testing.T) {
	if testing.Short() {
		t.Skip("takes its time")
	}
	const tables, columns, limit = 20_000, 50, 16 << 20
	w := &watched{wide: wide{tables, func(i int) string { return fmt.Sprintf("t%05d/part-0000.csv", i) }, fifty()}}
	base := liveHeap()
	began, seen := time.Now(), 0
	for cursor := ""; ; {
		page, err := file.New(w, "").Discover(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range page.Tables {
			if want := fmt.Sprintf("t%05d", seen); table.Name != want || len(table.Columns) != columns {
				t.Fatalf("table %d is %s with %d columns, want %s with %d", seen, table.Name, len(table.Columns), want, columns)
			}
			seen++
		}
		if cursor = page.Next; cursor == "" {
			break
		}
		runtime.KeepAlive(page)
	}
	if seen != tables {
		t.Errorf("%d tables, want %d", seen, tables)
	}
	most := max(w.most, base) - base
	t.Logf("%d tables in %v, at most %.1f MiB of live heap", seen, time.Since(began).Round(time.Millisecond), float64(most)/(1<<20))
	if most > limit {
		t.Errorf("at most %d MiB of live heap, want less than %d", most>>20, limit>>20)
	}
}

// watched is a store that looks at the memory at every hundredth file or so.
type watched struct {
	wide

	mu     sync.Mutex
	opened int
	most   uint64
}

func (w *watched) Open(ctx context.Context, obj file.Object, offset, length int64) (io.ReadCloser, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.opened++; w.opened%199 == 0 {
		w.most = max(w.most, liveHeap())
	}
	return w.wide.Open(ctx, obj, offset, length)
}

// liveHeap is how many bytes of the heap are in use.
func liveHeap() uint64 {
	runtime.GC()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}
