package file

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Files are the tables below a prefix of a store. Its methods have the
// contracts of source.Session and may be called concurrently.
type Files struct {
	store  Store
	layout layout
	limits limits
	given  override

	mu   sync.Mutex
	walk *walk // of the discovery that runs, between two pages
}

// New returns the tables below a prefix. Slashes around prefix do not matter.
func New(store Store, prefix string, options ...Option) *Files {
	f := &Files{store: store, layout: newLayout(prefix), limits: defaults()}
	for _, option := range options {
		option(f)
	}
	return f
}

// Discover returns some tables and their columns, in the order in which the keys
// of the tables end. Objects are listed as the pages are asked for, once, and
// only the tables of the current directories are held. A new session goes on with
// a cursor alone; of the tables that were open then it lists the files again.
func (f *Files) Discover(ctx context.Context, cursor string) (source.DiscoverPage, error) {
	w, err := f.resume(ctx, cursor)
	if err != nil {
		return source.DiscoverPage{}, err
	}
	tables, err := w.tables(ctx, f.limits.pageTables)
	if err != nil {
		return source.DiscoverPage{}, err
	}
	page := source.DiscoverPage{Tables: make([]schema.Table, len(tables))}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(f.limits.parallel)
	for i, l := range tables {
		g.Go(func() (err error) {
			page.Tables[i], err = f.describe(gctx, l)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return source.DiscoverPage{}, err
	}
	if !w.ended {
		page.Next = w.cursor()
		f.mu.Lock()
		f.walk = w
		f.mu.Unlock()
	}
	return page, nil
}

// resume takes the walk that stands at a cursor, or begins one there.
func (f *Files) resume(ctx context.Context, cursor string) (*walk, error) {
	f.mu.Lock()
	w := f.walk
	f.walk = nil
	f.mu.Unlock()
	if w != nil && w.cursor() == cursor {
		return w, nil
	}
	return f.newWalk(ctx, cursor)
}
