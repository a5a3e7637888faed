package e2e_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/zstd"

	"github.com/headwaterhq/headwater/scripts/demo"
)

// put puts a file below the workspace's prefix of the source bucket.
func (w workspace) put(t *testing.T, name, content string) {
	t.Helper()
	_, err := here.bucket.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(demo.SourceBucket), Key: aws.String(w.id + "/" + name), Body: strings.NewReader(content),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// crowd is rows with columns user_id, name and score, numbered from first to last.
type crowd struct{ first, last int }

func people(first, last int) crowd { return crowd{first, last} }

func (c crowd) csv() string {
	var b strings.Builder
	b.WriteString("user_id,name,score\n")
	for n := c.first; n <= c.last; n++ {
		fmt.Fprintf(&b, "u%d,Name of %d,%d\n", n, n, n%100)
	}
	return b.String()
}

func (c crowd) ndjson() string {
	var b strings.Builder
	for n := c.first; n <= c.last; n++ {
		fmt.Fprintf(&b, `{"user_id":"u%d","name":"Name of %d","score":%d}`+"\n", n, n, n%100)
	}
	return b.String()
}

func (c crowd) parquet(t *testing.T, codec compress.Compression) string {
	t.Helper()
	columns := arrow.NewSchema([]arrow.Field{
		{Name: "user_id", Type: arrow.BinaryTypes.String},
		{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "score", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	}, nil)
	record, _, err := array.RecordFromJSON(memory.DefaultAllocator, columns, strings.NewReader("["+strings.ReplaceAll(strings.TrimSpace(c.ndjson()), "\n", ",")+"]"))
	if err != nil {
		t.Fatal(err)
	}
	defer record.Release()
	return parquetOf(t, record, codec)
}

func parquetOf(t *testing.T, record arrow.RecordBatch, codec compress.Compression) string {
	t.Helper()
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(record.Schema(), &b, parquet.NewWriterProperties(parquet.WithCompression(codec)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t *testing.T, content string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(content), nil))
}
