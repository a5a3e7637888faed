package ingest_test

import (
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// incremental writes an import by hand with a cursor of a type, and a watermark.
func (w *world) incremental(t testing.TB, typ schema.Type, watermark string) ingest.Import {
	t.Helper()
	i := ingest.Import{WorkspaceID: "w", ID: id.New(id.Import), Mode: ingest.Append, Watermark: watermark}
	i.Name, i.Cursor = i.ID, &ingest.Cursor{Column: "c", Type: typ}
	ok(t, w.store.CreateImport(t.Context(), i))
	return i
}

// ended opens a run of an import and ends it as change says.
func (w *world) ended(t testing.TB, i ingest.Import, change func(*ingest.Run)) ingest.Run {
	t.Helper()
	r, err := w.service().Start(t.Context(), "w", i.ID)
	ok(t, err)
	w.move(t, r.Ref(), func(r *ingest.Run) {
		r.EndedAt = w.now
		change(r)
	})
	return w.run(t, r.Ref())
}

func TestStartBackfill(t *testing.T) {
	w := newWorld()
	i := w.incremental(t, schema.Timestamp, "2026-03-01T00:00:00Z")
	between := ingest.Range{From: "2026-01-01T00:00:00+01:00", To: "2026-01-01T00:00:00Z"}
	r, err := w.service().StartBackfill(t.Context(), "w", i.ID, between)
	ok(t, err)
	same(t, "stored run", r, w.run(t, r.Ref()))
	same(t, "started", []ingest.Start{r.Start()}, w.started)
	if r.Trigger != ingest.Backfill || *r.Range != between || w.get(t, i).OpenRunID != r.ID {
		t.Errorf("run %+v", r)
	}
	_, err = w.service().StartBackfill(t.Context(), "w", i.ID, between)
	fails(t, err, fault.ImportRunOpen)
	_, err = w.service().StartBackfill(t.Context(), "thief", i.ID, between)
	fails(t, err, fault.ImportNotFound)

	w.move(t, r.Ref(), func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Succeeded, w.now })
	if got := w.get(t, i).Watermark; got != i.Watermark {
		t.Errorf("after a backfill the watermark is %q, want %q", got, i.Watermark)
	}
}

func TestStartBackfillRefuses(t *testing.T) {
	w := newWorld()
	at := func(code fault.Code, fields ...string) (want []problem) {
		for _, field := range fields {
			want = append(want, problem{code, field})
		}
		return want
	}
	for _, test := range []struct {
		cursor   schema.Type
		from, to string
		want     []problem
	}{
		{schema.Int64, "", "", at(fault.MissingField, "from", "to")},
		{schema.Int64, "a", "1.5", at(fault.ImportCursor, "from", "to")},
		{schema.Int64, "10", "9", at(fault.ImportCursor, "to")},
		{schema.Int64, "9", "9", at(fault.ImportCursor, "to")},
		{schema.Date, "2026-02-30", "2026-03-01", at(fault.ImportCursor, "from")},
		{schema.Timestamp, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", at(fault.ImportCursor, "to")},
		{schema.String, "b", "a", at(fault.ImportCursor, "to")},
		{schema.String, "a", string(make([]byte, 1025)), at(fault.ImportCursor, "to")},
	} {
		i := w.incremental(t, test.cursor, "")
		_, err := w.service().StartBackfill(t.Context(), "w", i.ID, ingest.Range{From: test.from, To: test.to})
		same(t, "problems", test.want, problems(err))
	}
	_, err := w.service().StartBackfill(t.Context(), "w", w.due(t, noon, 24).ID, ingest.Range{From: "1", To: "2"})
	fails(t, err, fault.ImportCursor)
	if len(w.started) > 0 {
		t.Errorf("started %v", w.started)
	}
}

func TestReplay(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon, 24)
	r, err := w.service().Start(t.Context(), "w", i.ID)
	ok(t, err)
	w.move(t, r.Ref(), func(r *ingest.Run) { r.Status, r.Splits = ingest.Running, 1 })
	ok(t, w.store.CreateSplits(t.Context(), r.Ref(), []ingest.SplitProgress{{}}))
	_, err = w.store.RecordPart(t.Context(), r.Ref(), ingest.Part{Last: true, Counts: ingest.Counts{RowsRead: 2, RowsQuarantined: 1}})
	ok(t, err)
	_, err = w.service().Replay(t.Context(), r.Ref()) // what it has read has not landed
	fails(t, err, fault.QuarantineEmpty)
	w.move(t, r.Ref(), func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Succeeded, w.now })
	w.keep(t, r)

	replay, err := w.service().Replay(t.Context(), r.Ref())
	ok(t, err)
	same(t, "stored run", replay, w.run(t, replay.Ref()))
	if replay.Trigger != ingest.Replay || replay.Replays != r.ID || w.run(t, r.Ref()).ReplayedBy != replay.ID {
		t.Errorf("replay %+v", replay)
	}
	_, err = w.service().Replay(t.Context(), r.Ref())
	fails(t, err, fault.QuarantineUsed)
	ended, err := w.settler().Settle(t.Context(), replay.Ref(), fault.New(fault.SourceChanged, "m"))
	if err != nil || !ended || !w.get(t, i).NextRunAt.Equal(noon) {
		t.Errorf("Settle = %t, %v and next at %v; want the schedule as it was: a claim would not replay", ended, err, w.get(t, i).NextRunAt)
	}
	again, err := w.service().Replay(t.Context(), r.Ref())
	ok(t, err)
	w.move(t, again.Ref(), func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Succeeded, w.now })
	_, err = w.service().Replay(t.Context(), r.Ref())
	fails(t, err, fault.QuarantineUsed)
	_, err = w.service().Replay(t.Context(), again.Ref()) // it rejected nothing
	fails(t, err, fault.QuarantineEmpty)

	foreign := r.Ref()
	foreign.WorkspaceID = "thief"
	_, err = w.service().Replay(t.Context(), foreign)
	fails(t, err, fault.ImportNotFound)
}

