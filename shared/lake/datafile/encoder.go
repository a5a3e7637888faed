// Package datafile encodes Arrow record batches as one Parquet data file of an
// Iceberg table, and says of it what a manifest wants to know.
//
// It writes flat columns of the lake's types (see package schema) and nothing
// else. Why it does so itself is in docs/adr/0009-pages-of-our-own.md.
package datafile

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// What an Encoder does when Options do not say.
const (
	DefaultRowGroupRows  = 131_072
	DefaultRowGroupBytes = 32 << 20
)

// Options say how a file is laid out. The zero value is good for a data file of the lake.
type Options struct {
	RowGroupRows  int   // a row group ends when it has so many rows; 0: DefaultRowGroupRows
	RowGroupBytes int64 // or when about so many bytes are buffered; 0: DefaultRowGroupBytes
	ZstdLevel     int   // of zstd's own numbers, 1 to 22; 0: 1

	// Scratch is shared by encoders that are open at the same time, on one
	// goroutine; nil: the encoder has its own.
	Scratch *Scratch
}

func (o Options) withDefaults() Options {
	if o.RowGroupRows == 0 {
		o.RowGroupRows = DefaultRowGroupRows
	}
	if o.RowGroupBytes == 0 {
		o.RowGroupBytes = DefaultRowGroupBytes
	}
	if o.Scratch == nil {
		o.Scratch = &Scratch{}
	}
	return o
}

var (
	errSchema = errors.New("the batch has other columns than the file")
	errClosed = errors.New("the encoder is closed")
)

// Encoder encodes one file. It buffers a row group and writes it column by column.
// It is for one goroutine. After an error the file is of no use.
type Encoder struct {
	options  Options
	fields   []field
	footer   *metadata.FileMetaDataBuilder
	to       *counter
	splits   []int64
	buffered int   // rows
	rows     int64 // of the file
	closed   bool
}

// New begins a file. in names its columns, each with its Iceberg field id in the
// metadata "PARQUET:field_id". The writer stays the caller's to close.
func New(to io.Writer, in *arrow.Schema, o Options) (*Encoder, error) {
	fields, err := fieldsOf(in)
	if err != nil {
		return nil, err
	}
	footer, err := newFooter(in)
	if err != nil {
		return nil, err
	}
	e := &Encoder{options: o.withDefaults(), fields: fields, footer: footer, to: &counter{to: to}}
	if _, err := io.WriteString(e.to, magic); err != nil {
		return nil, fmt.Errorf("beginning the file: %w", err)
	}
	return e, nil
}

// Write adds the rows of a batch. Nothing of the batch is kept after it returns.
func (e *Encoder) Write(batch arrow.RecordBatch) error {
	if err := e.admit(batch); err != nil {
		return err
	}
	run := e.options.Scratch.run()
	for first, left := 0, int(batch.NumRows()); left > 0; {
		n := min(left, e.room())
		if err := e.add(batch, selection{first: first, list: run[:n], run: true}); err != nil {
			return err
		}
		first, left = first+n, left-n
	}
	return nil
}

// WriteRows adds some rows of a batch, in the order in which rows names them. It
// spares who spreads a batch over files a copy of it.
func (e *Encoder) WriteRows(batch arrow.RecordBatch, rows []int32) error {
	if err := e.admit(batch); err != nil {
		return err
	}
	for len(rows) > 0 {
		n := min(len(rows), e.room())
		if err := e.add(batch, selection{list: rows[:n]}); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// room is how many rows may be buffered at once: with more, a row group would
// become larger than it may.
func (e *Encoder) room() int { return min(addedRows, e.options.RowGroupRows-e.buffered) }

func (e *Encoder) add(batch arrow.RecordBatch, rows selection) error {
	for i := range e.fields {
		e.fields[i].add(batch.Column(i), rows)
	}
	e.buffered += len(rows.list)
	if e.buffered == e.options.RowGroupRows || e.Buffered() >= e.options.RowGroupBytes {
		return e.flush()
	}
	return nil
}

// addedRows are buffered before the size of the row group is looked at.
const addedRows = 4096

func (e *Encoder) admit(batch arrow.RecordBatch) error {
	if e.closed {
		return errClosed
	}
	if int(batch.NumCols()) != len(e.fields) {
		return errSchema
	}
	for i := range e.fields {
		f := &e.fields[i]
		arr := batch.Column(i)
		if !arrow.TypeEqual(arr.DataType(), f.dataType) {
			return fmt.Errorf("column %q is %s instead of %s: %w", f.name, arr.DataType(), f.dataType, errSchema)
		}
		if arr.NullN() > 0 && !f.nullable {
			return fmt.Errorf("column %q has nulls: %w", f.name, errSchema)
		}
	}
	return nil
}

// Buffered is how many bytes of rows wait in memory to be written.
func (e *Encoder) Buffered() (bytes int64) {
	for i := range e.fields {
		bytes += e.fields[i].size()
	}
	return bytes
}

// Flush ends the row group, so that nothing is buffered.
func (e *Encoder) Flush() error {
	if e.closed {
		return errClosed
	}
	return e.flush()
}

func (e *Encoder) flush() error {
	if e.buffered == 0 {
		return nil
	}
	if err := e.options.Scratch.prepare(e.options.ZstdLevel); err != nil {
		return err
	}
	e.splits = append(e.splits, e.to.bytes)
	group := e.footer.AppendRowGroup()
	group.SetNumRows(e.buffered)
	p := pages{Scratch: e.options.Scratch, to: e.to}
	for i := range e.fields {
		f := &e.fields[i]
		nulls := f.absent()
		p.begin()
		f.encode(&p)
		if p.err != nil {
			return fmt.Errorf("writing a row group: %w", p.err)
		}
		f.bytes += p.chunk.info.CompressedSize
		f.nulls += int64(nulls)
		f.nans += p.chunk.nans
		if err := p.chunk.describe(group.NextColumnChunk(), nulls); err != nil {
			return err
		}
	}
	e.rows += int64(e.buffered)
	e.buffered = 0
	if err := group.Finish(0, int16(len(e.splits)-1)); err != nil {
		return fmt.Errorf("describing a row group: %w", err)
	}
	return nil
}

// Close writes what is buffered and the file's end. The writer is not closed.
func (e *Encoder) Close() (Stats, error) {
	if e.closed {
		return Stats{}, errClosed
	}
	e.closed = true
	if err := e.flush(); err != nil {
		return Stats{}, err
	}
	if err := e.writeFooter(); err != nil {
		return Stats{}, err
	}
	return e.stats(), nil
}
