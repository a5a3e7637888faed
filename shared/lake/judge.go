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

// hearing begins one for what the merge is about. It is final if nothing else is compared after it.
func (m *merge) hearing(found *verdict, final bool) hearing {
	if m.All {
		return &registry{found: found, of: make(map[[16]byte][]position)}
	}
	return newJudge(found, m.KeepEqual, final)
}

// judge keeps the last row of each key.
type judge struct {
	found *verdict
	last  map[[16]byte]winner
	tied  map[[16]byte][]position // the claims that are equal to the last of their key, and that one
	equal bool                    // the table's row stays also if it is as great
	final bool                    // of equal claims the later wins; else it is left open which one does
}

type winner struct {
	at      position
	deletes bool
	order   string
}

func newJudge(found *verdict, equal, final bool) *judge {
	return &judge{found: found, last: make(map[[16]byte]winner), tied: make(map[[16]byte][]position), equal: equal, final: final}
}

func (j *judge) knows(key [16]byte) bool {
	_, met := j.last[key]
	return met
}

// hear takes a claim. The run's wins against an equal one of the table's, which come after all of the run's, unless
// the table's is to stay.
func (j *judge) hear(c claim) error {
	before, met := j.last[c.key]
	switch {
	case c.inTable:
		// The table's order is the run's first column, of which none begins like another.
		if met && (string(c.order) > before.order || j.equal && strings.HasPrefix(before.order, string(c.order))) {
			j.supersede(c.key, before)
		}
		return nil
	case met && string(c.order) < before.order:
		j.found.supersede(c.at)
		return nil
	case met && string(c.order) == before.order:
		if j.final {
			j.found.supersede(before.at)
		} else {
			j.tie(c.key, before.at, c.at)
		}
		before.at, before.deletes = c.at, c.deletes
		j.last[c.key] = before
		return nil
	case met:
		j.supersede(c.key, before)
	}
	j.last[c.key] = winner{at: c.at, deletes: c.deletes, order: string(c.order)}
	return nil
}

func (j *judge) tie(key [16]byte, before, at position) {
	if len(j.tied[key]) == 0 {
		j.tied[key] = append(j.tied[key], before)
	}
	j.tied[key] = append(j.tied[key], at)
}

// supersede leaves out the last claim of the key, and those that are equal to it.
func (j *judge) supersede(key [16]byte, last winner) {
	j.found.supersede(last.at)
	for _, at := range j.tied[key] {
		j.found.supersede(at)
	}
	delete(j.tied, key)
}

// close hides the rows that delete their key, and says which rows are tied.
func (j *judge) close() {
	for key, last := range j.last {
		if last.deletes && len(j.tied[key]) == 0 {
			j.found.hide[last.at.file].add(last.at.row)
		}
	}
	for _, equal := range j.tied {
		for _, at := range equal {
			j.found.tied[at.file].add(at.row)
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
