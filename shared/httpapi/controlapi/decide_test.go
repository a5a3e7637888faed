package controlapi_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// merged is an import of the mode merge that has everything a caller can give.
func merged(connectionID string) map[string]any {
	n := newImport("merged", connectionID, "profiles")
	n["mode"], n["key"], n["proof"], n["precedence"] = "merge", []string{"identifier", "age"}, "off", 5
	n["cursor"] = map[string]any{"column": "day", "lookback": 2, "nulls": "include"}
	n["filter"] = []map[string]any{{"column": "age", "op": "ge", "values": []string{"18"}, "or_null": true}}
	n["guards"] = map[string]any{
		"maximum_rejected_rows": 10, "maximum_rejected_share": 0.25, "volume": map[string]any{"limit": 4, "action": "fail"},
		"deletes": map[string]any{"action": "ignore"}, "missing_identifiers": map[string]any{"limit": 0}, "hold_hours": 24, "on_expiry": "release",
	}
	return n
}

func (s *stand) create(n map[string]any) controlapi.Import {
	s.t.Helper()
	return contracttest.Into[controlapi.Import](s.t, s.post("/v1/imports", text(n)), 201)
}

func TestCreateIncrementalImport(t *testing.T) {
	s, c := active(t)
	got := s.create(merged(c.ID))
	want := controlapi.Import{
		Cursor: controlapi.ImportCursor{Column: "day", Type: controlapi.ColumnTypeDate, Lookback: 2, Nulls: "include"},
		Key:    []string{"identifier", "age"}, Mode: controlapi.Merge, Proof: "off", Precedence: 5,
		Filter: []controlapi.FilterCondition{{Column: "age", Op: "ge", Values: []string{"18"}, OrNull: true}},
		Guards: controlapi.Guards{
			MaximumRejectedRows: new(int64(10)), MaximumRejectedShare: new(0.25), HoldHours: 24, OnExpiry: "release",
			Volume:  controlapi.VolumeGuard{Limit: new(4.0), Action: "fail"},
			Deletes: controlapi.ShareGuard{Action: "ignore"}, MissingIdentifiers: controlapi.ShareGuard{Limit: new(0.0)},
		},
	}
	only := controlapi.Import{Cursor: got.Cursor, Key: got.Key, Mode: got.Mode, Proof: got.Proof, Precedence: got.Precedence, Filter: got.Filter, Guards: got.Guards}
	if diff := cmp.Diff(want, only); diff != "" {
		t.Errorf("import (-want +got):\n%s", diff)
	}
	if !got.Mapping[1].Required {
		t.Error("a column of the key is not required")
	}
	if diff := cmp.Diff(got, contracttest.Into[controlapi.Import](t, s.get("/v1/imports/"+got.ID), 200)); diff != "" {
		t.Errorf("as it is read (-created +read):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"acme"}, s.started.workspaces); diff != "" {
		t.Errorf("workspaces with keys (-want +got):\n%s", diff)
	}
}

func TestCreateNamesEveryFieldOfAnIncrementalImport(t *testing.T) {
	s, c := active(t)
	n := merged(c.ID)
	n["key"], n["deleted"] = []string{"none"}, "age"
	n["cursor"] = map[string]any{"column": "spent"}
	answer := s.post("/v1/imports", text(n))
	var fields []string
	for _, field := range []string{"cursor.column", "key[0]", "deleted"} {
		if answer.Problem.Fields()[field] == "" {
			fields = append(fields, field)
		}
	}
	if answer.Status != 422 || len(fields) > 0 {
		t.Errorf("%d %s, which does not name %v", answer.Status, answer.Body, fields)
	}
}

func TestUpdateImport(t *testing.T) {
	s, c := active(t)
	i := s.create(merged(c.ID))
	path := "/v1/imports/" + i.ID
	patch := func(body string) contracttest.Answer {
		return s.Do(t, contracttest.Request{Caller: acme, Method: "PATCH", Target: path, Body: body})
	}
	got := contracttest.Into[controlapi.Import](t, patch(`{"precedence":0,"guards":{"hold_hours":1},"mapping":[
		{"source":"Email","target":"identifier"},{"source":"age","target":"age"},{"source":"spent","target":"spent"}]}`), 200)
	if got.Precedence != 0 || got.Guards.HoldHours != 1 || got.Guards.Volume.Limit != nil || len(got.Mapping) != 3 || !got.Mapping[1].Required || got.Proof != "off" {
		t.Errorf("changed import %+v", got)
	}
	if diff := cmp.Diff(got, contracttest.Into[controlapi.Import](t, s.get(path), 200)); diff != "" {
		t.Errorf("as it is read (-changed +read):\n%s", diff)
	}
	if same := contracttest.Into[controlapi.Import](t, patch(`{}`), 200); !cmp.Equal(got, same) {
		t.Errorf("changed by nothing: %+v", same)
	}
	if answer := patch(`{"mapping":[{"source":"Email","target":"identifier"}]}`); answer.Status != 422 || answer.Problem.Fields()["key[1]"] == "" {
		t.Errorf("a mapping without the key: %d %s", answer.Status, answer.Body)
	}
	s.run(i.ID)
	if answer := patch(`{"proof":"counts"}`); answer.Status != 409 || answer.Problem.Code != "import.run_open" {
		t.Errorf("while a run is open: %d %s", answer.Status, answer.Body)
	}
}

func TestSetWatermark(t *testing.T) {
	s, c := active(t)
	i := s.create(merged(c.ID))
	set := func(id, body string) contracttest.Answer {
		return s.Do(t, contracttest.Request{Caller: acme, Method: "PUT", Target: "/v1/imports/" + id + "/watermark", Body: body})
	}
	for body, want := range map[string]string{`{"watermark":"2026-03-01"}`: "2026-03-01", `{"watermark":null}`: ""} {
		if got := contracttest.Into[controlapi.Import](t, set(i.ID, body), 200); got.Watermark != want {
			t.Errorf("%s makes it %q", body, got.Watermark)
		}
		if got := contracttest.Into[controlapi.Import](t, s.get("/v1/imports/"+i.ID), 200); got.Watermark != want {
			t.Errorf("%s is read as %q", body, got.Watermark)
		}
	}
	for body, want := range map[string]string{`{}`: "request.missing_field", `{"watermark":""}`: "request.missing_field", `{"watermark":"yesterday"}`: "import.invalid_cursor"} {
		if answer := set(i.ID, body); answer.Problem.Code != want || answer.Problem.Fields()["watermark"] == "" {
			t.Errorf("%s: %d %s, want %s", body, answer.Status, answer.Body, want)
		}
	}
	if answer := set(s.importOf(c, "full", "profiles").ID, `{"watermark":null}`); answer.Problem.Code != "import.invalid_cursor" {
		t.Errorf("without a cursor: %d %s", answer.Status, answer.Body)
	}
	s.run(i.ID)
	if answer := set(i.ID, `{"watermark":null}`); answer.Problem.Code != "import.run_open" {
		t.Errorf("while a run is open: %d %s", answer.Status, answer.Body)
	}
}

func TestBackfill(t *testing.T) {
	s, c := active(t)
	i := s.create(merged(c.ID))
	path := "/v1/imports/" + i.ID
	answer := s.post(path+"/backfills", `{"from":"2026-01-01","to":"2026-02-01"}`)
	r := contracttest.Into[controlapi.Run](t, answer, 202)
	if r.Trigger != controlapi.RunTriggerBackfill || r.Backfill != (controlapi.Backfill{From: "2026-01-01", To: "2026-02-01"}) || answer.Header.Get("Location") != path+"/runs/"+r.ID {
		t.Errorf("%+v at %s", r, answer.Header.Get("Location"))
	}
	for body, field := range map[string]string{
		`{"from":"2026-01-01"}`:                   "to",
		`{"from":"x","to":"2026-02-01"}`:          "from",
		`{"from":"2026-02-01","to":"2026-02-01"}`: "to",
	} {
		if answer := s.post(path+"/backfills", body); answer.Status != 422 && answer.Status != 400 || answer.Problem.Fields()[field] == "" {
			t.Errorf("%s: %d %s, want %s named", body, answer.Status, answer.Body, field)
		}
	}
}

// move moves a run as a worker does.
func (s *stand) move(ref ingest.Ref, change func(*ingest.Run)) {
	s.t.Helper()
	seen, err := s.store.Run(s.t.Context(), ref)
	s.must(err)
	r := seen
	change(&r)
	if moved, err := s.store.MoveRun(s.t.Context(), seen, r); err != nil || !moved {
		s.t.Fatalf("MoveRun = %t, %v", moved, err)
	}
}

func TestHeldRun(t *testing.T) {
	s, c := active(t)
	i := s.importOf(c, "people", "profiles")
	ref := s.run(i.ID)
	path := "/v1/imports/" + i.ID + "/runs/" + ref.RunID
	for _, action := range []string{"release", "discard"} {
		if answer := s.post(path+"/"+action, ""); answer.Status != 409 || answer.Problem.Code != "run.not_held" {
			t.Errorf("%s of a queued run: %d %s", action, answer.Status, answer.Body)
		}
	}
	found := ingest.Finding{Guard: "volume", Limit: 6, Observed: 9, Action: ingest.Hold, Message: "0 rows were read"}
	hold := func(r *ingest.Run) {
		r.Status, r.Findings, r.Deadline, r.PlanKey = ingest.Held, []ingest.Finding{found}, s.now.Add(time.Hour), "plan"
	}
	s.move(ref, hold)
	read := contracttest.Into[controlapi.Run](t, s.get(path), 200)
	want := []controlapi.Finding{{Guard: "volume", Limit: 6, Observed: 9, Action: "hold", Message: "0 rows were read"}}
	if diff := cmp.Diff(want, read.Findings); diff != "" || !read.DecideBy.Equal(s.now.Add(time.Hour)) {
		t.Errorf("held until %v (-want +got):\n%s", read.DecideBy, diff)
	}
	released := contracttest.Into[controlapi.Run](t, s.post(path+"/release", ""), 202)
	if released.Status != controlapi.RunStatusQueued || released.Attempt != 1 || released.Released != (controlapi.Decision{Actor: "key:test", At: s.now}) {
		t.Errorf("released %+v", released)
	}
	if last := s.started.runs[len(s.started.runs)-1]; last.Execution != ref.RunID+"-1" {
		t.Errorf("started as %s", last.Execution)
	}
	s.move(ref, hold)
	discarded := contracttest.Into[controlapi.Run](t, s.post(path+"/discard", ""), 200)
	if discarded.Status != controlapi.RunStatusFailed || discarded.Error.Code != "run.discarded" {
		t.Errorf("discarded %+v", discarded)
	}
	driven := contracttest.Into[controlapi.Run](t, s.post(path+"/redrive", ""), 202)
	if driven.Status != controlapi.RunStatusQueued || driven.Attempt != 2 || driven.Error != (controlapi.Failure{}) {
		t.Errorf("driven again %+v", driven)
	}
	if answer := s.post(path+"/redrive", ""); answer.Problem.Code != "run.not_repeatable" {
		t.Errorf("driven again while it is queued: %d %s", answer.Status, answer.Body)
	}
}

func TestReplayRun(t *testing.T) {
	s, c := active(t)
	i := s.importOf(c, "people", "profiles")
	ref := s.run(i.ID)
	path := "/v1/imports/" + i.ID + "/runs/" + ref.RunID
	if answer := s.post(path+"/replay", ""); answer.Problem.Code != "quarantine.empty" {
		t.Errorf("of a run without a quarantine: %d %s", answer.Status, answer.Body)
	}
	s.move(ref, func(r *ingest.Run) { r.Status, r.Splits = ingest.Running, 1 })
	s.must(s.store.CreateSplits(t.Context(), ref, []ingest.SplitProgress{{Number: 0}}))
	counts := ingest.Counts{RowsRead: 6, RowsWritten: 1, RowsQuarantined: 2, RowsFiltered: 3, RowsFlagged: 1, RowsNameless: 1}
	_, err := s.store.RecordPart(t.Context(), ref, ingest.Part{Last: true, Counts: counts, At: s.now})
	s.must(err)
	_, err = s.store.CreateRunKey(t.Context(), ref, ingest.RunKey{Sealed: "sealed", CreatedAt: s.now})
	s.must(err)
	proved := ingest.Proved{Verdict: ingest.Complete, SourceRows: 6, RowsRead: 6, LakeRows: 1, Column: "day", Windows: []ingest.Window{{From: "2026-01-01", Source: 6, Read: 6}}}
	s.move(ref, func(r *ingest.Run) {
		r.Status, r.EndedAt, r.Proved, r.From, r.AsOf, r.Watermark, r.ManifestHash = ingest.Succeeded, s.now, &proved, "2026-01-01", s.now, "2026-01-02", "aa"
	})
	read := contracttest.Into[controlapi.Run](t, s.get(path), 200)
	want := controlapi.Run{
		From: "2026-01-01", AsOf: s.now, Watermark: "2026-01-02", ManifestHash: "aa",
		Counts: controlapi.Counts{RowsRead: 6, RowsWritten: 1, RowsQuarantined: 2, RowsFiltered: 3, RowsFlagged: 1, RowsNameless: 1},
		Proved: controlapi.Proved{Verdict: "complete", SourceRows: 6, RowsRead: 6, LakeRows: 1, Column: "day", Windows: []controlapi.ProofWindow{{From: "2026-01-01", Source: 6, Read: 6}}},
	}
	only := controlapi.Run{From: read.From, AsOf: read.AsOf, Watermark: read.Watermark, ManifestHash: read.ManifestHash, Counts: read.Counts, Proved: read.Proved}
	if diff := cmp.Diff(want, only); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}

	answer := s.post(path+"/replay", "")
	replay := contracttest.Into[controlapi.Run](t, answer, 202)
	if replay.Trigger != controlapi.RunTriggerReplay || replay.Replays != ref.RunID || answer.Header.Get("Location") != "/v1/imports/"+i.ID+"/runs/"+replay.ID {
		t.Errorf("%+v at %s", replay, answer.Header.Get("Location"))
	}
	if read := contracttest.Into[controlapi.Run](t, s.get(path), 200); read.ReplayedBy != replay.ID {
		t.Errorf("replayed by %q", read.ReplayedBy)
	}
	if answer := s.post(path+"/replay", ""); answer.Problem.Code != "quarantine.replayed" {
		t.Errorf("twice: %d %s", answer.Status, answer.Body)
	}
}

// What belongs to another workspace is not there.
func TestDecisionsNeedTheirOwner(t *testing.T) {
	s, c := active(t)
	i := s.create(merged(c.ID))
	ref := s.run(i.ID)
	for _, request := range []contracttest.Request{
		{Method: "PATCH", Target: "", Body: `{}`},
		{Method: "PUT", Target: "/watermark", Body: `{"watermark":null}`},
		{Method: "POST", Target: "/backfills", Body: `{"from":"2026-01-01","to":"2026-02-01"}`},
		{Method: "POST", Target: "/runs/" + ref.RunID + "/release"},
		{Method: "POST", Target: "/runs/" + ref.RunID + "/discard"},
		{Method: "POST", Target: "/runs/" + ref.RunID + "/redrive"},
		{Method: "POST", Target: "/runs/" + ref.RunID + "/replay"},
	} {
		request.Caller, request.Target = other, "/v1/imports/"+i.ID+request.Target
		if answer := s.Do(t, request); answer.Status != 404 {
			t.Errorf("%s %s: %d %s, want 404", request.Method, request.Target, answer.Status, answer.Body)
		}
	}
}
