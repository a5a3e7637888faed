package manifest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/manifest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// full is a run of which every fact has a value.
func full() (ingest.Import, ingest.Run, manifest.Facts) {
	w := newWorld(ingest.Merge)
	limit := 0.25
	i := w.imported
	i.ManifestHash = schema.Hash([]byte("previous"))
	i.Query, i.Key, i.Deleted, i.Guards = "SELECT 'secret-query'", []string{"identifier"}, "gone", ingest.Guards{Deletes: ingest.Guard{Limit: &limit}}
	at := start.Add(123456789 * time.Nanosecond)
	r := ingest.Run{
		WorkspaceID: "acme", ImportID: i.ID, ID: "run_007", Trigger: ingest.Backfill, Attempt: 1, Replays: "run_005", CreatedAt: at, StartedAt: at, AsOf: at,
		SchemaVersion: schema.Hash([]byte("schema")), From: "2026-02-01T00:00:00Z", Watermark: "2026-03-01T00:00:00Z",
		Range:    &ingest.Range{From: "2026-01-01T00:00:00Z", To: "2026-02-01T00:00:00Z"},
		Findings: []ingest.Finding{{Guard: "deletes", Limit: 0.25, Observed: 0.5, Action: ingest.Hold, Message: "half of the rows delete"}},
		Released: &ingest.Decision{Actor: "user_1", At: at},
		Proved:   &ingest.Proved{Verdict: ingest.Unverifiable, Why: "the table changes", RowsRead: 12},
	}
	before := manifest.Snapshot{ID: "1", Parent: "0", RunID: "run_006", At: at, AddedRows: 3, TotalRows: 9, Operation: "append"}
	after := manifest.Snapshot{ID: "2", Parent: "1", RunID: "run_007", At: at, AddedRows: 8, TotalRows: 17, Operation: "overwrite"}
	return i, r, manifest.Facts{
		Splits: []source.Split{{Label: "a <b>", Detail: json.RawMessage(`{"token":"secret-detail"}`), Rows: 11, Bytes: 1000}},
		Parts: []ingest.Part{
			{From: "", After: "x", FilesKey: "f", Quarantine: "q", Cursor: "secret-cursor", Windows: []int64{1}, Counts: ingest.Counts{
				RowsRead: 11, RowsWritten: 9, RowsQuarantined: 1, RowsFiltered: 1, RowsFlagged: 1, RowsNameless: 1, BytesRead: 1000, BytesWritten: 99,
			}, At: at},
			{Number: 1, From: "x", After: "y", Last: true, Counts: ingest.Counts{RowsRead: 1, RowsFiltered: 1}, At: at},
		},
		CredentialVersion: "version-2", Before: &before, After: &after,
	}
}

const golden = "testdata/manifest.json"

var update = flag.Bool("update", false, "write the golden file anew")

// What is written stays readable: the form is fixed, and has every field.
func TestTheFormIsFixed(t *testing.T) {
	i, r, facts := full()
	m := manifest.New(i, r, facts)
	body, hash, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(body)); diff != "" {
		t.Errorf("the encoding changed (-want +got): manifests that are kept would not verify any more\n%s", diff)
	}
	if hash != manifest.Hash(want) {
		t.Errorf("the hash is %s", hash)
	}
	read, err := manifest.Decode(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, read); diff != "" {
		t.Errorf("reading it back (-written +read):\n%s", diff)
	}
	empty(t, "Manifest", reflect.ValueOf(m))
}

// empty finds fields that the golden file does not show.
func empty(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
	case v.Kind() == reflect.Slice && v.Len() > 0:
		empty(t, path+"[0]", v.Index(0))
		return
	case v.Kind() == reflect.Struct:
		for n := range v.NumField() {
			switch name := path + "." + v.Type().Field(n).Name; name {
			case "Manifest.Splits[0].First", "Manifest.Splits[0].Last", "Manifest.Proved.SourceRows", "Manifest.Proved.LakeRows", "Manifest.Proved.Column", "Manifest.Proved.Windows":
			default:
				empty(t, name, v.Field(n))
			}
		}
		return
	}
	if v.IsZero() {
		t.Errorf("%s is empty", path)
	}
}

func TestNothingOfARowOrASecretIsInIt(t *testing.T) {
	i, r, facts := full()
	i.Cursor.Type, r.From, r.Watermark = schema.String, "secret-a@example.com", "secret-b@example.com"
	r.Range = &ingest.Range{From: "secret-c", To: "secret-d"}
	body, _, err := manifest.New(i, r, facts).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if at := bytes.Index(body, []byte("secret")); at >= 0 {
		t.Errorf("it has %q", body[at:min(at+40, len(body))])
	}
}

// A commit that is repeated finds times as its store keeps them, and says nothing of when it was repeated.
func TestTheSameRunMakesTheSameManifest(t *testing.T) {
	i, r, facts := full()
	want, _, _ := manifest.New(i, r, facts).Encode()
	zone := time.FixedZone("east", 7200)
	for _, at := range []*time.Time{&r.CreatedAt, &r.StartedAt, &r.AsOf, &r.Released.At, &facts.After.At} {
		*at = at.Truncate(time.Millisecond).In(zone)
	}
	facts.Parts[0].At = facts.Parts[0].At.Truncate(time.Second)
	r.Status, r.Revision, r.Deadline, r.EndedAt, r.SnapshotID, r.ManifestHash = ingest.Committing, 99, start, start, "2", "hash"
	i.NextRunAt, i.OpenRunID, i.Name = start, "run_007", "renamed"
	got, _, err := manifest.New(i, r, facts).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the same run (-once +again):\n%s", diff)
	}
}

