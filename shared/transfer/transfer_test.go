package transfer_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/memsource"
)

const people = 220 // five splits

func TestARunLandsEveryRowOnce(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	r := w.whole(t)
	if r.Status != ingest.Succeeded || r.SnapshotID == "" || r.SplitsDone != r.Splits || r.Splits != 5 {
		t.Errorf("the run ended as %+v", r)
	}
	want := ingest.Counts{RowsRead: people + 1, RowsWritten: people, RowsQuarantined: 1, RowsNameless: 1, BytesRead: (people + 1) * 100}
	got := r.Counts
	got.BytesWritten = 0
	if got != want || r.Counts.BytesWritten == 0 {
		t.Errorf("counts %+v, want %+v and some bytes written", r.Counts, want)
	}
	w.wantRows(t, people, 1)
	w.whole(t)
	w.wantRows(t, people, 2)
}

func TestFullRefreshReplacesAndFailsHarmlessly(t *testing.T) {
	w := newWorld(t, ingest.FullRefresh, people)
	w.whole(t)
	w.fillTable(people / 2)
	ref := w.begin(t)
	w.extract(t, ref, w.plan(t, ref)-1) // a split is missing
	if _, err := w.committer().Commit(t.Context(), ref); err == nil {
		t.Fatal("half a run was committed")
	}
	// The lake was not touched, so nobody has to wait until the commit is surely dead.
	ended, err := w.settler().Settle(t.Context(), ref, fault.New(fault.SourceMalformed, "a file is broken"))
	if err != nil || !ended {
		t.Fatalf("settle: %t, %v", ended, err)
	}
	if r := w.run(t, ref); r.Status != ingest.Failed || r.ErrorCode != string(fault.SourceMalformed) {
		t.Errorf("the run is %s with %s", r.Status, r.ErrorCode)
	}
	w.wantRows(t, people, 1) // yesterday's rows
	w.whole(t)
	w.wantRows(t, people/2, 1)
}

func TestPlansInTheSameMomentAreOne(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	ref := w.begin(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if planned, err := w.planner().Plan(t.Context(), ref); err != nil || planned.Splits != 5 {
				t.Errorf("planned %d splits, %v", planned.Splits, err)
			}
		})
	}
	wait.Wait()
	w.extract(t, ref, 5)
	if _, err := w.committer().Commit(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	w.wantRows(t, people, 1)
}

// Lambda may invoke twice: of two workers on one split one is dropped, with its files.
func TestTwoWorkersOnASplitAreOne(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	ref := w.begin(t)
	splits := w.plan(t, ref)
	var wait sync.WaitGroup
	for n := range 4 * splits {
		wait.Go(func() {
			done, err := w.extractor().Extract(t.Context(), ingest.SplitRef{Ref: ref, Split: n % splits})
			if err != nil || !done {
				t.Errorf("split %d: %t, %v", n%splits, done, err)
			}
		})
	}
	wait.Wait()
	if _, err := w.committer().Commit(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	w.wantRows(t, people, 1)
	alone := newWorld(t, ingest.Append, people)
	alone.whole(t)
	if got, want := w.dataFiles(t), alone.dataFiles(t); got != want {
		t.Errorf("%d data files, want %d: the losers' were left behind", got, want)
	}
}

// fragile is a store that dies at a chosen write, before or after it.
type fragile struct {
	*memstore.Store
	recordPart, moveRun func(write func() (bool, error)) (bool, error)
}

func (f fragile) RecordPart(ctx context.Context, ref ingest.Ref, p ingest.Part) (bool, error) {
	if f.recordPart == nil {
		return f.Store.RecordPart(ctx, ref, p)
	}
	return f.recordPart(func() (bool, error) { return f.Store.RecordPart(ctx, ref, p) })
}

func (f fragile) MoveRun(ctx context.Context, seen, r ingest.Run) (bool, error) {
	if f.moveRun == nil || r.SnapshotID == "" {
		return f.Store.MoveRun(ctx, seen, r)
	}
	return f.moveRun(func() (bool, error) { return f.Store.MoveRun(ctx, seen, r) })
}

var errDied = errors.New("the worker died")

func before(func() (bool, error)) (bool, error) { return false, errDied }

func after(write func() (bool, error)) (bool, error) {
	_, err := write()
	return false, errors.Join(err, errDied)
}

func TestAWorkerMayDieAroundItsRecord(t *testing.T) {
	for name, dies := range map[string]func(func() (bool, error)) (bool, error){"before": before, "after": after} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ingest.Append, people)
			ref := w.begin(t)
			splits := w.plan(t, ref)
			dying := w.extractor()
			dying.Store = fragile{Store: w.store, recordPart: dies}
			if _, err := dying.Extract(t.Context(), ingest.SplitRef{Ref: ref, Split: 2}); !errors.Is(err, errDied) {
				t.Fatalf("extract: %v", err)
			}
			w.extract(t, ref, splits)
			if _, err := w.committer().Commit(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
			w.wantRows(t, people, 1)
			if r := w.settle(t, ref); r.Counts.RowsWritten != people || r.Counts.RowsRead != people+1 {
				t.Errorf("counts %+v", r.Counts)
			}
		})
	}
}

