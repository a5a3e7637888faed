package s3_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

const (
	manyObjects = 100_000
	perDay      = 1_000
	// heapFor is what a function of the smallest kind can spare for it.
	heapFor = 256 << 20
)

// TestAHundredThousandObjects lists and plans a prefix of that many objects, in
// pages, on a server that keeps them as files.
func TestAHundredThousandObjects(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100,000 files")
	}
	url, dir := versityIn(t)
	createBucket(t, url)
	for n := range manyObjects / perDay {
		day := filepath.Join(dir, bucket, prefix, "events", fmt.Sprintf("dt=%s", time.Unix(int64(n)*86400, 0).UTC().Format(time.DateOnly)))
		if err := os.MkdirAll(day, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range perDay {
			if err := os.WriteFile(filepath.Join(day, fmt.Sprintf("%04d.csv", i)), []byte("id\n1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	grant(t, url)
	connect(t, url)
	s := open(t, config(bucket, readerKey))

	var page source.DiscoverPage
	measure(t, "discovering", func() (err error) {
		page, err = s.Discover(t.Context(), "")
		return err
	})
	if len(page.Tables) != 1 || page.Tables[0].Files != manyObjects {
		t.Fatalf("discovered %+v", page.Tables)
	}
	var plan source.Plan
	measure(t, "planning", func() (err error) {
		plan, err = s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "events"}})
		return err
	})
	files := 0
	for _, split := range plan.Splits {
		files += strings.Count(string(split.Detail), `"key"`)
	}
	if files != manyObjects {
		t.Errorf("%d splits hold %d files", len(plan.Splits), files)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// measure reports how long something takes, and how much heap at most.
func measure(t *testing.T, doing string, f func() error) {
	t.Helper()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		peak := uint64(0)
		for {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
			select {
			case <-done:
				most <- peak
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	began := time.Now()
	err := f()
	took := time.Since(began)
	close(done)
	heap := max(<-most, before.HeapAlloc) - before.HeapAlloc
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s %d objects: %v, %d MiB of heap at most", doing, manyObjects, took.Round(time.Millisecond), heap>>20)
	if heap > heapFor {
		t.Errorf("%s takes %d MiB of heap", doing, heap>>20)
	}
}
