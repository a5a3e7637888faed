package lookup_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lookup"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/pipeline"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// keys has the key of every workspace.
type keys struct{}

func (keys) WorkspaceKeys(context.Context, string) (ingest.WorkspaceKeys, error) {
	return ingest.WorkspaceKeys{Quarantine: make([]byte, 32)}, nil
}

// held is a run with something in quarantine.
type held struct {
	*lookup.Quarantine
	store   *memstore.Store
	objects *memstore.Objects
	run     ingest.Run
}

// hold makes a running run; each of parts is what a part of a split rejected.
func hold(t *testing.T, parts map[[2]int][]pipeline.Rejected) held {
	t.Helper()
	h := held{store: memstore.New(), objects: &memstore.Objects{}}
	h.Quarantine = &lookup.Quarantine{Runs: h.store, Objects: h.objects, Vault: quarantine.Vault{Keys: h.store, Workspace: keys{}}}
	i := ingest.Import{WorkspaceID: "acme", ID: "imp_1", Name: "people"}
	h.run = ingest.Run{WorkspaceID: "acme", ImportID: "imp_1", ID: "run_1", Status: ingest.Queued}
	fatal(t, h.store.CreateImport(t.Context(), i))
	fatal(t, h.store.OpenRun(t.Context(), i, h.run, time.Time{}))
	h.move(t, ingest.Running)
	for split := range 3 {
		fatal(t, h.store.CreateSplits(t.Context(), h.run.Ref(), []ingest.SplitProgress{{Number: split}}))
		for number := range 3 {
			h.part(t, split, number, parts[[2]int{split, number}])
		}
	}
	return h
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *held) move(t *testing.T, to ingest.Status) {
	t.Helper()
	seen, err := h.store.Run(t.Context(), h.run.Ref())
	fatal(t, err)
	h.run = seen
	h.run.Status = to
	if moved, err := h.store.MoveRun(t.Context(), seen, h.run); err != nil || !moved {
		t.Fatalf("MoveRun = %t, %v", moved, err)
	}
}

func (h *held) part(t *testing.T, split, number int, rejected []pipeline.Rejected) {
	t.Helper()
	part := ingest.Part{Split: split, Number: number, From: fmt.Sprint(number), After: fmt.Sprint(number + 1), At: time.Now()}
	if number == 0 {
		part.From = ""
	}
	if len(rejected) > 0 {
		key, err := h.Vault.Create(t.Context(), h.run.Ref())
		fatal(t, err)
		w := quarantine.NewWriter(key, split)
		fatal(t, w.Write(rejected, nil))
		lines, _, err := w.Close()
		fatal(t, err)
		part.Quarantine, part.Counts.RowsQuarantined = fmt.Sprintf("quarantine/%d-%d", split, number), w.Rows()
		fatal(t, h.objects.Put(t.Context(), part.Quarantine, lines))
	}
	kept, err := h.store.RecordPart(t.Context(), h.run.Ref(), part)
	if err != nil || !kept {
		t.Fatalf("RecordPart = %t, %v", kept, err)
	}
}

// many are rejections with values from v<from> on.
func many(n, from int) (all []pipeline.Rejected) {
	for i := range n {
		all = append(all, pipeline.Rejected{
			From: "people.csv", Origin: int64(from + i), Rule: []string{"cast", "email"}[(from+i)%2], Column: []string{"age", "mail", "when"}[(from+i)%3],
			Reason: "bad", Value: fmt.Sprintf("v%d", from+i),
		})
	}
	return all
}

func acrossParts() map[[2]int][]pipeline.Rejected {
	return map[[2]int][]pipeline.Rejected{{0, 1}: many(5, 0), {0, 2}: many(1, 5), {2, 0}: many(7, 6)}
}

