package lookupapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/lookupapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lookup"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// rejects stands where quarantines are: rows of part 0 of split 0, which it gives as many at a time.
type rejects struct {
	rows   []lookup.Rejected
	atMost int
	asked  []any
	err    error
}

func (q *rejects) Read(_ context.Context, ref ingest.Ref, w lookup.Wanted, from lookup.Place, yield func(lookup.Rejected) (bool, error)) (lookup.Place, bool, error) {
	q.asked = []any{ref, w, from}
	if q.err != nil {
		return lookup.Place{}, false, q.err
	}
	at := from
	for ; at.Lines < int64(len(q.rows)); at.Lines++ {
		if at.Lines-from.Lines == int64(q.atMost) {
			return at, false, nil
		}
		if more, err := yield(q.rows[at.Lines]); err != nil || !more {
			return at, false, err
		}
	}
	return lookup.Place{}, true, nil
}

func (q *rejects) Summary(_ context.Context, ref ingest.Ref) (lookup.Summary, error) {
	q.asked = []any{ref}
	return lookup.Summary{Rows: 7, Key: lookup.KeyAvailable, Complete: true, Counts: []lookup.RuleCount{{Rule: "cast", Column: "age", Rows: 7}}}, q.err
}

func (q *rejects) Destroy(_ context.Context, ref ingest.Ref) error {
	q.asked = []any{"destroy", ref}
	return q.err
}

// rejected returns n rows; every third has no value, and every third one that is destroyed.
func rejected(n int, reason string) (all []lookup.Rejected) {
	for i := range n {
		r := lookup.Rejected{Line: quarantine.Line{Split: 2, From: "a.csv", Origin: int64(i), Rule: "cast", Column: "age", Reason: reason, Replayable: true}}
		switch i % 3 {
		case 0:
			r.Value = new(fmt.Sprintf("value %d \"é\xff", i))
		case 1:
			r.Destroyed = true
		}
		all = append(all, r)
	}
	return all
}

var (
	importID = id.New(id.Import)
	runID    = id.New(id.Run)
	at       = "/v1/imports/" + importID + "/runs/" + runID + "/quarantine"
	ofAcme   = ingest.Ref{WorkspaceID: "acme", ImportID: importID, RunID: runID}
)

func quarantineClient(t *testing.T, q *rejects) (*contracttest.Client, *bytes.Buffer) {
	var log bytes.Buffer
	handler := lookupapi.New(slog.New(slog.NewTextHandler(&log, nil)), contracttest.Identify, lookupapi.Services{Quarantine: q})
	return contracttest.New(t, handler), &log
}

func TestQuarantinePages(t *testing.T) {
	q := &rejects{rows: rejected(10, "bad"), atMost: 100}
	client, _ := quarantineClient(t, q)
	var all []lookupapi.QuarantinedRow
	pages := 0
	for cursor, more := "", true; more; more = cursor != "" {
		answer := client.Do(t, contracttest.Request{Caller: acme, Target: at + "?limit=4&rule=cast&column=age&cursor=" + cursor})
		page := contracttest.Into[lookupapi.QuarantinePage](t, answer, 200)
		if _, has := answer.Header["Link"]; has {
			t.Error("a page of JSON has a link")
		}
		all, cursor = append(all, page.Items...), page.NextCursor
		pages++
	}
	if len(all) != 10 || pages != 3 {
		t.Fatalf("%d rows in %d pages", len(all), pages)
	}
	if want := []any{ofAcme, lookup.Wanted{Rule: "cast", Column: "age"}, lookup.Place{Lines: 8}}; !cmp.Equal(want, q.asked) {
		t.Errorf("asked for %v", q.asked)
	}
	if all[0].Value == nil || *all[0].Value != "value 0 \"é\ufffd" || all[0].ValueDestroyed {
		t.Errorf("a row with a value: %+v", all[0])
	}
	if all[1].Value != nil || !all[1].ValueDestroyed || all[2].Value != nil || all[2].ValueDestroyed {
		t.Errorf("rows without: %+v, %+v", all[1], all[2])
	}
}