// keep makes the key of a run's quarantine.
func (w *world) keep(t testing.TB, r ingest.Run) {
	t.Helper()
	_, err := w.store.CreateRunKey(t.Context(), r.Ref(), ingest.RunKey{Sealed: "sealed", CreatedAt: w.now})
	ok(t, err)
}

// What nobody can read any more is not replayed, and nobody waits for a run that says so.
func TestReplayOfADestroyedQuarantine(t *testing.T) {
	w := newWorld()
	i := w.due(t, noon, 24)
	r, err := w.service().Start(t.Context(), "w", i.ID)
	ok(t, err)
	w.move(t, r.Ref(), func(r *ingest.Run) { r.Status, r.Splits = ingest.Running, 1 })
	ok(t, w.store.CreateSplits(t.Context(), r.Ref(), []ingest.SplitProgress{{}}))
	_, err = w.store.RecordPart(t.Context(), r.Ref(), ingest.Part{Last: true, Counts: ingest.Counts{RowsRead: 2, RowsQuarantined: 1}})
	ok(t, err)
	w.move(t, r.Ref(), func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Succeeded, w.now })
	w.keep(t, r)
	ok(t, w.store.DestroyRunKey(t.Context(), r.Ref(), w.now))
	_, err = w.service().Replay(t.Context(), r.Ref())
	fails(t, err, fault.QuarantineSealed)
	if open := w.get(t, i).OpenRunID; open != "" || w.run(t, r.Ref()).ReplayedBy != "" {
		t.Errorf("run %q was opened", open)
	}
}

// A watermark from the future would hide every row until then.
func TestAWatermarkIsNotBeyondThePresent(t *testing.T) {
	for _, test := range []struct {
		of        schema.Type
		watermark string
		want      []problem
	}{
		{schema.Timestamp, "2026-03-01T12:00:00Z", nil},
		{schema.Timestamp, "2026-03-01T13:00:00+01:00", nil},
		{schema.Timestamp, "2026-03-01T12:00:00.000001Z", []problem{{fault.ImportCursor, "watermark"}}},
		{schema.Date, "2026-03-01", nil},
		{schema.Date, "2026-03-02", []problem{{fault.ImportCursor, "watermark"}}},
		{schema.Int64, "9223372036854775807", nil},
		{schema.String, "9999-01-01", nil},
	} {
		w := newWorld()
		i := w.incremental(t, test.of, "")
		_, err := w.service().ResetCursor(t.Context(), "w", i.ID, test.watermark)
		same(t, string(test.of)+" "+test.watermark, test.want, problems(err))
	}
}

