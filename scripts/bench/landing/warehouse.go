package landing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/pipeline"
)

// Table is the lake's only one.
var Table = lake.TableID{Workspace: "bench", Name: "user_profile"}

// bucket is the address of the lake; what lies below it is in the output directory.
const bucket = "s3://bench/"

// warehouse is the lake that rows land in, nil when they land nowhere.
type warehouse struct {
	lake  *lake.Lake
	table lake.TableID
}

func (w Work) openLake(ctx context.Context) (*warehouse, error) {
	if !w.Until.writes() {
		return nil, nil //nolint:nilnil // there is none
	}
	opened, err := OpenLake(ctx, w.Output)
	if err != nil {
		return nil, err
	}
	to := &warehouse{lake: opened, table: Table}
	if err := opened.Ensure(ctx, to.table, w.Columns(), w.spread()); err != nil {
		return nil, errors.Join(fmt.Errorf("making the table: %w", err), opened.Close())
	}
	return to, nil
}

// spread is none, as the peers write one file too, or that of profiles.
func (w Work) spread() lake.Spread {
	if w.Spread {
		return lake.SpreadOf(ingest.UserProfile)
	}
	return lake.Spread{}
}

// OpenLake opens the lake whose bucket and catalog are in a directory. A process may open one.
func OpenLake(ctx context.Context, dir string) (*lake.Lake, error) {
	icebergio.Unregister("s3")
	icebergio.Register("s3", func(context.Context, *url.URL, map[string]string) (icebergio.IO, error) {
		return local{root: dir}, nil
	})
	opened, err := lake.Open(ctx, lake.Config{
		Catalog: lake.SQL, URI: filepath.Join(dir, "catalog.db"), Warehouse: bucket + "lake", Region: "eu-west-1",
	})
	if err != nil {
		return nil, fmt.Errorf("opening the lake: %w", err)
	}
	return opened, nil
}

func (w *warehouse) writer(ctx context.Context, mapper *pipeline.Mapper, runID string) (*lake.Writer, error) {
	writer, err := w.lake.Writer(ctx, w.table, mapper.Schema(), runID)
	if err != nil {
		return nil, fmt.Errorf("opening the writer: %w", err)
	}
	return writer, nil
}

func (w *warehouse) close() error {
	if w == nil {
		return nil
	}
	return w.lake.Close()
}

// local keeps the objects of the bucket in a directory.
type local struct {
	icebergio.LocalFS
	root string
}

var _ icebergio.WriteFileIO = local{}

func (l local) path(name string) string {
	return filepath.Join(l.root, filepath.FromSlash(strings.TrimPrefix(name, bucket)))
}

// Open implements icebergio.IO.
func (l local) Open(name string) (icebergio.File, error) { return l.LocalFS.Open(l.path(name)) }

// Remove implements icebergio.IO.
func (l local) Remove(name string) error { return l.LocalFS.Remove(l.path(name)) }

// ReadFile implements icebergio.ReadFileIO.
func (l local) ReadFile(name string) ([]byte, error) { return l.LocalFS.ReadFile(l.path(name)) }

// Create implements icebergio.WriteFileIO.
func (l local) Create(name string) (icebergio.FileWriter, error) {
	return l.LocalFS.Create(l.path(name))
}

// WriteFile implements icebergio.WriteFileIO.
func (l local) WriteFile(name string, content []byte) error {
	return l.LocalFS.WriteFile(l.path(name), content)
}
