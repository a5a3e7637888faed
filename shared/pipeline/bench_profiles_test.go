package pipeline_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// profiles is a batch as the readers deliver it: 20 columns of a user profile, typed already.
// Of every so many rows one has no identifier, none with 0.
func profiles(b *testing.B, rows, nameless int) (*arrow.Schema, ingest.Mapping, source.Batch) {
	b.Helper()
	var fields []arrow.Field
	var columns []arrow.Array
	var mapping ingest.Mapping
	add := func(name string, kind schema.Type, of arrow.DataType, value func(i int) any) {
		values := make([]any, rows)
		for i := range values {
			if values[i] = value(i); i%25 == 24 && name != "user_id" {
				values[i] = nil
			}
		}
		fields = append(fields, arrow.Field{Name: name, Type: of, Nullable: true})
		columns = append(columns, build(b, memory.DefaultAllocator, of, values...))
		mapping = append(mapping, ingest.Column{Source: name, Target: name, Type: kind})
	}
	add("user_id", schema.String, text, func(i int) any {
		if nameless > 0 && i%nameless == nameless/2 {
			return nil
		}
		return fmt.Sprintf("usr_%010d", i)
	})
	mapping[0].Target, mapping[0].Required = "identifier", true
	add("email", schema.String, text, func(i int) any {
		if i%16 == 0 {
			return fmt.Sprintf(" Some.Name%d@Example.com", i)
		}
		return fmt.Sprintf("some.name%d@example.com", i)
	})
	for c := range 6 {
		add(fmt.Sprintf("text%d", c), schema.String, text, func(i int) any { return []string{"Recife", "plus", "Araucária Têxtil"}[i%3] })
	}
	for c := range 4 {
		add(fmt.Sprintf("int%d", c), schema.Int64, int64s, func(i int) any { return int64(i * c) })
	}
	for c := range 3 {
		add(fmt.Sprintf("float%d", c), schema.Float64, float64s, func(i int) any { return float64(i) / 8 })
	}
	for c := range 2 {
		add(fmt.Sprintf("bool%d", c), schema.Bool, bools, func(i int) any { return i%2 == 0 })
	}
	for c := range 2 {
		add(fmt.Sprintf("at%d", c), schema.Timestamp, timestamp, func(i int) any { return arrow.Timestamp(i) * 1_000_000 })
	}
	add("birth_date", schema.Date, date, func(i int) any { return arrow.Date32(i % 20_000) })
	sc := arrow.NewSchema(fields, nil)
	return sc, mapping, source.Batch{Record: array.NewRecordBatch(sc, columns, int64(rows))}
}

// BenchmarkProfiles maps batches of 20 columns, in rows per second of one core: what each thing that is asked of the
// pipeline costs beside the mapping itself.
func BenchmarkProfiles(b *testing.B) {
	const rows = 8192
	hashes := func(transforms ...ingest.Transform) func(ingest.Mapping) {
		return func(m ingest.Mapping) { m[1].Transforms = transforms }
	}
	table := schema.Table{Columns: []schema.Column{{Name: "int1", Type: schema.Int64}}}
	_, all, _ := profiles(b, 1, 0)
	for _, test := range []struct {
		name     string
		nameless int
		change   func(ingest.Mapping)
		with     []pipeline.Option
	}{
		{"as they are", 0, hashes(), nil},
		{"one rejected", rows, hashes(), nil},
		{"one in 500 rejected", 500, hashes(), nil},
		{"trim, lower", 0, hashes(ingest.Trim, ingest.Lower), nil},
		{"trim, lower, sha256", 0, hashes(ingest.Trim, ingest.Lower, ingest.SHA256), nil},
		{"trim, lower, sha256, one in 500 rejected", 500, hashes(ingest.Trim, ingest.Lower, ingest.SHA256), nil},
		{"email, sha256", 0, hashes(ingest.Email, ingest.SHA256), nil},
		{"hmac_sha256", 0, hashes(ingest.HMACSHA256), []pipeline.Option{pipeline.WithHMAC(make([]byte, 32))}},
		{"cursor", 0, hashes(), []pipeline.Option{pipeline.WithCursor(ingest.Cursor{Column: "at1", Type: schema.Timestamp})}},
		{"windows", 0, hashes(), []pipeline.Option{pipeline.WithWindows(schema.Column{Name: "at1", Type: schema.Timestamp}, []string{"1970-01-01T00:10:00Z", "1970-01-01T00:20:00Z"})}},
		{"fingerprint", 0, hashes(), []pipeline.Option{pipeline.WithFingerprint(all.Sources())}},
		{"filter", 0, hashes(), []pipeline.Option{pipeline.WithFilter(source.Filter{{Column: "int1", Op: source.NotEqual, Values: []string{"7"}}}, table)}},
	} {
		b.Run(test.name, func(b *testing.B) {
			sc, mapping, batch := profiles(b, rows, test.nameless)
			test.change(mapping)
			m, err := pipeline.New(ingest.UserProfile, mapping, sc, test.with...)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			before := spent(b)
			for b.Loop() {
				result, err := m.Map(batch)
				if err != nil {
					b.Fatal(err)
				}
				result.Release()
			}
			b.ReportMetric(float64(b.N)*rows/(spent(b)-before).Seconds(), "rows/CPU-s")
			b.ReportMetric(float64(spent(b)-before)/float64(b.N)/rows, "CPU-ns/row")
		})
	}
}

// BenchmarkParts makes columns of one column of JSON.
func BenchmarkParts(b *testing.B) {
	const rows = 8192
	values := make([]any, rows)
	for i := range values {
		values[i] = fmt.Sprintf(`{"user":{"id":"u-%d","name":"Ada"},"total":%d.5,"lines":[{"sku":"a-1","qty":2}],"coupon":null,"channel":"web"}`, i, i)
	}
	sc := arrow.NewSchema([]arrow.Field{{Name: "payload", Type: text}}, nil)
	batch := source.Batch{Record: array.NewRecordBatch(sc, []arrow.Array{build(b, memory.DefaultAllocator, text, values...)}, rows)}
	paths := []string{"user.id", "total", "lines[0].sku", "channel"}
	for _, n := range []int{1, len(paths)} {
		b.Run(fmt.Sprintf("of %d", n), func(b *testing.B) {
			var mapping ingest.Mapping
			for i, path := range paths[:n] {
				mapping = append(mapping, ingest.Column{Source: "payload", Path: path, Target: fmt.Sprintf("c%d", i), Type: schema.String})
			}
			m, err := pipeline.New("", mapping, sc)
			if err != nil {
				b.Fatal(err)
			}
			before := spent(b)
			for b.Loop() {
				result, err := m.Map(batch)
				if err != nil || result.Record.NumRows() != rows {
					b.Fatal(result.Rejects, err)
				}
				result.Release()
			}
			b.ReportMetric(float64(spent(b)-before)/float64(b.N)/rows, "CPU-ns/row")
		})
	}
}

// spent is the CPU time of the process: the collector's threads count, and neighbours on the machine do not.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
