package transfer_test

import (
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/manifest"
)

// A commit whose manifest is not recorded, because another one has just begun, is not done.
func TestACommitThatLosesItsManifestIsCalledAgain(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	ref := w.begin(t)
	w.extract(t, ref, w.plan(t, ref))
	losing := w.committer()
	losing.Store = &wokenStore{Store: w.store, attest: func() {
		seen := w.run(t, ref)
		again := seen
		again.Deadline = w.time().Add(ingest.CommitDeadline)
		if moved, err := w.store.MoveRun(t.Context(), seen, again); err != nil || !moved {
			t.Errorf("the other commit: %t, %v", moved, err)
		}
	}}
	if _, err := losing.Commit(t.Context(), ref); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("error %v, want %s", err, fault.Unavailable)
	}
	if _, err := losing.Commit(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if r := w.settle(t, ref); r.ManifestHash == "" || r.Proved == nil || r.Proved.Verdict != ingest.Complete {
		t.Errorf("the run is %+v", r)
	}
	w.wantRows(t, people, 1)
}

// A run whose commit dies once its rows are in the lake is ended by the sweep. It has no proof and no manifest, says
// so, and those that come after it are a chain all the same.
func TestARunThatIsSettledBeforeItsManifest(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	first := w.whole(t)
	ref := w.begin(t)
	w.extract(t, ref, w.plan(t, ref))
	dying := w.committer()
	dying.Store = &wokenStore{Store: w.store, attest: func() {
		w.wait(7 * 24 * time.Hour)
		if settled, err := w.settler().Sweep(t.Context()); err != nil || settled != 1 {
			t.Errorf("%d were settled, %v", settled, err)
		}
	}}
	if _, err := dying.Commit(t.Context(), ref); err != nil {
		t.Errorf("a commit of what has been settled: %v", err)
	}
	r := w.run(t, ref)
	if r.Status != ingest.Succeeded || r.SnapshotID == "" || r.ManifestHash != "" {
		t.Fatalf("the run is %+v", r)
	}
	if p := r.Proved; p == nil || p.Verdict != ingest.Unverifiable || p.Why == "" || p.SourceRows != p.RowsRead || p.LakeRows != 0 {
		t.Errorf("nobody has looked at what landed, and the run is proved %+v", p)
	}
	last := w.whole(t)
	report := w.verify(t)
	if !report.OK() || len(report.Links) != 2 || report.Links[0].RunID != first.ID || report.Links[1].RunID != last.ID {
		t.Errorf("%+v", report)
	}
	if len(report.Remarks) != 1 || report.Remarks[0].Kind != manifest.Unattested || report.Remarks[0].RunID != ref.RunID {
		t.Errorf("remarks %+v", report.Remarks)
	}
}

// verify verifies the manifests that the import's runs have left, recorded or not.
func (w *world) verify(t *testing.T) manifest.Report {
	t.Helper()
	chain := manifest.Chain{}
	var err error
	if chain.Import, err = w.store.Import(t.Context(), workspace, w.imp.ID); err != nil {
		t.Fatal(err)
	}
	if chain.Runs, err = w.store.Runs(t.Context(), workspace, w.imp.ID, "", 100); err != nil {
		t.Fatal(err)
	}
	chain.Manifests = func(yield func(manifest.Kept, error) bool) {
		for _, r := range chain.Runs {
			key := manifest.Key(r.Ref())
			if body, err := w.objects.Get(t.Context(), key); err == nil && !yield(manifest.Kept{Key: key, Body: body}, nil) {
				return
			}
		}
	}
	snapshots, err := w.lake.Snapshots(t.Context(), lake.TableOf(w.imp))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range snapshots {
		chain.Snapshots = append(chain.Snapshots, manifest.Snapshot(s))
	}
	report, err := manifest.Verify(chain)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
