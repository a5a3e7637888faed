package transfer_test

import (
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/manifest"
	"github.com/headwaterhq/headwater/shared/source"
)

func byCursor(n *ingest.NewImport) { n.Cursor = &ingest.Cursor{Column: "changed"} }

func TestARunIsProvedByWindows(t *testing.T) {
	for _, here := range []bool{false, true} {
		k := kinds()[2]
		w := emptyWorld()
		w.splitRows, w.unfiltered = 3, here
		rows := []record{{ID: "u0", Changed: 1}}
		w.feed(t, k, rows)
		w.open(t, ingest.Append, ofFeed, byCursor)
		w.run1(t, "the first run", w.begin(t))
		for n := range 20 {
			rows = append(rows, record{ID: "u", Changed: n}, record{Changed: n}) // and as many that are rejected
		}
		rows = append(rows, record{ID: "u", Null: true})
		w.feed(t, k, rows)
		p := w.run1(t, "the run", w.begin(t)).Proved
		if p == nil || p.Verdict != ingest.Complete || p.Column != "changed" || len(p.Windows) < 3 || p.SourceRows != p.RowsRead {
			t.Fatalf("proved %+v", p)
		}
		var read, counted int64
		for _, window := range p.Windows {
			read, counted = read+window.Read, counted+window.Source
			if window.Read != window.Source {
				t.Errorf("window %+v", window)
			}
		}
		if read != p.RowsRead || counted != p.SourceRows || p.LakeRows != 20 { // those from 1 on, and u0's again
			t.Errorf("%d rows in windows, %d counted, of %+v", read, counted, p)
		}
	}
}

// A count that is another is held, and nothing else of counting keeps a run from its end.
func TestWhatCountingMaySay(t *testing.T) {
	for name, test := range map[string]struct {
		count   func() (source.Tally, error)
		proof   ingest.Proof
		verdict ingest.Verdict
		why     string
		held    bool
	}{
		"the same": {verdict: ingest.Complete},
		"more":     {count: func() (source.Tally, error) { return source.Tally{Rows: people + 9}, nil }, verdict: ingest.Incomplete, held: true},
		"it cannot": {count: func() (source.Tally, error) {
			return source.Tally{}, fault.New(fault.SourceUnsupported, "no count is kept")
		}, verdict: ingest.Unverifiable, why: "no count is kept"},
		"it is refused": {count: func() (source.Tally, error) {
			return source.Tally{}, fault.New(fault.SourcePermission, "secret detail")
		}, verdict: ingest.Unverifiable, why: "the source did not count its rows (source.permission_denied)"},
		"not asked": {count: func() (source.Tally, error) { panic("asked") }, proof: ingest.ProofOff},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ingest.FullRefresh, people, func(n *ingest.NewImport) { n.Proof = test.proof })
			w.count = test.count
			ref := w.begin(t)
			r, err := w.execute(t, ref)
			if err != nil || (r.Status == ingest.Held) != test.held {
				t.Fatalf("the run is %s, %v", r.Status, err)
			}
			if test.held {
				if len(r.Findings) != 1 || r.Findings[0].Guard != "completeness" {
					t.Errorf("findings %+v", r.Findings)
				}
				if _, err := w.service().Release(t.Context(), ref, "ada"); err != nil {
					t.Fatal(err)
				}
				r = w.run1(t, "the released run", ref)
			}
			switch p := r.Proved; {
			case test.verdict == "":
				if p != nil {
					t.Errorf("proved %+v", p)
				}
			case p == nil || p.Verdict != test.verdict || p.Why != test.why || p.RowsRead != people+1 || p.LakeRows != people:
				t.Errorf("proved %+v", p)
			}
		})
	}
}

// TestManifestsAreAChain, whatever dies while they are made.
func TestManifestsAreAChain(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	w.fate = newFate(11, 6)
	previous := ""
	for range 4 {
		r := w.run1(t, "the run", w.begin(t))
		body, err := w.objects.Get(t.Context(), manifest.Key(r.Ref()))
		if err != nil {
			t.Fatal(err)
		}
		m, err := manifest.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		i, err := w.store.Import(t.Context(), workspace, w.imp.ID)
		if err != nil {
			t.Fatal(err)
		}
		if hash := manifest.Hash(body); r.ManifestHash != hash || i.ManifestHash != hash {
			t.Errorf("the manifest's hash is %s, the run has %s and the import %s", hash, r.ManifestHash, i.ManifestHash)
		}
		if m.Previous != previous || m.RunID != r.ID || m.Counts != r.Counts || m.After == nil || m.After.ID != r.SnapshotID || m.After.AddedRows != people {
			t.Errorf("the manifest after %s is %s", previous, body)
		}
		if (m.Before == nil) != (previous == "") {
			t.Errorf("the snapshot before is %+v", m.Before)
		}
		previous = r.ManifestHash
	}
}
