package transfer_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// quarantined are the lines of a run's quarantine.
func (w *world) quarantined(t *testing.T, ref ingest.Ref) []quarantine.Line {
	t.Helper()
	parts, err := w.store.Parts(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	var found []quarantine.Line
	for _, p := range parts {
		if p.Quarantine == "" {
			continue
		}
		body, err := w.objects.Get(t.Context(), p.Quarantine)
		if err != nil {
			t.Fatal(err)
		}
		for line, err := range quarantine.Lines(bytes.NewReader(body)) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, line)
		}
	}
	return found
}

// strict is an import of a feed that takes only rows with a name.
func strict(n *ingest.NewImport) {
	ofFeed(n)
	n.Mapping[1].Required = true
}

// mend lets rows without a name in, and allows no run to reject any: a replay may.
func (w *world) mend(t *testing.T) {
	t.Helper()
	mapping := append(ingest.Mapping(nil), w.imp.Mapping...)
	unnamed := "unnamed"
	mapping[1].Required, mapping[1].Default = false, &unnamed
	guards, none := w.imp.Guards, int64(0)
	guards.MaximumRejectedRows = &none
	if _, err := w.service().Update(t.Context(), workspace, w.imp.ID, ingest.Change{Mapping: mapping, Guards: &guards}); err != nil {
		t.Fatal(err)
	}
}

// feedNameless is feed, with null for the names that are empty.
func (w *world) feedNameless(t *testing.T, k kind, rows []record) {
	t.Helper()
	w.feed(t, k, rows)
	body := &w.driver.Datasets["crm"][0].Rows
	*body = string(bytes.ReplaceAll([]byte(*body), []byte(`"name":""`), []byte(`"name":null`)))
}

func TestAQuarantineIsReplayedThroughTheMappingAsItIs(t *testing.T) {
	k := kinds()[2]
	first := []record{{ID: "u1", Name: "a", Changed: 5}, {ID: "u2", Changed: 5}, {ID: "u3", Changed: 6}, {Name: "nobody", Changed: 6}}
	later := append(first[:3:3], record{ID: "u3", Name: "newer", Changed: 9}) // the mending leaves u3 of the first run behind it
	for name, test := range map[string]struct {
		mode    ingest.Mode
		cursor  *ingest.Cursor
		between []record
		want    []string
	}{
		"append": {
			mode: ingest.Append, between: []record{{ID: "u9", Name: "b", Changed: 7}},
			want: []string{"u1 a 5 false", "u2 unnamed 5 false", "u3 unnamed 6 false", "u9 b 7 false"},
		},
		"append by cursor": {
			mode: ingest.Append, cursor: &ingest.Cursor{Column: "changed"}, between: later,
			want: []string{"u1 a 5 false", "u2 unnamed 5 false", "u3 newer 9 false", "u3 unnamed 6 false"},
		},
		"merge by cursor": {
			mode: ingest.Merge, cursor: &ingest.Cursor{Column: "changed"}, between: later,
			want: []string{"u1 a 5 false", "u2 unnamed 5 false", "u3 newer 9 false"},
		},
		"merge": {
			mode: ingest.Merge, want: []string{"u1 a 5 false", "u2 unnamed 5 false", "u3 unnamed 6 false"},
		},
		"full refresh": {
			mode: ingest.FullRefresh, want: []string{"u1 a 5 false", "u2 unnamed 5 false", "u3 unnamed 6 false"},
		},
	} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				w := emptyWorld()
				w.splitRows = 2
				w.feedNameless(t, k, first)
				w.open(t, test.mode, strict, func(n *ingest.NewImport) { n.Cursor = test.cursor })
				w.fate = newFate(seed, 10)
				r := w.run1(t, "the first run", w.begin(t))
				if r.Counts.RowsQuarantined != 3 || len(w.quarantined(t, r.Ref())) != 3 {
					t.Fatalf("counts %+v", r.Counts)
				}
				if test.between != nil {
					w.feedNameless(t, k, test.between)
					w.run1(t, "a later run", w.begin(t))
				}
				before := w.watermark(t)
				w.mend(t)
				replay, err := w.service().Replay(t.Context(), r.Ref())
				if err != nil {
					t.Fatal(err)
				}
				w.driver.Fail = func(call string) error { return fault.New(fault.Internal, "a replay does not "+call) }
				replayed := w.run1(t, "the replay", replay.Ref())
				if diff := cmp.Diff(test.want, w.landed(t)); diff != "" {
					t.Errorf("the lake (-want +got):\n%s", diff)
				}
				if c := replayed.Counts; c.RowsRead != 3 || c.RowsWritten != 2 || c.RowsQuarantined != 1 || c.RowsNameless != 1 {
					t.Errorf("counts %+v", c)
				}
				if got := w.watermark(t); got != before {
					t.Errorf("the replay moved the watermark from %q to %q", before, got)
				}
				if got := w.run(t, r.Ref()); got.ReplayedBy != replay.ID {
					t.Errorf("the run says it was replayed by %q", got.ReplayedBy)
				}
			})
		}
	}
}

