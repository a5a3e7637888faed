package asl

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// startExecution is arn:aws:states:::states:startExecution, and with sync its .sync:2, which waits for the end and gives
// the output as JSON.
type startExecution struct{ sync bool }

func (startExecution) check(fields []string) string {
	return checkFields(fields, []string{"StateMachineArn"}, []string{"Input", "Name"})
}

func (x startExecution) integration() integrationEvents {
	if x.sync {
		return integrationEvents{service: "states", operation: "startExecution.sync:2"}
	}
	return integrationEvents{service: "states", operation: "startExecution"}
}

func (x startExecution) events() taskEvents { return x.integration() }

func (x startExecution) call(ctx context.Context, s *step, arguments json.RawMessage) (json.RawMessage, *Error) {
	var request struct {
		StateMachineARN string `json:"StateMachineArn"`
		Name            string
		Input           json.RawMessage
	}
	if err := json.Unmarshal(arguments, &request); err != nil {
		return nil, &Error{Name: ErrRuntime, Cause: s.causef("The fields 'StateMachineArn' and 'Name' must be strings.")}
	}
	if request.Input == nil {
		request.Input = json.RawMessage("{}")
	}
	if request.Name == "" {
		request.Name = newUUID()
	}
	starter := s.thread.run.in.Starter
	arn, started, err := starter.StartExecution(ctx, request.StateMachineARN, request.Name, request.Input)
	if err != nil {
		return nil, starterFailure(err)
	}
	submitted := encode(struct {
		ExecutionARN    string `json:"ExecutionArn"`
		SDKHTTPMetadata struct {
			HTTPStatusCode int `json:"HttpStatusCode"`
		} `json:"SdkHttpMetadata"`
		StartDate int64
	}{ExecutionARN: arn, SDKHTTPMetadata: struct {
		HTTPStatusCode int `json:"HttpStatusCode"`
	}{http.StatusOK}, StartDate: started.UnixMilli()})
	if !x.sync {
		return submitted, nil
	}
	x.integration().submitted(s, submitted)
	outcome, execution, err := starter.AwaitExecution(ctx, arn)
	if err != nil {
		return nil, starterFailure(err)
	}
	ended := describe(execution, outcome)
	ended.StartDate, ended.StopDate = execution.StartedAt.UnixMilli(), outcome.StoppedAt.UnixMilli()
	if outcome.Status != Succeeded {
		return nil, &Error{Name: ErrTaskFailed, Cause: string(encode(ended))}
	}
	ended.Output = outcome.Output
	return encode(ended), nil
}

func starterFailure(err error) *Error {
	var named *Error
	if errors.As(err, &named) {
		return &Error{Name: named.Name, Cause: named.Cause}
	}
	return &Error{Name: "StepFunctions.SdkClientException", Cause: err.Error()}
}
