package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/headwaterhq/headwater/scripts/bench/landing"
)

// lakeFiles are the settings with which the lake's tables are written: its table properties and, where it has none,
// the defaults of iceberg-go.
func lakeFiles(columns *arrow.Schema, codec compress.Compression) *parquet.WriterProperties {
	properties := []parquet.WriterProperty{
		parquet.WithCompression(codec), parquet.WithMaxRowGroupLength(131_072),
		parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithDataPageSize(1 << 20), parquet.WithBatchSize(20_000),
		parquet.WithDictionaryPageSizeLimit(2 << 20), parquet.WithStats(true),
	}
	for _, field := range columns.Fields() {
		properties = append(properties, parquet.WithDictionaryCostFallbackFor(field.Name, true))
	}
	return parquet.NewWriterProperties(properties...)
}

// reencode decodes an Arrow stream and encodes it again with nothing between: what the libraries cost alone.
func reencode(ctx context.Context, w landing.Work, codec compress.Compression) (found landing.Counts, err error) {
	from, err := newStream(w.Input)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := os.Create(filepath.Join(w.Output, "bare.parquet"))
	if err != nil {
		return found, fmt.Errorf("making the file: %w", err)
	}
	writer, err := pqarrow.NewFileWriter(from.Schema(), to, lakeFiles(from.Schema(), codec), pqarrow.DefaultWriterProps())
	if err != nil {
		return found, errors.Join(fmt.Errorf("opening the writer: %w", err), to.Close())
	}
	defer func() { err = errors.Join(err, writer.Close()) }() // closes the file too
	for {
		batch, err := from.Next(ctx)
		if err == io.EOF { //nolint:errorlint // a reader ends with a bare EOF
			return found, nil
		}
		if err != nil {
			return found, err
		}
		found.Landed += batch.Record.NumRows()
		err = writer.WriteBuffered(batch.Record)
		batch.Release()
		if err != nil {
			return found, fmt.Errorf("encoding a batch: %w", err)
		}
	}
}
