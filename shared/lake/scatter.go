package lake

import (
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/lake/datafile"
)

// scatter writes rows of few partitions. Each has an encoder, which takes its rows right out of the batches, and a
// temporary file for what is encoded: rows are copied once, and an upload, which holds more memory than all else, is
// made of one file at a time. Encoders hold so many bytes of rows together; then the fullest ends its row group.
//
// When there turn out to be more partitions, each with few rows, the rows that follow are sorted instead: see fanout.
type scatter struct {
	out      *output
	divider  *divider
	lanes    []*lane // by the partition's number; nil: nothing written
	rows     [][]int32
	scratch  datafile.Scratch
	most     int // lanes
	atOnce   int64
	mostDisk int64
	sorted   *fanout // not nil: of the rows that follow
}

// lane is the data file at hand of a partition.
type lane struct {
	spool   *spool
	bytes   countingWriter
	encoder *datafile.Encoder
}

func newScatter(tbl *table.Table, columns *layout, out *output, l *Lake) (*scatter, error) {
	divider, err := newDivider(tbl.Spec(), columns)
	if err != nil {
		return nil, err
	}
	return &scatter{out: out, divider: divider, most: l.openPartitions, atOnce: l.holdBytes, mostDisk: l.spillBytes}, nil
}

func (s *scatter) write(batch arrow.RecordBatch) error {
	if s.sorted != nil {
		return s.sorted.write(batch)
	}
	numbers := s.divider.divide(batch)
	if len(s.divider.tuples) > s.most {
		if err := s.finish(); err != nil {
			return err
		}
		s.sorted = newFanout(s.divider, s.out, s.atOnce, s.mostDisk)
		return s.sorted.write(batch)
	}
	for len(s.lanes) < len(s.divider.tuples) {
		s.lanes, s.rows = append(s.lanes, nil), append(s.rows, nil)
	}
	for row, number := range numbers {
		s.rows[number] = append(s.rows[number], int32(row))
	}
	for number, rows := range s.rows {
		if len(rows) == 0 {
			continue
		}
		s.rows[number] = rows[:0]
		if err := s.add(number, batch, rows); err != nil {
			return err
		}
	}
	return s.keepBounds()
}

func (s *scatter) add(number int, batch arrow.RecordBatch, rows []int32) error {
	to := s.lanes[number]
	if to == nil {
		var err error
		if to, err = s.open(); err != nil {
			return err
		}
		s.lanes[number] = to
	}
	if err := to.encoder.WriteRows(batch, rows); err != nil {
		return err
	}
	if to.bytes.bytes+to.encoder.Buffered() >= s.out.target {
		return s.endFile(number)
	}
	return nil
}

func (s *scatter) open() (*lane, error) {
	spool, err := newSpool()
	if err != nil {
		return nil, err
	}
	to := &lane{spool: spool, bytes: countingWriter{out: spool}}
	if to.encoder, err = datafile.New(&to.bytes, s.out.schema, datafile.Options{Scratch: &s.scratch}); err != nil {
		return nil, errors.Join(err, spool.close())
	}
	return to, nil
}

// keepBounds ends row groups when encoders hold too much, and files when the temporary files do.
func (s *scatter) keepBounds() error {
	var fullest *lane
	held, written := int64(0), int64(0)
	for _, to := range s.lanes {
		if to == nil {
			continue
		}
		written += to.bytes.bytes
		held += to.encoder.Buffered()
		if fullest == nil || to.encoder.Buffered() > fullest.encoder.Buffered() {
			fullest = to
		}
	}
	if written >= s.mostDisk {
		return s.finish()
	}
	if held >= s.atOnce {
		return fullest.encoder.Flush()
	}
	return nil
}

func (s *scatter) endFile(number int) error {
	done := s.lanes[number]
	s.lanes[number] = nil
	stats, err := done.encoder.Close()
	if err == nil {
		err = s.out.copy(s.divider.partition(number), stats, done.spool)
	}
	return errors.Join(err, done.spool.close())
}

// finish ends all files.
func (s *scatter) finish() error {
	for number, to := range s.lanes {
		if to == nil {
			continue
		}
		if err := s.endFile(number); err != nil {
			return err
		}
	}
	return nil
}

func (s *scatter) end() error {
	if s.sorted != nil {
		return s.sorted.end()
	}
	return s.finish()
}

// close lets go of the temporary files. It may be called again.
func (s *scatter) close() error {
	var errs []error
	for number, to := range s.lanes {
		if to != nil {
			errs = append(errs, to.spool.close())
			s.lanes[number] = nil
		}
	}
	if s.sorted != nil {
		errs = append(errs, s.sorted.close())
	}
	return errors.Join(errs...)
}
