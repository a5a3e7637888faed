package lookup

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// Summary counts the rows of a run's quarantine.
type Summary struct {
	Rows     int64
	Key      KeyState
	Counts   []RuleCount // the most frequent first
	Complete bool        // Counts has all of them
}

// RuleCount is how many rows broke a rule in a column.
type RuleCount struct {
	Rule, Column string
	Rows         int64
}

const (
	patience    = 15 * time.Second // how long rows are counted
	countAtOnce = 4                // objects that are in memory together
	maxCounts   = 1000             // rules and columns that are told apart
)

// Summary counts a run's rejected rows by rule and column, as many as there is time for and have not expired.
func (q *Quarantine) Summary(ctx context.Context, ref ingest.Ref) (Summary, error) {
	run, err := q.Runs.Run(ctx, ref)
	if err != nil {
		return Summary{}, err
	}
	parts, all, err := q.parts(ctx, ref)
	if err != nil {
		return Summary{}, err
	}
	_, state, err := q.key(ctx, ref)
	if err != nil {
		return Summary{}, err
	}
	c := &counting{objects: q.Objects, rows: map[RuleCount]int64{}}
	complete, err := c.all(ctx, parts)
	if err != nil {
		return Summary{}, err
	}
	return Summary{Rows: run.Counts.RowsQuarantined, Key: state, Counts: c.sorted(), Complete: complete && all && !c.cut}, nil
}

// counting counts by rule and column: the keys of rows have no Rows.
type counting struct {
	objects Objects
	mu      sync.Mutex
	rows    map[RuleCount]int64
	cut     bool // there were more than maxCounts
}

// all counts the parts; false when time ran out before.
func (c *counting) all(ctx context.Context, parts []ingest.Part) (bool, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	group, within := errgroup.WithContext(limited)
	group.SetLimit(countAtOnce)
	begun := 0
	for ; begun < len(parts) && within.Err() == nil; begun++ {
		part := parts[begun]
		group.Go(func() error { return c.part(within, part) })
	}
	err := group.Wait()
	switch {
	case err == nil && begun == len(parts):
		return true, nil
	case limited.Err() != nil && ctx.Err() == nil:
		return false, nil
	}
	return false, cmp.Or(err, ctx.Err())
}

func (c *counting) part(ctx context.Context, part ingest.Part) error {
	object, err := c.objects.Get(ctx, part.Quarantine)
	if err != nil {
		return err
	}
	own := map[RuleCount]int64{}
	for line, err := range quarantine.Lines(bytes.NewReader(object)) {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		own[RuleCount{Rule: line.Rule, Column: line.Column}]++
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for of, n := range own {
		if _, known := c.rows[of]; !known && len(c.rows) == maxCounts {
			c.cut = true
			continue
		}
		c.rows[of] += n
	}
	return nil
}

func (c *counting) sorted() []RuleCount {
	counts := make([]RuleCount, 0, len(c.rows))
	for of := range maps.Keys(c.rows) {
		of.Rows = c.rows[RuleCount{Rule: of.Rule, Column: of.Column}]
		counts = append(counts, of)
	}
	slices.SortFunc(counts, func(a, b RuleCount) int {
		return cmp.Or(-cmp.Compare(a.Rows, b.Rows), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Column, b.Column))
	})
	return counts
}
