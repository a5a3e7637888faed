package settlement_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/settlement"
)

// ledger notes what it was asked to end, as "run acme imp_1 run_1: code".
type ledger struct {
	asked []string
	swept error // what a sweep of validations fails with
	again bool  // what is asked for has ended before
}

func (l *ledger) note(what string, cause *fault.Error) (bool, error) {
	if cause != nil {
		what += ": " + string(cause.Code)
	}
	l.asked = append(l.asked, what)
	return !l.again, nil
}

type validations struct{ *ledger }

func (v validations) Settle(_ context.Context, ref connection.Ref, cause *fault.Error) (bool, error) {
	return v.note(fmt.Sprint("validation ", ref.WorkspaceID, " ", ref.ConnectionID, " ", ref.ValidationID), cause)
}

func (v validations) Sweep(context.Context) (int, error) { return 2, v.swept }

type runs struct{ *ledger }

func (r runs) Settle(_ context.Context, ref ingest.Ref, cause *fault.Error) (bool, error) {
	return r.note(fmt.Sprint("run ", ref.WorkspaceID, " ", ref.ImportID, " ", ref.RunID), cause)
}

func (runs) Sweep(context.Context) (int, error) { return 3, nil }

func handler(l *ledger) *settlement.Handler {
	return &settlement.Handler{Validations: validations{l}, Runs: runs{l}}
}

// statusChange is the event of an execution with this input.
func statusChange(t *testing.T, status, reason, input string) string {
	t.Helper()
	detail := map[string]any{"status": status, "input": input, "anything": "that AWS adds"}
	if reason != "" {
		detail["error"] = reason
	}
	text, err := json.Marshal(map[string]any{"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhoeverNoticesTheEndIsUnderstood(t *testing.T) {
	const (
		validation = `"workspace_id":"acme","connection_id":"con_1","validation_id":"val_1"`
		run        = `"workspace_id":"acme","import_id":"imp_1","run_id":"run_1"`
	)
	for name, test := range map[string]struct{ payload, want string }{
		"a validation's regular end": {`{"kind":"validation",` + validation + `}`, "validation acme con_1 val_1"},
		"a run's regular end":        {`{"kind":"run",` + run + `}`, "run acme imp_1 run_1"},
		"a code of ours":             {`{"kind":"run",` + run + `,"error":{"Error":"source.malformed","Cause":"{}"}}`, "run acme imp_1 run_1: source.malformed"},
		"a task that took too long":  {`{"kind":"validation",` + validation + `,"error":{"Error":"States.Timeout"}}`, "validation acme con_1 val_1: validation.timed_out"},
		"an aborted validation":      {statusChange(t, "ABORTED", "", "{"+validation+"}"), "validation acme con_1 val_1: validation.aborted"},
		"an aborted run":             {statusChange(t, "ABORTED", "", "{"+run+"}"), "run acme imp_1 run_1: run.aborted"},
		"a run out of time":          {statusChange(t, "TIMED_OUT", "", "{"+run+"}"), "run acme imp_1 run_1: run.timed_out"},
		"a run that failed":          {statusChange(t, "FAILED", "source.network", "{"+run+"}"), "run acme imp_1 run_1: source.network"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, again := range []bool{false, true} {
				l := &ledger{again: again}
				out, err := handler(l).Handle(t.Context(), json.RawMessage(test.payload))
				if err != nil || (out.Settled == 1) == again {
					t.Errorf("ended before: %v; settled %d, %v", again, out.Settled, err)
				}
				if diff := cmp.Diff([]string{test.want}, l.asked); diff != "" {
					t.Errorf("asked for (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestASweepOfRunsDoesNotWaitForValidations(t *testing.T) {
	failure := errors.New("no answer")
	out, err := handler(&ledger{swept: failure}).Handle(t.Context(), json.RawMessage(`{"kind":"sweep"}`))
	if out.Settled != 5 || !errors.Is(err, failure) {
		t.Errorf("settled %d, %v", out.Settled, err)
	}
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	for name, payload := range map[string]string{
		"no kind":                  `{}`,
		"another kind":             `{"kind":"everything"}`,
		"an unknown field":         `{"kind":"sweep","workspace":"acme"}`,
		"no JSON":                  `sweep`,
		"another service's event":  `{"source":"aws.s3","detail-type":"Object Created","detail":{"input":"{}"}}`,
		"an event without input":   `{"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":{"status":"FAILED"}}`,
		"another machine's input":  statusChange(t, "FAILED", "", `{"scheduled_time":"2026-01-01T00:00:00Z"}`),
		"an execution without any": statusChange(t, "FAILED", "", ``),
	} {
		t.Run(name, func(t *testing.T) {
			l := &ledger{}
			if _, err := handler(l).Handle(t.Context(), json.RawMessage(payload)); fault.CodeOf(err) != fault.WorkerInvalidCall || l.asked != nil {
				t.Errorf("asked for %v, %v", l.asked, err)
			}
		})
	}
}
