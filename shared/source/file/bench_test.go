package file_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	arrowcsv "github.com/apache/arrow-go/v18/arrow/csv"
	"github.com/apache/arrow-go/v18/arrow/memory"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

const benchRows = 200_000

// profiles are rows of the usual kinds of columns.
func profiles(format string) string {
	var b strings.Builder
	if format == "csv" {
		b.WriteString("id,email,first_name,city,age,score,opt_in,created_at,birth_date\n")
	}
	for i := range benchRows {
		args := []any{i, i, i % 500, i % 90, 18 + i%70, i % 1000, i%3 == 0, 1 + i%28, i % 60, 1950 + i%55, 1 + i%12}
		layout := "%d,user%d@example.com,Ann%d,City %d,%d,0.%03d,%t,2024-05-%02dT10:00:%02d.123Z,%d-%02d-01\n"
		if format == "ndjson" {
			layout = `{"id":%d,"email":"user%d@example.com","first_name":"Ann%d","city":"City %d","age":%d,"score":0.%03d,"opt_in":%t,"created_at":"2024-05-%02dT10:00:%02d.123Z","birth_date":"%d-%02d-01"}` + "\n"
		}
		fmt.Fprintf(&b, layout, args...)
	}
	return b.String()
}

func profilesParquet(b *testing.B) string {
	b.Helper()
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "email", Type: arrow.BinaryTypes.String},
		{Name: "score", Type: arrow.PrimitiveTypes.Float64},
		{Name: "opt_in", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "created_at", Type: arrow.FixedWidthTypes.Timestamp_ms},
	}, nil)
	var rows strings.Builder
	for i := range benchRows {
		fmt.Fprintf(&rows, `%s{"id":%d,"email":"user%d@example.com","score":0.%03d,"opt_in":%t,"created_at":"2024-05-%02dT10:00:00Z"}`, map[bool]string{true: "[", false: ","}[i == 0], i, i, i%1000, i%3 == 0, 1+i%28)
	}
	return parquetOf(b, sc, rows.String()+"]", 50_000)
}

// BenchmarkRead reads a file from memory into record batches. MB are those of the file;
// best is the best round, as other work on the machine only ever adds.
func BenchmarkRead(b *testing.B) {
	csv, ndjson := profiles("csv"), profiles("ndjson")
	quoted := strings.NewReplacer(",", `","`, "\n", "\"\n\"").Replace(`"` + csv)
	for _, bm := range []struct{ name, content string }{
		{"a.csv", csv},
		{"quoted.csv", quoted[:len(quoted)-1]},
		{"a.csv.gz", gzipped(b, csv)},
		{"a.csv.zst", zstandard(b, csv)},
		{"a.ndjson", ndjson},
		{"a.parquet", profilesParquet(b)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			f := file.New(wide{1, func(int) string { return "t/" + bm.name }, bm.content}, "")
			plan, err := f.Plan(b.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: 1 << 40})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(bm.content)))
			b.ReportAllocs()
			best := time.Hour
			for b.Loop() {
				began := time.Now()
				if rows := drain(b.Context(), b, f, plan); rows != benchRows {
					b.Fatal(rows)
				}
				best = min(best, time.Since(began))
			}
			b.ReportMetric(benchRows/best.Seconds(), "best-rows/s")
			b.ReportMetric(float64(len(bm.content))/1e6/best.Seconds(), "best-MB/s")
		})
	}
}

func drain(ctx context.Context, b *testing.B, f *file.Files, plan source.Plan) (rows int64) {
	b.Helper()
	for _, split := range plan.Splits {
		r, err := f.Read(ctx, source.ReadRequest{Table: plan.Table, Split: split})
		if err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := r.Next(ctx)
			if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			rows += batch.Record.NumRows()
			if len(batch.Rejects) > 0 {
				b.Fatal(batch.Rejects[0])
			}
			batch.Release()
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return rows
}

// BenchmarkBeside reads the same file with this package and with the bare Arrow
// libraries, in turns, and reports how much longer this package takes: ratio is its
// best round over theirs, as other work on the machine only ever adds.
func BenchmarkBeside(b *testing.B) {
	csv, parquet := profiles("csv"), profilesParquet(b)
	for _, bm := range []struct {
		name, content string
		bare          func(b *testing.B) int64
	}{
		{"a.csv", csv, func(b *testing.B) int64 { return bareCSV(b, csv) }},
		{"a.parquet", parquet, func(b *testing.B) int64 { return bareParquet(b, parquet) }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			f := file.New(wide{1, func(int) string { return "t/" + bm.name }, bm.content}, "")
			plan, err := f.Plan(b.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}, TargetBytes: 1 << 40})
			if err != nil {
				b.Fatal(err)
			}
			ours, bare := time.Hour, time.Hour
			for b.Loop() {
				began := time.Now()
				if rows := drain(b.Context(), b, f, plan); rows != benchRows {
					b.Fatal(rows)
				}
				ours = min(ours, time.Since(began))
				began = time.Now()
				if rows := bm.bare(b); rows != benchRows {
					b.Fatal(rows)
				}
				bare = min(bare, time.Since(began))
			}
			b.ReportMetric(ours.Seconds()/bare.Seconds(), "ratio")
			b.ReportMetric(benchRows/ours.Seconds(), "rows/s")
			b.ReportMetric(float64(len(bm.content))/1e6/ours.Seconds(), "MB/s")
			b.ReportMetric(benchRows/bare.Seconds(), "bare-rows/s")
		})
	}
}

func bareParquet(b *testing.B, content string) (rows int64) {
	b.Helper()
	reader, err := parquetfile.NewParquetReader(strings.NewReader(content))
	if err != nil {
		b.Fatal(err)
	}
	arrows, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{BatchSize: 8192}, memory.DefaultAllocator)
	if err != nil {
		b.Fatal(err)
	}
	records, err := arrows.GetRecordReader(b.Context(), nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer records.Release()
	for records.Next() {
		rows += records.RecordBatch().NumRows()
	}
	return rows
}

func bareCSV(b *testing.B, content string) (rows int64) {
	b.Helper()
	columns := []arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "email", Type: arrow.BinaryTypes.String},
		{Name: "first_name", Type: arrow.BinaryTypes.String},
		{Name: "city", Type: arrow.BinaryTypes.String},
		{Name: "age", Type: arrow.PrimitiveTypes.Int64},
		{Name: "score", Type: arrow.PrimitiveTypes.Float64},
		{Name: "opt_in", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "created_at", Type: arrow.FixedWidthTypes.Timestamp_us},
		{Name: "birth_date", Type: arrow.FixedWidthTypes.Date32},
	}
	r := arrowcsv.NewReader(strings.NewReader(content), arrow.NewSchema(columns, nil), arrowcsv.WithHeader(true), arrowcsv.WithChunk(8192))
	defer r.Release()
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	if r.Err() != nil {
		b.Fatal(r.Err())
	}
	return rows
}
