package quarantine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// reader reads quarantined rows as if from their source.
type reader struct {
	rows   *ipc.Reader
	next   func() (Line, error, bool)
	stop   func()
	line   Line // of the next row, if peeked
	peeked bool
	batch  arrow.RecordBatch // nil at first, and at the end
	used   int64             // rows of batch that have been returned
	at     int64             // rows that have been returned in all
	closed bool
}

var _ source.Reader = (*reader)(nil)

// NewReader reads the rows of a part that are in quarantine, from a checkpoint on: in
// the columns of the source that the run read, each with the place in the source that it is from.
// The objects are those of one Writer, and are held against each other before
// the first row. fault.QuarantineEmpty when no line has a row.
func NewReader(lines, rows []byte, key Key, from source.Checkpoint) (source.Reader, error) {
	if len(rows) == 0 {
		return nil, fault.New(fault.QuarantineEmpty, "none of the rows was kept")
	}
	skip, err := offset(from)
	if err != nil {
		return nil, err
	}
	r := &reader{}
	r.next, r.stop = iter.Pull2(Lines(bytes.NewReader(lines)))
	if err := r.open(lines, rows, key, skip); err != nil {
		_ = r.Close() // what failed has been said
		return nil, err
	}
	return r, nil
}

// offset is what a checkpoint says: the number of rows before it.
func offset(at source.Checkpoint) (int64, error) {
	if at == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(at), 10, 64)
	if err != nil || n < 0 {
		return 0, fault.New(fault.WorkerInvalidCall, "the checkpoint is not one of a quarantine")
	}
	return n, nil
}

func (r *reader) open(lines, rows []byte, key Key, skip int64) error {
	first, err := r.peek()
	if err != nil {
		return err
	}
	digest := sha256.Sum256(lines)
	for _, read := range []func(io.Reader) error{drain, r.start} { // all of it is genuine before any of it counts
		opened, err := newOpener(key, first.Split, rows, digest[:])
		if err != nil {
			return err
		}
		if err := read(opened); err != nil {
			return err
		}
	}
	return r.skip(skip)
}

func drain(from io.Reader) error {
	_, err := io.Copy(io.Discard, from)
	return err
}

func (r *reader) start(from io.Reader) (err error) {
	if r.rows, err = ipc.NewReader(from); err != nil {
		return fmt.Errorf("opening quarantined rows: %w", err)
	}
	return nil
}

// skip passes over rows that have been returned before.
func (r *reader) skip(rows int64) error {
	for r.at < rows {
		more, err := r.fill()
		if err != nil {
			return err
		}
		if !more {
			return fault.New(fault.WorkerInvalidCall, "the checkpoint is beyond the end of the quarantine")
		}
		if _, err := r.peek(); err != nil {
			return err
		}
		r.take()
	}
	return nil
}

// fill makes batch one that has rows left; false at the end.
func (r *reader) fill() (bool, error) {
	for r.batch == nil || r.used == r.batch.NumRows() {
		batch, err := r.rows.Read()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("reading quarantined rows: %w", err)
		}
		r.batch, r.used = batch, 0 // the IPC reader releases it with its next one
	}
	return true, nil
}

// peek returns the line of the next row.
func (r *reader) peek() (Line, error) {
	for !r.peeked {
		line, err, ok := r.next()
		switch {
		case err != nil:
			return Line{}, err
		case !ok:
			return Line{}, damaged("it has fewer lines than rows")
		}
		r.line, r.peeked = line, line.Replayable
	}
	return r.line, nil
}

// take goes on to the row after the next one.
func (r *reader) take() {
	r.used++
	r.at++
	r.peeked = false
}

// Schema is the schema of the source's columns, as the run read them.
func (r *reader) Schema() *arrow.Schema { return r.rows.Schema() }

// Next returns the next rows that are from one part of the source.
func (r *reader) Next(ctx context.Context) (source.Batch, error) {
	if err := ctx.Err(); err != nil {
		return source.Batch{}, err
	}
	more, err := r.fill()
	if err != nil {
		return source.Batch{}, err
	}
	if !more {
		return source.Batch{}, io.EOF
	}
	first, err := r.peek()
	if err != nil {
		return source.Batch{}, err
	}
	start := r.used
	var origins []int64
	for r.used < r.batch.NumRows() {
		line, err := r.peek()
		if err != nil {
			return source.Batch{}, err
		}
		if line.From != first.From {
			break
		}
		origins = append(origins, line.Origin)
		r.take()
	}
	return source.Batch{
		Record: r.batch.NewSlice(start, r.used), Part: first.From, Origins: origins,
		After: source.Checkpoint(strconv.FormatInt(r.at, 10)),
	}, nil
}

// Close releases what was read. A second Close is a no-op.
func (r *reader) Close() error {
	r.stop()
	if r.rows != nil && !r.closed {
		r.closed = true
		r.rows.Release()
	}
	return nil
}
