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
	_, state, err := q.key(ctx, ref)
	if err != nil {
		return Summary{}, err
	}
	c := &counting{Quarantine: q, rows: map[RuleCount]int64{}}
	complete, err := c.all(ctx, ref)
	if err != nil {
		return Summary{}, err
	}
	return Summary{Rows: run.Counts.RowsQuarantined, Key: state, Counts: c.sorted(), Complete: complete && !c.cut}, nil
}

// counting counts by rule and column: the keys of rows have no Rows.
type counting struct {
	*Quarantine
	mu   sync.Mutex
	rows map[RuleCount]int64
	cut  bool // there were more than maxCounts, or some have expired
}

// all counts the parts of a run; false when time ran out before.
func (c *counting) all(ctx context.Context, ref ingest.Ref) (bool, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	group, within := errgroup.WithContext(limited)
	group.SetLimit(countAtOnce)
	listing := c.begin(within, group, ref)
	err := cmp.Or(group.Wait(), listing)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}

// begin lists the parts, and has each of them counted.
func (c *counting) begin(ctx context.Context, group *errgroup.Group, ref ingest.Ref) error {
	for split, number := 0, 0; ; {
		parts, err := c.Runs.PartsFrom(ctx, ref, split, number, partsPage)
		if err != nil {
			return err
		}
		for _, part := range parts {
			if err := ctx.Err(); err != nil {
				return err
			}
			split, number = part.Split, part.Number+1
			switch {
			case part.Quarantine == "":
			case expired(part):
				c.skip()
			default:
				group.Go(func() error { return c.part(ctx, part) })
			}
		}
		if len(parts) < partsPage {
			return nil
		}
	}
}

func (c *counting) skip() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
}

func (c *counting) part(ctx context.Context, part ingest.Part) error {
	object, err := c.Objects.Get(ctx, part.Quarantine)
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
