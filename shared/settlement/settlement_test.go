package settlement_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/settlement"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// emptyLake has no run's rows.
type emptyLake struct{}

func (emptyLake) Committed(context.Context, ingest.Import, string) (string, bool, error) {
	return "", false, nil
}

func newHandler(store *memstore.Store) *settlement.Handler {
	now := func() time.Time { return noon }
	return &settlement.Handler{
		Validations: &connection.Settler{Store: store, Now: now},
		Runs:        &ingest.Settler{Store: store, Lake: emptyLake{}, Now: now},
	}
}

// ended is EventBridge's word that an execution with this input has ended.
func ended(t *testing.T, status, failure string, input any) []byte {
	t.Helper()
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	given := string(text)
	event := lambdahost.ExecutionEvent{
		DetailType: "Step Functions Execution Status Change", Source: "aws.states",
		Detail: lambdahost.ExecutionDetail{Status: status, Input: &given},
	}
	if failure != "" {
		event.Detail.Error = &failure
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// An execution that ended before its first task took effect leaves a queued run. Its name is
// used up, so no claim could start it again: the event alone must end the run and free the import.
func TestAnExecutionThatEndedBeforeItsPlan(t *testing.T) {
	for status, want := range map[string]fault.Code{"FAILED": fault.SourcePermission, "TIMED_OUT": fault.RunTimedOut, "ABORTED": fault.RunAborted} {
		store := memstore.New()
		i := ingest.Import{WorkspaceID: "w", ID: id.New(id.Import), Name: "n"}
		r := ingest.Run{WorkspaceID: "w", ImportID: i.ID, ID: id.New(id.Run), Status: ingest.Queued, CreatedAt: noon, Deadline: noon.Add(24 * time.Hour)}
		if err := errors.Join(store.CreateImport(t.Context(), i), store.OpenRun(t.Context(), i, r, time.Time{})); err != nil {
			t.Fatal(err)
		}
		failure := ""
		if status == "FAILED" {
			failure = string(want)
		}
		for _, settled := range []int{1, 0} { // an event may come twice
			out, err := newHandler(store).Handle(t.Context(), ended(t, status, failure, r.Ref()))
			if err != nil || out.Settled != settled {
				t.Errorf("%s: settled %d, %v; want %d", status, out.Settled, err, settled)
			}
		}
		got, err := store.Run(t.Context(), r.Ref())
		if err != nil || got.Status != ingest.Failed || got.ErrorCode != string(want) {
			t.Errorf("%s: the run is %s with %q, %v; want it failed with %s", status, got.Status, got.ErrorCode, err, want)
		}
		if i, err = store.Import(t.Context(), "w", i.ID); err != nil || i.OpenRunID != "" {
			t.Errorf("%s: the import holds %q, %v; want it free", status, i.OpenRunID, err)
		}
	}
}

// An event may come after its run was queued for another attempt: the name of the execution tells.
func TestAnExecutionOfAnEarlierAttempt(t *testing.T) {
	store := memstore.New()
	i := ingest.Import{WorkspaceID: "w", ID: id.New(id.Import), Name: "n"}
	r := ingest.Run{WorkspaceID: "w", ImportID: i.ID, ID: id.New(id.Run), Status: ingest.Queued, Attempt: 1, Deadline: noon.Add(24 * time.Hour)}
	if err := errors.Join(store.CreateImport(t.Context(), i), store.OpenRun(t.Context(), i, r, time.Time{})); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(r.Ref())
	if err != nil {
		t.Fatal(err)
	}
	for _, execution := range []struct {
		name    string
		settled int
	}{{r.ID, 0}, {r.ID + "-2", 0}, {r.ID + "-1", 1}} {
		event := lambdahost.ExecutionEvent{
			DetailType: "Step Functions Execution Status Change", Source: "aws.states",
			Detail: lambdahost.ExecutionDetail{Name: execution.name, Status: "ABORTED", Input: new(string(input))},
		}
		payload, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		out, err := newHandler(store).Handle(t.Context(), payload)
		if err != nil || out.Settled != execution.settled {
			t.Errorf("%s: settled %d, %v; want %d", execution.name, out.Settled, err, execution.settled)
		}
	}
}

// A split that fails because the source no longer has what was planned ends its run, and the
// import is claimed again at once: the new run plans anew, and nothing of the old one's is committed.
func TestASplitWhoseReadExpired(t *testing.T) {
	store := memstore.New()
	i := ingest.Import{WorkspaceID: "w", ID: id.New(id.Import), Name: "n", EveryHours: 24, NextRunAt: noon.Add(18 * time.Hour)}
	r := ingest.Run{WorkspaceID: "w", ImportID: i.ID, ID: id.New(id.Run), Status: ingest.Running, Deadline: noon.Add(24 * time.Hour)}
	if err := errors.Join(store.CreateImport(t.Context(), i), store.OpenRun(t.Context(), i, r, time.Time{})); err != nil {
		t.Fatal(err)
	}
	in := settlement.Input{
		Kind: settlement.Run, WorkspaceID: "w", ImportID: i.ID, RunID: r.ID,
		Error: &lambdahost.Cause{Error: string(fault.SourceReadExpired), Cause: `{"errorMessage":"the read session has expired"}`},
	}
	payload, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := newHandler(store).Handle(t.Context(), payload); err != nil || out.Settled != 1 {
		t.Fatalf("settled %d, %v", out.Settled, err)
	}
	claimer := &ingest.Claimer{Store: store, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)}
	runs, _, err := claimer.Claim(t.Context(), noon)
	if err != nil || len(runs) != 1 || runs[0].ImportID != i.ID || runs[0].RunID == r.ID {
		t.Fatalf("claimed %v, %v; want a new run of the import", runs, err)
	}
	if again, err := store.Run(t.Context(), runs[0].Ref); err != nil || again.PlanKey != "" || again.Status != ingest.Queued {
		t.Errorf("the new run is %s with plan %q, %v; want it to be planned", again.Status, again.PlanKey, err)
	}
	if got, err := store.Import(t.Context(), "w", i.ID); err != nil || !got.NextRunAt.Equal(i.NextRunAt) {
		t.Errorf("next at %v, %v; want %v", got.NextRunAt, err, i.NextRunAt)
	}
}

func TestAValidationWhoseExecutionEnded(t *testing.T) {
	store := memstore.New()
	c := connection.Connection{WorkspaceID: "w", ID: id.New(id.Connection), Name: "n", Status: connection.Processing, ValidationID: id.New(id.Validation)}
	v := connection.Validation{WorkspaceID: "w", ConnectionID: c.ID, ID: c.ValidationID, Outcome: connection.Running, Deadline: noon.Add(time.Minute)}
	if err := store.CreateConnection(t.Context(), c, v); err != nil {
		t.Fatal(err)
	}
	out, err := newHandler(store).Handle(t.Context(), ended(t, "ABORTED", "", v.Ref()))
	if err != nil || out.Settled != 1 {
		t.Errorf("settled %d, %v", out.Settled, err)
	}
	got, err := store.Connection(t.Context(), "w", c.ID)
	if err != nil || got.Status != connection.Inactive {
		t.Errorf("the connection is %s, %v; want it inactive", got.Status, err)
	}
	if v, err = store.Validation(t.Context(), v.Ref()); err != nil || v.ErrorCode != string(fault.ValidationAborted) {
		t.Errorf("the validation has %q, %v; want %s", v.ErrorCode, err, fault.ValidationAborted)
	}
}

// brokenValidations cannot be swept.
type brokenValidations struct{ settlement.Validations }

func (brokenValidations) Sweep(context.Context) (int, error) { return 1, errors.New("down") }

func TestASweepGoesOnWithTheRuns(t *testing.T) {
	store := memstore.New()
	i := ingest.Import{WorkspaceID: "w", ID: id.New(id.Import), Name: "n"}
	r := ingest.Run{WorkspaceID: "w", ImportID: i.ID, ID: id.New(id.Run), Status: ingest.Queued, Deadline: noon.Add(-time.Minute)}
	if err := errors.Join(store.CreateImport(t.Context(), i), store.OpenRun(t.Context(), i, r, time.Time{})); err != nil {
		t.Fatal(err)
	}
	h := newHandler(store)
	h.Validations = brokenValidations{}
	out, err := h.Handle(t.Context(), []byte(`{"kind":"sweep"}`))
	if out.Settled != 2 || err == nil {
		t.Errorf("settled %d, %v; want both, and the failure", out.Settled, err)
	}
}

func TestWhatSettleRefuses(t *testing.T) {
	for name, payload := range map[string]string{
		"nothing":               ``,
		"no kind":               `{}`,
		"another kind":          `{"kind":"everything"}`,
		"an unknown field":      `{"kind":"sweep","all":true}`,
		"another service":       `{"detail-type":"x","source":"aws.ec2","detail":{"input":"{}"}}`,
		"an event of no input":  `{"detail-type":"x","source":"aws.states","detail":{"status":"FAILED"}}`,
		"an event of any input": `{"detail-type":"x","source":"aws.states","detail":{"status":"FAILED","input":"{\"scheduled_time\":\"t\"}"}}`,
		"an event of no JSON":   `{"detail-type":"x","source":"aws.states","detail":{"status":"FAILED","input":"x"}}`,
	} {
		_, err := newHandler(memstore.New()).Handle(t.Context(), json.RawMessage(payload))
		if fault.CodeOf(err) != fault.WorkerInvalidCall {
			t.Errorf("%s: error %v, want %s", name, err, fault.WorkerInvalidCall)
		}
	}
}
