package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/headwaterhq/headwater/scripts/bench/landing"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// stream is an Arrow IPC stream in a file, the form in which the warehouses deliver rows.
type stream struct {
	file    *os.File
	reader  *ipc.Reader
	schema  *arrow.Schema
	indices []int
}

var _ source.Reader = (*stream)(nil)

func openArrow(path string) (landing.Input, error) {
	s, err := newStream(path)
	if err != nil {
		return landing.Input{}, err
	}
	in := landing.Input{Table: schema.Table{Name: "profiles"}}
	for _, field := range s.reader.Schema().Fields() {
		t, err := typeOf(field.Type)
		if err != nil {
			return landing.Input{}, errors.Join(err, s.Close())
		}
		in.Table.Columns = append(in.Table.Columns, schema.Column{Name: field.Name, Type: t, Nullable: true})
	}
	in.Splits = append(in.Splits, func(_ context.Context, columns []string) (source.Reader, error) {
		return newStream(path, columns...)
	})
	return in, s.Close()
}

// newStream opens a stream of some columns, all when none is named.
func newStream(path string, columns ...string) (*stream, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the stream: %w", err)
	}
	reader, err := ipc.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the stream's schema: %w", err), f.Close())
	}
	s := &stream{file: f, reader: reader, schema: reader.Schema()}
	if len(columns) == 0 {
		return s, nil
	}
	var fields []arrow.Field
	for _, name := range columns {
		found := reader.Schema().FieldIndices(name)
		if len(found) == 0 {
			return nil, errors.Join(fmt.Errorf("the stream has no column %q", name), s.Close())
		}
		s.indices = append(s.indices, found[0])
		fields = append(fields, reader.Schema().Field(found[0]))
	}
	s.schema = arrow.NewSchema(fields, nil)
	return s, nil
}

func (s *stream) Schema() *arrow.Schema { return s.schema }

func (s *stream) Next(context.Context) (source.Batch, error) {
	record, err := s.reader.Read()
	if err == io.EOF { //nolint:errorlint // a wrapped EOF is no end
		return source.Batch{}, io.EOF
	}
	if err != nil {
		return source.Batch{}, fmt.Errorf("decoding a batch: %w", err)
	}
	if s.indices == nil {
		record.Retain()
		return source.Batch{Record: record}, nil
	}
	columns := make([]arrow.Array, len(s.indices))
	for i, index := range s.indices {
		columns[i] = record.Column(index)
	}
	return source.Batch{Record: array.NewRecordBatch(s.schema, columns, record.NumRows())}, nil
}

func (s *stream) Close() error {
	s.reader.Release()
	return s.file.Close()
}

func typeOf(t arrow.DataType) (schema.Type, error) {
	types := map[arrow.Type]schema.Type{
		arrow.STRING: schema.String, arrow.INT64: schema.Int64, arrow.FLOAT64: schema.Float64, arrow.BOOL: schema.Bool,
		arrow.TIMESTAMP: schema.Timestamp, arrow.DATE32: schema.Date,
	}
	if found, ok := types[t.ID()]; ok {
		return found, nil
	}
	return "", fmt.Errorf("the stream has a column of type %s", t)
}
