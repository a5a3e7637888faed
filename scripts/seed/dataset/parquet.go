package dataset

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// groupRows keeps memory bounded, and row groups small enough to be splits of their own.
const groupRows = 50_000

// parquetFile writes row groups of groupRows rows, every column optional.
type parquetFile struct {
	writer  *pqarrow.FileWriter
	builder *array.RecordBuilder
	appends []func(*cell)
	rows    int // in the builder
}

func newParquet(t *table, compression Compression, w io.Writer) (*parquetFile, error) {
	codec := map[Compression]compress.Compression{
		Plain: compress.Codecs.Uncompressed, Gzip: compress.Codecs.Gzip, Zstd: compress.Codecs.Zstd,
	}[compression]
	fields := make([]arrow.Field, len(t.columns))
	for n, c := range t.columns {
		fields[n] = arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	// The writer would close an io.Closer; w is the caller's.
	writer, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{w},
		parquet.NewWriterProperties(parquet.WithCompression(codec)), pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, fmt.Errorf("opening parquet: %w", err)
	}
	p := &parquetFile{writer: writer, builder: array.NewRecordBuilder(memory.NewGoAllocator(), schema)}
	for _, b := range p.builder.Fields() {
		p.appends = append(p.appends, appender(b))
	}
	return p, nil
}

func arrowType(t Type) arrow.DataType {
	switch t {
	case Int:
		return arrow.PrimitiveTypes.Int64
	case Float:
		return arrow.PrimitiveTypes.Float64
	case Bool:
		return arrow.FixedWidthTypes.Boolean
	case Timestamp:
		return arrow.FixedWidthTypes.Timestamp_us
	case Date:
		return arrow.FixedWidthTypes.Date32
	}
	return arrow.BinaryTypes.String
}

func appender(b array.Builder) func(*cell) {
	switch b := b.(type) {
	case *array.Int64Builder:
		return func(c *cell) { b.Append(c.num) }
	case *array.Float64Builder:
		return func(c *cell) { b.Append(c.real) }
	case *array.BooleanBuilder:
		return func(c *cell) { b.Append(c.num != 0) }
	case *array.TimestampBuilder:
		return func(c *cell) { b.Append(arrow.Timestamp(c.num)) }
	case *array.Date32Builder:
		return func(c *cell) { b.Append(arrow.Date32(c.num)) }
	}
	text := b.(*array.StringBuilder)
	return func(c *cell) { text.BinaryBuilder.Append(c.text) }
}

func (p *parquetFile) Write(r *row) error {
	for n := range r.cells {
		if c := &r.cells[n]; c.null {
			p.builder.Field(n).AppendNull()
		} else {
			p.appends[n](c)
		}
	}
	if p.rows++; p.rows == groupRows {
		return p.flush()
	}
	return nil
}

func (p *parquetFile) flush() error {
	batch := p.builder.NewRecordBatch()
	defer batch.Release()
	if err := p.writer.Write(batch); err != nil {
		return fmt.Errorf("writing row group: %w", err)
	}
	p.rows = 0
	return nil
}

func (p *parquetFile) Close() error {
	defer p.builder.Release()
	var err error
	if p.rows > 0 {
		err = p.flush()
	}
	return errors.Join(err, p.writer.Close())
}
