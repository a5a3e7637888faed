package datafile_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
	"github.com/headwaterhq/headwater/shared/lake/datafile"
)

// profiles are user profiles of twenty columns, in batches as the sources deliver them.
func profiles(b *testing.B, rows int64) (*arrow.Schema, []arrow.RecordBatch) {
	b.Helper()
	var files dataset.Memory
	_, err := dataset.Write(b.Context(), &files, dataset.Options{Seed: 1, Rows: rows, Files: 1, Tables: []string{"profiles"}, Format: dataset.Parquet, Compression: dataset.Plain, Clean: true})
	if err != nil {
		b.Fatal(err)
	}
	content, err := files.File("profiles/part-0000.parquet")
	if err != nil {
		b.Fatal(err)
	}
	table := decode(b, content)
	in := withIDs(table.Schema().Fields()...)
	reader := array.NewTableReader(table, 8192)
	b.Cleanup(reader.Release)
	var batches []arrow.RecordBatch
	for reader.Next() {
		batches = append(batches, array.NewRecordBatch(in, reader.RecordBatch().Columns(), reader.RecordBatch().NumRows()))
	}
	return in, batches
}

// bare writes batches with arrow-go's writer and the settings of iceberg-go.
func bare(b *testing.B, in *arrow.Schema, batches []arrow.RecordBatch) int {
	b.Helper()
	properties := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithMaxRowGroupLength(datafile.DefaultRowGroupRows),
		parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithDictionaryPageSizeLimit(2 << 20), parquet.WithBatchSize(20_000),
	}
	for _, field := range in.Fields() {
		properties = append(properties, parquet.WithDictionaryCostFallbackFor(field.Name, true))
	}
	var to bytes.Buffer
	writer, err := pqarrow.NewFileWriter(in, &to, parquet.NewWriterProperties(properties...), pqarrow.DefaultWriterProps())
	if err != nil {
		b.Fatal(err)
	}
	for _, batch := range batches {
		if err := writer.WriteBuffered(batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		b.Fatal(err)
	}
	return to.Len()
}

// BenchmarkProfiles writes the same rows with the encoder and with arrow-go's
// writer, in turn: how many times as long that takes, and what share of its bytes
// ours has.
func BenchmarkProfiles(b *testing.B) {
	const rows = 2 * datafile.DefaultRowGroupRows
	in, batches := profiles(b, rows)
	var ours, theirs time.Duration
	var size, theirSize int
	for b.Loop() {
		start := time.Now()
		file, _ := encode(b, in, datafile.Options{}, batches...)
		middle := time.Now()
		theirSize, size = bare(b, in, batches), len(file)
		ours, theirs = ours+middle.Sub(start), theirs+time.Since(middle)
	}
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times-faster")
	b.ReportMetric(float64(size)/float64(theirSize), "size-ratio")
	b.ReportMetric(float64(size)/rows, "B/row")
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N)/rows, "ns/row")
	b.ReportMetric(0, "ns/op") // it is of both
}