func TestResetCursor(t *testing.T) {
	w := newWorld()
	i := w.incremental(t, schema.Int64, "7")
	for _, watermark := range []string{"", "-3"} {
		got, err := w.service().ResetCursor(t.Context(), "w", i.ID, watermark)
		ok(t, err)
		i.Watermark, i.ResetAt = watermark, w.now
		same(t, "answer", i, got)
		same(t, "stored import", i, w.get(t, i))
	}
	_, err := w.service().ResetCursor(t.Context(), "w", i.ID, "x")
	same(t, "problems", []problem{{fault.ImportCursor, "watermark"}}, problems(err))
	_, err = w.service().ResetCursor(t.Context(), "thief", i.ID, "")
	fails(t, err, fault.ImportNotFound)
	_, err = w.service().ResetCursor(t.Context(), "w", w.due(t, noon, 24).ID, "")
	fails(t, err, fault.ImportCursor)

	// A run that is open would set its own watermark.
	_, err = w.service().Start(t.Context(), "w", i.ID)
	ok(t, err)
	_, err = w.service().ResetCursor(t.Context(), "w", i.ID, "")
	fails(t, err, fault.ImportRunOpen)
}

func TestUpdate(t *testing.T) {
	w := newWorld()
	i, err := w.service().Create(t.Context(), "w", "ada", merging())
	ok(t, err)
	mapping := ingest.Mapping{{Source: "string", Target: "identifier"}, {Source: "date", Target: "born"}}
	got, err := w.service().Update(t.Context(), "w", i.ID, ingest.Change{
		Mapping: mapping, Guards: &ingest.Guards{HoldHours: 2}, Proof: ingest.ProofOff, Precedence: new(3),
	})
	ok(t, err)
	want := i
	want.Guards, want.Proof, want.Precedence, want.Revision = ingest.Guards{HoldHours: 2}, ingest.ProofOff, 3, 1
	want.Mapping = ingest.Mapping{
		{Source: "string", Target: "identifier", Type: schema.String, Required: true}, {Source: "date", Target: "born", Type: schema.Date},
	}
	same(t, "changed", want, got)
	same(t, "stored", want, w.get(t, i))
	same(t, "what was given", ingest.Column{Source: "date", Target: "born"}, mapping[1])
	got, err = w.service().Update(t.Context(), "w", i.ID, ingest.Change{})
	ok(t, err)
	want.Revision++
	same(t, "changed by nothing", want, got)

	for name, test := range map[string]struct {
		change ingest.Change
		want   []problem
	}{
		"no column":     {ingest.Change{Mapping: ingest.Mapping{}}, []problem{{fault.MissingField, "mapping"}}},
		"without key":   {ingest.Change{Mapping: ingest.Mapping{{Source: "date", Target: "born"}}}, []problem{{fault.ImportIdentifier, "mapping"}, {fault.ImportKey, "key[0]"}}},
		"other guards":  {ingest.Change{Guards: &ingest.Guards{OnExpiry: "x"}}, []problem{{fault.ImportGuards, "guards.on_expiry"}}},
		"a column gone": {ingest.Change{Mapping: ingest.Mapping{{Source: "x", Target: "identifier"}}}, []problem{{fault.ImportColumn, "mapping[0].source"}}},
	} {
		_, err := w.service().Update(t.Context(), "w", i.ID, test.change)
		same(t, name, test.want, problems(err))
	}
	_, err = w.service().Update(t.Context(), "thief", i.ID, ingest.Change{})
	fails(t, err, fault.ImportNotFound)
	_, err = w.service().Start(t.Context(), "w", i.ID)
	ok(t, err)
	_, err = w.service().Update(t.Context(), "w", i.ID, ingest.Change{Precedence: new(1)})
	fails(t, err, fault.ImportRunOpen)
	same(t, "in the end", want.Mapping, w.get(t, i).Mapping)
}
