package ingest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

func TestClaim(t *testing.T) {
	w := newWorld()
	due, later := w.due(t, noon, 24), w.due(t, noon.Add(time.Millisecond), 24)
	runs, more, err := w.claimer().Claim(t.Context(), noon)
	ok(t, err)
	if len(runs) != 1 || more {
		t.Fatalf("claimed %v, more %t; want one run", runs, more)
	}
	r := w.run(t, runs[0].Ref)
	if r.ImportID != due.ID || r.Trigger != ingest.Scheduled || r.Status != ingest.Queued {
		t.Errorf("run %+v", r)
	}
	if got := w.get(t, due); got.OpenRunID != r.ID || !got.NextRunAt.Equal(noon.Add(24*time.Hour)) {
		t.Errorf("import holds %q, next at %v", got.OpenRunID, got.NextRunAt)
	}
	same(t, "the one that is not due", later, w.get(t, later))

	runs, _, err = w.claimer().Claim(t.Context(), noon)
	ok(t, err)
	if runs == nil || len(runs) > 0 {
		t.Errorf("claimed again %#v, want a list without a run: a state machine iterates over it", runs)
	}
}

func TestClaimWithoutOverlap(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon, 1)
	first, _, err := w.claimer().Claim(t.Context(), noon)
	ok(t, err)
	w.move(t, first[0].Ref, func(r *ingest.Run) { r.Status = ingest.Running })
	w.now = noon.Add(3*time.Hour + 10*time.Minute)
	runs, _, err := w.claimer().Claim(t.Context(), w.now)
	ok(t, err)
	same(t, "claimed beside an open run", nil, runs)
	if got := w.get(t, i); got.OpenRunID != first[0].RunID || !got.NextRunAt.Equal(noon.Add(4*time.Hour)) {
		t.Errorf("import holds %q, next at %v; want the slot given up", got.OpenRunID, got.NextRunAt)
	}
}

func TestClaimOfMissedSlots(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon, 1)
	scheduled := noon.Add(49*time.Hour + 30*time.Minute)
	runs, _, err := w.claimer().Claim(t.Context(), scheduled)
	ok(t, err)
	if len(runs) != 1 {
		t.Errorf("%d runs for fifty missed slots, want one", len(runs))
	}
	if got := w.get(t, i).NextRunAt; !got.Equal(noon.Add(50 * time.Hour)) {
		t.Errorf("next at %v, want the next full hour", got)
	}
}

// racedStore lets somebody else claim between the look and the claim.
type racedStore struct {
	ingest.Store
	other *ingest.Claimer
}

func (s racedStore) DueImports(ctx context.Context, now time.Time, limit int) ([]ingest.Import, error) {
	due, err := s.Store.DueImports(ctx, now, limit)
	if err != nil {
		return nil, err
	}
	_, _, err = s.other.Claim(ctx, now)
	return due, err
}

func TestClaimThatLosesTheRace(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon, 24)
	raced := w.claimer()
	raced.Store = racedStore{w.store, w.claimer()}
	runs, _, err := raced.Claim(t.Context(), noon)
	ok(t, err)
	same(t, "claimed by the one that lost", nil, runs)
	all, err := w.store.Runs(t.Context(), "w", i.ID, "", 10)
	if err != nil || len(all) != 1 {
		t.Errorf("%d runs, %v; want the winner's", len(all), err)
	}
}

func TestClaimHandsOutWhatNeverStarted(t *testing.T) {
	w := newWorld()
	w.due(t, noon, 24)
	runs, _, err := w.claimer().Claim(t.Context(), noon)
	ok(t, err)
	for at, want := range map[time.Duration][]ingest.Start{
		2 * time.Minute:              nil,
		2*time.Minute + time.Second:  runs,
		30*time.Minute + time.Second: runs,
	} {
		w.now = noon.Add(at)
		got, _, err := w.claimer().Claim(t.Context(), noon.Add(time.Minute))
		ok(t, err)
		same(t, "handed out after "+at.String(), want, got)
	}
	w.move(t, runs[0].Ref, func(r *ingest.Run) { r.Status = ingest.Running })
	got, _, err := w.claimer().Claim(t.Context(), noon.Add(time.Minute))
	ok(t, err)
	same(t, "handed out while it runs", nil, got)
}

