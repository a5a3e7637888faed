package lake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

func TestAppendAddsAndFullRefreshReplaces(t *testing.T) {
	l := newPlace(t).open(t)
	steps := []struct {
		run  string
		mode ingest.Mode
		rows int
		want int // rows in the table afterwards
	}{
		{"run_1", ingest.Append, 0, 0},
		{"run_2", ingest.FullRefresh, 0, 0}, // from no snapshot to an empty one
		{"run_3", ingest.FullRefresh, 0, 0}, // from zero files to zero files
		{"run_4", ingest.FullRefresh, 2500, 2500},
		{"run_5", ingest.Append, 700, 3200},
		{"run_6", ingest.Append, 0, 3200},
		{"run_7", ingest.FullRefresh, 40, 40},
		{"run_8", ingest.FullRefresh, 0, 0}, // the table becomes empty
		{"run_9", ingest.Append, 3, 3},
	}
	for _, step := range steps {
		files := landPeople(t, l, step.run, step.run, step.rows)
		if files.Rows != int64(step.rows) || (files.Count == 0) != (step.rows == 0) || (files.Bytes == 0) != (step.rows == 0) {
			t.Fatalf("%s: wrote %d rows, got %d rows, %d bytes in %d files", step.run, step.rows, files.Rows, files.Bytes, files.Count)
		}
		snapshot, err := l.Commit(t.Context(), people, step.run, step.mode, parts(files))
		if err != nil {
			t.Fatalf("%s: %v", step.run, err)
		}
		recorded := step.mode == ingest.FullRefresh || step.rows > 0
		if (snapshot != "") != recorded {
			t.Errorf("%s: snapshot %q, want one: %v", step.run, snapshot, recorded)
		}
		again, found, err := l.Committed(t.Context(), people, step.run)
		if err != nil || found != recorded || again != snapshot {
			t.Errorf("%s: Committed = %q, %v, %v; want %q, %v", step.run, again, found, err, snapshot, recorded)
		}
		if got := len(identifiers(t, l)); got != step.want {
			t.Errorf("%s: %d rows in the table, want %d", step.run, got, step.want)
		}
	}
}

// Many committers with catalogs of their own, several for each run: every run
// must have exactly one snapshot, and every row be there once.
func TestCommitOnceUnderContention(t *testing.T) {
	const runs, committers, rows = 5, 4, 50
	p := newPlace(t)
	l := p.open(t)
	var group sync.WaitGroup
	snapshots := make([][]string, runs)
	for r := range runs {
		runID := fmt.Sprintf("run_%d", r)
		files := landPeople(t, l, runID, runID, rows)
		snapshots[r] = make([]string, committers)
		for c := range committers {
			own := p.open(t)
			group.Go(func() {
				for {
					snapshot, err := own.Commit(t.Context(), people, runID, ingest.Append, parts(files))
					if fault.Retryable(err) {
						continue // as the state machine does
					}
					if err != nil {
						t.Errorf("%s: %v", runID, err)
					}
					snapshots[r][c] = snapshot
					return
				}
			})
		}
	}
	group.Wait()
	seen := make(map[string]bool)
	for r := range runs {
		for _, snapshot := range snapshots[r] {
			if snapshot == "" || snapshot != snapshots[r][0] {
				t.Errorf("run_%d has the snapshots %v, want one", r, snapshots[r])
			}
		}
		seen[snapshots[r][0]] = true
	}
	if len(seen) != runs {
		t.Errorf("%d different snapshots, want %d", len(seen), runs)
	}
	counts := identifiers(t, l)
	if len(counts) != runs*rows {
		t.Errorf("%d identifiers, want %d", len(counts), runs*rows)
	}
	for identifier, n := range counts {
		if n != 1 {
			t.Errorf("%s is there %d times", identifier, n)
		}
	}
}

