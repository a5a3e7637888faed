package manifest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/manifest"
)

func threeRuns(t testing.TB) *world {
	w := newWorld(ingest.Append)
	w.run(t, 100, 50)
	w.run(t, 40)
	w.upkeep()
	w.run(t, 30, 20, 10)
	return w
}

func TestAnHonestChainIsFound(t *testing.T) {
	for _, mode := range []ingest.Mode{ingest.Append, ingest.FullRefresh} {
		w := newWorld(mode)
		w.run(t, 100, 50)
		w.run(t, 40)
		report := w.verify(t)
		if !report.OK() || len(report.Links) != 2 {
			t.Fatalf("%s: %+v", mode, report)
		}
		if first := report.Links[0]; first.RunID != "run_001" || first.Landed != 135 || first.Lake != manifest.Present || first.SnapshotID != "9000" || first.Proof != ingest.Complete {
			t.Errorf("%s: the first run is reported as %+v", mode, first)
		}
	}
}

func TestExpiredSnapshotsAreSaidToBe(t *testing.T) {
	w := threeRuns(t)
	w.snapshots = w.snapshots[2:]
	report := w.verify(t)
	var lake []manifest.Presence
	for _, l := range report.Links {
		lake = append(lake, l.Lake)
	}
	if want := []manifest.Presence{manifest.Expired, manifest.Expired, manifest.Present}; !report.OK() || !slices.Equal(lake, want) {
		t.Errorf("the lake has %v, want %v; %v", lake, want, report.Problems)
	}
}

// Rows that the source counted otherwise are a mismatch, until somebody has let the run go on in spite of it.
func TestAReleasedRunMayBeIncomplete(t *testing.T) {
	w := threeRuns(t)
	forgeLast(t, w, func(m *manifest.Manifest) {
		m.Proved.SourceRows, m.Proved.Verdict = 99, ingest.Incomplete
		m.Released = &ingest.Decision{Actor: "key:owner", At: start}
	})
	if report := w.verify(t); !report.OK() || report.Links[2].Proof != ingest.Incomplete {
		t.Errorf("%+v", report)
	}
}

// What is under way is not a mismatch: a commit writes first, and is settled then.
func TestAnOpenRunIsNotHeldAgainstTheChain(t *testing.T) {
	w := threeRuns(t)
	open := len(w.runs) - 1
	w.runs[open].Status, w.runs[open].ManifestHash = ingest.Committing, ""
	w.imported.OpenRunID, w.imported.ManifestHash = w.runs[open].ID, w.runs[open-1].ManifestHash
	if report := w.verify(t); !report.OK() || len(report.Links) != 2 {
		t.Errorf("%+v", report)
	}
}

// A run that settle found in the lake, after its commit had died, has no manifest, or one that nobody recorded, for good:
// that is said, and the chain goes on around it.
func TestARunWithoutAManifestIsSaid(t *testing.T) {
	for name, written := range map[string]bool{"it died before its manifest": false, "it died before it recorded it": true} {
		for at := range 3 {
			t.Run(fmt.Sprintf("%s, run %d", name, at+1), func(t *testing.T) {
				w := newWorld(ingest.Append)
				for n := range 3 {
					w.run(t, 40)
					if n != at {
						continue
					}
					w.imported.ManifestHash, w.runs[n].ManifestHash = "", ""
					if n > 0 {
						w.imported.ManifestHash = w.runs[n-1].ManifestHash
					}
				}
				if !written {
					w.kept = slices.Delete(w.kept, at, at+1)
				}
				report := w.verify(t)
				if !report.OK() || len(report.Links) != 2 {
					t.Fatalf("%+v", report)
				}
				want := w.runs[at]
				if len(report.Remarks) != 1 || report.Remarks[0].Kind != manifest.Unattested || report.Remarks[0].RunID != want.ID || report.Remarks[0].SnapshotID != want.SnapshotID {
					t.Errorf("remarks %+v", report.Remarks)
				}
			})
		}
	}
}

