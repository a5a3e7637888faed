package lake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// spill is sorted rows in a temporary file that has no name: however the process ends, nothing is left of it.
type spill struct {
	*sorted
	file  *os.File
	bytes int64
}

const spillBuffer = 256 << 10

// newSpill writes rows to a file.
func newSpill(schema *arrow.Schema, rows *sorted) (s *spill, err error) {
	s = &spill{sorted: &sorted{spans: rows.spans}}
	if s.file, err = nameless("headwater-rows-*"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.file.Close())
		}
	}()
	if err := s.write(schema, rows); err != nil {
		return nil, fmt.Errorf("writing rows to a temporary file: %w", err)
	}
	if s.bytes, err = s.file.Seek(0, io.SeekCurrent); err != nil {
		return nil, fmt.Errorf("measuring a temporary file: %w", err)
	}
	if err := s.rewind(); err != nil {
		return nil, fmt.Errorf("reading a temporary file: %w", err)
	}
	return s, nil
}

func (s *spill) write(schema *arrow.Schema, rows *sorted) error {
	buffer := bufio.NewWriterSize(s.file, spillBuffer)
	out := ipc.NewWriter(buffer, ipc.WithSchema(schema))
	left := int64(0)
	for _, one := range rows.spans {
		left += int64(one.rows)
	}
	for left > 0 {
		batch, err := rows.next()
		if err != nil {
			return err
		}
		left -= batch.NumRows()
		err = out.Write(batch)
		batch.Release()
		if err != nil {
			return err
		}
	}
	return errors.Join(out.Close(), buffer.Flush())
}

// rewind makes next read the file from its beginning.
func (s *spill) rewind() error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var in *ipc.Reader
	s.next = func() (_ arrow.RecordBatch, err error) {
		if in == nil { // a reader holds memory: none for those that wait to be read
			if in, err = ipc.NewReader(bufio.NewReader(s.file)); err != nil {
				return nil, fmt.Errorf("reading a temporary file: %w", err)
			}
		}
		batch, err := in.Read()
		if err != nil {
			return nil, fmt.Errorf("reading a temporary file: %w", err)
		}
		batch.Retain()
		return batch, nil
	}
	return nil
}

func (s *spill) close() error {
	s.release()
	return s.file.Close()
}
