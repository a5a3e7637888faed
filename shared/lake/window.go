package lake

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// window holds rows in memory until they are put into the order of their partitions.
type window struct {
	schema  *arrow.Schema
	columns []held
	numbers []uint32 // of the rows' partitions
}

// Bounds of a batch that comes of a window.
const (
	batchRows  = 8192
	batchBytes = 1 << 20
)

// bytesPerRow is what a row takes beside its values: the number of its partition, and its place.
const bytesPerRow = 8

func newWindow(schema *arrow.Schema) *window {
	w := &window{schema: schema, columns: make([]held, schema.NumFields())}
	for i, field := range schema.Fields() {
		w.columns[i] = newHeld(field.Type)
	}
	return w
}

func (w *window) add(batch arrow.RecordBatch, numbers []uint32) {
	for i := range w.columns {
		w.columns[i].add(batch.Column(i))
	}
	w.numbers = append(w.numbers, numbers...)
}

func (w *window) bytes() int64 {
	total := int64(len(w.numbers)) * bytesPerRow
	for i := range w.columns {
		total += w.columns[i].bytes()
	}
	return total
}

func (w *window) clear() {
	w.numbers = w.numbers[:0]
	for i := range w.columns {
		w.columns[i].clear()
	}
}

// sorted puts the rows in the order of their partitions, of which there are so many, and rows of one in the order in
// which they came. It is valid until the window is cleared.
func (w *window) sorted(partitions int) *sorted {
	starts := make([]uint32, partitions+1)
	for _, n := range w.numbers {
		starts[n+1]++
	}
	s := &sorted{}
	for n := range partitions {
		if rows := starts[n+1]; rows > 0 {
			s.spans = append(s.spans, span{partition: uint32(n), rows: rows})
		}
		starts[n+1] += starts[n]
	}
	order := make([]uint32, len(w.numbers))
	for row, n := range w.numbers {
		order[starts[n]] = uint32(row)
		starts[n]++
	}
	step := w.step()
	s.next = func() (arrow.RecordBatch, error) {
		some := order[:min(step, len(order))]
		order = order[len(some):]
		return w.pick(some), nil
	}
	return s
}

// step is how many rows make a batch.
func (w *window) step() int {
	if len(w.numbers) == 0 {
		return batchRows
	}
	return int(max(1, min(batchRows, batchBytes/(w.bytes()/int64(len(w.numbers))))))
}

func (w *window) pick(rows []uint32) arrow.RecordBatch {
	columns := make([]arrow.Array, len(w.columns))
	for i := range w.columns {
		columns[i] = w.columns[i].pick(rows)
	}
	defer release(columns)
	return array.NewRecordBatch(w.schema, columns, int64(len(rows)))
}

func release(columns []arrow.Array) {
	for _, column := range columns {
		column.Release()
	}
}

// span is a stretch of rows of one partition.
type span struct{ partition, rows uint32 }

// sorted is rows in the order of their partitions.
type sorted struct {
	spans []span                            // what is left, in order
	next  func() (arrow.RecordBatch, error) // the rows, to be released
	batch arrow.RecordBatch                 // at hand
	at    int64                             // its first row that is left
}

// take hands on the rows of the partition, if they are next.
func (s *sorted) take(partition uint32, do func(arrow.RecordBatch) error) error {
	if len(s.spans) == 0 || s.spans[0].partition != partition {
		return nil
	}
	left := int64(s.spans[0].rows)
	s.spans = s.spans[1:]
	for left > 0 {
		if err := s.fetch(); err != nil {
			return err
		}
		end := min(s.at+left, s.batch.NumRows())
		some := s.batch.NewSlice(s.at, end)
		err := do(some)
		some.Release()
		if err != nil {
			return err
		}
		left, s.at = left-(end-s.at), end
	}
	return nil
}

// fetch makes the batch at hand one that has rows left.
func (s *sorted) fetch() error {
	for s.batch == nil || s.at == s.batch.NumRows() {
		s.release()
		next, err := s.next()
		if err != nil {
			return err
		}
		s.batch = next
	}
	return nil
}

func (s *sorted) release() {
	if s.batch != nil {
		s.batch.Release()
	}
	s.batch, s.at = nil, 0
}
