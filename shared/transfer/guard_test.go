package transfer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// fillBad replaces the source's rows by n good ones and so many without an identifier.
func (w *world) fillBad(n, bad int) {
	w.fillTable(n)
	rows := &w.driver.Datasets["crm"][0].Rows
	*rows = strings.TrimSuffix(*rows, "]") + strings.Repeat(`,{"age":7}`, bad) + "]"
}

func TestTooManyRejectedRowsFailARunBeforeItsCommit(t *testing.T) {
	tenth, thirty := 0.1, int64(30)
	for name, guards := range map[string]ingest.Guards{
		"by share":  {MaximumRejectedShare: &tenth},
		"by number": {MaximumRejectedRows: &thirty},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ingest.FullRefresh, people, func(n *ingest.NewImport) { n.Guards = guards })
			w.whole(t)
			w.fillBad(people, 60)
			r, err := w.execute(t, w.begin(t))
			if fault.CodeOf(err) != fault.RunRejects || r.Status != ingest.Failed || r.ErrorCode != string(fault.RunRejects) {
				t.Errorf("the run is %s with %q, %v", r.Status, r.ErrorCode, err)
			}
			w.wantRows(t, people, 1) // yesterday's rows
		})
	}
}

// Once it is certain, nobody goes on reading what will not be committed.
func TestExtractStopsWhenTooMuchIsRejected(t *testing.T) {
	ten := int64(10)
	w := newWorld(t, ingest.Append, 0, func(n *ingest.NewImport) { n.Guards.MaximumRejectedRows = &ten })
	w.fillBad(0, people)
	ref := w.begin(t)
	splits := w.plan(t, ref)
	for n := range splits {
		if _, err := w.extractor().Extract(t.Context(), ingest.SplitRef{Ref: ref, Split: n}); fault.CodeOf(err) != fault.RunRejects {
			t.Fatalf("split %d: %v", n, err)
		}
	}
	r := w.run(t, ref)
	if r.Counts.RowsRead != 12 || r.SplitsDone != 0 { // the third batch of four exceeds ten
		t.Errorf("%d rows were read, and %d splits ended", r.Counts.RowsRead, r.SplitsDone)
	}
	if got := len(w.quarantined(t, ref)); got != 12 {
		t.Errorf("%d rows can be looked at, want all that were read", got)
	}
}

// steady runs an import as often as it takes until its volume is known.
func (w *world) steady(t *testing.T) {
	t.Helper()
	for range 5 {
		w.run1(t, "a regular run", w.begin(t))
	}
}

func TestAHeldRunIsNotInTheLakeUntilItIsReleased(t *testing.T) {
	w := newWorld(t, ingest.FullRefresh, people)
	w.steady(t)
	w.fillTable(20)
	w.fate = newFate(7, 6)
	ref := w.begin(t)
	r, err := w.execute(t, ref)
	if err != nil || r.Status != ingest.Held || r.SnapshotID != "" || !r.Deadline.Equal(w.time().Add(7*24*time.Hour)) {
		t.Fatalf("the run is %+v, %v", r, err)
	}
	if len(r.Findings) != 1 || r.Findings[0].Guard != "volume" || r.Findings[0].Action != ingest.Hold || r.Findings[0].Observed <= r.Findings[0].Limit {
		t.Errorf("findings %+v", r.Findings)
	}
	if r.Proved == nil || r.Proved.Verdict != ingest.Unverifiable || r.Proved.SourceRows != r.Proved.RowsRead {
		t.Errorf("nothing of it has landed, and it is proved %+v", r.Proved)
	}
	w.wantRows(t, people, 1)
	if again, err := w.committer().Commit(t.Context(), ref); err != nil || !again.Held {
		t.Errorf("committing again: %+v, %v", again, err)
	}
	if _, err := w.service().Release(t.Context(), ref, "ada"); err != nil {
		t.Fatal(err)
	}
	if r = w.run1(t, "the released run", ref); r.Released == nil || r.Released.Actor != "ada" || r.Attempt != 1 || len(r.Findings) != 1 {
		t.Errorf("the run is %+v", r)
	}
	w.wantRows(t, 20, 1)
}

