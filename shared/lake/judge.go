package lake

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// judge hears claims in the order of files and rows and keeps the last of each key.
type judge struct {
	found *verdict
	last  map[[16]byte]winner
}

type winner struct {
	at      position
	deletes bool
	order   string
}

func newJudge(found *verdict) *judge { return &judge{found: found, last: make(map[[16]byte]winner)} }

// knows reports whether a row of the run has the key.
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
		if met && string(c.order) > before.order { // the table's order is the run's first column
			j.supersede(before.at)
		}
		return nil
	case met && string(c.order) < before.order:
		j.supersede(c.at)
		return nil
	case met && string(c.order) == before.order:
		j.supersede(before.at)
		before.at, before.deletes = c.at, c.deletes
		j.last[c.key] = before
		return nil
	case met:
		j.supersede(before.at)
	}
	j.last[c.key] = winner{at: c.at, deletes: c.deletes, order: string(c.order)}
	return nil
}

func (j *judge) supersede(at position) {
	j.found.superseded[at.file].add(at.row)
	j.found.hide[at.file].add(at.row)
}

// close hides the rows that delete their key.
func (j *judge) close() {
	for _, last := range j.last {
		if last.deletes {
			j.found.hide[last.at.file].add(last.at.row)
		}
	}
}

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
