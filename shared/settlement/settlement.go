// Package settlement ends validations and runs on behalf of whoever noticed
// that they must end: a state machine's last step, its Catch, EventBridge's word that an
// execution failed, timed out or was aborted, or the sweep.
package settlement

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/strictjson"
)

// Kinds of Input.
const (
	Validation = "validation"
	Run        = "run"
	Sweep      = "sweep"
)

// Input is what the state machines send; the ids that go with Kind are set.
// Error is what Catch saw, nil at a machine's regular end.
type Input struct {
	Kind         string            `json:"kind,omitempty"` // an execution's own input has none
	WorkspaceID  string            `json:"workspace_id,omitempty"`
	ConnectionID string            `json:"connection_id,omitempty"`
	ValidationID string            `json:"validation_id,omitempty"`
	ImportID     string            `json:"import_id,omitempty"`
	RunID        string            `json:"run_id,omitempty"`
	Execution    string            `json:"execution,omitempty"` // name of the run's execution that reports; "" speaks for any
	Error        *lambdahost.Cause `json:"error,omitempty"`
}

// Output is how many validations and runs this call has ended.
type Output struct {
	Settled int `json:"settled"`
}

// Validations ends validations.
type Validations interface {
	Settle(ctx context.Context, ref connection.Ref, cause *fault.Error) (bool, error)
	Sweep(ctx context.Context) (int, error)
}

// Runs ends runs.
type Runs interface {
	SettleExecution(ctx context.Context, ref ingest.Ref, execution string, cause *fault.Error) (bool, error)
	Sweep(ctx context.Context) (int, error)
}

// Handler serves the settle function.
type Handler struct {
	Validations Validations
	Runs        Runs
}

// Handle takes an Input, or an EventBridge Step Functions Execution Status Change.
func (h *Handler) Handle(ctx context.Context, payload json.RawMessage) (Output, error) {
	in, err := Decode(payload)
	if err != nil {
		return Output{}, err
	}
	return h.settle(ctx, in)
}

// Decode reads either shape as an Input; anything else is fault.WorkerInvalidCall.
func Decode(payload []byte) (Input, error) {
	var in Input
	if bytes.Contains(payload, []byte(`"detail-type"`)) {
		return decodeEvent(payload)
	}
	if err := strictjson.Decode(payload, &in); err != nil {
		return in, fault.Wrap(fault.WorkerInvalidCall, "the input is not one that settle takes", err)
	}
	return in, nil
}

// decodeEvent takes the ids from the execution's own input. Its shape tells
// which of the two machines it was.
func decodeEvent(payload []byte) (Input, error) {
	var event lambdahost.ExecutionEvent
	if err := json.Unmarshal(payload, &event); err != nil { // AWS may add fields
		return Input{}, fault.Wrap(fault.WorkerInvalidCall, "the event is not one that settle takes", err)
	}
	if event.Source != "aws.states" || event.Detail.Input == nil {
		return Input{}, fault.New(fault.WorkerInvalidCall, "the event is no status change of an execution, or lacks its input")
	}
	var in Input
	if err := strictjson.Decode([]byte(*event.Detail.Input), &in); err != nil {
		return in, fault.Wrap(fault.WorkerInvalidCall, "the execution's input is not one of ours", err)
	}
	ended := event.Detail.Ended()
	in.Kind, in.Error = Validation, &ended
	if in.RunID != "" {
		in.Kind, in.Execution = Run, event.Detail.Name
	}
	return in, nil
}

func (h *Handler) settle(ctx context.Context, in Input) (Output, error) {
	switch in.Kind {
	case Validation:
		ref := connection.Ref{WorkspaceID: in.WorkspaceID, ConnectionID: in.ConnectionID, ValidationID: in.ValidationID}
		ended, err := h.Validations.Settle(ctx, ref, in.fault(fault.ValidationTimedOut, fault.ValidationAborted))
		return one(ended), err
	case Run:
		ref := ingest.Ref{WorkspaceID: in.WorkspaceID, ImportID: in.ImportID, RunID: in.RunID}
		ended, err := h.Runs.SettleExecution(ctx, ref, in.Execution, in.fault(fault.RunTimedOut, fault.RunAborted))
		return one(ended), err
	case Sweep:
		validations, err := h.Validations.Sweep(ctx)
		runs, runsErr := h.Runs.Sweep(ctx)
		return Output{Settled: validations + runs}, errors.Join(err, runsErr)
	}
	return Output{}, fault.Field(fault.WorkerInvalidCall, "kind", "must be one of: validation, run, sweep")
}

func (in Input) fault(timedOut, aborted fault.Code) *fault.Error {
	if in.Error == nil {
		return nil
	}
	return lambdahost.CauseFault(*in.Error, lambdahost.Ends{TimedOut: timedOut, Aborted: aborted})
}

func one(ended bool) Output {
	if ended {
		return Output{Settled: 1}
	}
	return Output{}
}
