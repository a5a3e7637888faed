package dataset

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// encoder writes rows in one format. Close ends the file but does not close what is below.
type encoder interface {
	Write(r *row) error
	Close() error
}

// breaker is an encoder whose format can hold unreadable lines.
type breaker interface {
	encoder
	kinds() [2]Mess
	// Break writes r as a broken line of the given kind.
	Break(r *row, kind Mess) error
}

func newEncoder(opts Options, t *table, w io.Writer) (encoder, error) {
	if opts.Format == Parquet {
		return newParquet(t, opts.Compression, w)
	}
	var compressed io.WriteCloser
	switch opts.Compression {
	case Gzip:
		compressed = gzip.NewWriter(w)
	case Zstd:
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("opening zstd: %w", err)
		}
		compressed = z
	}
	text := &lines{below: w, compressed: compressed, table: t}
	if compressed != nil {
		text.below = compressed
	}
	if opts.Format == CSV {
		text.style = csvStyle{}
	} else {
		text.style = newJSONStyle(t)
	}
	text.buf = text.style.header(text.buf, t)
	return text, nil
}

// style is a line-oriented format. Its methods append to dst, line feed included.
type style interface {
	header(dst []byte, t *table) []byte
	line(dst []byte, t *table, r *row) []byte
	kinds() [2]Mess
	broken(dst []byte, t *table, r *row, kind Mess) []byte
}

// lines gathers lines and hands them down in blocks.
type lines struct {
	style
	table      *table
	below      io.Writer
	compressed io.Closer // nil for plain
	buf        []byte
}

const block = 128 << 10

func (l *lines) Write(r *row) error {
	l.buf = l.line(l.buf, l.table, r)
	return l.flush(block)
}

func (l *lines) Break(r *row, kind Mess) error {
	l.buf = l.broken(l.buf, l.table, r, kind)
	return l.flush(block)
}

func (l *lines) Close() error {
	err := l.flush(0)
	if l.compressed != nil {
		err = errors.Join(err, l.compressed.Close())
	}
	return err
}

func (l *lines) flush(from int) error {
	if len(l.buf) < from {
		return nil
	}
	_, err := l.below.Write(l.buf)
	l.buf = l.buf[:0]
	return err
}

// appendTime writes a timestamp column's microseconds in RFC 3339, with milliseconds where there are any.
func appendTime(dst []byte, micros int64) []byte {
	return time.UnixMicro(micros).UTC().AppendFormat(dst, time.RFC3339Nano)
}

// appendDate writes a date column's days in ISO 8601.
func appendDate(dst []byte, days int64) []byte {
	return time.Unix(days*24*60*60, 0).UTC().AppendFormat(dst, time.DateOnly)
}
