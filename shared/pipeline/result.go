package pipeline

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// Result is what a batch became: every row that came in is in Record, in
// Rejects, or counted in Filtered.
type Result struct {
	Record   arrow.RecordBatch // has no rows when none is left
	Rejects  []Rejected        // in the order of the rows, the reader's first
	Rejected arrow.RecordBatch // the source's columns of those Rejects that have a row, in their order; nil when none has
	Filtered int64             // rows for which the filter does not hold
	Flagged  int64             // of Record, rows with true in the flag
	Nameless int64             // of Rejects, rows that lack an identifier
}

// Release frees the records' memory. The zero Result has none.
func (r Result) Release() {
	for _, record := range []arrow.RecordBatch{r.Record, r.Rejected} {
		if record != nil {
			record.Release()
		}
	}
}

// Cursor is the greatest cursor of the rows that passed the filter, rejected ones
// among them, since the last ResetTotals, as source.Literal takes it; empty when none had one.
func (m *Mapper) Cursor() string {
	if m.cursor == nil {
		return ""
	}
	return m.cursor.greatest()
}

// Windows are the rows that the reader delivered, by window, the last one of
// those without a value, since the last ResetTotals; nil without WithWindows. It is
// what the source counts of the same plan: also rows that the filter here leaves out, which
// the plan did not, and not those that the reader itself rejected, whose values nobody knows.
func (m *Mapper) Windows() []int64 {
	if m.windows == nil {
		return nil
	}
	return slices.Clone(m.windows.counts)
}

// ResetTotals makes Cursor and Windows begin anew.
func (m *Mapper) ResetTotals() {
	if m.cursor != nil {
		m.cursor.reset()
	}
	if m.windows != nil {
		clear(m.windows.counts)
	}
}
