package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/headwaterhq/headwater/scripts/bench/landing"
	"github.com/headwaterhq/headwater/scripts/seed/dataset"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// seed writes profiles with all their mess and returns their directory and counts.
func seed(t *testing.T, format dataset.Format) (string, dataset.Table) {
	t.Helper()
	dir := t.TempDir()
	manifest, err := dataset.Write(t.Context(), dataset.Dir(dir), dataset.Options{
		Rows: 3_000, Tables: []string{dataset.Profiles}, Format: format,
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, dataset.Profiles), manifest.Tables[0]
}

// mapping takes every column as it stands, of the type that it was written with: in a short file a broken line is part
// of what the reader infers types from.
func mapping(table dataset.Table) ingest.Mapping {
	var m ingest.Mapping
	for _, c := range table.Columns {
		target := strings.Replace(c.Name, "user_id", "identifier", 1)
		m = append(m, ingest.Column{Source: c.Name, Target: target, Type: schema.Type(c.Type)})
	}
	return m
}

func TestEveryRowLandsOrIsSetAside(t *testing.T) {
	for _, format := range []dataset.Format{dataset.CSV, dataset.NDJSON, dataset.Parquet} {
		t.Run(string(format), func(t *testing.T) {
			in, table := seed(t, format)
			for _, until := range []landing.Stage{landing.Map, landing.Land} {
				out := t.TempDir()
				request, err := json.Marshal(landing.Work{Input: in, Output: out, Mapping: mapping(table), Until: until})
				if err != nil {
					t.Fatal(err)
				}
				var printed bytes.Buffer
				if err := run(t.Context(), nil, bytes.NewReader(request), &printed); err != nil {
					t.Fatal(err)
				}
				want := fmt.Sprintf("{\"landed\":%d,\"quarantined\":%d}\n", table.Good, table.Bad)
				if got := printed.String(); got != want {
					t.Errorf("until %s: %swant %s", until, got, want)
				}
				if got := rowsBelow(t, out); until == landing.Land && got != table.Good || until == landing.Map && got != 0 {
					t.Errorf("until %s: the data files have %d rows", until, got)
				}
			}
		})
	}
}

// rowsBelow counts the rows of the lake's data files as the Parquet library reads them.
func rowsBelow(t *testing.T, dir string) (rows int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "lake/*/*/data/run/*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		reader, err := file.OpenParquetFile(path, false)
		if err != nil {
			t.Fatal(err)
		}
		rows += reader.NumRows()
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}