func TestACommitMayDieAfterTheLakeHasIt(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	ref := w.begin(t)
	w.extract(t, ref, w.plan(t, ref))
	dying := w.committer()
	dying.Store = fragile{Store: w.store, moveRun: before}
	if _, err := dying.Commit(t.Context(), ref); !errors.Is(err, errDied) {
		t.Fatalf("commit: %v", err)
	}
	t.Run("and be called again", func(t *testing.T) {
		first, err := w.committer().Commit(t.Context(), ref)
		if err != nil || first.SnapshotID == "" {
			t.Fatalf("commit: %v, %v", first, err)
		}
		if again, err := w.committer().Commit(t.Context(), ref); err != nil || again != first {
			t.Errorf("a third commit: %v, %v, want %v", again, err, first)
		}
	})
	w.wantRows(t, people, 1)
	if r := w.settle(t, ref); r.Status != ingest.Succeeded {
		t.Errorf("the run is %s", r.Status)
	}
}

// An execution that is aborted while its rows are already in the lake has succeeded.
func TestSettleAsksTheLake(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	ref := w.begin(t)
	w.extract(t, ref, w.plan(t, ref))
	dying := w.committer()
	dying.Store = fragile{Store: w.store, moveRun: before}
	if _, err := dying.Commit(t.Context(), ref); !errors.Is(err, errDied) {
		t.Fatalf("commit: %v", err)
	}
	if ended, err := w.settler().Settle(t.Context(), ref, fault.New(fault.RunAborted, "")); err != nil || !ended {
		t.Fatalf("settle: %t, %v", ended, err)
	}
	if r := w.run(t, ref); r.Status != ingest.Succeeded || r.SnapshotID == "" {
		t.Errorf("the run is %s with snapshot %q", r.Status, r.SnapshotID)
	}
}

// What follows from a run's success is there whoever finds that it succeeded.
func TestWhoeverSettlesMovesTheWatermark(t *testing.T) {
	k := kinds()[0]
	w := emptyWorld()
	w.feed(t, k, []record{{ID: "u1", Changed: 3}})
	w.open(t, ingest.Merge, ofFeed, func(n *ingest.NewImport) { n.Cursor = &ingest.Cursor{Column: "changed"} })
	ref := w.begin(t)
	w.extract(t, ref, w.plan(t, ref))
	dying := w.committer()
	dying.Store = fragile{Store: w.store, moveRun: before}
	if _, err := dying.Commit(t.Context(), ref); !errors.Is(err, errDied) {
		t.Fatalf("commit: %v", err)
	}
	if ended, err := w.settler().Settle(t.Context(), ref, fault.New(fault.RunAborted, "")); err != nil || !ended {
		t.Fatalf("settle: %t, %v", ended, err)
	}
	if got := w.watermark(t); got != k.literal(3) || w.run(t, ref).Status != ingest.Succeeded {
		t.Errorf("the watermark is %q, and the run %s", got, w.run(t, ref).Status)
	}
}

// Where the table is gone no commit can have happened, so its run ends like any other and the import is free again.
func TestSettleWithoutATable(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	ref := w.begin(t)
	for _, next := range []ingest.Status{ingest.Running, ingest.Committing} { // no plan has made the table
		seen := w.run(t, ref)
		moving := seen
		moving.Status = next
		if moved, err := w.store.MoveRun(t.Context(), seen, moving); err != nil || !moved {
			t.Fatalf("moving to %s: %t, %v", next, moved, err)
		}
	}
	w.wait(25 * time.Hour)
	if n, err := w.settler().Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("the sweep settled %d, %v; want the run", n, err)
	}
	if r := w.run(t, ref); r.Status != ingest.Failed || r.ErrorCode != string(fault.RunTimedOut) {
		t.Errorf("the run is %s with %q", r.Status, r.ErrorCode)
	}
	w.whole(t)
}

