package manifest_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/manifest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

var start = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)

// world is an import whose runs have all left what they should: manifests, records, snapshots.
type world struct {
	imported  ingest.Import
	kept      []manifest.Kept // the oldest first, as the next three
	runs      []ingest.Run
	snapshots []manifest.Snapshot
}

func newWorld(mode ingest.Mode) *world {
	return &world{imported: ingest.Import{
		WorkspaceID: "acme", ID: "imp_01", ConnectionID: "con_01", Table: "profiles/", Type: ingest.UserProfile, Mode: mode,
		Mapping: ingest.Mapping{{Source: "user_id", Target: "identifier", Type: schema.String, Required: true}, {Source: "age", Target: "age", Type: schema.Int64}},
		Cursor:  &ingest.Cursor{Column: "updated_at", Type: schema.Timestamp, Lookback: 60},
		Filter:  source.Filter{{Column: "country", Op: source.Equal, Values: []string{"secret-country"}}},
	}}
}

// run leaves what a run leaves that reads so many rows in every split.
func (w *world) run(t testing.TB, rows ...int64) {
	t.Helper()
	n := len(w.runs) + 1
	when := start.AddDate(0, 0, n)
	r := ingest.Run{
		WorkspaceID: "acme", ImportID: "imp_01", ID: fmt.Sprintf("run_%03d", n), Trigger: ingest.Scheduled, Status: ingest.Succeeded,
		CreatedAt: when, StartedAt: when.Add(time.Second), AsOf: when.Add(2 * time.Second), SchemaVersion: schema.Hash([]byte("schema")),
		From: "2026-02-28T00:00:00Z", Watermark: "2026-03-01T00:00:00Z",
	}
	facts := manifest.Facts{CredentialVersion: "version-1"}
	for split, count := range rows {
		facts.Splits = append(facts.Splits, source.Split{
			Label: fmt.Sprintf("profiles/%04d.csv", split), Detail: json.RawMessage(fmt.Sprintf(`{"key":"%d"}`, split)), Rows: count + 1, Bytes: 100 * count,
		})
		counts := ingest.Counts{RowsRead: count, RowsWritten: count - count/10, RowsQuarantined: count / 10, BytesRead: 100 * count, BytesWritten: 10 * count}
		facts.Parts = append(facts.Parts, ingest.Part{
			Split: split, After: "end", Last: true, FilesKey: fmt.Sprintf("runs/acme/%s/parts/%d.avro", r.ID, split), Counts: counts, At: when.Add(time.Minute),
		})
		r.Counts = r.Counts.Add(counts)
	}
	if last := len(w.snapshots); last > 0 {
		facts.Before = &w.snapshots[last-1]
	}
	facts.After = w.snapshot(r.ID, r.Counts.RowsWritten, when.Add(time.Hour))
	r.Proved = &ingest.Proved{
		Verdict: ingest.Complete, SourceRows: r.Counts.RowsRead, RowsRead: r.Counts.RowsRead, LakeRows: facts.After.AddedRows,
		Column: "updated_at", Windows: []ingest.Window{{To: "2026-03-01T00:00:00Z", Source: r.Counts.RowsRead, Read: r.Counts.RowsRead}},
	}
	body, hash, err := manifest.New(w.imported, r, facts).Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.kept = append(w.kept, manifest.Kept{Key: manifest.Key(r.Ref()), Body: body})
	w.imported.ManifestHash, r.ManifestHash, w.imported.LastRunID, r.SnapshotID = hash, hash, r.ID, facts.After.ID
	w.runs = append(w.runs, r)
}

// snapshot adds a version of the table.
func (w *world) snapshot(runID string, rows int64, at time.Time) *manifest.Snapshot {
	s := manifest.Snapshot{ID: fmt.Sprintf("%d", 9000+len(w.snapshots)), RunID: runID, At: at, AddedRows: rows, TotalRows: rows, Operation: "append"}
	if last := len(w.snapshots); last > 0 {
		s.Parent = w.snapshots[last-1].ID
		if w.imported.Mode != ingest.FullRefresh {
			s.TotalRows += w.snapshots[last-1].TotalRows
		}
	}
	w.snapshots = append(w.snapshots, s)
	return &s
}

// upkeep is maintenance that folds one deleted row away.
func (w *world) upkeep() {
	last := w.snapshots[len(w.snapshots)-1]
	s := w.snapshot("", last.TotalRows-1, last.At.Add(time.Hour))
	w.snapshots[len(w.snapshots)-1].Operation, w.snapshots[len(w.snapshots)-1].TotalRows = "replace", s.AddedRows
}

func (w *world) verify(t testing.TB) manifest.Report {
	t.Helper()
	report, err := manifest.Verify(manifest.Chain{Import: w.imported, Manifests: each(w.kept), Runs: w.runs, Snapshots: w.snapshots})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func each(kept []manifest.Kept) iter.Seq2[manifest.Kept, error] {
	return func(yield func(manifest.Kept, error) bool) {
		for _, k := range kept {
			if !yield(k, nil) {
				return
			}
		}
	}
}

// kinds are the kinds of problems that a report has, each once.
func kinds(r manifest.Report) []manifest.Kind {
	var all []manifest.Kind
	for _, p := range r.Problems {
		if !slices.Contains(all, p.Kind) {
			all = append(all, p.Kind)
		}
	}
	return all
}

// rewrite replaces a manifest by one that is changed and encoded as it should be.
func (w *world) rewrite(t testing.TB, n int, change func(*manifest.Manifest)) string {
	t.Helper()
	m, err := manifest.Decode(w.kept[n].Body)
	if err != nil {
		t.Fatal(err)
	}
	change(&m)
	body, hash, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.kept[n].Body = body
	return hash
}
