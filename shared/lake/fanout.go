package lake

import (
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
)

// fanout writes rows of many partitions into few files, in memory that does not grow with the number of partitions: it
// sorts what fits in memory by partition, lets it wait in temporary files, and merges these. One data file is open at
// a time, and a partition has one for as many rows as fit in the temporary files. Rows that fit in memory go
// through no file.
type fanout struct {
	out      *output
	divider  *divider
	window   *window
	spills   []*spill
	spilled  int64
	atOnce   int64 // bytes in memory
	mostDisk int64 // bytes in temporary files
}

func newFanout(divider *divider, out *output, holdBytes, spillBytes int64) *fanout {
	return &fanout{out: out, divider: divider, window: newWindow(out.schema), atOnce: holdBytes, mostDisk: spillBytes}
}

func (f *fanout) write(batch arrow.RecordBatch) error {
	if batch.NumRows() == 0 {
		return nil
	}
	f.window.add(batch, f.divider.divide(batch))
	if f.window.bytes() < f.atOnce {
		return nil
	}
	if f.spilled >= f.mostDisk {
		return f.merge()
	}
	one, err := newSpill(f.window.schema, f.window.sorted(len(f.divider.tuples)))
	if err != nil {
		return err
	}
	f.spills, f.spilled = append(f.spills, one), f.spilled+one.bytes
	f.window.clear()
	return nil
}

func (f *fanout) end() error { return f.merge() }

// merge writes all that waits, partition by partition.
func (f *fanout) merge() error {
	last := f.window.sorted(len(f.divider.tuples))
	defer last.release()
	for number := range f.divider.tuples {
		partition := f.divider.partition(number)
		write := func(batch arrow.RecordBatch) error { return f.out.write(partition, batch) }
		for _, one := range f.spills {
			if err := one.take(uint32(number), write); err != nil {
				return err
			}
		}
		if err := last.take(uint32(number), write); err != nil {
			return err
		}
		if err := f.out.end(); err != nil {
			return err
		}
	}
	f.window.clear()
	return f.close()
}

// close lets go of the temporary files. It may be called again.
func (f *fanout) close() error {
	var errs []error
	for _, one := range f.spills {
		errs = append(errs, one.close())
	}
	f.spills, f.spilled = nil, 0
	return errors.Join(errs...)
}