// page reads up to limit rows from a place on.
func (h held) page(t *testing.T, w lookup.Wanted, from lookup.Place, limit int) (rows []lookup.Rejected, next lookup.Place, end bool) {
	t.Helper()
	next, end, err := h.Read(t.Context(), h.run.Ref(), w, from, func(r lookup.Rejected) (bool, error) {
		if len(rows) == limit {
			return false, nil
		}
		rows = append(rows, r)
		return true, nil
	})
	fatal(t, err)
	return rows, next, end
}

// Pages of every size, over parts and empty parts, give each row once, in order.
func TestQuarantinePages(t *testing.T) {
	h := hold(t, acrossParts())
	for _, w := range []lookup.Wanted{{}, {Rule: "cast"}, {Column: "mail"}, {Rule: "email", Column: "when"}, {Rule: "none"}} {
		var want []string
		for _, r := range many(13, 0) {
			if (w.Rule == "" || w.Rule == r.Rule) && (w.Column == "" || w.Column == r.Column) {
				want = append(want, r.Value)
			}
		}
		for limit := 1; limit <= 14; limit++ {
			var got []string
			var from lookup.Place
			for end := false; !end; {
				var rows []lookup.Rejected
				rows, from, end = h.page(t, w, from, limit)
				for _, r := range rows {
					got = append(got, *r.Value)
				}
				if again, ok := lookup.ParsePlace(from.String()); !ok || again != from {
					t.Fatalf("%v parses as %v, %t", from, again, ok)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%+v in pages of %d (-want +got):\n%s", w, limit, diff)
			}
		}
	}
}

// One answer looks at so many objects: a run with more is gone on from, through parts that have nothing, too.
func TestQuarantineOfManyParts(t *testing.T) {
	const parts = 450
	h := hold(t, nil)
	for n := range parts {
		var some []pipeline.Rejected
		if n%2 == 0 {
			some = many(1, n)
		}
		h.part(t, 2, 3+n, some)
	}
	var got []string
	answers := 0
	for from, end := (lookup.Place{}), false; !end; answers++ {
		var rows []lookup.Rejected
		rows, from, end = h.page(t, lookup.Wanted{}, from, parts)
		for _, r := range rows {
			got = append(got, *r.Value)
		}
	}
	if len(got) != parts/2 || got[0] != "v0" || got[parts/2-1] != "v448" || answers != 3 {
		t.Errorf("%d rows in %d answers", len(got), answers)
	}
	summary, err := h.Summary(t.Context(), h.run.Ref())
	if err != nil || !summary.Complete || len(summary.Counts) != 3 || summary.Rows != parts/2 {
		t.Errorf("%+v, %v", summary, err)
	}
}

func TestPlaces(t *testing.T) {
	for _, text := range []string{"", "1", "1.2", "1.2.3.4", "-1.2.3", "1.-2.3", "1.2.-3", "+1.2.3", "01.2.3", "a.b.c", "1.2.99999999999999999999"} {
		if p, ok := lookup.ParsePlace(text); ok {
			t.Errorf("%q is taken for %v", text, p)
		}
	}
}

func TestDestroyedQuarantine(t *testing.T) {
	h := hold(t, acrossParts())
	if err := h.Destroy(t.Context(), h.run.Ref()); fault.CodeOf(err) != fault.ImportRunOpen {
		t.Errorf("destroying the key of a run under way: %v", err)
	}
	if rows, _, _ := h.page(t, lookup.Wanted{}, lookup.Place{}, 1); rows[0].Value == nil || rows[0].Destroyed {
		t.Errorf("before: %+v", rows[0])
	}
	h.move(t, ingest.Failed)
	for range 2 {
		fatal(t, h.Destroy(t.Context(), h.run.Ref()))
	}
	rows, _, _ := h.page(t, lookup.Wanted{}, lookup.Place{}, 100)
	for _, r := range rows {
		if r.Value != nil || !r.Destroyed || r.Reason != "bad" {
			t.Fatalf("after: %+v", r)
		}
	}
	summary, err := h.Summary(t.Context(), h.run.Ref())
	if err != nil || summary.Key != lookup.KeyDestroyed || !summary.Complete || len(rows) != 13 {
		t.Errorf("%d rows, %+v, %v", len(rows), summary, err)
	}
}

func TestQuarantineOfAnotherWorkspace(t *testing.T) {
	h := hold(t, acrossParts())
	h.move(t, ingest.Failed)
	foreign := h.run.Ref()
	foreign.WorkspaceID = "thief"
	_, _, readErr := h.Read(t.Context(), foreign, lookup.Wanted{}, lookup.Place{}, func(lookup.Rejected) (bool, error) { return true, nil })
	_, summaryErr := h.Summary(t.Context(), foreign)
	for name, err := range map[string]error{"Read": readErr, "Summary": summaryErr, "Destroy": h.Destroy(t.Context(), foreign)} {
		if fault.CodeOf(err) != fault.RunNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if rows, _, _ := h.page(t, lookup.Wanted{}, lookup.Place{}, 1); rows[0].Value == nil {
		t.Error("another workspace destroyed the key")
	}
}

func TestSummary(t *testing.T) {
	h := hold(t, acrossParts())
	got, err := h.Summary(t.Context(), h.run.Ref())
	fatal(t, err)
	want := lookup.Summary{Rows: 13, Key: lookup.KeyAvailable, Complete: true, Counts: []lookup.RuleCount{
		{"cast", "age", 3},
		{"cast", "mail", 2},
		{"cast", "when", 2},
		{"email", "age", 2},
		{"email", "mail", 2},
		{"email", "when", 2},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	empty := hold(t, nil)
	got, err = empty.Summary(t.Context(), empty.run.Ref())
	if want := (lookup.Summary{Key: lookup.KeyNone, Complete: true, Counts: []lookup.RuleCount{}}); err != nil || !cmp.Equal(got, want) {
		t.Errorf("of a run without quarantine: %+v, %v", got, err)
	}
}

// After so many days the bucket has dropped the objects, and nothing is asked of it.
func TestQuarantineThatHasExpired(t *testing.T) {
	h := hold(t, acrossParts())
	old := ingest.Part{Split: 2, Number: 3, From: "3", After: "4", Quarantine: "quarantine/dropped", At: time.Now().AddDate(0, 0, -90)}
	if kept, err := h.store.RecordPart(t.Context(), h.run.Ref(), old); err != nil || !kept {
		t.Fatalf("RecordPart = %t, %v", kept, err)
	}
	rows, _, end := h.page(t, lookup.Wanted{}, lookup.Place{}, 100)
	summary, err := h.Summary(t.Context(), h.run.Ref())
	if len(rows) != 13 || !end || err != nil || summary.Complete {
		t.Errorf("%d rows, end: %t; %+v, %v", len(rows), end, summary, err)
	}
}

// slow is a bucket that takes ten seconds an object, or fails.
type slow struct {
	lookup.Objects
	err error
}

func (s slow) Get(ctx context.Context, key string) ([]byte, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(10 * time.Second):
	}
	if s.err != nil {
		return nil, s.err
	}
	return s.Objects.Get(ctx, key)
}

func TestSummaryStopsInTime(t *testing.T) {
	parts := map[[2]int][]pipeline.Rejected{}
	for split := range 3 {
		for number := range 3 {
			parts[[2]int{split, number}] = many(1, 0)
		}
	}
	h := hold(t, parts)
	h.Objects = slow{Objects: h.objects}
	synctest.Test(t, func(t *testing.T) {
		got, err := h.Summary(t.Context(), h.run.Ref())
		if err != nil || got.Complete || got.Rows != 9 || len(got.Counts) != 1 || got.Counts[0].Rows != 4 {
			t.Errorf("%+v, %v; want the four that there was time for", got, err)
		}
	})
	h.Objects = slow{Objects: h.objects, err: errors.New("broken")}
	synctest.Test(t, func(t *testing.T) {
		if got, err := h.Summary(t.Context(), h.run.Ref()); err == nil {
			t.Errorf("a bucket that fails: %+v", got)
		}
	})
}