// An answer that had to stop looking says where to go on, even with nothing in it.
func TestQuarantinePageThatIsShort(t *testing.T) {
	client, _ := quarantineClient(t, &rejects{rows: rejected(5, "bad"), atMost: 0})
	answer := client.Do(t, contracttest.Request{Caller: acme, Target: at})
	if page := contracttest.Into[lookupapi.QuarantinePage](t, answer, 200); page.NextCursor == "" || page.Items == nil || len(page.Items) > 0 {
		t.Errorf("%s", answer.Body)
	}
}

func TestQuarantinePageIsOneThatALambdaCanGive(t *testing.T) {
	client, _ := quarantineClient(t, &rejects{rows: rejected(100, strings.Repeat("x", 100_000)), atMost: 1000})
	answer := client.Do(t, contracttest.Request{Caller: acme, Target: at + "?limit=100"})
	page := contracttest.Into[lookupapi.QuarantinePage](t, answer, 200)
	if len(page.Items) < 10 || len(answer.Body) > 4<<20 || page.NextCursor == "" {
		t.Errorf("%d rows in %d bytes", len(page.Items), len(answer.Body))
	}
}

// Lines come in pages too, each with a link to the next one, which together have every row once.
func TestQuarantineDownload(t *testing.T) {
	q := &rejects{rows: rejected(100, strings.Repeat("x", 100_000)), atMost: 1000}
	client, _ := quarantineClient(t, q)
	rows, pages := 0, 0
	for target := at + "?rule=cast"; target != ""; pages++ {
		answer := client.Do(t, contracttest.Request{Caller: acme, Target: target, Header: map[string]string{"Accept": "text/csv;q=0.1, application/x-ndjson"}})
		if answer.Status != 200 || answer.Header.Get("Content-Type") != "application/x-ndjson" || len(answer.Body) > 4_000_000 || len(answer.Body) == 0 {
			t.Fatalf("%d, %s, %d bytes", answer.Status, answer.Header.Get("Content-Type"), len(answer.Body))
		}
		for line := range bytes.Lines(answer.Body) {
			client.Check(t, "QuarantinedRow", line)
			var row lookupapi.QuarantinedRow
			if err := json.Unmarshal(line, &row); err != nil || row.Origin != int64(rows) || line[len(line)-1] != '\n' {
				t.Fatalf("row %d is %d, %v", rows, row.Origin, err)
			}
			rows++
		}
		if want := (lookup.Wanted{Rule: "cast"}); q.asked[1] != want {
			t.Fatalf("asked for %v", q.asked)
		}
		target = next(t, answer.Header.Get("Link"))
	}
	if rows != 100 || pages < 3 {
		t.Errorf("%d rows in %d pages", rows, pages)
	}
}

// next is the target of a Link header, "" without one.
func next(t *testing.T, header string) string {
	t.Helper()
	if header == "" {
		return ""
	}
	target, rel, ok := strings.Cut(strings.TrimPrefix(header, "<"), ">; ")
	if _, err := url.Parse(target); err != nil || !ok || rel != `rel="next"` {
		t.Fatalf("Link is %q", header)
	}
	return target
}

func TestLinesMustBeAskedFor(t *testing.T) {
	client, _ := quarantineClient(t, &rejects{rows: rejected(1, "bad"), atMost: 10})
	for _, accept := range []string{"", "*/*", "application/json", "application/x-ndjson;q=0", "application/*"} {
		answer := client.Do(t, contracttest.Request{Caller: acme, Target: at, Header: map[string]string{"Accept": accept}})
		if answer.Header.Get("Content-Type") != "application/json" {
			t.Errorf("Accept: %s is answered with %s", accept, answer.Header.Get("Content-Type"))
		}
	}
}

func TestQuarantineSummary(t *testing.T) {
	q := &rejects{}
	client, _ := quarantineClient(t, q)
	answer := client.Do(t, contracttest.Request{Caller: acme, Target: at + "/summary"})
	want := lookupapi.QuarantineSummary{Rows: 7, Key: lookupapi.Available, Complete: true, Counts: []lookupapi.QuarantineCount{{Rule: "cast", Column: "age", Rows: 7}}}
	if diff := cmp.Diff(want, contracttest.Into[lookupapi.QuarantineSummary](t, answer, 200)); diff != "" || q.asked[0] != ofAcme {
		t.Errorf("asked for %v (-want +got):\n%s", q.asked, diff)
	}
}

