package file

import (
	"context"
	"slices"
	"strings"
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

	mu     sync.Mutex
	listed []*listing // the tables of the discovery that runs, by name
}

// New returns the tables below a prefix. Slashes around prefix do not matter.
func New(store Store, prefix string, options ...Option) *Files {
	f := &Files{store: store, layout: newLayout(prefix), limits: defaults()}
	for _, option := range options {
		option(f)
	}
	return f
}

// Discover returns the tables whose name follows cursor, and their columns.
// One listing serves all pages of a session; a new session with a cursor lists again.
func (f *Files) Discover(ctx context.Context, cursor string) (source.DiscoverPage, error) {
	tables, err := f.inventory(ctx, cursor == "")
	if err != nil {
		return source.DiscoverPage{}, err
	}
	first, found := slices.BinarySearchFunc(tables, cursor, func(l *listing, name string) int { return strings.Compare(l.name, name) })
	if found {
		first++
	}
	tables = tables[first:]
	var page source.DiscoverPage
	if len(tables) > f.limits.pageTables {
		tables = tables[:f.limits.pageTables]
		page.Next = tables[len(tables)-1].name
	}
	page.Tables = make([]schema.Table, len(tables))
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
	return page, nil
}

// inventory lists everything below the prefix, or returns what was listed.
func (f *Files) inventory(ctx context.Context, anew bool) ([]*listing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listed != nil && !anew {
		return f.listed, nil
	}
	tables := make(map[string]*listing)
	err := f.list(ctx, f.layout.prefix, func(obj Object, p place) {
		l, known := tables[p.table]
		if !known {
			l = &listing{name: p.table, keep: max(f.limits.footerFiles, f.limits.sampleFiles)}
			tables[p.table] = l
		}
		l.add(obj, p)
	})
	if err != nil {
		return nil, err
	}
	f.listed = make([]*listing, 0, len(tables))
	for _, l := range tables {
		f.listed = append(f.listed, l)
	}
	slices.SortFunc(f.listed, func(a, b *listing) int { return strings.Compare(a.name, b.name) })
	return f.listed, nil
}

// list calls see for every data file below a prefix, in the order of keys.
func (f *Files) list(ctx context.Context, prefix string, see func(Object, place)) error {
	for cursor := ""; ; {
		page, err := f.store.List(ctx, prefix, cursor)
		if err != nil {
			return err
		}
		for _, obj := range page.Objects {
			if p, ok := f.layout.place(obj.Key); ok {
				see(obj, p)
			}
		}
		if page.Next == "" {
			return nil
		}
		cursor = page.Next
	}
}
