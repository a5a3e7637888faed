// Package datafile encodes Arrow record batches as one Parquet data file of an
// Iceberg table, and says of it what a manifest wants to know.
//
// It writes flat columns of the lake's types (see package schema) and nothing
// else, which is what makes it fast.
package datafile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// What an Encoder does when Options do not say.
const (
	DefaultRowGroupRows  = 131_072
	DefaultRowGroupBytes = 32 << 20
)

// Options say how a file is laid out. The zero value is good for a data file of the lake.
type Options struct {
	RowGroupRows  int   // a row group ends when it has so many rows; 0: DefaultRowGroupRows
	RowGroupBytes int64 // or when so many bytes are buffered; 0: DefaultRowGroupBytes
	ZstdLevel     int   // of zstd's own numbers, 1 to 22; 0: the encoder's choice
}

func (o Options) withDefaults() Options {
	if o.RowGroupRows == 0 {
		o.RowGroupRows = DefaultRowGroupRows
	}
	if o.RowGroupBytes == 0 {
		o.RowGroupBytes = DefaultRowGroupBytes
	}
	return o
}

var (
	errSchema = errors.New("the batch has other columns than the file")
	errClosed = errors.New("the encoder is closed")
)

// Encoder encodes one file. It buffers a row group, and writes it to the writer
// as a whole. It is for one goroutine. After an error the file is of no use.
type Encoder struct {
	options Options
	schema  *arrow.Schema
	columns []column
	to      *counter
	parquet *pqarrow.FileWriter
	rows    int64
	closed  bool
}

type counter struct {
	to    io.Writer
	bytes int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	return n, err
}

// New begins a file. in names its columns, each with its Iceberg field id in the
// metadata "PARQUET:field_id". The writer stays the caller's to close.
func New(to io.Writer, in *arrow.Schema, o Options) (*Encoder, error) {
	columns, err := columnsOf(in)
	if err != nil {
		return nil, err
	}
	e := &Encoder{options: o.withDefaults(), schema: in, columns: columns, to: &counter{to: to}}
	properties := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDictionaryDefault(false), parquet.WithStats(true),
		parquet.WithMaxRowGroupLength(int64(e.options.RowGroupRows)), parquet.WithDataPageSize(1 << 20), parquet.WithDataPageVersion(parquet.DataPageV2),
	}
	if o.ZstdLevel != 0 {
		properties = append(properties, parquet.WithCompressionLevel(o.ZstdLevel))
	}
	for _, c := range columns {
		properties = append(properties, parquet.WithEncodingFor(c.name, c.encoding()))
	}
	e.parquet, err = pqarrow.NewFileWriter(in, e.to, parquet.NewWriterProperties(properties...), pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, fmt.Errorf("opening the Parquet writer: %w", err)
	}
	return e, nil
}

// Write adds the rows of a batch. Nothing of the batch is kept after it returns.
func (e *Encoder) Write(batch arrow.RecordBatch) error {
	if e.closed {
		return errClosed
	}
	if err := e.admit(batch); err != nil {
		return err
	}
	if batch.NumRows() == 0 {
		return nil
	}
	if e.Buffered() >= e.options.RowGroupBytes {
		if err := e.parquet.NewBufferedRowGroupChecked(); err != nil {
			return fmt.Errorf("beginning a row group: %w", err)
		}
	}
	for i := range e.columns {
		e.columns[i].observe(batch.Column(i))
	}
	e.rows += batch.NumRows()
	if err := e.parquet.WriteBuffered(batch); err != nil {
		return fmt.Errorf("encoding a batch: %w", err)
	}
	return nil
}

// WriteRows adds some rows of a batch, in the order in which rows names them. It
// spares who spreads a batch over files a copy of it.
func (e *Encoder) WriteRows(batch arrow.RecordBatch, rows []int32) error {
	if e.closed {
		return errClosed
	}
	if err := e.admit(batch); err != nil {
		return err
	}
	picked := array.NewInt32Data(array.NewData(arrow.PrimitiveTypes.Int32, len(rows),
		[]*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(rows))}, nil, 0, 0))
	defer picked.Release()
	some, err := compute.Take(context.Background(), compute.TakeOptions{}, compute.NewDatumWithoutOwning(batch), compute.NewDatumWithoutOwning(picked))
	if err != nil {
		return fmt.Errorf("picking rows: %w", err)
	}
	defer some.Release()
	return e.Write(some.(*compute.RecordDatum).Value)
}

func (e *Encoder) admit(batch arrow.RecordBatch) error {
	if int(batch.NumCols()) != len(e.columns) {
		return errSchema
	}
	for i := range e.columns {
		c := &e.columns[i]
		arr := batch.Column(i)
		if !arrow.TypeEqual(arr.DataType(), c.dataType) {
			return fmt.Errorf("column %q is %s instead of %s: %w", c.name, arr.DataType(), c.dataType, errSchema)
		}
		if arr.NullN() > 0 && !c.nullable {
			return fmt.Errorf("column %q has nulls: %w", c.name, errSchema)
		}
	}
	return nil
}

// Buffered is how many bytes of rows wait in memory to be written.
func (e *Encoder) Buffered() int64 {
	if e.closed {
		return 0
	}
	return e.parquet.RowGroupTotalBytesWritten()
}

// Close writes what is buffered and the file's end. The writer is not closed.
func (e *Encoder) Close() (Stats, error) {
	if e.closed {
		return Stats{}, errClosed
	}
	e.closed = true
	if err := e.parquet.Close(); err != nil {
		return Stats{}, fmt.Errorf("ending the file: %w", err)
	}
	footer, err := e.parquet.FileMetadata()
	if err != nil {
		return Stats{}, fmt.Errorf("reading the footer: %w", err)
	}
	return e.stats(footer)
}