func TestClaimInPortions(t *testing.T) {
	w := newWorld()
	for range 250 {
		w.due(t, noon, 24)
	}
	seen := make(map[string]bool)
	for call, more := 0, true; more; call++ {
		if call > 2 {
			t.Fatal("it does not end")
		}
		var runs []ingest.Start
		var err error
		runs, more, err = w.claimer().Claim(t.Context(), noon)
		ok(t, err)
		for _, r := range runs {
			seen[r.ImportID] = true
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d imports claimed, want all 250", len(seen))
	}
}

// failingStore cannot open runs of one import.
type failingStore struct {
	ingest.Store
	importID string
}

func (s failingStore) OpenRun(ctx context.Context, i ingest.Import, r ingest.Run, next time.Time) error {
	if i.ID == s.importID {
		return fault.New(fault.BodyTooLarge, "m")
	}
	return s.Store.OpenRun(ctx, i, r, next)
}

// What cannot be claimed stays due, and is due before all others: it must not
// keep them from their runs.
func TestClaimGoesOnAfterAFailure(t *testing.T) {
	w := newWorld()
	bad := w.due(t, noon.Add(-time.Hour), 24)
	good := w.due(t, noon, 24)
	c := w.claimer()
	c.Store = failingStore{w.store, bad.ID}
	runs, more, err := c.Claim(t.Context(), noon)
	ok(t, err)
	if len(runs) != 1 || runs[0].ImportID != good.ID || more {
		t.Errorf("claimed %v, more %t; want the import that can be", runs, more)
	}
	if !strings.Contains(w.log.String(), bad.ID) || !strings.Contains(w.log.String(), string(fault.BodyTooLarge)) {
		t.Errorf("the log does not say what failed: %s", w.log.String())
	}
	same(t, "the one that failed", bad, w.get(t, bad))

	w.now = noon.Add(3 * time.Minute)
	again, _, err := c.Claim(t.Context(), noon)
	ok(t, err)
	same(t, "handed out beside a failure", runs, again)

	w.move(t, runs[0].Ref, func(r *ingest.Run) { r.Status = ingest.Running })
	_, _, err = c.Claim(t.Context(), noon)
	fails(t, err, fault.BodyTooLarge)
}

// The next slot is the first one after the scheduled time on the import's own grid, however late the claim.
func TestNextSlot(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld()
		hours := rapid.IntRange(1, 744).Draw(rt, "hours")
		every := time.Duration(hours) * time.Hour
		late := time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour/time.Millisecond)).Draw(rt, "late")) * time.Millisecond
		at := noon.Add(time.Duration(rapid.Int64Range(0, 86_400_000).Draw(rt, "at")) * time.Millisecond)
		i := w.due(t, at, hours)
		if rapid.Bool().Draw(rt, "open") { // the slot is given up, on the same grid
			ok(t, w.store.OpenRun(t.Context(), i, ingest.Run{WorkspaceID: "w", ImportID: i.ID, ID: "run_1", Status: ingest.Running}, time.Time{}))
		}
		scheduled := at.Add(late)
		_, _, err := w.claimer().Claim(t.Context(), scheduled)
		ok(t, err)
		next := w.get(t, i).NextRunAt
		switch {
		case !next.After(scheduled):
			rt.Fatalf("next at %v is not after %v", next, scheduled)
		case next.Sub(scheduled) > every:
			rt.Fatalf("next at %v leaves out a slot after %v", next, scheduled)
		case next.Sub(at)%every != 0:
			rt.Fatalf("next at %v is off the grid of %v every %v", next, at, every)
		}
	})
}
