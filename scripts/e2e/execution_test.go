package e2e_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
)

// execution is the ARN of an execution.
func execution(machine, name string) string {
	return strings.Replace(here.MachineARN(machine), ":stateMachine:", ":execution:", 1) + ":" + name
}

// start starts an execution and returns its ARN.
func start(t *testing.T, machine, name string, input any) string {
	t.Helper()
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	arn, body := here.MachineARN(machine), string(text)
	started, err := here.machines.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &arn, Name: &name, Input: &body})
	if err != nil {
		t.Fatal(err)
	}
	return *started.ExecutionArn
}

func status(t *testing.T, arn string) types.ExecutionStatus {
	t.Helper()
	found, err := here.machines.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if _, ok := errors.AsType[*types.ExecutionDoesNotExist](err); ok {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return found.Status
}

// stop aborts an execution, and reports whether it had not ended before.
func stop(t *testing.T, arn string) bool {
	t.Helper()
	if _, err := here.machines.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn}); err != nil {
		t.Fatal(err)
	}
	return status(t, arn) == types.ExecutionStatusAborted
}

// entered reports whether an execution has come to a state.
func entered(t *testing.T, arn, state string) bool {
	t.Helper()
	history, err := here.machines.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range history.Events {
		if e.StateEnteredEventDetails != nil && *e.StateEnteredEventDetails.Name == state {
			return true
		}
	}
	return false
}

// ended waits until an execution has ended, and returns how.
func ended(t *testing.T, arn string) types.ExecutionStatus {
	t.Helper()
	var s types.ExecutionStatus
	eventually(t, "the execution has ended", func() bool {
		s = status(t, arn)
		return s != types.ExecutionStatusRunning
	})
	return s
}

// invoke calls a function as Step Functions does. It returns the error type of its failure, "" when it succeeded.
func invoke(ctx context.Context, function string, in, out any) (failed string, err error) {
	payload, err := json.Marshal(in)
	if err != nil {
		return "", err
	}
	name := names.Stack + "-" + function
	answer, err := here.functions.Invoke(ctx, &awslambda.InvokeInput{FunctionName: &name, Payload: payload})
	if err != nil {
		return "", err
	}
	if answer.FunctionError == nil {
		return "", json.Unmarshal(answer.Payload, out)
	}
	var failure struct {
		Type string `json:"errorType"`
	}
	if err := json.Unmarshal(answer.Payload, &failure); err != nil {
		return "", err
	}
	return cmp.Or(failure.Type, *answer.FunctionError), nil
}

// call invokes a function and wants it to succeed.
func call[T any](t *testing.T, function string, in any) T {
	t.Helper()
	var out T
	if failed, err := invoke(t.Context(), function, in, &out); err != nil || failed != "" {
		t.Fatalf("%s: %s, %v", function, failed, err)
	}
	return out
}

// nobody starts no execution: the test invokes the functions itself.
type nobody struct{}

func (nobody) StartRun(context.Context, ingest.Run) error { return nil }

// queue opens a run that no execution works on.
func (w workspace) queue(t *testing.T, i imported) run {
	t.Helper()
	service := ingest.Service{Store: here.store, Workflow: nobody{}, Now: time.Now}
	r, err := service.Start(t.Context(), w.id, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	return run{ID: r.ID}
}

// age lets a run's time be up: what a run in this status would become after its deadline.
func (w workspace) age(t *testing.T, i imported, r run, status ingest.Status) {
	t.Helper()
	eventually(t, "the run's deadline is moved", func() bool {
		seen, err := here.store.Run(t.Context(), w.ref(i, r))
		if err != nil {
			t.Fatal(err)
		}
		if !seen.Status.Open() {
			return true
		}
		old := seen
		old.Status, old.Deadline = status, time.Now().Add(-time.Minute)
		moved, err := here.store.MoveRun(t.Context(), seen, old)
		if err != nil {
			t.Fatal(err)
		}
		return moved
	})
}
