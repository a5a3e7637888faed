package e2e_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/shared/lake"
)

// snapshot is one snapshot of an Iceberg table.
type snapshot struct {
	ID      json.Number       `json:"snapshot-id"`
	Summary map[string]string `json:"summary"`
}

func (s snapshot) run() string { return s.Summary[lake.RunIDKey] }

// metadata is where the catalog says that an import's table stands; empty before there is a table.
func (w workspace) metadata(t *testing.T, i imported) string {
	t.Helper()
	var location string
	err := here.catalog.QueryRowContext(t.Context(), "SELECT metadata_location FROM iceberg_tables WHERE table_name = ?", "user_profile_"+i.ID).Scan(&location)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	return location
}

// snapshots reads an import's snapshots as any engine would: the catalog's pointer, then the table's metadata.
func (w workspace) snapshots(t *testing.T, i imported) []snapshot {
	t.Helper()
	location := w.metadata(t, i)
	if location == "" {
		return nil
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	object, err := here.bucket.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer object.Body.Close()
	var metadata struct {
		Snapshots []snapshot `json:"snapshots"`
	}
	if err := json.NewDecoder(object.Body).Decode(&metadata); err != nil {
		t.Fatal(err)
	}
	return metadata.Snapshots
}

// snapshotsOf are the snapshots that a run has made: one, if all is well.
func (w workspace) snapshotsOf(t *testing.T, i imported, r run) []snapshot {
	t.Helper()
	var made []snapshot
	for _, s := range w.snapshots(t, i) {
		if s.run() == r.ID {
			made = append(made, s)
		}
	}
	return made
}

// identifiers counts the rows of an import's table by identifier, all of them.
func (w workspace) identifiers(t *testing.T, i imported) map[string]int {
	t.Helper()
	rows, err := here.lake.Rows(t.Context(), lake.TableID{Workspace: w.id, Name: "user_profile_" + i.ID}, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]int, len(rows))
	for _, row := range rows {
		who, _ := row.Value("identifier")
		found[who.(string)]++
	}
	return found
}

// holds wants the import's table to have exactly these people, each once, or n times.
func (w workspace) holds(t *testing.T, i imported, c crowd, times int) {
	t.Helper()
	found := w.identifiers(t, i)
	if want := c.last - c.first + 1; len(found) != want {
		t.Errorf("%d people, want %d", len(found), want)
	}
	for who, n := range found {
		if n != times {
			t.Fatalf("%s is there %d times, want %d", who, n, times)
		}
	}
}
