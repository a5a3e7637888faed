package pipeline

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// compact returns the mapped columns without the rejected rows. Rejects are few,
// so the rows between them are copied as blocks.
func (m *Mapper) compact(rows int) (arrow.RecordBatch, error) {
	kept := m.rejects.kept()
	if len(kept) == 0 {
		return m.none(), nil
	}
	columns := make([]arrow.Array, 0, len(m.mapped))
	defer func() {
		for _, column := range columns {
			column.Release()
		}
	}()
	for _, mapped := range m.mapped {
		column, err := concatenate(mapped, kept, m)
		if err != nil {
			return nil, err
		}
		columns = append(columns, column)
	}
	return array.NewRecordBatch(m.out, columns, int64(rows-len(m.rejects.found))), nil
}

// run is the rows from first to before end.
type run struct{ first, end int }

// kept lists the runs of rows between the rejected ones, which take has sorted.
func (r *rejects) kept() []run {
	var kept []run
	first := 0
	for _, f := range r.found {
		if f.row > first {
			kept = append(kept, run{first, f.row})
		}
		first = f.row + 1
	}
	if first < len(r.rows) {
		kept = append(kept, run{first, len(r.rows)})
	}
	return kept
}

func concatenate(column arrow.Array, kept []run, m *Mapper) (arrow.Array, error) {
	if len(kept) == 1 {
		return array.NewSlice(column, int64(kept[0].first), int64(kept[0].end)), nil
	}
	slices := make([]arrow.Array, len(kept))
	for i, k := range kept {
		slices[i] = array.NewSlice(column, int64(k.first), int64(k.end))
		defer slices[i].Release()
	}
	joined, err := array.Concatenate(slices, m.alloc)
	if err != nil {
		return nil, fmt.Errorf("joining the rows that are left: %w", err)
	}
	return joined, nil
}
