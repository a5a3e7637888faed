package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/manifest"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/memsource"
)

// link replaces the source by links.
func (w *world) link(pairs [][2]string) {
	rows := make([]string, len(pairs))
	for n, p := range pairs {
		rows[n] = fmt.Sprintf(`{"a":%q,"b":%q}`, p[0], p[1])
	}
	w.driver.Datasets = map[string][]memsource.Table{"crm": {{Table: schema.Table{Name: tableName, Columns: []schema.Column{
		{Name: "a", Type: schema.String, Nullable: true}, {Name: "b", Type: schema.String, Nullable: true},
	}}, Rows: "[" + strings.Join(rows, ",") + "]"}}}
}

// ofLinks is an import of links, in which an identifier may have three of them.
func ofLinks(n *ingest.NewImport) {
	n.Type = ingest.IdentityGraph
	n.Mapping = ingest.Mapping{{Source: "a", Target: "first_id"}, {Source: "b", Target: "second_id"}}
	n.Guards.HubLinks, n.Guards.Hubs.Limit = 3, new(0.05) // a default limit says nothing of few links
}

// links are those of the lake, in a fixed order.
func (w *world) links(t *testing.T) []string {
	t.Helper()
	rows, err := w.lake.Rows(t.Context(), lake.TableOf(w.imp), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	found := make([]string, len(rows))
	for n, row := range rows {
		first, _ := row.Value("first_id")
		second, _ := row.Value("second_id")
		found[n] = fmt.Sprintf("%v-%v", first, second)
	}
	slices.Sort(found)
	return found
}

// TestHubsAreLeftOutOnce kills the sift at every write it makes, and repeats it: what it leaves out is in
// quarantine, and in the run's counts, once.
func TestHubsAreLeftOutOnce(t *testing.T) {
	var pairs [][2]string
	var want []string
	for n := range 40 {
		pairs = append(pairs, [2]string{fmt.Sprintf("a%02d", n), fmt.Sprintf("b%02d", n)})
		want = append(want, fmt.Sprintf("a%02d-b%02d", n, n))
	}
	for n := range 4 {
		pairs = append(pairs, [2]string{"unknown", fmt.Sprintf("c%02d", n)})
	}
	pairs = append(pairs, [2]string{"self", "self"})
	for mode, seeds := range map[ingest.Mode]uint64{ingest.FullRefresh: 1, ingest.Append: 4, ingest.Merge: 1} {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%s, seed %d", mode, seed), func(t *testing.T) {
				w := emptyWorld()
				w.splitRows = 15
				w.link(pairs)
				w.open(t, mode, ofLinks, func(n *ingest.NewImport) { n.Guards.Hubs.Action = ingest.Ignore })
				w.fate, w.quarantineBytes = newFate(seed, 8), 1 // a part for each link that is left out
				r := w.run1(t, "the run", w.begin(t))
				if diff := cmp.Diff(want, w.links(t)); diff != "" {
					t.Errorf("the lake (-want +got):\n%s", diff)
				}
				c := r.Counts
				if c.RowsRead != 45 || c.RowsWritten != 40 || c.RowsQuarantined != 5 {
					t.Errorf("counts %+v", c)
				}
				if r.Splits != 4 || r.SplitsDone != 4 {
					t.Errorf("%d of %d steps are done", r.SplitsDone, r.Splits)
				}
				rules := map[string]int{}
				keys, _ := workspaceKeys{}.WorkspaceKeys(t.Context(), workspace)
				of := map[string]string{pipeline.RowKey(keys.HMAC, "self"): "self_link"}
				for n := range 4 { // the smaller one comes first
					of[pipeline.RowKey(keys.HMAC, fmt.Sprintf("c%02d", n))] = "hub"
				}
				for _, line := range w.quarantined(t, r.Ref()) {
					if rules[line.Rule]++; of[line.RowKey] != line.Rule {
						t.Errorf("a row of rule %s has the key %q", line.Rule, line.RowKey)
					}
				}
				if diff := cmp.Diff(map[string]int{"hub": 4, "self_link": 1}, rules); diff != "" {
					t.Errorf("quarantine by rule (-want +got):\n%s", diff)
				}
				if len(r.Findings) != 1 || r.Findings[0].Guard != "hubs" || r.Findings[0].Observed != 4.0/44 {
					t.Errorf("findings %+v", r.Findings)
				}
			})
		}
	}
}

