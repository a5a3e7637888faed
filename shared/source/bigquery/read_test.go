package bigquery_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// readAll reads every split of a plan, as JSON.
func readAll(t testing.TB, s *source.Source, p source.Plan, columns ...string) []string {
	t.Helper()
	var rows []string
	for _, split := range p.Splits {
		rows = append(rows, readSplit(t, s, source.ReadRequest{Table: p.Table, Columns: columns, Split: split}, nil)...)
	}
	return rows
}

// readSplit reads a split and tells see of each checkpoint and the rows until there.
func readSplit(t testing.TB, s *source.Source, req source.ReadRequest, see func(source.Checkpoint, int)) []string {
	t.Helper()
	r, err := s.Read(t.Context(), req)
	must(t, err)
	defer func() { must(t, r.Close()) }()
	var rows []string
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF { //nolint:errorlint // only a bare EOF ends a read
			return rows
		}
		must(t, err)
		var text bytes.Buffer
		must(t, array.RecordToJSON(b.Record, &text))
		for line := range strings.Lines(text.String()) {
			rows = append(rows, strings.TrimSpace(line))
		}
		if see != nil {
			see(b.After, len(rows))
		}
		b.Release()
	}
}

// plan plans a table by its name.
func plan(t testing.TB, s *source.Source, req source.PlanRequest, name string) source.Plan {
	t.Helper()
	req.Table = schema.Table{Name: name}
	p, err := s.Plan(t.Context(), req)
	must(t, err)
	return p
}
