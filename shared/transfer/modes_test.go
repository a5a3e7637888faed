package transfer_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// season is one import of a feed that changes from day to day.
type season struct {
	name   string
	mode   ingest.Mode
	kind   kind
	cursor bool
	nulls  ingest.Nulls
	here   bool // the pipeline filters
	query  bool
	moment bool
}

func seasons() []season {
	k := kinds()
	all := []season{
		{name: "full refresh", mode: ingest.FullRefresh, kind: k[0]},
		{name: "append", mode: ingest.Append, kind: k[0]},
		{name: "merge", mode: ingest.Merge, kind: k[0]},
		{name: "append as of a moment", mode: ingest.Append, kind: k[0], cursor: true, moment: true},
		{name: "merge as of a moment, filtered here", mode: ingest.Merge, kind: k[0], cursor: true, moment: true, here: true, nulls: ingest.NullsIncluded},
		{name: "merge of a query", mode: ingest.Merge, kind: k[1], cursor: true, query: true},
		{name: "append of a query with nulls", mode: ingest.Append, kind: k[2], cursor: true, query: true, nulls: ingest.NullsIncluded},
	}
	for n, kind := range k {
		nulls := []ingest.Nulls{ingest.NullsIncluded, ingest.NullsExcluded}
		for m, mode := range []ingest.Mode{ingest.Append, ingest.Merge} {
			all = append(all, season{
				name: fmt.Sprintf("%s by %s, nulls %s", mode, kind.name, nulls[(n+m)%2]), mode: mode, kind: kind, cursor: true,
				nulls: nulls[(n+m)%2], here: n%2 == 1,
			})
		}
	}
	return all
}

// TestModesAgainstAModel runs an import of a changing feed day by day in every
// mode, with every step dying and repeated at random, and holds the lake against
// a plain model after each run.
func TestModesAgainstAModel(t *testing.T) {
	for n, s := range seasons() {
		t.Run(s.name, func(t *testing.T) { s.play(t, uint64(n)+1) })
	}
}

const seasonDays = 4

func (s season) play(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 42))
	w := emptyWorld()
	w.splitRows, w.unfiltered, w.momentary = 15, s.here, s.moment
	rows := []record{{ID: "u0", Name: "first"}}
	w.feed(t, s.kind, rows)
	m := &model{kind: s.kind, mode: s.mode}
	if s.cursor {
		m.cursor = &ingest.Cursor{Column: "changed", Lookback: s.kind.lookback, Nulls: s.nulls}
	}
	w.open(t, s.mode, ofFeed, func(n *ingest.NewImport) {
		n.Cursor = m.cursor
		if s.mode == ingest.Merge {
			n.Deleted = "gone"
		}
		if s.query {
			n.Table, n.Query = "", allPeople
			if n.Cursor != nil {
				typed := *n.Cursor
				typed.Type = s.kind.typ
				n.Cursor = &typed
			}
		}
	})
	w.fate = newFate(seed, 12)
	for day := range seasonDays {
		rows = change(rng, rows, day)
		w.feed(t, s.kind, rows)
		w.run1(t, fmt.Sprintf("day %d", day), w.begin(t))
		m.run(rows, 24*day+12)
		w.agrees(t, fmt.Sprintf("day %d", day), m)
		if s.cursor && day%3 == 2 {
			from := rng.IntN(24*day) / s.kind.unit
			to := from + 1 + rng.IntN(max(1, 24*day/s.kind.unit))
			r, err := w.service().StartBackfill(t.Context(), workspace, w.imp.ID, ingest.Range{From: s.kind.literal(from), To: s.kind.literal(to)})
			if err != nil {
				t.Fatal(err)
			}
			w.run1(t, "backfill", r.Ref())
			m.backfill(rows, from, to)
			w.agrees(t, fmt.Sprintf("a backfill on day %d", day), m)
		}
		w.wait(24 * time.Hour)
	}
	if w.fate.deaths == 0 {
		t.Error("nothing died: the seed tests too little")
	}
}

// run1 executes a run that must succeed.
func (w *world) run1(t *testing.T, what string, ref ingest.Ref) ingest.Run {
	t.Helper()
	r, err := w.execute(t, ref)
	if err != nil || r.Status != ingest.Succeeded {
		t.Fatalf("%s: the run is %s (%s %s), %v", what, r.Status, r.ErrorCode, r.ErrorMessage, err)
	}
	return r
}

// agrees holds the lake and the watermark against the model.
func (w *world) agrees(t *testing.T, when string, m *model) {
	t.Helper()
	if diff := cmp.Diff(m.want(), w.landed(t)); diff != "" {
		t.Fatalf("after %s the lake has (-want +got):\n%s", when, diff)
	}
	i, err := w.store.Import(t.Context(), workspace, w.imp.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	if m.watermark != nil {
		want = m.kind.literal(*m.watermark)
	}
	if i.Watermark != want {
		t.Fatalf("after %s the watermark is %q, want %q", when, i.Watermark, want)
	}
}

// change is a day at the source: rows come, change, are flagged or removed, come
// late, twice, without a cursor, from the future, or broken.
func change(rng *rand.Rand, rows []record, day int) []record {
	today := func() int { return 24*day + rng.IntN(12) }
	for n := range 8 {
		r := record{ID: fmt.Sprintf("u%d", rng.IntN(12)), Name: fmt.Sprintf("d%d-%d", day, n), Changed: today()}
		switch rng.IntN(12) {
		case 0:
			r.Null = true
		case 1:
			r.Gone = true
		case 2:
			r.ID = ""
		case 3:
			r.Changed = max(0, r.Changed-rng.IntN(40)) // late, perhaps too late
		case 4:
			r.Changed += 24 * 30 // from the future
		case 5:
			rows = append(rows, r) // twice
		case 6:
			r.Changed = 24 * day // as others
		}
		rows = append(rows, r)
	}
	for n := range rows {
		if rng.IntN(10) == 0 {
			rows[n].Name, rows[n].Changed = fmt.Sprintf("d%d!%d", day, n), today()
		}
	}
	if rng.IntN(3) == 0 && len(rows) > 4 {
		at := rng.IntN(len(rows))
		rows = append(rows[:at:at], rows[at+1:]...)
	}
	return rows
}
