package connection_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/snapshot"
	"github.com/headwaterhq/headwater/shared/source"
)

// A source of 20,000 tables with 50 columns each is discovered and served in a
// Lambda of 512 MB: what is alive at any moment stays far below that.
func TestMemoryOfALargeSchemaIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const limit = 32 << 20
	objects := &disk{dir: t.TempDir()}
	w := newWorld()
	_, ref := w.created(t)
	w.driver.generated = 20_000 / perPage
	v := w.validator()
	v.Objects = objects
	if _, err := v.Check(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	before := live()
	done, err := v.Discover(t.Context(), ref)
	if err != nil || !done {
		t.Fatalf("Discover = %t, %v", done, err)
	}
	discovering := objects.peak - before
	objects.peak = 0
	_, err = w.settler().Settle(t.Context(), ref, nil)
	ok(t, err)
	s := w.service()
	s.Objects = objects
	serving := serve(t, s, objects, ref) - before
	t.Logf("at most %d MiB alive while discovering, %d MiB while serving", discovering>>20, serving>>20)
	if discovering > limit || serving > limit {
		t.Errorf("%d and %d MiB alive, want at most %d", discovering>>20, serving>>20, limit>>20)
	}
}

// serve reads a page of tables with their columns and one table from the middle, and returns what was alive.
func serve(t *testing.T, s *connection.Service, objects *disk, ref connection.Ref) int64 {
	t.Helper()
	_, index, err := s.Schema(t.Context(), "w", ref.ConnectionID)
	ok(t, err)
	var entries []snapshot.Entry
	for e, err := range index.After("dataset_3.table_000777") {
		ok(t, err)
		if entries = append(entries, e); len(entries) == 200 {
			break
		}
	}
	tables, err := index.Tables(t.Context(), entries)
	ok(t, err)
	alive := max(objects.peak, live())
	if len(tables) != 200 || tables[0].Name != "dataset_3.table_000780" || len(tables[0].Columns) != 50 {
		t.Errorf("%d tables from %s", len(tables), tables[0].Name)
	}
	if _, one, err := s.Table(t.Context(), "w", ref.ConnectionID, "dataset_0.table_019999"); err != nil || len(one.Columns) != 50 {
		t.Errorf("table %s, %v", one.Name, err)
	}
	runtime.KeepAlive(index)
	return alive
}

const perPage = 500

// largePage makes the nth page of a large source, in an order that is not that of the names.
func largePage(n, pages int) source.DiscoverPage {
	var page source.DiscoverPage
	for i := range perPage {
		k := n*perPage + i
		t := schema.Table{Namespace: fmt.Sprintf("dataset_%d", k%7), Kind: schema.BaseTable, Rows: int64(k), Bytes: int64(k) << 10}
		t.Name = fmt.Sprintf("%s.table_%06d", t.Namespace, k)
		for c := range 50 {
			t.Columns = append(t.Columns, schema.Column{
				Name: fmt.Sprintf("column_%03d_of_%d", c, k%100), Type: schema.Decimal, Native: "NUMBER(38,9)", Nullable: c%2 == 0, Precision: 38, Scale: 9,
			})
		}
		page.Tables = append(page.Tables, t)
	}
	if n+1 < pages {
		page.Next = strconv.Itoa(n + 1)
	}
	return page
}

// disk keeps objects in files, so that only what the code holds is alive, and
// looks at that whenever it is called.
type disk struct {
	dir  string
	mu   sync.Mutex
	peak int64
}

func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func (d *disk) path(key string) string {
	return filepath.Join(d.dir, strings.ReplaceAll(key, "/", "_"))
}

func (d *disk) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.peak = max(d.peak, live())
}

func (d *disk) Put(_ context.Context, key string, body []byte) error {
	d.look()
	return os.WriteFile(d.path(key), body, 0o600)
}

func (d *disk) Get(_ context.Context, key string) ([]byte, error) {
	body, err := os.ReadFile(d.path(key))
	d.look()
	return body, err
}

func (d *disk) GetRange(_ context.Context, key string, offset, length int64) ([]byte, error) {
	f, err := os.Open(d.path(key))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body := make([]byte, length)
	n, err := f.ReadAt(body, offset)
	return body[:n], err
}
