package quarantine

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/pipeline"
)

// A few rows at a time come to be written; together they pack better.
const (
	packRows  = 4096
	packBytes = 1 << 20
)

// Writer makes the two objects of one part of a split, in memory: its user ends
// the part when Len is large enough. It is dropped without more ado.
type Writer struct {
	key   Key
	split int

	out   bytes.Buffer
	zip   *gzip.Writer
	lines *json.Encoder
	count int64
	data  []byte // scratch of what a value is bound to

	rows    *ipc.Writer
	sealer  *sealer
	pending []arrow.RecordBatch
	packed  int64 // rows of pending
	bytes   int64 // and their size
}

// NewWriter writes the rejected rows of a part of a split.
func NewWriter(key Key, split int) *Writer { return &Writer{key: key, split: split} }

// Write adds rejected rows. Those that HasRow have theirs in rows, in the same order; rows may
// be nil when none has. Every call's rows have the same schema. It keeps no reference to what it was given but rows, until it is closed.
func (w *Writer) Write(rejected []pipeline.Rejected, rows arrow.RecordBatch) error {
	var have int64
	for _, r := range rejected {
		if err := w.line(r); err != nil {
			return fmt.Errorf("writing quarantined rows: %w", err)
		}
		if r.HasRow {
			have++
		}
	}
	switch {
	case rows == nil && have == 0, rows != nil && rows.NumRows() == 0 && have == 0:
		return nil
	case rows == nil || rows.NumRows() != have:
		return errors.New("writing quarantined rows: the rows are not those of the rejections")
	}
	return w.keep(rows)
}

func (w *Writer) line(r pipeline.Rejected) error {
	if w.zip == nil {
		w.zip = gzip.NewWriter(&w.out)
		w.lines = json.NewEncoder(w.zip)
		w.lines.SetEscapeHTML(false)
	}
	l := Line{
		RowKey: text(r.RowKey), Split: w.split, From: text(r.From), Origin: r.Origin,
		Rule: text(r.Rule), Column: text(r.Column), Reason: text(r.Reason), Replayable: r.HasRow, number: w.count,
	}
	if r.Value != "" {
		w.data = l.bound(w.data[:0], w.key)
		l.Value = base64.StdEncoding.EncodeToString(seal(w.key.aead, nil, []byte(r.Value), w.data))
	}
	w.count++
	return w.lines.Encode(l)
}

func (w *Writer) keep(rows arrow.RecordBatch) error {
	if w.rows == nil {
		w.sealer = newSealer(w.key, w.split)
		w.rows = ipc.NewWriter(w.sealer, ipc.WithSchema(rows.Schema()), ipc.WithLZ4())
	}
	rows.Retain()
	w.pending = append(w.pending, rows)
	w.packed += rows.NumRows()
	for _, column := range rows.Columns() {
		w.bytes += int64(column.Data().SizeInBytes())
	}
	if w.packed < packRows && w.bytes < packBytes {
		return nil
	}
	return w.pack()
}

// pack writes what is pending as one batch.
func (w *Writer) pack() error {
	if len(w.pending) == 0 {
		return nil
	}
	defer w.drop()
	columns := make([]arrow.Array, w.pending[0].NumCols())
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.Release()
			}
		}
	}()
	for n := range columns {
		pieces := make([]arrow.Array, len(w.pending))
		for i, batch := range w.pending {
			pieces[i] = batch.Column(n)
		}
		var err error
		if columns[n], err = array.Concatenate(pieces, memory.DefaultAllocator); err != nil {
			return fmt.Errorf("packing quarantined rows: %w", err)
		}
	}
	batch := array.NewRecordBatch(w.pending[0].Schema(), columns, w.packed)
	defer batch.Release()
	if err := w.rows.Write(batch); err != nil {
		return fmt.Errorf("writing quarantined rows: %w", err)
	}
	return nil
}

func (w *Writer) drop() {
	for _, batch := range w.pending {
		batch.Release()
	}
	w.pending, w.packed, w.bytes = nil, 0, 0
}

// Rows is how many rows have been written; 0 means that there are no objects.
func (w *Writer) Rows() int64 { return w.count }

// Len is about how many bytes the objects have so far, which are in memory.
func (w *Writer) Len() int {
	n := w.out.Len() + int(w.bytes)
	if w.sealer != nil {
		n += w.sealer.sealed.Len()
	}
	return n
}

// Close returns the objects: the lines, nil when nothing was written, and the rows, nil when no line has one.
func (w *Writer) Close() (lines, rows []byte, err error) {
	if w.zip == nil {
		return nil, nil, nil
	}
	defer w.drop()
	if err := w.zip.Close(); err != nil {
		return nil, nil, fmt.Errorf("ending quarantined lines: %w", err)
	}
	lines = w.out.Bytes()
	if w.rows == nil {
		return lines, nil, nil
	}
	if err := errors.Join(w.pack(), w.rows.Close()); err != nil {
		return nil, nil, fmt.Errorf("ending quarantined rows: %w", err)
	}
	digest := sha256.Sum256(lines)
	return lines, w.sealer.close(digest[:]), nil
}
