package lookup_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// crowded is a lake in which everybody has as many rows as are asked for, of ten kilobytes each, and ada is linked with all of them.
type crowded struct {
	before uint64
	mu     sync.Mutex
	asked  int
	peak   uint64 // bytes that are in use beside those before
}

func (*crowded) Rows(context.Context, lake.TableID, int) ([]lake.Row, error) { return nil, nil }

func (c *crowded) Lookup(_ context.Context, id lake.TableID, column, _ string, limit int) ([]lake.Row, error) {
	if column == "second_id" {
		return nil, nil
	}
	if id == table("acme", ingest.IdentityGraph) {
		rows := make([]lake.Row, limit)
		for n := range rows {
			rows[n] = link(ada, fmt.Sprint(n))
		}
		return rows, nil
	}
	return c.wide(limit), nil
}

func (c *crowded) Newest(_ context.Context, _ lake.TableID, want lake.Newest) ([]lake.Row, error) {
	return c.wide(want.Limit), nil
}

func (c *crowded) wide(limit int) []lake.Row {
	rows := make([]lake.Row, limit)
	for n := range rows {
		rows[n] = row("event_time", fmt.Sprint(n), "note", strings.Repeat("x", 10<<10))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked++; c.asked%8 == 0 {
		c.peak = max(c.peak, inUse()-c.before)
	}
	return rows
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// However many are linked and whatever they have, what is in memory is a few answers and what is shown.
func TestLinkedProfileIsInBoundedMemory(t *testing.T) {
	s, _ := world(t)
	c := &crowded{before: inUse()}
	s.Lake = c
	p, err := s.Profile(t.Context(), "acme", ada, true)
	fatal(t, err)
	if c.asked != 3*101 || len(p.Activities) != 100 || len(p.Profiles) != 1000 || len(p.Groups) != 1000 || !p.Truncated {
		t.Errorf("%d asked; %d activities, %d profiles, %d groups, truncated: %t", c.asked, len(p.Activities), len(p.Profiles), len(p.Groups), p.Truncated)
	}
	if most := uint64(72 << 20); c.peak > most {
		t.Errorf("%d MiB in use", c.peak>>20)
	}
}
