package lake

import (
	"context"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// hearing takes the claims of a run, in the order of files and rows, and then those of the table to the same keys.
type hearing interface {
	hear(c claim) error
	knows(key [16]byte) bool // whether a row of the run has the key
	close()
}

// hearing begins one for what the merge is about.
func (m *merge) hearing(found *verdict) hearing {
	if m.All {
		return &registry{found: found, of: make(map[[16]byte][]position)}
	}
	return newJudge(found, m.KeepEqual)
}

// judge keeps the last row of each key.
type judge struct {
	found *verdict
	last  map[[16]byte]winner
	equal bool // the table's row stays also if it is as great
}

type winner struct {
	at      position
	deletes bool
	order   string
}

func newJudge(found *verdict, equal bool) *judge {
	return &judge{found: found, last: make(map[[16]byte]winner), equal: equal}
}

func (j *judge) knows(key [16]byte) bool {
	_, met := j.last[key]
	return met
}

// hear takes a claim. Of equal ones the later wins, and the run's against the
// table's, which come after all of the run's.
func (j *judge) hear(c claim) error {
	before, met := j.last[c.key]
	switch {
	case c.inTable:
		// The table's order is the run's first column, of which none begins like another.
		if met && (string(c.order) > before.order || j.equal && strings.HasPrefix(before.order, string(c.order))) {
			j.found.supersede(before.at)
		}
		return nil
	case met && string(c.order) < before.order:
		j.found.supersede(c.at)
		return nil
	case met && string(c.order) == before.order:
		j.found.supersede(before.at)
		before.at, before.deletes = c.at, c.deletes
		j.last[c.key] = before
		return nil
	case met:
		j.found.supersede(before.at)
	}
	j.last[c.key] = winner{at: c.at, deletes: c.deletes, order: string(c.order)}
	return nil
}

// close hides the rows that delete their key.
func (j *judge) close() {
	for _, last := range j.last {
		if last.deletes {
			j.found.hide[last.at.file].add(last.at.row)
		}
	}
}

// registry supersedes all rows of the keys that the table has.
type registry struct {
	found *verdict
	of    map[[16]byte][]position
}

func (r *registry) knows(key [16]byte) bool {
	_, met := r.of[key]
	return met
}

func (r *registry) hear(c claim) error {
	if !c.inTable {
		r.of[c.key] = append(r.of[c.key], c.at)
		return nil
	}
	for _, at := range r.of[c.key] {
		r.found.supersede(at)
	}
	delete(r.of, c.key)
	return nil
}

func (*registry) close() {}

// readColumns calls do with batches of the file's rows, in their order, with all
// columns where none is named. A batch is valid until do returns.
func readColumns(ctx context.Context, tbl *table.Table, file iceberg.DataFile, columns []string, do func(arrow.RecordBatch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options := []table.ScanOption{table.WithMaxConcurrency(1)}
	if len(columns) > 0 {
		options = append(options, table.WithSelectedFields(columns...))
	}
	_, batches, err := tbl.Scan(options...).
		ReadTasks(ctx, []table.FileScanTask{{File: file, Length: file.FileSizeBytes()}})
	if err != nil {
		return fmt.Errorf("opening a data file: %w", err)
	}
	for batch, err := range batches {
		if err != nil {
			return fmt.Errorf("reading a data file: %w", err)
		}
		err = do(batch)
		batch.Release()
		if err != nil {
			return err
		}
	}
	return nil
}