func TestRunsFromBeforeTheChainNeedNoManifest(t *testing.T) {
	w := threeRuns(t)
	w.kept = w.kept[1:]
	hash := w.rewrite(t, 0, func(m *manifest.Manifest) { m.Previous = "" })
	w.runs[0].ManifestHash, w.runs[1].ManifestHash = "", hash
	last := w.rewrite(t, 1, func(m *manifest.Manifest) { m.Previous = hash })
	w.runs[2].ManifestHash, w.imported.ManifestHash = last, last
	if report := w.verify(t); !report.OK() || len(report.Links) != 2 {
		t.Errorf("%+v", report)
	}
}

func TestWhatDoesNotFitIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		tamper func(*testing.T, *world)
		want   manifest.Kind
		run    string
		says   string
	}{
		"a manifest that is gone":  {func(_ *testing.T, w *world) { w.kept = slices.Delete(w.kept, 1, 2) }, manifest.Missing, "run_003", "there is none"},
		"the last one gone":        {func(_ *testing.T, w *world) { w.kept = w.kept[:2] }, manifest.Missing, "", "the import names"},
		"an object that is none":   {func(_ *testing.T, w *world) { w.kept[1].Body = []byte("{}\n") }, manifest.Unreadable, "", "run_002.json"},
		"another encoding":         {func(_ *testing.T, w *world) { w.kept[1].Body = append([]byte(" "), w.kept[1].Body...) }, manifest.Unreadable, "", "canonical"},
		"two that changed places":  {func(_ *testing.T, w *world) { w.kept[0].Body, w.kept[1].Body = w.kept[1].Body, w.kept[0].Body }, manifest.Misplaced, "run_001", "another run"},
		"a number that was edited": {func(t *testing.T, w *world) { w.rewrite(t, 1, func(m *manifest.Manifest) { m.Counts.RowsRead++ }) }, manifest.Inconsistent, "run_002", "add up"},
		"an edited one, with the break it makes": {
			func(t *testing.T, w *world) {
				w.rewrite(t, 1, func(m *manifest.Manifest) { m.Source.Watermark = "2030-01-01T00:00:00Z" })
			},
			manifest.Missing, "run_003", "there is none",
		},
		"one that was put in": {func(t *testing.T, w *world) {
			w.kept = append(w.kept, w.kept[2])
			w.rewrite(t, 3, func(m *manifest.Manifest) { m.RunID, m.After = "run_004", nil })
			w.kept[3].Key = strings.Replace(w.kept[3].Key, "003", "004", 1)
		}, manifest.Forked, "run_004", "run_003"},
		"one that none names": {func(t *testing.T, w *world) {
			w.kept = append(w.kept, w.kept[2])
			w.rewrite(t, 3, func(m *manifest.Manifest) { m.RunID, m.Previous = "run_004", "00" })
			w.kept[3].Key = strings.Replace(w.kept[3].Key, "003", "004", 1)
		}, manifest.Unlinked, "run_004", "no manifest"},
		"a chain forged anew in another order": {forgeOrder, manifest.Reordered, "run_003", "created earlier"},
		"a proof that found other rows":        {func(t *testing.T, w *world) { forgeLast(t, w, func(m *manifest.Manifest) { m.Proved.SourceRows += 5 }) }, manifest.Incomplete, "run_003", "65 rows"},
		"rows that no snapshot has":            {func(t *testing.T, w *world) { forgeLast(t, w, func(m *manifest.Manifest) { m.After = nil }) }, manifest.Inconsistent, "run_003", "names no snapshot"},
		"a snapshot that adds fewer rows": {func(t *testing.T, w *world) {
			forgeLast(t, w, func(m *manifest.Manifest) { m.After.AddedRows--; m.Proved.LakeRows-- })
		}, manifest.Inconsistent, "run_003", "54 rows landed, its snapshot adds 53"},
		"a run without a manifest": {func(_ *testing.T, w *world) {
			w.runs = append(w.runs, ingest.Run{ID: "run_004", Status: ingest.Succeeded, ManifestHash: "00"})
		}, manifest.Unrecorded, "run_004", "not in the chain"},
		"a record of another":       {func(_ *testing.T, w *world) { w.runs[1].ManifestHash = "00" }, manifest.Unrecorded, "run_002", "its record"},
		"a record of other counts":  {func(_ *testing.T, w *world) { w.runs[1].Counts.RowsRead = 7 }, manifest.Unrecorded, "run_002", "7 rows"},
		"a record that is not one":  {func(_ *testing.T, w *world) { w.runs[1].Status = ingest.Failed }, manifest.Unrecorded, "run_002", "failed"},
		"a snapshot that is gone":   {func(_ *testing.T, w *world) { w.snapshots = w.snapshots[:3] }, manifest.SnapshotGone, "run_003", "too new"},
		"a table that is gone":      {func(_ *testing.T, w *world) { w.snapshots = nil }, manifest.SnapshotGone, "run_001", "too new"},
		"a snapshot of other rows":  {func(_ *testing.T, w *world) { w.snapshots[1].AddedRows-- }, manifest.Differing, "run_002", "rows added: 36 in the manifest, 35"},
		"a table of other rows":     {func(_ *testing.T, w *world) { w.snapshots[1].TotalRows-- }, manifest.Differing, "run_002", "rows in all"},
		"a snapshot of another run": {func(_ *testing.T, w *world) { w.snapshots[1].RunID = "run_009" }, manifest.Differing, "run_002", "run_009"},
		"another writer's rows":     {func(_ *testing.T, w *world) { w.snapshot("", 10, start.AddDate(0, 0, 9)) }, manifest.Foreign, "", "no run made it"},
		"another writer's deletes": {func(_ *testing.T, w *world) {
			s := w.snapshot("", 0, start.AddDate(0, 0, 9))
			w.snapshots[4].TotalRows = s.TotalRows - 3
		}, manifest.Foreign, "", "no run made it"},
		"rows that a rewrite made up": {func(_ *testing.T, w *world) { w.snapshots[2].TotalRows += 9 }, manifest.Foreign, "", "rewrites"},
		"a snapshot that no manifest has": {
			func(_ *testing.T, w *world) { w.snapshot("run_004", 10, start.AddDate(0, 0, 9)) }, manifest.Unrecorded, "run_004", "no manifest",
		},
		"a table in two versions": {func(_ *testing.T, w *world) { w.snapshots[3].Parent = w.snapshots[1].ID }, manifest.Diverged, "", "does not follow"},
	} {
		t.Run(name, func(t *testing.T) {
			w := threeRuns(t)
			test.tamper(t, w)
			report := w.verify(t)
			if !slices.ContainsFunc(report.Problems, func(p manifest.Problem) bool {
				return p.Kind == test.want && p.RunID == test.run && strings.Contains(p.Message, test.says)
			}) {
				t.Errorf("no %q of %q that says %q in %+v", test.want, test.run, test.says, report.Problems)
			}
		})
	}
}

