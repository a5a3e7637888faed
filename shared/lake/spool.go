package lake

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

// spool is a data file in the making, in a temporary file that has no name: however the process ends, nothing is left
// of it.
type spool struct {
	*bufio.Writer
	file *os.File
}

const spoolBuffer = 32 << 10

func newSpool() (*spool, error) {
	file, err := nameless("headwater-file-*")
	if err != nil {
		return nil, err
	}
	return &spool{Writer: bufio.NewWriterSize(file, spoolBuffer), file: file}, nil
}

// nameless opens a temporary file and takes its name away.
func nameless(pattern string) (*os.File, error) {
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return nil, fmt.Errorf("creating a temporary file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close() // the failure that came before is the one to report
		return nil, fmt.Errorf("unlinking a temporary file: %w", err)
	}
	return file, nil
}

// copyTo writes all that was written to the spool.
func (s *spool) copyTo(out io.Writer) error {
	if err := s.Flush(); err != nil {
		return fmt.Errorf("writing a temporary file: %w", err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading a temporary file: %w", err)
	}
	if _, err := io.Copy(out, s.file); err != nil {
		return fmt.Errorf("copying a temporary file: %w", err)
	}
	return nil
}

func (s *spool) close() error { return s.file.Close() }