// What a run was asked to do, and what came of it, is all in the hash.
func TestEveryFactCounts(t *testing.T) {
	i, r, facts := full()
	_, want, _ := manifest.New(i, r, facts).Encode()
	for name, change := range map[string]func(*ingest.Import, *ingest.Run, *manifest.Facts){
		"mapping":    func(i *ingest.Import, _ *ingest.Run, _ *manifest.Facts) { i.Mapping[1].Required = true },
		"filter":     func(i *ingest.Import, _ *ingest.Run, _ *manifest.Facts) { i.Filter[0].Values = []string{"other"} },
		"cursor":     func(i *ingest.Import, _ *ingest.Run, _ *manifest.Facts) { i.Cursor.Lookback++ },
		"guards":     func(i *ingest.Import, _ *ingest.Run, _ *manifest.Facts) { i.Guards.HubLinks = 3 },
		"query":      func(i *ingest.Import, _ *ingest.Run, _ *manifest.Facts) { i.Query += " " },
		"previous":   func(i *ingest.Import, _ *ingest.Run, _ *manifest.Facts) { i.ManifestHash = "" },
		"schema":     func(_ *ingest.Import, r *ingest.Run, _ *manifest.Facts) { r.SchemaVersion = "other" },
		"credential": func(_ *ingest.Import, _ *ingest.Run, f *manifest.Facts) { f.CredentialVersion = "other" },
		"detail":     func(_ *ingest.Import, _ *ingest.Run, f *manifest.Facts) { f.Splits[0].Detail = json.RawMessage(`{}`) },
		"checkpoint": func(_ *ingest.Import, _ *ingest.Run, f *manifest.Facts) { f.Parts[0].After = "z" },
		"files":      func(_ *ingest.Import, _ *ingest.Run, f *manifest.Facts) { f.Parts[0].FilesKey = "other" },
		"quarantine": func(_ *ingest.Import, _ *ingest.Run, f *manifest.Facts) { f.Parts[0].Quarantine = "other" },
		"counts":     func(_ *ingest.Import, _ *ingest.Run, f *manifest.Facts) { f.Parts[1].Counts.BytesRead++ },
		"snapshot":   func(_ *ingest.Import, _ *ingest.Run, f *manifest.Facts) { f.After.ID = "3" },
	} {
		i, r, facts := full()
		change(&i, &r, &facts)
		if _, got, err := manifest.New(i, r, facts).Encode(); err != nil || got == want {
			t.Errorf("%s: the hash is the same, %v", name, err)
		}
	}
}

// Ten thousand splits with the longest labels there are make a manifest that an answer over HTTP can hold.
func TestManySplitsStaySmall(t *testing.T) {
	i, r, _ := full()
	for _, splits := range []int{0, 1, 999, 1000, 1001, 2500, 10_000} {
		facts := manifest.Facts{}
		for n := range splits {
			facts.Splits = append(facts.Splits, source.Split{Label: fmt.Sprintf("%05d/%s", n, strings.Repeat("ä", 500)), Rows: 1, Bytes: 2})
			for part := range 2 {
				facts.Parts = append(facts.Parts, ingest.Part{Split: n, Number: part, Last: part == 1, Counts: ingest.Counts{RowsRead: 3, RowsWritten: 3}})
			}
		}
		m := manifest.New(i, r, facts)
		body, _, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Splits) > manifest.MaxSplits || len(body) > 1<<20 {
			t.Errorf("%d splits make %d entries in %d bytes", splits, len(m.Splits), len(body))
		}
		parts, rows, next := 0, int64(0), 0
		for _, s := range m.Splits {
			if s.First != next {
				t.Fatalf("%d splits: an entry begins at %d, want %d", splits, s.First, next)
			}
			next = max(s.First, s.Last) + 1
			parts, rows = parts+s.Parts, rows+s.Rows
		}
		if next != splits || parts != 2*splits || rows != int64(splits) || m.Counts.RowsRead != int64(6*splits) || m.Source.Splits != splits {
			t.Errorf("%d splits: entries up to %d with %d parts and %d rows, %+v", splits, next, parts, rows, m.Counts)
		}
		if read, err := manifest.Decode(body); err != nil || !cmp.Equal(m, read) {
			t.Errorf("%d splits: reading it back: %v\n%s", splits, err, cmp.Diff(m, read))
		}
	}
}

func TestAroundFindsWhatIsBeforeARun(t *testing.T) {
	w := threeRuns(t)
	for run, want := range map[string][2]string{"run_001": {"", "9000"}, "run_002": {"9000", "9001"}, "run_003": {"9002", "9003"}, "run_004": {"", ""}} {
		before, after := manifest.Around(run, w.snapshots)
		var got [2]string
		for n, s := range []*manifest.Snapshot{before, after} {
			if s != nil {
				got[n] = s.ID
			}
		}
		if got != want {
			t.Errorf("%s: %v, want %v", run, got, want)
		}
	}
}