// forgeLast changes the last manifest as somebody would who can write everything that names it.
func forgeLast(t testing.TB, w *world, change func(*manifest.Manifest)) {
	last := len(w.kept) - 1
	w.imported.ManifestHash = w.rewrite(t, last, change)
	w.runs[last].ManifestHash = w.imported.ManifestHash
}

// forgeOrder chains the runs as 1, 3, 2.
func forgeOrder(t *testing.T, w *world) {
	first := w.runs[0].ManifestHash
	third := w.rewrite(t, 2, func(m *manifest.Manifest) { m.Previous = first })
	second := w.rewrite(t, 1, func(m *manifest.Manifest) { m.Previous = third })
	w.imported.ManifestHash, w.runs[1].ManifestHash, w.runs[2].ManifestHash = second, second, third
}

// Behind a gap the chain is looked at too, so that one report has everything.
func TestAGapDoesNotHideWhatIsBehindIt(t *testing.T) {
	w := threeRuns(t)
	w.kept = slices.Delete(w.kept, 1, 2)
	w.snapshots[0].AddedRows = 1
	report := w.verify(t)
	for _, want := range []manifest.Kind{manifest.Missing, manifest.Differing, manifest.Unrecorded} {
		if !slices.Contains(kinds(report), want) {
			t.Errorf("no %q in %+v", want, report.Problems)
		}
	}
	if len(report.Links) != 2 || report.Links[0].RunID != "run_001" {
		t.Errorf("the links are %+v", report.Links)
	}
}

func TestAManifestThatCannotBeReadIsAnError(t *testing.T) {
	broken := errors.New("broken line")
	_, err := manifest.Verify(manifest.Chain{Manifests: func(yield func(manifest.Kept, error) bool) { yield(manifest.Kept{}, broken) }})
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}