func TestADiscardedRunNeverLands(t *testing.T) {
	w := newWorld(t, ingest.FullRefresh, people)
	w.steady(t)
	w.fillTable(20)
	ref := w.begin(t)
	if r, err := w.execute(t, ref); err != nil || r.Status != ingest.Held {
		t.Fatalf("the run is %s, %v", r.Status, err)
	}
	if _, err := w.service().Discard(t.Context(), ref, "ada"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.committer().Commit(t.Context(), ref); fault.CodeOf(err) != fault.RunNotOpen {
		t.Errorf("committing a discarded run: %v", err)
	}
	w.wantRows(t, people, 1)
}

func TestAGuardDoesAsItIsSet(t *testing.T) {
	for action, want := range map[ingest.Action]struct {
		status ingest.Status
		rows   int
	}{
		ingest.Fail: {ingest.Failed, people}, ingest.Ignore: {ingest.Succeeded, 20},
	} {
		t.Run(string(action), func(t *testing.T) {
			w := newWorld(t, ingest.FullRefresh, people, func(n *ingest.NewImport) { n.Guards.Volume.Action = action })
			w.steady(t)
			w.fillTable(20)
			r, err := w.execute(t, w.begin(t))
			if r.Status != want.status || len(r.Findings) != 1 || r.Findings[0].Action != action {
				t.Errorf("the run is %s with %+v, %v", r.Status, r.Findings, err)
			}
			if action == ingest.Fail && r.ErrorCode != string(fault.RunGuard) {
				t.Errorf("it failed with %q", r.ErrorCode)
			}
			w.wantRows(t, want.rows, 1)
		})
	}
}

// A mass deletion at the source is held, and what the run counted of it says why.
func TestDeletesAreHeld(t *testing.T) {
	k := kinds()[2]
	w := emptyWorld()
	rows := make([]record, 200)
	for n := range rows {
		rows[n] = record{ID: fmt.Sprintf("u%d", n), Name: "n", Changed: 1}
	}
	w.feed(t, k, rows)
	w.open(t, ingest.Merge, ofFeed, func(n *ingest.NewImport) {
		n.Cursor, n.Deleted, n.Guards.Deletes = &ingest.Cursor{Column: "changed"}, "gone", ingest.Guard{}
	})
	w.run1(t, "the first run", w.begin(t))
	for n := range rows[:150] {
		rows[n].Gone, rows[n].Changed = true, 2
	}
	w.feed(t, k, rows)
	ref := w.begin(t)
	r, err := w.execute(t, ref)
	if err != nil || r.Status != ingest.Held || r.Counts.RowsFlagged != 150 || r.From != "1" {
		t.Fatalf("the run is %s with %+v, %v", r.Status, r.Counts, err)
	}
	if got := len(w.landed(t)); got != 200 {
		t.Errorf("the lake has %d rows while the run is held", got)
	}
	if _, err := w.service().Release(t.Context(), ref, "ada"); err != nil {
		t.Fatal(err)
	}
	w.run1(t, "the released run", ref)
	if got := len(w.landed(t)); got != 50 {
		t.Errorf("the lake has %d rows once it is released", got)
	}
}

func TestARowWithoutACursorMayFailTheRun(t *testing.T) {
	k := kinds()[0]
	w := emptyWorld()
	w.feed(t, k, []record{{ID: "u1", Changed: 1}, {ID: "u2", Null: true}})
	w.open(t, ingest.Append, ofFeed, func(n *ingest.NewImport) {
		n.Cursor = &ingest.Cursor{Column: "changed", Nulls: ingest.NullsFail}
	})
	if r, err := w.execute(t, w.begin(t)); fault.CodeOf(err) != fault.RunCursorNull || r.Status != ingest.Failed {
		t.Errorf("the run is %s, %v", r.Status, err)
	}
	if i, err := w.store.Import(t.Context(), workspace, w.imp.ID); err != nil || i.Watermark != "" {
		t.Errorf("a failed run set the watermark %q, %v", i.Watermark, err)
	}
}

// A text cursor may be longer than what a store keeps of it; cut, it reads more and not less.
func TestALongCursorIsCut(t *testing.T) {
	k := kinds()[3]
	k.literal = func(v int) string { return strings.Repeat("é", 1000) + fmt.Sprint(v) }
	w := emptyWorld()
	rows := []record{{ID: "u1", Name: "a", Changed: 1}, {ID: "u2", Name: "b", Changed: 2}}
	w.feed(t, k, rows)
	w.open(t, ingest.Append, ofFeed, func(n *ingest.NewImport) { n.Cursor = &ingest.Cursor{Column: "changed"} })
	w.run1(t, "the first run", w.begin(t))
	w.feed(t, k, append(rows, record{ID: "u3", Name: "c", Changed: 3}))
	w.run1(t, "the next run", w.begin(t))
	if got := len(w.landed(t)); got != 3 {
		t.Errorf("the lake has %d rows, want 3", got)
	}
	if mark := w.watermark(t); len(mark) != 1024 {
		t.Errorf("the watermark has %d bytes", len(mark))
	}
}

// A run that failed at a split goes on with that split alone, by the guards as they are then.
func TestARunIsDrivenAgain(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	ref := w.begin(t)
	reads := 0
	w.driver.Fail = func(call string) error {
		if call != "read" {
			return nil
		}
		if reads++; reads == 4 {
			return fault.New(fault.SourcePermission, "not any more")
		}
		return nil
	}
	if r, err := w.execute(t, ref); r.Status != ingest.Failed || r.SplitsDone != 3 {
		t.Fatalf("the run is %s with %d splits, %v", r.Status, r.SplitsDone, err)
	}
	if _, err := w.service().Redrive(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	w.fate = newFate(3, 8)
	w.fate.mayRepeat = false // so that reads are counted
	reads = 10
	r := w.run1(t, "the run that is driven again", ref)
	if w.wantRows(t, people, 1); r.Counts.RowsWritten != people || r.Attempt != 1 {
		t.Errorf("the run is %+v", r)
	}
	if reads < 12 || reads > 12+w.fate.deaths {
		t.Errorf("%d splits were read for the two that were left, with %d deaths", reads-10, w.fate.deaths)
	}
}

func TestARunIsDrivenAgainByItsGuardsAsTheyAre(t *testing.T) {
	tenth, half := 0.1, 0.5
	w := newWorld(t, ingest.Append, people, func(n *ingest.NewImport) { n.Guards.MaximumRejectedShare = &tenth })
	w.fillBad(people, 60)
	ref := w.begin(t)
	if r, err := w.execute(t, ref); r.ErrorCode != string(fault.RunRejects) {
		t.Fatalf("the run is %s with %q, %v", r.Status, r.ErrorCode, err)
	}
	if _, err := w.service().Redrive(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if r, err := w.execute(t, ref); r.ErrorCode != string(fault.RunRejects) {
		t.Fatalf("with the same guards the run is %s, %v", r.Status, err)
	}
	if _, err := w.service().Update(t.Context(), workspace, w.imp.ID, ingest.Change{Guards: &ingest.Guards{MaximumRejectedShare: &half, MissingIdentifiers: ingest.Guard{Action: ingest.Ignore}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service().Redrive(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	w.driver.Fail = func(call string) error {
		if call == "read" || call == "plan" {
			return fault.New(fault.Internal, "everything has been read")
		}
		return nil
	}
	w.run1(t, "the run that is driven again", ref)
	w.wantRows(t, people, 1)
}
