package asl

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
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
	arn, started, failure := s.start(ctx, arguments, "StepFunctions", func(input json.RawMessage) json.RawMessage { return input })
	if failure != nil {
		return nil, failure
	}
	type metadata struct {
		HTTPStatusCode int `json:"HttpStatusCode"`
	}
	submitted := encode(struct {
		ExecutionARN    string   `json:"ExecutionArn"`
		SDKHTTPMetadata metadata `json:"SdkHttpMetadata"`
		StartDate       int64
	}{arn, metadata{http.StatusOK}, started.UnixMilli()})
	if !x.sync {
		return submitted, nil
	}
	x.integration().submitted(s, submitted)
	outcome, execution, err := s.thread.run.in.Starter.AwaitExecution(ctx, arn)
	if err != nil {
		return nil, serviceFailure("StepFunctions", err)
	}
	ended := describe(execution, outcome)
	ended.StartDate, ended.StopDate = execution.StartedAt.UnixMilli(), outcome.StoppedAt.UnixMilli()
	if outcome.Status != Succeeded {
		return nil, &Error{Name: ErrTaskFailed, Cause: string(encode(ended))}
	}
	ended.Output = outcome.Output
	return encode(ended), nil
}

// sdkStartExecution is arn:aws:states:::aws-sdk:sfn:startExecution: the API itself, whose Input is a JSON text.
type sdkStartExecution struct{}

func (sdkStartExecution) check(fields []string) string { return startExecution{}.check(fields) }

func (sdkStartExecution) events() taskEvents {
	return integrationEvents{service: "aws-sdk:sfn", operation: "startExecution"}
}

func (sdkStartExecution) call(ctx context.Context, s *step, arguments json.RawMessage) (json.RawMessage, *Error) {
	arn, started, failure := s.start(ctx, arguments, "Sfn", func(input json.RawMessage) json.RawMessage {
		return json.RawMessage(unquote(input))
	})
	if failure != nil {
		return nil, failure
	}
	return encode(struct {
		ExecutionARN string `json:"ExecutionArn"`
		StartDate    string
	}{arn, timestamp(started)}), nil
}

// start starts an execution. The service is the first part of an error's name; text makes the JSON text of the Input.
func (s *step) start(
	ctx context.Context, arguments json.RawMessage, service string, text func(json.RawMessage) json.RawMessage,
) (string, time.Time, *Error) {
	var request struct {
		StateMachineARN string `json:"StateMachineArn"`
		Name            string
		Input           json.RawMessage
	}
	if err := json.Unmarshal(arguments, &request); err != nil {
		return "", time.Time{}, &Error{Name: ErrRuntime, Cause: s.causef("The fields 'StateMachineArn' and 'Name' must be strings.")}
	}
	input := json.RawMessage("{}")
	if request.Input != nil {
		input = text(request.Input)
	}
	if request.Name == "" {
		request.Name = newUUID()
	}
	arn, started, err := s.thread.run.in.Starter.StartExecution(ctx, request.StateMachineARN, request.Name, input)
	if err != nil {
		return "", time.Time{}, serviceFailure(service, err)
	}
	return arn, started, nil
}

// serviceFailure names an error of Step Functions' own API as an integration does: StepFunctions.StateMachineDoesNotExistException.
func serviceFailure(service string, err error) *Error {
	if named, ok := errors.AsType[*Error](err); ok {
		return &Error{Name: service + "." + named.Name + "Exception", Cause: named.Cause}
	}
	return &Error{Name: service + ".SdkClientException", Cause: err.Error()}
}
