//go:build crosscheck

// Package lake_test holds what imports land against PyIceberg: the whole product lands
// the demo data on the laptop stack, and an independent reader counts what is there.
package lake_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

const root = "../../.."

// table is what pyiceberg.py says of a table.
type table struct {
	Rows      int64    `json:"rows"`
	Snapshots int      `json:"snapshots"`
	RunIDs    []string `json:"run_ids"`
	Columns   map[string]struct {
		Type     string  `json:"type"`
		Required bool    `json:"required"`
		Nulls    int64   `json:"nulls"`
		Distinct int64   `json:"distinct"`
		Min      *string `json:"min"`
	} `json:"columns"`
}

func TestPyIcebergReadsWhatWasLanded(t *testing.T) {
	t.Chdir(root)
	dir := t.TempDir()
	stage, err := demo.NewStage(t.Context(), demo.StageConfig{Dir: dir, HoldSchedules: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	})
	data := land(t, stage)
	for name, location := range tables(t, filepath.Join(dir, "catalog.db")) {
		kind, _, _ := strings.Cut(name, "_imp_")
		seeded := data[source(t, kind)]
		got := read(t, stage, location)
		if got.Rows != seeded.Good || got.Snapshots != 1 || !strings.HasPrefix(got.RunIDs[0], "run_") {
			t.Errorf("%s: %d rows in %d snapshots of runs %v, want %d in 1", name, got.Rows, got.Snapshots, got.RunIDs, seeded.Good)
		}
		for column, c := range got.Columns {
			if c.Required && (c.Nulls > 0 || c.Distinct == 0 || *c.Min == "") {
				t.Errorf("%s.%s is required, and has %d nulls, %d values, the least %q", name, column, c.Nulls, c.Distinct, *c.Min)
			}
		}
		t.Logf("%-16s %6d rows, %2d columns: PyIceberg agrees", kind, got.Rows, len(got.Columns))
	}
}

// land does the main job once.
func land(t *testing.T, stage *demo.Stage) map[string]dataset.Table {
	t.Helper()
	data, err := demo.Seed(t.Context(), stage.Source(), 5_000)
	if err != nil {
		t.Fatal(err)
	}
	api, err := stage.NewClient(t.Context(), "crosscheck")
	if err != nil {
		t.Fatal(err)
	}
	job := &demo.Job{API: api, Bucket: demo.SourceBucket, Access: stage.Customer, Data: data, Out: io.Discard}
	if err := job.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	return data
}

// tables are the lake's tables and where their metadata is, as the catalog has them.
func tables(t *testing.T, catalog string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+catalog+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT table_name, metadata_location FROM iceberg_tables")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var name, location string
		if err := rows.Scan(&name, &location); err != nil {
			t.Fatal(err)
		}
		found[name] = location
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(found) != 4 {
		t.Fatalf("the catalog has %d tables, want 4", len(found))
	}
	return found
}

// source is the seeded table that an import type of the demo reads.
func source(t *testing.T, kind string) string {
	t.Helper()
	from, ok := map[string]string{
		"user_profile": dataset.Profiles, "user_activity": dataset.Purchases,
		"identity_graph": dataset.IdentityPairs, "group_identity": dataset.Households,
	}[kind]
	if !ok {
		t.Fatalf("unexpected table of type %s", kind)
	}
	return from
}

func read(t *testing.T, stage *demo.Stage, location string) table {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), ".local/venv/bin/python", "scripts/crosscheck/pyiceberg.py", location)
	cmd.Env = append(os.Environ(), "AWS_RESPONSE_CHECKSUM_VALIDATION=when_required")
	for name, value := range stage.Environ() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pyiceberg: %v\n%s", err, problems.String())
	}
	var summary table
	if err := json.Unmarshal(out, &summary); err != nil {
		t.Fatalf("decoding what pyiceberg says: %v", err)
	}
	return summary
}
