package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/pipeline"
)

// bucket is the address of the lake; what lies below it is in the output directory.
const bucket = "s3://bench/"

// warehouse is the lake that rows land in, nil when they land nowhere.
type warehouse struct {
	lake  *lake.Lake
	table lake.TableID
}

func (w work) openLake(ctx context.Context) (*warehouse, error) {
	if w.Until != untilLand {
		return nil, nil //nolint:nilnil // there is none
	}
	icebergio.Unregister("s3")
	icebergio.Register("s3", func(context.Context, *url.URL, map[string]string) (icebergio.IO, error) {
		return local{root: w.Output}, nil
	})
	opened, err := lake.Open(ctx, lake.Config{
		Catalog: lake.SQL, URI: filepath.Join(w.Output, "catalog.db"), Warehouse: bucket + "lake", Region: "eu-west-1",
	})
	if err != nil {
		return nil, fmt.Errorf("opening the lake: %w", err)
	}
	to := &warehouse{lake: opened, table: lake.TableID{Workspace: "bench", Name: "user_profile"}}
	if err := opened.Ensure(ctx, to.table, w.columns(), lake.Spread{}); err != nil {
		return nil, fmt.Errorf("making the table: %w", err)
	}
	return to, nil
}

func (w *warehouse) writer(ctx context.Context, mapper *pipeline.Mapper) (*lake.Writer, error) {
	writer, err := w.lake.Writer(ctx, w.table, mapper.Schema(), "run")
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