// That a key was destroyed, and which, is in the log: nothing else remembers it.
func TestDestroyQuarantineKey(t *testing.T) {
	q := &rejects{}
	client, log := quarantineClient(t, q)
	answer := client.Do(t, contracttest.Request{Caller: acme, Method: "DELETE", Target: at + "/key"})
	if answer.Status != 204 || len(answer.Body) > 0 || q.asked[0] != "destroy" || q.asked[1] != ofAcme || !strings.Contains(log.String(), runID) {
		t.Errorf("%d %s, asked for %v, logged %s", answer.Status, answer.Body, q.asked, log)
	}
	q.err = fault.New(fault.ImportRunOpen, "the run is running")
	log.Reset()
	answer = client.Do(t, contracttest.Request{Caller: acme, Method: "DELETE", Target: at + "/key"})
	if answer.Status != 409 || answer.Problem.Code != "import.run_open" || strings.Contains(log.String(), "destroyed") {
		t.Errorf("%d %s, logged %s", answer.Status, answer.Body, log)
	}
}

func TestQuarantineFailures(t *testing.T) {
	reader := &caller.Caller{WorkspaceID: "acme", Permissions: []string{caller.LakeRead}}
	writer := &caller.Caller{WorkspaceID: "acme", Permissions: []string{caller.ImportsWrite, caller.ImportsRead}}
	client, _ := quarantineClient(t, &rejects{rows: rejected(3, "bad"), atMost: 100})
	given := contracttest.Into[lookupapi.QuarantinePage](t, client.Do(t, contracttest.Request{Caller: acme, Target: at + "?limit=1&rule=cast"}), 200).NextCursor
	for name, test := range map[string]struct {
		who    *caller.Caller
		method string
		target string
		status int
		code   string
	}{
		"reading without the permission":    {writer, "GET", at, 403, "caller.forbidden"},
		"counting without the permission":   {writer, "GET", at + "/summary", 403, "caller.forbidden"},
		"destroying without the permission": {reader, "DELETE", at + "/key", 403, "caller.forbidden"},
		"malformed import":                  {acme, "GET", "/v1/imports/x/runs/" + runID + "/quarantine", 404, "import.not_found"},
		"malformed run":                     {acme, "GET", "/v1/imports/" + importID + "/runs/x/quarantine", 404, "run.not_found"},
		"malformed run of a key":            {acme, "DELETE", "/v1/imports/" + importID + "/runs/x/quarantine/key", 404, "run.not_found"},
		"malformed run of a summary":        {acme, "GET", "/v1/imports/" + importID + "/runs/x/quarantine/summary", 404, "run.not_found"},
		"made-up cursor":                    {acme, "GET", at + "?rule=cast&cursor=abc", 400, "request.invalid_cursor"},
		"cursor of another filter":          {acme, "GET", at + "?rule=email&cursor=" + given, 400, "request.invalid_cursor"},
		"cursor of another run":             {acme, "GET", strings.Replace(at, runID, id.New(id.Run), 1) + "?rule=cast&cursor=" + given, 400, "request.invalid_cursor"},
		"cursor of another workspace":       {contracttest.Owner("other"), "GET", at + "?rule=cast&cursor=" + given, 400, "request.invalid_cursor"},
		"long column":                       {acme, "GET", at + "?column=" + strings.Repeat("x", 1025), 422, "request.invalid"},
		"limit":                             {acme, "GET", at + "?limit=0", 422, "request.invalid"},
		"another method":                    {acme, "POST", at + "/key", 405, "request.method"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := client.Do(t, contracttest.Request{Caller: test.who, Method: test.method, Target: test.target})
			if answer.Status != test.status || answer.Problem.Code != test.code {
				t.Errorf("%d %s, want %d %s", answer.Status, answer.Problem.Code, test.status, test.code)
			}
			if name == "another method" && !strings.Contains(answer.Header.Get("Allow"), "DELETE") {
				t.Errorf("Allow is %q", answer.Header.Get("Allow"))
			}
		})
	}
}

func TestQuarantineOfARunThatIsNotThere(t *testing.T) {
	client, _ := quarantineClient(t, &rejects{err: fault.New(fault.RunNotFound, "")})
	for _, target := range []string{at, at + "/summary"} {
		if answer := client.Do(t, contracttest.Request{Caller: acme, Target: target}); answer.Status != 404 || answer.Problem.Code != "run.not_found" {
			t.Errorf("%s: %d %s", target, answer.Status, answer.Body)
		}
	}
}
