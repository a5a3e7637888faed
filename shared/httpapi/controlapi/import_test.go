package controlapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

func newImport(name, connectionID, table string) map[string]any {
	return map[string]any{
		"name": name, "connection_id": connectionID, "table": table, "type": "user_profile", "mode": "full_refresh",
		"mapping": []map[string]any{
			{"source": "Email", "target": "identifier", "transforms": []string{"trim", "lower"}},
			{"source": "age", "target": "age", "type": "int64"},
		},
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// importOf creates an import of a connection's table.
func (s *stand) importOf(c controlapi.Connection, name, table string) controlapi.Import {
	s.t.Helper()
	s.now = s.now.Add(time.Second)
	return contracttest.Into[controlapi.Import](s.t, s.post("/v1/imports", text(newImport(name, c.ID, table))), 201)
}

// run starts a run by hand.
func (s *stand) run(importID string) ingest.Ref {
	s.t.Helper()
	s.now = s.now.Add(time.Second)
	r := contracttest.Into[controlapi.Run](s.t, s.post("/v1/imports/"+importID+"/runs", ""), 202)
	return ingest.Ref{WorkspaceID: "acme", ImportID: importID, RunID: r.ID}
}

// endRun fails a run.
func (s *stand) endRun(ref ingest.Ref) {
	s.t.Helper()
	settler := ingest.Settler{Store: s.store, Now: func() time.Time { return s.now }}
	ended, err := settler.Settle(s.t.Context(), ref, fault.New(fault.SourceMalformed, "profiles/a.csv is cut off"))
	s.must(err)
	if !ended {
		s.t.Fatal("the run had ended before")
	}
}

// active is a stand with an active connection that has one table.
func active(t *testing.T) (*stand, controlapi.Connection) {
	s := newStand(t)
	c := s.connect("exports")
	broken := schema.Table{Name: "broken", ProblemCode: "source.schema_conflict", Problem: "the files differ", ProblemAt: "broken/b.csv"}
	s.activate(c, broken, profiles("profiles"))
	return s, c
}

func TestSchema(t *testing.T) {
	s, c := active(t)
	got := contracttest.Into[controlapi.SchemaPage](t, s.get("/v1/connections/"+c.ID+"/schema?columns=true"), 200)
	want := []controlapi.Table{
		{Name: "broken", ProblemCode: "source.schema_conflict", Problem: "the files differ", ProblemAt: "broken/b.csv"},
		{Name: "profiles", Format: "csv", Rows: 1000, Bytes: 1 << 20, Files: 3, ColumnCount: 4, Columns: []controlapi.Column{
			{Name: "Email", Type: controlapi.DiscoveredTypeString, Native: "text", Nullable: true},
			{Name: "age", Type: controlapi.DiscoveredTypeInt64, Native: "text", Nullable: true},
			{Name: "spent", Type: controlapi.DiscoveredTypeDecimal, Native: "DECIMAL(10,2)", Precision: 10, Scale: 2},
			{Name: "day", Type: controlapi.DiscoveredTypeDate, Native: "path", Partition: true},
		}},
	}
	if diff := cmp.Diff(want, got.Items); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	read := contracttest.Into[controlapi.Connection](t, s.get("/v1/connections/"+c.ID), 200)
	if got.Version == "" || got.Version != read.SchemaVersion || !got.RefreshedAt.Equal(s.now) || read.Status != controlapi.Active {
		t.Errorf("page %+v, connection %+v", got, read)
	}
	if read.LastValidation.TablesDiscovered != 2 {
		t.Errorf("tables discovered: %d", read.LastValidation.TablesDiscovered)
	}
}

func TestSchemaBeforeDiscovery(t *testing.T) {
	s := newStand(t)
	c := s.connect("exports")
	if answer := s.get("/v1/connections/" + c.ID + "/schema"); answer.Status != 404 || answer.Problem.Code != "schema.not_found" {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	answer := s.Do(t, contracttest.Request{Caller: other, Target: "/v1/connections/" + c.ID + "/schema"})
	if answer.Problem.Code != "connection.not_found" {
		t.Errorf("another workspace: %s", answer.Body)
	}
}

func TestCreateImport(t *testing.T) {
	s, c := active(t)
	answer := s.post("/v1/imports", text(newImport("people", c.ID, "profiles")))
	got := contracttest.Into[controlapi.Import](t, answer, 201)
	want := controlapi.Import{
		ID: got.ID, Name: "people", ConnectionID: c.ID, Table: "profiles", Type: controlapi.UserProfile, Mode: controlapi.FullRefresh,
		EveryHours: 24, NextRunAt: s.now.Add(24 * time.Hour), CreatedAt: s.now, CreatedBy: "key:test",
		Mapping: []controlapi.MappedColumn{
			{Source: "Email", Target: "identifier", Type: controlapi.ColumnTypeString, Required: true, Transforms: []controlapi.Transform{controlapi.Trim, controlapi.Lower}},
			{Source: "age", Target: "age", Type: controlapi.ColumnTypeInt64, Transforms: []controlapi.Transform{}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("import (-want +got):\n%s", diff)
	}
	if answer.Header.Get("Location") != "/v1/imports/"+got.ID {
		t.Errorf("Location is %q", answer.Header.Get("Location"))
	}
	if read := contracttest.Into[controlapi.Import](t, s.get("/v1/imports/"+got.ID), 200); !cmp.Equal(got, read) {
		t.Errorf("read back (-created +read):\n%s", cmp.Diff(got, read))
	}
	byHand := newImport("by hand", c.ID, "profiles")
	byHand["every_hours"] = 0
	if got := contracttest.Into[controlapi.Import](t, s.post("/v1/imports", text(byHand)), 201); got.EveryHours != 0 || !got.NextRunAt.IsZero() {
		t.Errorf("by hand only: %+v", got)
	}
}

func TestImportIsRefused(t *testing.T) {
	column := func(source, target string, more ...any) map[string]any {
		c := map[string]any{"source": source, "target": target}
		for i := 0; i < len(more); i += 2 {
			c[more[i].(string)] = more[i+1]
		}
		return c
	}
	identifier := column("Email", "identifier")
	for name, test := range map[string]struct {
		change map[string]any
		status int
		fields map[string]string
	}{
		"unknown connection":       {map[string]any{"connection_id": id.New(id.Connection)}, 404, map[string]string{"connection_id": "connection.not_found"}},
		"unknown table":            {map[string]any{"table": "nothing"}, 404, map[string]string{"table": "schema.table_not_found"}},
		"broken table":             {map[string]any{"table": "broken"}, 422, map[string]string{"table": "source.schema_conflict"}},
		"type":                     {map[string]any{"type": "people"}, 422, map[string]string{"type": "request.invalid"}},
		"mode":                     {map[string]any{"mode": "upsert"}, 422, map[string]string{"mode": "request.invalid"}},
		"hours":                    {map[string]any{"every_hours": 745}, 422, map[string]string{"every_hours": "request.invalid"}},
		"hours in part":            {map[string]any{"every_hours": 1.5}, 422, map[string]string{"every_hours": "request.invalid"}},
		"no mapping":               {map[string]any{"mapping": []any{}}, 422, map[string]string{"mapping": "request.missing_field"}},
		"no identifier":            {map[string]any{"mapping": []any{column("age", "age")}}, 422, map[string]string{"mapping": "import.missing_identifier"}},
		"missing column":           {map[string]any{"mapping": []any{identifier, column("agee", "age")}}, 422, map[string]string{"mapping[1].source": "import.unknown_column"}},
		"target's form":            {map[string]any{"mapping": []any{identifier, column("age", "Age!")}}, 422, map[string]string{"mapping[1].target": "import.invalid_mapping"}},
		"target twice":             {map[string]any{"mapping": []any{identifier, column("age", "identifier")}}, 422, map[string]string{"mapping[1].target": "import.invalid_mapping"}},
		"unknown transform":        {map[string]any{"mapping": []any{column("Email", "identifier", "transforms", []string{"trim", "rot13"})}}, 422, map[string]string{"mapping[0].transforms[1]": "import.invalid_mapping"}},
		"misspelt in mapping":      {map[string]any{"mapping": []any{identifier, column("age", "age", "tpye", "int64")}}, 400, map[string]string{"mapping[1].tpye": "request.unknown_field"}},
		"constant of another type": {map[string]any{"mapping": []any{identifier, map[string]any{"target": "n", "type": "int64", "constant": "many"}}}, 422, map[string]string{"mapping[1].constant": "import.invalid_mapping"}},
		"default of another type":  {map[string]any{"mapping": []any{identifier, column("age", "age", "default", "none")}}, 422, map[string]string{"mapping[1].default": "import.invalid_mapping"}},
		"path that is none":        {map[string]any{"mapping": []any{identifier, column("Email", "part", "path", "a[x]")}}, 422, map[string]string{"mapping[1].path": "import.invalid_mapping"}},
		"region of no phone":       {map[string]any{"mapping": []any{column("Email", "identifier", "region", "DE")}}, 422, map[string]string{"mapping[0].region": "import.invalid_mapping"}},
		"unknown on_invalid":       {map[string]any{"mapping": []any{column("Email", "identifier", "transforms", []string{"email"}, "on_invalid", "drop")}}, 422, map[string]string{"mapping[0].on_invalid": "import.invalid_mapping"}},
		"mapping without a source": {map[string]any{"mapping": []any{map[string]any{"target": "identifier"}}}, 422, map[string]string{"mapping[0].source": "request.missing_field"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := active(t)
			body := newImport("people", c.ID, "profiles")
			maps.Copy(body, test.change)
			answer := s.post("/v1/imports", text(body))
			if answer.Status != test.status {
				t.Errorf("status %d, want %d: %s", answer.Status, test.status, answer.Body)
			}
			if diff := cmp.Diff(test.fields, answer.Problem.Fields()); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestImportWithAMappingOfEveryKind(t *testing.T) {
	s, c := active(t)
	body := newImport("people", c.ID, "profiles")
	body["mapping"] = []any{
		map[string]any{"source": "Email", "target": "identifier", "transforms": []string{"email"}, "on_invalid": "quarantine"},
		map[string]any{"source": "Email", "target": "phone", "transforms": []string{"e164", "sha256"}, "region": "DE", "on_invalid": "null"},
		map[string]any{"target": "identifier_type", "constant": "email"},
		map[string]any{"source": "Email", "path": "lines[0].price", "target": "price", "type": "decimal"},
		map[string]any{"target": "note", "constant": ""},
		map[string]any{"source": "age", "target": "age", "default": "0"},
	}
	got := contracttest.Into[controlapi.Import](t, s.post("/v1/imports", text(body)), 201)
	want := []controlapi.MappedColumn{
		{
			Source: "Email", Target: "identifier", Type: controlapi.ColumnTypeString, Required: true,
			Transforms: []controlapi.Transform{controlapi.Email}, OnInvalid: controlapi.Quarantine,
		},
		{
			Source: "Email", Target: "phone", Type: controlapi.ColumnTypeString,
			Transforms: []controlapi.Transform{controlapi.E164, controlapi.Sha256}, OnInvalid: controlapi.Null, Region: "DE",
		},
		{Target: "identifier_type", Type: controlapi.ColumnTypeString, Transforms: []controlapi.Transform{}, Constant: new("email")},
		{Source: "Email", Path: "lines[0].price", Target: "price", Type: controlapi.ColumnTypeDecimal, Transforms: []controlapi.Transform{}},
		{Target: "note", Type: controlapi.ColumnTypeString, Transforms: []controlapi.Transform{}, Constant: new("")},
		{Source: "age", Target: "age", Type: controlapi.ColumnTypeInt64, Transforms: []controlapi.Transform{}, Default: new("0")},
	}
	if diff := cmp.Diff(want, got.Mapping); diff != "" {
		t.Errorf("mapping (-want +got):\n%s", diff)
	}
	if read := contracttest.Into[controlapi.Import](t, s.get("/v1/imports/"+got.ID), 200); !cmp.Equal(got, read) {
		t.Errorf("read back (-created +read):\n%s", cmp.Diff(got, read))
	}
}

func TestImportOfSomeRows(t *testing.T) {
	s, c := active(t)
	body := newImport("adults", c.ID, "profiles")
	body["filter"] = []any{
		map[string]any{"column": "age", "op": "ge", "values": []string{"18"}},
		map[string]any{"column": "Email", "op": "not_null"},
	}
	body["maximum_bytes"] = 1 << 40
	got := contracttest.Into[controlapi.Import](t, s.post("/v1/imports", text(body)), 201)
	want := []controlapi.FilterCondition{
		{Column: "age", Op: controlapi.Ge, Values: []string{"18"}}, {Column: "Email", Op: controlapi.NotNull},
	}
	if diff := cmp.Diff(want, got.Filter); diff != "" || got.MaximumBytes != 1<<40 {
		t.Errorf("limit %d, filter (-want +got):\n%s", got.MaximumBytes, diff)
	}
	if read := contracttest.Into[controlapi.Import](t, s.get("/v1/imports/"+got.ID), 200); !cmp.Equal(got, read) {
		t.Errorf("read back (-created +read):\n%s", cmp.Diff(got, read))
	}
	body["name"], body["filter"] = "wrong", []any{map[string]any{"column": "age", "op": "like", "values": []string{canary}}, map[string]any{"column": "day", "op": "eq", "values": []string{canary}}}
	answer := s.post("/v1/imports", text(body))
	wrong := map[string]string{"filter[0].op": "source.invalid_filter", "filter[1].values[0]": "source.invalid_filter"}
	if diff := cmp.Diff(wrong, answer.Problem.Fields()); diff != "" || answer.Status != 422 || strings.Contains(string(answer.Body), canary) {
		t.Errorf("%s (-want +got):\n%s", answer.Body, diff)
	}
}

func TestImportOfAQuery(t *testing.T) {
	s, c := active(t)
	body := newImport("query", c.ID, "profiles")
	body["query"] = "SELECT Email, age FROM people"
	if answer := s.post("/v1/imports", text(body)); answer.Problem.Fields()["query"] != "request.invalid" {
		t.Errorf("a query and a table: %s", answer.Body)
	}
	delete(body, "table")
	got := contracttest.Into[controlapi.Import](t, s.post("/v1/imports", text(body)), 201)
	if got.Query != "SELECT Email, age FROM people" || got.Table != "" || got.Mapping[0].Type != "" {
		t.Errorf("import %+v", got)
	}
	delete(body, "query")
	if answer := s.post("/v1/imports", text(body)); answer.Problem.Fields()["table"] != "request.missing_field" {
		t.Errorf("neither: %s", answer.Body)
	}
}

func TestImportOfAnInactiveConnection(t *testing.T) {
	s := newStand(t)
	c := s.connect("exports")
	answer := s.post("/v1/imports", text(newImport("people", c.ID, "profiles")))
	if answer.Status >= 500 || answer.Problem.Fields()["connection_id"] == "" {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}

func TestRun(t *testing.T) {
	s, c := active(t)
	i := s.importOf(c, "people", "profiles")
	answer := s.post("/v1/imports/"+i.ID+"/runs", "")
	queued := contracttest.Into[controlapi.Run](t, answer, 202)
	if queued.Status != controlapi.RunStatusQueued || queued.Trigger != controlapi.RunTriggerManual || answer.Header.Get("Location") != "/v1/imports/"+i.ID+"/runs/"+queued.ID {
		t.Errorf("%+v %v", queued, answer.Header)
	}
	if len(s.started.runs) != 1 || s.started.runs[0].RunID != queued.ID {
		t.Errorf("started %+v", s.started.runs)
	}
	if again := s.post("/v1/imports/"+i.ID+"/runs", "{}"); again.Status != 409 || again.Problem.Code != "import.run_open" {
		t.Errorf("a second one: %s", again.Body)
	}
	if read := contracttest.Into[controlapi.Import](t, s.get("/v1/imports/"+i.ID), 200); read.OpenRunID != queued.ID {
		t.Errorf("open run %q", read.OpenRunID)
	}

	ref := ingest.Ref{WorkspaceID: "acme", ImportID: i.ID, RunID: queued.ID}
	seen, err := s.store.Run(t.Context(), ref)
	s.must(err)
	running := seen
	running.Status, running.StartedAt, running.Splits, running.SchemaVersion = ingest.Running, s.now, 2, "v1"
	_, err = s.store.MoveRun(t.Context(), seen, running)
	s.must(err)
	s.must(s.store.CreateSplits(t.Context(), ref, []ingest.SplitProgress{{Number: 0, Label: "a.csv"}, {Number: 1, Label: "b.csv"}}))
	counts := ingest.Counts{RowsRead: 10, RowsWritten: 9, RowsQuarantined: 1, BytesRead: 100, BytesWritten: 50}
	_, err = s.store.RecordPart(t.Context(), ref, ingest.Part{Split: 0, Last: true, After: "end", FilesKey: "f", Counts: counts, At: s.now})
	s.must(err)
	s.now = s.now.Add(1500 * time.Millisecond)

	path := "/v1/imports/" + i.ID + "/runs/" + queued.ID
	read := contracttest.Into[controlapi.Run](t, s.get(path), 200)
	wantCounts := controlapi.Counts{RowsRead: 10, RowsWritten: 9, RowsQuarantined: 1, BytesRead: 100, BytesWritten: 50}
	if read.Status != controlapi.RunStatusRunning || read.DurationMs != 1500 || read.Splits != 2 || read.SplitsDone != 1 || read.Counts != wantCounts {
		t.Errorf("while running: %+v", read)
	}
	splits := contracttest.Into[controlapi.SplitPage](t, s.get(path+"/splits"), 200)
	if len(splits.Items) != 2 || !splits.Items[0].Done || splits.Items[0].Counts != wantCounts || splits.Items[0].Parts != 1 || splits.Items[1].Done {
		t.Errorf("splits %+v", splits)
	}
	s.endRun(ref)
	s.now = s.now.Add(time.Hour)
	read = contracttest.Into[controlapi.Run](t, s.get(path), 200)
	class, _ := fault.Lookup(fault.SourceMalformed)
	want := controlapi.Failure{Code: "source.malformed", Message: "profiles/a.csv is cut off", Remedy: class.Remedy}
	if read.Status != controlapi.RunStatusFailed || read.Error != want || read.DurationMs != 1500 {
		t.Errorf("when ended: %+v", read)
	}
}

// A start that fails for now leaves the run queued: claim hands it out again.
func TestStartSurvivesAFailingWorkflow(t *testing.T) {
	s, c := active(t)
	i := s.importOf(c, "people", "profiles")
	s.started.err = fault.New(fault.Unavailable, "")
	if answer := s.post("/v1/imports/"+i.ID+"/runs", ""); answer.Status != 202 {
		t.Errorf("unavailable: %s", answer.Body)
	}
	j := s.importOf(c, "others", "profiles")
	s.started.err = errors.New("denied")
	if answer := s.post("/v1/imports/"+j.ID+"/runs", ""); answer.Status != 500 {
		t.Errorf("denied: %s", answer.Body)
	}
}

func TestForeignImportsAndRuns(t *testing.T) {
	s, c := active(t)
	i := s.importOf(c, "people", "profiles")
	ref := s.run(i.ID)
	for target, code := range map[string]string{
		"/v1/imports/%s":                "import.not_found",
		"/v1/imports/%s/runs":           "import.not_found",
		"/v1/imports/%s/runs/%s":        "run.not_found",
		"/v1/imports/%s/runs/%s/splits": "run.not_found",
	} {
		path := func(importID, runID string) string {
			return fmt.Sprintf(strings.Replace(target, "runs/%s", "runs/"+runID, 1), importID)
		}
		foreign := s.Do(t, contracttest.Request{Caller: other, Target: path(i.ID, ref.RunID)})
		if foreign.Status != 404 || foreign.Problem.Code != code {
			t.Errorf("foreign %s: %s", target, foreign.Body)
		}
		for _, importID := range []string{"x", c.ID, strings.ToUpper(i.ID)} {
			if answer := s.get(path(importID, ref.RunID)); answer.Status != 404 || answer.Problem.Code != "import.not_found" {
				t.Errorf("%s of %s: %s", target, importID, answer.Body)
			}
		}
		if strings.Contains(target, "runs/") {
			if answer := s.get(path(i.ID, "run_x")); answer.Status != 404 || answer.Problem.Code != "run.not_found" {
				t.Errorf("%s of no run: %s", target, answer.Body)
			}
			another := s.importOf(c, "another "+target, "profiles")
			if answer := s.get(path(another.ID, ref.RunID)); answer.Problem.Code != "run.not_found" {
				t.Errorf("%s through another import: %s", target, answer.Body)
			}
		}
	}
	if answer := s.Do(t, contracttest.Request{Caller: other, Method: "POST", Target: "/v1/imports/" + i.ID + "/runs"}); answer.Status != 404 {
		t.Errorf("a foreign start: %s", answer.Body)
	}
}
