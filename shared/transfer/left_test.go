package transfer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/manifest"
)

// A row may be corrected at the source and keep its cursor. What was read before that must not replace it.
func TestAReplayLeavesWhatIsAsNew(t *testing.T) {
	k := kinds()[2]
	w := emptyWorld()
	rows := []record{{ID: "u1", Changed: 5}, {ID: "u2", Changed: 5}, {ID: "u3", Name: "a", Changed: 5}}
	w.feedNameless(t, k, rows)
	w.open(t, ingest.Merge, strict, byCursor)
	r := w.run1(t, "the first run", w.begin(t))
	rows[1].Name = "corrected"
	w.feedNameless(t, k, rows)
	w.run1(t, "a later run", w.begin(t))
	w.mend(t)
	w.replay(t, r)
	if diff := cmp.Diff([]string{"u1 unnamed 5 false", "u2 corrected 5 false", "u3 a 5 false"}, w.landed(t)); diff != "" {
		t.Errorf("the lake (-want +got):\n%s", diff)
	}
}

// A backfill reads the source as it is now: what it has is the truth of a cursor that is as great.
func TestABackfillReplacesWhatIsAsNew(t *testing.T) {
	k := kinds()[2]
	w := emptyWorld()
	rows := []record{{ID: "u1", Name: "a", Changed: 5}, {ID: "u2", Name: "a", Changed: 9}}
	w.feed(t, k, rows)
	w.open(t, ingest.Merge, ofFeed, byCursor)
	w.run1(t, "the first run", w.begin(t))
	rows[0].Name = "corrected"
	w.feed(t, k, rows)
	r, err := w.service().StartBackfill(t.Context(), workspace, w.imp.ID, ingest.Range{From: "5", To: "6"})
	if err != nil {
		t.Fatal(err)
	}
	w.run1(t, "the backfill", r.Ref())
	if diff := cmp.Diff([]string{"u1 corrected 5 false", "u2 a 9 false"}, w.landed(t)); diff != "" {
		t.Errorf("the lake (-want +got):\n%s", diff)
	}
}

// Rows that differ only in what was mapped later have one fingerprint. Of two such rows one may have landed, and a
// replay of the other must not take it away.
func TestAReplayLeavesWhatLandedOfAFingerprint(t *testing.T) {
	k := kinds()[2]
	w := emptyWorld()
	rows := []record{{ID: "u1", Name: "a", Changed: 5}, {ID: "u1", Changed: 5}, {ID: "u2", Changed: 5}, {ID: "u2", Changed: 5}}
	w.feedNameless(t, k, rows)
	w.open(t, ingest.Append, strict, byCursor, func(n *ingest.NewImport) { n.Mapping = append(n.Mapping[:1:1], n.Mapping[2:]...) })
	mapping := append(w.imp.Mapping[:1:1], ingest.Column{Source: "name", Target: "name", Required: true})
	updated, err := w.service().Update(t.Context(), workspace, w.imp.ID, ingest.Change{Mapping: append(mapping, w.imp.Mapping[1:]...)})
	if err != nil {
		t.Fatal(err)
	}
	w.imp = updated
	r := w.run1(t, "the run", w.begin(t))
	w.mend(t)
	w.replay(t, r)
	if diff := cmp.Diff([]string{"u1 a 5 false", "u2 unnamed 5 false", "u2 unnamed 5 false"}, w.landed(t)); diff != "" {
		t.Errorf("the lake (-want +got):\n%s", diff)
	}
}

func (w *world) replay(t *testing.T, of ingest.Run) {
	t.Helper()
	r, err := w.service().Replay(t.Context(), of.Ref())
	if err != nil {
		t.Fatal(err)
	}
	w.run1(t, "the replay", r.Ref())
}

// What was sifted stays so, and the manifest says by which limit.
func TestARunIsDrivenAgainByTheHubLinksItWasPlannedWith(t *testing.T) {
	w := emptyWorld()
	w.link([][2]string{{"x", "a"}, {"x", "b"}, {"x", "c"}, {"x", "d"}, {"p", "q"}})
	limit := 0.05
	w.open(t, ingest.Append, ofLinks, func(n *ingest.NewImport) { n.Guards.Hubs = ingest.Guard{Limit: &limit, Action: ingest.Fail} })
	ref := w.begin(t)
	if r, err := w.execute(t, ref); fault.CodeOf(err) != fault.RunGuard {
		t.Fatalf("the run is %s, %v", r.Status, err)
	}
	guards := w.imp.Guards
	guards.HubLinks, guards.Hubs.Action = 100, ingest.Ignore
	if _, err := w.service().Update(t.Context(), workspace, w.imp.ID, ingest.Change{Guards: &guards}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service().Redrive(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	w.run1(t, "the run that is driven again", ref)
	body, err := w.objects.Get(t.Context(), manifest.Key(ref))
	if err != nil {
		t.Fatal(err)
	}
	got, err := manifest.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	went := w.imp
	went.Guards.Hubs.Action = ingest.Ignore
	if want := manifest.New(went, ingest.Run{}, manifest.Facts{}); got.Definition.ImportVersion != want.Definition.ImportVersion {
		t.Error("the manifest is of other settings than those that the run went by")
	}
	if diff := cmp.Diff([]string{"p-q"}, w.links(t)); diff != "" {
		t.Errorf("the lake (-want +got):\n%s", diff)
	}
}