// What is held for its hubs is sifted only once, and lands without them when it is released.
func TestARunOfHubsIsHeld(t *testing.T) {
	w := emptyWorld()
	w.link([][2]string{{"x", "a"}, {"x", "b"}, {"x", "c"}, {"x", "d"}, {"p", "q"}})
	w.open(t, ingest.Append, ofLinks)
	ref := w.begin(t)
	if r, err := w.execute(t, ref); err != nil || r.Status != ingest.Held || r.Counts.RowsQuarantined != 4 {
		t.Fatalf("the run is %+v, %v", r, err)
	}
	if _, err := w.service().Release(t.Context(), ref, "ada"); err != nil {
		t.Fatal(err)
	}
	r := w.run1(t, "the released run", ref)
	if diff := cmp.Diff([]string{"p-q"}, w.links(t)); diff != "" || r.Counts.RowsQuarantined != 4 || r.Counts.RowsWritten != 1 {
		t.Errorf("counts %+v, the lake (-want +got):\n%s", r.Counts, diff)
	}
	// Its hubs had no source row of their own in quarantine, and are not read again from there.
	replay, err := w.service().Replay(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if again := w.run1(t, "a replay", replay.Ref()); again.Counts.RowsRead != 0 {
		t.Errorf("a replay read %+v", again.Counts)
	}
	if code := fault.CodeOf(w.vault().Destroy(t.Context(), ref)); code != "" {
		t.Errorf("destroying the key: %s", code)
	}
}

// Lambda may invoke commit several times at once: one sifts and one lands, whichever they are.
func TestCommitsInTheSameMomentAreOne(t *testing.T) {
	for _, mode := range []ingest.Mode{ingest.FullRefresh, ingest.Append, ingest.Merge} {
		t.Run(string(mode), func(t *testing.T) {
			w := emptyWorld()
			w.link([][2]string{{"x", "a"}, {"x", "b"}, {"x", "c"}, {"x", "d"}, {"p", "q"}, {"r", "s"}})
			w.open(t, mode, ofLinks, func(n *ingest.NewImport) { n.Guards.Hubs.Action = ingest.Ignore })
			ref := w.begin(t)
			w.extract(t, ref, w.plan(t, ref))
			var wait sync.WaitGroup
			for range 4 {
				wait.Go(func() {
					if _, err := w.committer().Commit(t.Context(), ref); err != nil && !fault.Retryable(err) {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			if _, err := w.committer().Commit(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
			r := w.settle(t, ref)
			if diff := cmp.Diff([]string{"p-q", "r-s"}, w.links(t)); diff != "" || r.Counts.RowsWritten != 2 || r.Counts.RowsQuarantined != 4 {
				t.Errorf("counts %+v, the lake (-want +got):\n%s", r.Counts, diff)
			}
			body, err := w.objects.Get(t.Context(), manifest.Key(ref))
			if err != nil || manifest.Hash(body) != r.ManifestHash {
				t.Errorf("the run has not its manifest's hash, %v", err)
			}
		})
	}
}

// A commit that began before another one had sifted goes by what is there once it looks for the sift: the other one's.
func TestACommitThatFallsAsleepBeforeTheSift(t *testing.T) {
	w := emptyWorld()
	w.link([][2]string{{"x", "a"}, {"x", "b"}, {"x", "c"}, {"x", "d"}, {"p", "q"}})
	w.open(t, ingest.Append, ofLinks, func(n *ingest.NewImport) { n.Guards.Hubs.Action = ingest.Ignore })
	ref := w.begin(t)
	w.extract(t, ref, w.plan(t, ref))
	asleep, other := w.committer(), w.committer()
	asleep.Store = &wokenStore{Store: w.store, split: func() {
		other.Store = diesMoving{w.mortal()} // it sifts, and gets no further
		if _, err := other.Commit(t.Context(), ref); !errors.Is(err, errDied) {
			t.Errorf("the other commit: %v", err)
		}
	}}
	if _, err := asleep.Commit(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	r := w.settle(t, ref)
	if diff := cmp.Diff([]string{"p-q"}, w.links(t)); diff != "" {
		t.Errorf("the lake (-want +got):\n%s", diff)
	}
	if len(r.Findings) != 1 || r.Findings[0].Observed != 0.8 {
		t.Errorf("findings %+v", r.Findings)
	}
	body, err := w.objects.Get(t.Context(), manifest.Key(ref))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := manifest.Decode(body); err != nil || m.Counts != r.Counts || m.After == nil || m.After.AddedRows != 1 || r.Proved == nil || r.Proved.LakeRows != 1 {
		t.Errorf("the run has %+v and %+v, the manifest %+v, %v", r.Counts, r.Proved, m, err)
	}
}

// diesMoving is a store that no run can be moved in.
type diesMoving struct{ mortalStore }

func (diesMoving) MoveRun(context.Context, ingest.Run, ingest.Run) (bool, error) {
	return false, errDied
}
