package s3_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/s3"
)

const (
	benchFiles = 4
	benchRows  = 250_000 // of each file
	benchGroup = 125_000
	benchBatch = 8192
)

// BenchmarkRead reads the same Parquet files of one server through the driver,
// and with the SDK and the Parquet library alone: whole objects by GetObject,
// decoded into batches of the same columns. Both take their turns in each
// iteration; ratio is the driver's time to the bare one's.
func BenchmarkRead(b *testing.B) {
	url := fake(b)
	client := admin(url)
	body := profiles(b)
	for n := range benchFiles {
		put(b, client, fmt.Sprintf("%s/profiles/%d.parquet", prefix, n), body)
	}
	pointAt(b, url, url)
	s, err := source.Open(b.Context(), s3.New(), config(bucket, readerKey))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	plan, err := s.Plan(b.Context(), source.PlanRequest{Table: schema.Table{Name: "profiles"}})
	if err != nil {
		b.Fatal(err)
	}
	var ours, bare time.Duration
	b.SetBytes(int64(len(body)) * benchFiles)
	for b.Loop() {
		for _, turn := range []struct {
			took *time.Duration
			read func() int64
		}{
			{&ours, func() int64 { return byDriver(b, s, plan) }},
			{&bare, func() int64 { return bySDK(b, client) }},
		} {
			began := time.Now()
			rows := turn.read()
			*turn.took += time.Since(began)
			if rows != benchFiles*benchRows {
				b.Fatalf("%d rows", rows)
			}
		}
	}
	rows := float64(benchFiles * benchRows * b.N)
	b.ReportMetric(rows/ours.Seconds(), "rows/s")
	b.ReportMetric(rows/bare.Seconds(), "bare-rows/s")
	b.ReportMetric(float64(int64(len(body))*benchFiles*int64(b.N))/1e6/ours.Seconds(), "driver-MB/s")
	b.ReportMetric(ours.Seconds()/bare.Seconds(), "ratio")
}

func byDriver(b *testing.B, s *source.Source, plan source.Plan) (rows int64) {
	for _, split := range plan.Splits {
		r, err := s.Read(b.Context(), source.ReadRequest{Table: plan.Table, Split: split})
		if err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := r.Next(b.Context())
			if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			rows += batch.Record.NumRows()
			batch.Release()
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return rows
}

func bySDK(b *testing.B, client *awss3.Client) (rows int64) {
	for n := range benchFiles {
		rows += bareFile(b.Context(), b, client, fmt.Sprintf("%s/profiles/%d.parquet", prefix, n))
	}
	return rows
}

func bareFile(ctx context.Context, b *testing.B, client *awss3.Client, key string) (rows int64) {
	out, err := client.GetObject(ctx, &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		b.Fatal(err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		b.Fatal(err)
	}
	f, err := parquetfile.NewParquetReader(bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	reader, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: benchBatch}, memory.DefaultAllocator)
	if err != nil {
		b.Fatal(err)
	}
	records, err := reader.GetRecordReader(ctx, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer records.Release()
	for records.Next() {
		rows += records.RecordBatch().NumRows()
	}
	if err := records.Err(); err != nil && err != io.EOF { //nolint:errorlint // only a bare EOF ends a read
		b.Fatal(err)
	}
	return rows
}

// profiles is a Parquet file of the usual kinds of columns.
func profiles(b *testing.B) string {
	b.Helper()
	columns := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "email", Type: arrow.BinaryTypes.String},
		{Name: "score", Type: arrow.PrimitiveTypes.Float64},
		{Name: "opt_in", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "created_at", Type: arrow.FixedWidthTypes.Timestamp_us},
	}, nil)
	build := array.NewRecordBuilder(memory.DefaultAllocator, columns)
	defer build.Release()
	for i := range benchRows {
		build.Field(0).(*array.Int64Builder).Append(int64(i))
		build.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("user%d@example.com", i))
		build.Field(2).(*array.Float64Builder).Append(float64(i%1000) / 1000)
		build.Field(3).(*array.BooleanBuilder).Append(i%3 == 0)
		build.Field(4).(*array.TimestampBuilder).Append(arrow.Timestamp(1_700_000_000_000_000 + int64(i)*1_000_000))
	}
	record := build.NewRecordBatch()
	defer record.Release()
	var out strings.Builder
	w, err := pqarrow.NewFileWriter(columns, &out, parquet.NewWriterProperties(parquet.WithMaxRowGroupLength(benchGroup)), pqarrow.DefaultWriterProps())
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Write(record); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return out.String()
}