func (w *world) watermark(t *testing.T) string {
	t.Helper()
	i, err := w.store.Import(t.Context(), workspace, w.imp.ID)
	if err != nil {
		t.Fatal(err)
	}
	return i.Watermark
}

func TestWhatCannotBeReplayed(t *testing.T) {
	k := kinds()[0]
	rows := []record{{ID: "u1", Name: "a", Changed: 5}, {ID: "u2", Changed: 5}}
	for name, test := range map[string]struct {
		mode  ingest.Mode
		spoil func(*testing.T, *world, ingest.Ref)
		code  fault.Code
	}{
		"a table that was refreshed since": {
			ingest.FullRefresh, func(t *testing.T, w *world, _ ingest.Ref) { w.run1(t, "a later run", w.begin(t)) }, fault.QuarantineEmpty,
		},
		"rows whose keys nobody can order": {
			ingest.Merge, func(t *testing.T, w *world, _ ingest.Ref) { w.run1(t, "a later run", w.begin(t)) }, fault.QuarantineEmpty,
		},
		"a quarantine without its key": {
			ingest.Append, func(*testing.T, *world, ingest.Ref) {}, fault.QuarantineSealed,
		},
		"rows without a column that is mapped since": {
			ingest.Append, func(t *testing.T, w *world, _ ingest.Ref) {
				mapping := append(ingest.Mapping(nil), w.imp.Mapping[:3]...)
				if _, err := w.service().Update(t.Context(), workspace, w.imp.ID, ingest.Change{Mapping: append(mapping, ingest.Column{Source: "gone", Target: "left"})}); err != nil {
					t.Fatal(err)
				}
			}, fault.RunSchemaGate,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := emptyWorld()
			w.feedNameless(t, k, rows)
			w.open(t, test.mode, strict, func(n *ingest.NewImport) {
				if test.code == fault.RunSchemaGate {
					n.Mapping = n.Mapping[:3]
				}
			})
			r := w.run1(t, "the first run", w.begin(t))
			had := w.landed(t)
			w.wait(time.Hour)
			test.spoil(t, w, r.Ref())
			replay, err := w.service().Replay(t.Context(), r.Ref())
			if err != nil {
				t.Fatal(err)
			}
			if test.code == fault.QuarantineSealed { // after the replay was taken, else it is not
				if err := w.vault().Destroy(t.Context(), r.Ref()); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := w.execute(t, replay.Ref()); fault.CodeOf(err) != test.code || got.Status != ingest.Failed {
				t.Errorf("the replay is %s, %v", got.Status, err)
			}
			if diff := cmp.Diff(had, w.landed(t)); diff != "" {
				t.Errorf("the lake changed (-want +got):\n%s", diff)
			}
			if got := w.run(t, r.Ref()); got.ReplayedBy != "" {
				t.Errorf("a replay that failed keeps its mark")
			}
		})
	}
}
