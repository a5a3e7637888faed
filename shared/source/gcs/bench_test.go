package gcs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"google.golang.org/api/option"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const (
	benchRows  = 1_000_000
	benchGroup = 125_000
)

// benchFile is a Parquet file of the usual kinds of columns.
func benchFile(b *testing.B) []byte {
	b.Helper()
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "email", Type: arrow.BinaryTypes.String},
		{Name: "score", Type: arrow.PrimitiveTypes.Float64},
		{Name: "opt_in", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "at", Type: arrow.FixedWidthTypes.Timestamp_us},
	}, nil)
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(sc, &out, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithMaxRowGroupLength(benchGroup)), pqarrow.DefaultWriterProps())
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < benchRows; from += benchGroup {
		rows := array.NewRecordBuilder(memory.DefaultAllocator, sc)
		for i := from; i < from+benchGroup; i++ {
			rows.Field(0).(*array.Int64Builder).Append(int64(i))
			rows.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("user%d@example.com", i))
			rows.Field(2).(*array.Float64Builder).Append(float64(i%1000) / 1000)
			rows.Field(3).(*array.BooleanBuilder).Append(i%3 == 0)
			rows.Field(4).(*array.TimestampBuilder).Append(arrow.Timestamp(1_700_000_000_000_000 + int64(i)))
		}
		rec := rows.NewRecordBatch()
		if err := w.Write(rec); err != nil {
			b.Fatal(err)
		}
		rec.Release()
		rows.Release()
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

const benchObject = prefix + "/t/a.parquet"

// warehouse serves one object, in ranges: as little work as a server can have.
func warehouse(b *testing.B, content []byte) string {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/o") {
			_ = json.NewEncoder(w).Encode(map[string]any{"items": []map[string]string{{"name": benchObject, "size": strconv.Itoa(len(content)), "generation": "7"}}})
			return
		}
		http.ServeContent(w, r, "", noTime, bytes.NewReader(content))
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// BenchmarkRead reads a Parquet file through the driver and, in turns, with the
// bare storage client and the Parquet library alone, which fetch and decode the
// same row groups. ratio is our best time over theirs: what else runs on the
// machine only adds to a time.
func BenchmarkRead(b *testing.B) {
	content := benchFile(b)
	url := warehouse(b, content)
	peer := googlepeer.Run(b, googlepeer.Config{})
	s := open(b, storageAt(peer, url), byKey(peer, reader))
	plan, err := s.Plan(b.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	client, err := storage.NewClient(b.Context(), option.WithEndpoint(url+"/storage/v1/"), option.WithoutAuthentication())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	bare := client.Bucket(bucket).Object(benchObject)

	b.SetBytes(int64(len(content)))
	var ours, theirs []time.Duration
	for b.Loop() {
		ours = append(ours, timed(b, func() int64 { return readOurs(b, s, plan) }))
		theirs = append(theirs, timed(b, func() int64 { return readBare(b.Context(), b, bare, int64(len(content))) }))
	}
	b.ReportMetric(slices.Min(ours).Seconds()/slices.Min(theirs).Seconds(), "ratio")
	b.ReportMetric(benchRows/slices.Min(ours).Seconds(), "rows/s")
	b.ReportMetric(benchRows/slices.Min(theirs).Seconds(), "bare-rows/s")
	b.ReportMetric(float64(len(content))/1e6/slices.Min(ours).Seconds(), "driver-MB/s")
}

func timed(b *testing.B, read func() int64) time.Duration {
	b.Helper()
	began := time.Now()
	if rows := read(); rows != benchRows {
		b.Fatalf("%d rows", rows)
	}
	return time.Since(began)
}

func readOurs(b *testing.B, s *source.Source, plan source.Plan) (rows int64) {
	b.Helper()
	for _, split := range plan.Splits {
		r, err := s.Read(b.Context(), source.ReadRequest{Table: plan.Table, Split: split})
		if err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := r.Next(b.Context())
			if errors.Is(err, io.EOF) {
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

// readBare reads as pqarrow does by itself: a range of the object for every column chunk.
func readBare(ctx context.Context, b *testing.B, object *storage.ObjectHandle, size int64) (rows int64) {
	b.Helper()
	pf, err := file.NewParquetReader(&objectReader{ctx: ctx, object: object, size: size})
	if err != nil {
		b.Fatal(err)
	}
	fr, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: 8192}, memory.DefaultAllocator)
	if err != nil {
		b.Fatal(err)
	}
	r, err := fr.GetRecordReader(ctx, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	if err := r.Err(); err != nil && !errors.Is(err, io.EOF) {
		b.Fatal(err)
	}
	r.Release()
	if err := pf.Close(); err != nil {
		b.Fatal(err)
	}
	return rows
}

// objectReader is an object as the Parquet library wants it.
type objectReader struct {
	ctx    context.Context
	object *storage.ObjectHandle
	size   int64
	at     int64
}

func (o *objectReader) ReadAt(p []byte, off int64) (int, error) {
	body, err := o.object.NewRangeReader(o.ctx, off, min(int64(len(p)), o.size-off))
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(body, p[:min(int64(len(p)), o.size-off)])
	return n, errors.Join(err, body.Close())
}

func (o *objectReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		o.at = offset
	case io.SeekCurrent:
		o.at += offset
	case io.SeekEnd:
		o.at = o.size + offset
	}
	return o.at, nil
}

func (o *objectReader) Read(p []byte) (int, error) {
	n, err := o.ReadAt(p, o.at)
	o.at += int64(n)
	return n, err
}
