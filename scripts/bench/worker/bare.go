package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/headwaterhq/headwater/scripts/bench/landing"
	"github.com/headwaterhq/headwater/shared/lake/datafile"
)

// lakeFiles are the lake's table properties and, where it has none, the defaults of iceberg-go.
func lakeFiles(columns *arrow.Schema) *parquet.WriterProperties {
	properties := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithMaxRowGroupLength(131_072),
		parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithDataPageSize(1 << 20), parquet.WithBatchSize(20_000),
		parquet.WithDictionaryPageSizeLimit(2 << 20), parquet.WithStats(true),
	}
	for _, field := range columns.Fields() {
		properties = append(properties, parquet.WithDictionaryCostFallbackFor(field.Name, true))
	}
	return parquet.NewWriterProperties(properties...)
}

// sink is an encoder alone.
type sink interface {
	Write(batch arrow.RecordBatch) error
	Close() error
}

// openArrowGo is arrow-go's encoder with the lake's settings. It closes the file too.
func openArrowGo(to *os.File, columns *arrow.Schema) (sink, error) {
	writer, err := pqarrow.NewFileWriter(columns, to, lakeFiles(columns), pqarrow.DefaultWriterProps())
	return arrowGo{writer}, err
}

type arrowGo struct{ *pqarrow.FileWriter }

// Write encodes a batch into the current row group.
func (a arrowGo) Write(batch arrow.RecordBatch) error { return a.WriteBuffered(batch) }

// openOwn is the lake's own encoder.
func openOwn(to *os.File, columns *arrow.Schema) (sink, error) {
	fields := columns.Fields()
	for i := range fields {
		fields[i].Metadata = arrow.NewMetadata([]string{"PARQUET:field_id"}, []string{strconv.Itoa(i + 1)})
	}
	encoder, err := datafile.New(to, arrow.NewSchema(fields, nil), datafile.Options{})
	return own{encoder, to}, err
}

type own struct {
	*datafile.Encoder
	file *os.File
}

// Close ends the file.
func (o own) Close() error {
	_, err := o.Encoder.Close()
	return errors.Join(err, o.file.Close())
}

// reencode decodes an Arrow stream and encodes it again with nothing between: what the two cost alone.
func reencode(ctx context.Context, w landing.Work, open func(to *os.File, columns *arrow.Schema) (sink, error)) (found landing.Counts, err error) {
	from, err := newStream(w.Input)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := os.Create(filepath.Join(w.Output, "bare.parquet"))
	if err != nil {
		return found, fmt.Errorf("making the file: %w", err)
	}
	writer, err := open(to, from.Schema())
	if err != nil {
		return found, errors.Join(fmt.Errorf("opening the encoder: %w", err), to.Close())
	}
	defer func() { err = errors.Join(err, writer.Close()) }()
	for {
		batch, err := from.Next(ctx)
		if err == io.EOF { //nolint:errorlint // a reader ends with a bare EOF
			return found, nil
		}
		if err != nil {
			return found, err
		}
		found.Landed += batch.Record.NumRows()
		err = writer.Write(batch.Record)
		batch.Release()
		if err != nil {
			return found, fmt.Errorf("encoding a batch: %w", err)
		}
	}
}
