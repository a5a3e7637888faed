package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// list is one of a store's paged lists, as ids.
type list func(ctx context.Context, after string, limit int) ([]string, error)

func testPages(t *testing.T, s Store) {
	i := addImport(t, s, "runs")
	for name, test := range map[string]struct {
		kind id.Kind
		add  func() string
		list list
	}{
		"connections": {
			id.Connection,
			func() string { c, _ := addConnection(t, s, "w"); return c.ID },
			listOf(func(ctx context.Context, after string, limit int) ([]connection.Connection, error) {
				return s.Connections(ctx, "w", after, limit)
			}, func(c connection.Connection) string { return c.ID }),
		},
		"imports": {
			id.Import,
			func() string { return addImport(t, s, "w").ID },
			listOf(func(ctx context.Context, after string, limit int) ([]ingest.Import, error) {
				return s.Imports(ctx, "w", after, limit)
			}, func(i ingest.Import) string { return i.ID }),
		},
		"runs": {
			id.Run,
			func() string {
				r := addRun(t, s, i)
				move(t, s, r, func(r *ingest.Run) { r.Status = ingest.Failed })
				return r.ID
			},
			listOf(func(ctx context.Context, after string, limit int) ([]ingest.Run, error) {
				return s.Runs(ctx, "runs", i.ID, after, limit)
			}, func(r ingest.Run) string { return r.ID }),
		},
	} {
		t.Run(name, func(t *testing.T) { testPagesOf(t, test.kind, test.add, test.list) })
	}
}

func listOf[T any](page func(context.Context, string, int) ([]T, error), idOf func(T) string) list {
	return func(ctx context.Context, after string, limit int) ([]string, error) {
		found, err := page(ctx, after, limit)
		var ids []string
		for _, v := range found {
			ids = append(ids, idOf(v))
		}
		return ids, err
	}
}

func testPagesOf(t *testing.T, kind id.Kind, add func() string, page list) {
	get := func(after string, limit int) []string {
		t.Helper()
		ids, err := page(t.Context(), after, limit)
		ok(t, "listing", err)
		return ids
	}
	same(t, "an empty list", nil, get("", 10))
	below := id.New(kind) // older than all, and of nothing
	time.Sleep(2 * time.Millisecond)
	var all []string
	for range 7 {
		all = append(all, add())
		time.Sleep(2 * time.Millisecond) // ids sort by their milliseconds
	}
	slices.Reverse(all)

	var walked []string
	for after := ""; ; {
		found := get(after, 3)
		walked = append(walked, found...)
		if len(found) < 3 {
			break
		}
		after = found[len(found)-1]
		add() // what is added meanwhile is newer, and moves no page
		time.Sleep(2 * time.Millisecond)
	}
	same(t, "all pages", all, walked)
	same(t, "a page of the exact size", all[3:], get(all[2], 4))
	same(t, "after the oldest", nil, get(all[6], 10))
	same(t, "after an id below all", nil, get(below, 10))
	same(t, "after an id that sorts in between", all[3:], get(all[3]+"x", 10))
	same(t, "no page", nil, get("", 0))
	if got := len(get("~", 100)); got < 7 {
		t.Errorf("%d after an id above all, want all", got)
	}
}
