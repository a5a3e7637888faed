// Package workflow starts the state machines on AWS Step Functions.
package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// Starter starts executions. Machines whose ARN is empty are not used by the program.
type Starter struct {
	Client                *sfn.Client
	ValidateConnectionARN string
	RunImportARN          string
}

var (
	_ connection.Workflow = (*Starter)(nil)
	_ ingest.Workflow     = (*Starter)(nil)
)

// StartValidation starts an execution named after the validation. Starting it twice is one start.
func (s *Starter) StartValidation(ctx context.Context, ref connection.Ref) error {
	return s.start(ctx, s.ValidateConnectionARN, ref.ValidationID, ref)
}

// StartRun starts an execution named after the run's attempt. Starting it twice is one start.
func (s *Starter) StartRun(ctx context.Context, r ingest.Run) error {
	return s.start(ctx, s.RunImportARN, r.Execution(), r.Ref())
}

// start starts an execution. Step Functions refuses a name that it has seen
// within 90 days, unless machine, name and input are those of an execution that still runs, so
// either answer says that it was started.
func (s *Starter) start(ctx context.Context, machineARN, name string, ref any) error {
	input, err := json.Marshal(ref)
	if err != nil {
		return fmt.Errorf("encoding execution input: %w", err)
	}
	_, err = s.Client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &machineARN, Name: &name, Input: aws.String(string(input)),
	})
	if _, ok := errors.AsType[*types.ExecutionAlreadyExists](err); ok {
		return nil
	}
	return classify("starting execution", err)
}

// classify gives an error of Step Functions its fault. A context's own end stays as it is.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s: %w", doing, err)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return wrapped
	}
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return fault.Wrap(fault.Unavailable, "Step Functions could not be reached", wrapped)
	}
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return wrapped
	}
	switch answer.ErrorCode() {
	case "ThrottlingException", "TooManyRequestsException", "ExecutionLimitExceeded":
		return fault.Wrap(fault.Throttled, "Step Functions is throttling", wrapped)
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= 500 {
		return fault.Wrap(fault.Unavailable, "Step Functions did not answer", wrapped)
	}
	return wrapped
}
