// Command stage rewrites a Parquet file as the Arrow IPC streams in which warehouses deliver rows: LZ4 as BigQuery
// compresses them, zstd as Snowflake may.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// batchRows is about what BigQuery puts into a response.
const batchRows = 8192

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stage:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("stage", flag.ContinueOnError)
	compression := flags.String("compression", "", "lz4 or zstd")
	from := flags.String("from", "", "the Parquet file")
	stream := flags.String("to", "", "the stream to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	codec, known := map[string]ipc.Option{"lz4": ipc.WithLZ4(), "zstd": ipc.WithZstd()}[*compression]
	if !known {
		return errors.New("the compression must be lz4 or zstd")
	}
	to, err := os.Create(*stream)
	if err != nil {
		return fmt.Errorf("making the stream: %w", err)
	}
	return errors.Join(convert(ctx, codec, *from, to), to.Close())
}

func convert(ctx context.Context, codec ipc.Option, path string, to io.Writer) (err error) {
	from, err := file.OpenParquetFile(path, false)
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}
	defer func() { _ = from.Close() }() // only read from
	arrows, err := pqarrow.NewFileReader(from, pqarrow.ArrowReadProperties{BatchSize: batchRows}, memory.DefaultAllocator)
	if err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	records, err := arrows.GetRecordReader(ctx, nil, nil)
	if err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	defer records.Release()
	writer := ipc.NewWriter(to, ipc.WithSchema(records.Schema()), codec)
	defer func() { err = errors.Join(err, writer.Close()) }()
	for records.Next() {
		if err := writer.Write(records.RecordBatch()); err != nil {
			return fmt.Errorf("writing a batch: %w", err)
		}
	}
	if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading a batch: %w", err)
	}
	return nil
}
