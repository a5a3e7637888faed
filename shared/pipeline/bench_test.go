package pipeline_test

import (
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// BenchmarkMap maps events as they come from CSV: all text, one row in a
// thousand broken. It reports rows per second of one core.
func BenchmarkMap(b *testing.B) {
	const rows = 16 << 10
	names := []string{"email", "at", "event", "amount", "count", "active", "note"}
	columns := make([][]any, len(names))
	for i := range rows {
		row := []any{
			fmt.Sprintf(" User%d@Example.com", i), fmt.Sprintf("2024-03-%02dT%02d:%02d:00Z", i%28+1, i%24, i%60), "purchase",
			fmt.Sprintf("%d.%02d", i, i%100), fmt.Sprint(i), "true", "free text that nobody changes",
		}
		if i%1000 == 999 {
			row[4] = "many"
		}
		for c := range row {
			columns[c] = append(columns[c], row[c])
		}
	}
	var fields []arrow.Field
	var arrays []arrow.Array
	for c, name := range names {
		fields = append(fields, arrow.Field{Name: name, Type: text, Nullable: true})
		arrays = append(arrays, build(b, memory.DefaultAllocator, text, columns[c]...))
	}
	sc := arrow.NewSchema(fields, nil)
	mapping := ingest.Mapping{
		{Source: "email", Target: "identifier", Type: schema.String, Required: true, Transforms: []ingest.Transform{ingest.Trim, ingest.Lower, ingest.SHA256}},
		{Source: "at", Target: "event_time", Type: schema.Timestamp, Required: true},
		{Source: "event", Target: "event_name", Type: schema.String, Required: true, Transforms: []ingest.Transform{ingest.Lower}},
		{Source: "amount", Target: "amount", Type: schema.Decimal},
		{Source: "count", Target: "count", Type: schema.Int64},
		{Source: "active", Target: "active", Type: schema.Bool},
		{Source: "note", Target: "note", Type: schema.String},
	}
	m, err := pipeline.New(ingest.UserActivity, mapping, sc)
	if err != nil {
		b.Fatal(err)
	}
	batch := source.Batch{Record: array.NewRecordBatch(sc, arrays, rows)}
	b.ReportAllocs()
	for b.Loop() {
		result, err := m.Map(batch)
		if err != nil {
			b.Fatal(err)
		}
		result.Release()
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkNormalise shows what one column of each normalising transform costs
// by itself, in rows per second of one core.
func BenchmarkNormalise(b *testing.B) {
	const rows = 4 << 10
	emails, phones := make([]any, rows), make([]any, rows)
	for i := range rows {
		emails[i], phones[i] = fmt.Sprintf(" User%d@Example.com", i), fmt.Sprintf("030 12%05d", i)
	}
	for _, test := range []struct {
		column ingest.Column
		values []any
	}{
		{ingest.Column{Transforms: []ingest.Transform{ingest.Trim, ingest.Lower}}, emails},
		{ingest.Column{Transforms: []ingest.Transform{ingest.Email}}, emails},
		{ingest.Column{Transforms: []ingest.Transform{ingest.E164}, Region: "DE"}, phones},
	} {
		b.Run(fmt.Sprint(test.column.Transforms), func(b *testing.B) {
			in := build(b, memory.DefaultAllocator, text, test.values...)
			sc := arrow.NewSchema([]arrow.Field{{Name: "c", Type: text}}, nil)
			test.column.Source, test.column.Target, test.column.Type = "c", "c", schema.String
			m, err := pipeline.New("", ingest.Mapping{test.column}, sc)
			if err != nil {
				b.Fatal(err)
			}
			batch := source.Batch{Record: array.NewRecordBatch(sc, []arrow.Array{in}, rows)}
			for b.Loop() {
				result, err := m.Map(batch)
				if err != nil || result.Record.NumRows() != rows {
					b.Fatal(result.Rejects, err)
				}
				result.Release()
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