func TestAnEndedRunCannotGoOn(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	w.whole(t)
	ref := w.begin(t)
	splits := w.plan(t, ref)
	w.extract(t, ref, splits-1)
	if ended, err := w.settler().Settle(t.Context(), ref, fault.New(fault.RunAborted, "")); err != nil || !ended {
		t.Fatalf("settle: %t, %v", ended, err)
	}
	_, planErr := w.planner().Plan(t.Context(), ref)
	_, extractErr := w.extractor().Extract(t.Context(), ingest.SplitRef{Ref: ref, Split: splits - 1})
	_, commitErr := w.committer().Commit(t.Context(), ref)
	for name, err := range map[string]error{"plan": planErr, "extract": extractErr, "commit": commitErr} {
		if fault.CodeOf(err) != fault.RunNotOpen {
			t.Errorf("%s of an ended run: %v", name, err)
		}
	}
	w.wantRows(t, people, 1)
}

// A worker near its own deadline stops between parts, and the next call goes on.
func TestExtractResumesNearItsDeadline(t *testing.T) {
	w := newWorld(t, ingest.Append, people)
	ref := w.begin(t)
	splits := w.plan(t, ref)
	short := w.extractor()
	deadline := w.time().Add(10 * time.Minute)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Hour))
	defer cancel()
	calls := 0
	short.Now = func() time.Time { // half a minute passes with every look at the clock
		calls++
		real, _ := ctx.Deadline()
		return real.Add(-deadline.Sub(w.time())).Add(time.Duration(calls) * 30 * time.Second)
	}
	passes := 0
	for n := range splits {
		for done := false; !done; passes++ {
			calls = 0
			var err error
			if done, err = short.Extract(ctx, ingest.SplitRef{Ref: ref, Split: n}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if passes <= splits {
		t.Errorf("%d passes over %d splits: nothing was resumed", passes, splits)
	}
	if _, err := w.committer().Commit(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	w.wantRows(t, people, 1)
}

// What a part quarantines is kept in memory until it is recorded, so a source of bad rows makes many parts.
func TestAPartEndsWhenItsQuarantineIsLarge(t *testing.T) {
	w := newWorld(t, ingest.Append, 0)
	bad := strings.Repeat(`{"age":7},`, people)
	w.driver.Datasets["crm"][0].Rows = "[" + strings.TrimSuffix(bad, ",") + "]"
	ref := w.begin(t)
	splits := w.plan(t, ref)
	small := w.extractor()
	small.QuarantineBytes = 1
	for n := range splits {
		if done, err := small.Extract(t.Context(), ingest.SplitRef{Ref: ref, Split: n}); err != nil || !done {
			t.Fatalf("split %d: %t, %v", n, done, err)
		}
	}
	parts, err := w.store.Parts(t.Context(), ref)
	if err != nil || len(parts) <= splits {
		t.Errorf("%d parts of %d splits, %v; want several of each", len(parts), splits, err)
	}
	if got := w.run(t, ref).Counts; got.RowsQuarantined != people || got.RowsRead != people {
		t.Errorf("counts %+v, want every row in quarantine once", got)
	}
}

func TestSchemaGate(t *testing.T) {
	for name, columns := range map[string][]schema.Column{
		"a column is gone":          {{Name: "id", Type: schema.String, Nullable: true}},
		"a column has another type": {{Name: "id", Type: schema.String, Nullable: true}, {Name: "age", Type: schema.Bytes, Nullable: true}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ingest.Append, people)
			changed := peopleTable()
			changed.Columns = columns
			w.driver.Datasets = map[string][]memsource.Table{"crm": {{Table: changed, Rows: `[{"id":"u1"}]`}}}
			_, err := w.planner().Plan(t.Context(), w.begin(t))
			if fault.CodeOf(err) != fault.RunSchemaGate {
				t.Errorf("plan: %v", err)
			}
		})
	}
}

func TestAnEmptySourceCommitsNothingOrEverythingAway(t *testing.T) {
	for mode, left := range map[ingest.Mode]int{ingest.Append: people, ingest.FullRefresh: 0} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t, mode, people)
			w.whole(t)
			w.driver.Datasets = map[string][]memsource.Table{"crm": {{Table: peopleTable(), Rows: "[]"}}}
			if r := w.whole(t); r.Status != ingest.Succeeded || r.Splits != 0 {
				t.Errorf("the run ended as %+v", r)
			}
			w.wantRows(t, left, min(left, 1))
		})
	}
}