// Full refreshes that race must each replace all that came before them: the
// rows of exactly one run remain.
func TestFullRefreshesUnderContentionLeaveOne(t *testing.T) {
	const runs, rows = 6, 30
	p := newPlace(t)
	l := p.open(t)
	before := landPeople(t, l, "run_before", "before", rows)
	if _, err := l.Commit(t.Context(), people, "run_before", ingest.Append, parts(before)); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for r := range runs {
		runID := fmt.Sprintf("run_%d", r)
		files := landPeople(t, l, runID, runID, rows)
		own := p.open(t)
		group.Go(func() {
			for {
				_, err := own.Commit(t.Context(), people, runID, ingest.FullRefresh, parts(files))
				if fault.Retryable(err) {
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", runID, err)
				}
				return
			}
		})
	}
	group.Wait()
	counts := identifiers(t, l)
	runsLeft := make(map[string]int)
	for identifier, n := range counts {
		runsLeft[identifier[:len("run_0")]] += n
	}
	if len(runsLeft) != 1 || len(counts) != rows {
		t.Errorf("rows left per run: %v, want %d rows of one run", runsLeft, rows)
	}
}

func TestCommitFailsWithoutATrace(t *testing.T) {
	l := newPlace(t).open(t)
	files := landPeople(t, l, "run_1", "a", 10)
	broken := errors.New("the part cannot be read")
	tests := []struct {
		name  string
		parts iter.Seq2[[]byte, error]
		want  error
	}{
		{"a part cannot be read", func(yield func([]byte, error) bool) {
			if yield(files.Encoded, nil) {
				yield(nil, broken)
			}
		}, broken},
		{"a part is cut off", parts(lake.Files{Encoded: files.Encoded[:len(files.Encoded)-1]}), nil},
		{"a part is of another version", parts(lake.Files{Encoded: []byte{9}}), nil},
		{"a part comes twice", parts(files, files), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := l.Commit(t.Context(), people, "run_1", ingest.Append, test.parts)
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
			if rows := identifiers(t, l); len(rows) != 0 {
				t.Errorf("%d rows are there", len(rows))
			}
		})
	}
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(files)); err != nil {
		t.Errorf("the same run cannot commit afterwards: %v", err)
	}
}

// What a commit sets for itself must not become a property of the table, which
// other engines go by.
func TestCommitLeavesTheTablesProperties(t *testing.T) {
	p := newPlace(t)
	l := p.open(t)
	files := landPeople(t, l, "run_1", "a", 1)
	if _, err := l.Commit(t.Context(), people, "run_1", ingest.Append, parts(files)); err != nil {
		t.Fatal(err)
	}
	metadata := p.keys(t, ".metadata.json")
	object, err := p.objects.GetObject(bucket, slices.Max(metadata), nil) // they begin with their version
	if err != nil {
		t.Fatal(err)
	}
	defer object.Contents.Close()
	var table struct {
		Properties map[string]string `json:"properties"`
	}
	if err := json.NewDecoder(object.Contents).Decode(&table); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"schema.name-mapping.default", "write.metadata.delete-after-commit.enabled", "write.metadata.previous-versions-max",
		"write.parquet.compression-codec", "write.parquet.row-group-limit", "write.parquet.row-group-size-bytes",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(table.Properties))); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

func TestTableMissing(t *testing.T) {
	l := newPlace(t).open(t)
	missing := lake.TableID{Workspace: "nobody", Name: "nothing"}
	calls := map[string]func() error{
		"Rows":      func() error { _, err := l.Rows(t.Context(), missing, 1); return err },
		"Lookup":    func() error { _, err := l.Lookup(t.Context(), missing, "identifier", "x", 1); return err },
		"Committed": func() error { _, _, err := l.Committed(t.Context(), missing, "run_1"); return err },
		"Commit": func() error {
			_, err := l.Commit(t.Context(), missing, "run_1", ingest.Append, parts())
			return err
		},
		"Writer": func() error { _, err := l.Writer(t.Context(), missing, peopleArrow, "run_1"); return err },
	}
	for name, call := range calls {
		if code := fault.CodeOf(call()); code != fault.LakeTableMissing {
			t.Errorf("%s: code %q, want %q", name, code, fault.LakeTableMissing)
		}
	}
}
