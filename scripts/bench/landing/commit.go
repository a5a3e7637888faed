package landing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// writes reports whether rows are written to the lake.
func (s Stage) writes() bool { return s == Land || s == Commit || s == Merge }

func (w Work) runID() string { return cmp.Or(w.Run, "run") }

// commit makes what was written rows of the table.
func (w Work) commit(ctx context.Context, to *warehouse, parts [][]byte) (err error) {
	switch w.Until {
	case Commit:
		_, err = to.lake.Commit(ctx, to.table, w.runID(), ingest.Append, each(parts))
	case Merge:
		_, err = to.lake.Merge(ctx, to.table, w.runID(), lake.Merge{Key: []string{"identifier"}, Order: []string{"updated_at"}}, each(parts))
	}
	if err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

func each(parts [][]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, part := range parts {
			if !yield(part, nil) {
				return
			}
		}
	}
}

// TableCounts are what Count finds.
type TableCounts struct {
	Rows   int64 `json:"rows"`
	Marked int64 `json:"marked"` // with the wanted plan
}

// Count counts the rows of the table in a directory, less what deletes hide, and those with a plan.
func Count(ctx context.Context, dir, plan string) (found TableCounts, err error) {
	opened, err := OpenLake(ctx, dir)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	for batch, err := range opened.Scan(ctx, Table, []string{"plan"}, -1) {
		if err != nil {
			return found, fmt.Errorf("reading the table: %w", err)
		}
		plans := batch.Column(0).(*array.String)
		for i := range plans.Len() {
			if plans.IsValid(i) && plans.Value(i) == plan {
				found.Marked++
			}
		}
		found.Rows += batch.NumRows()
	}
	return found, nil
}
