package asl

import (
	"encoding/json"
	"strings"
	"time"
)

// taskEvents records a Task's attempt: a plain Lambda ARN and an integration have different events.
type taskEvents interface {
	name() string
	scheduled(s *step, arguments json.RawMessage, l limits)
	started(*step)
	succeeded(s *step, result json.RawMessage)
	failed(*step, *Error)
	timedOut(*step, *Error)
}

// lambdaEvents are those of a plain Lambda ARN.
type lambdaEvents struct{ arn string }

func (l lambdaEvents) name() string { return l.arn }

func (l lambdaEvents) scheduled(s *step, arguments json.RawMessage, limits limits) {
	s.thread.emit("LambdaFunctionScheduled", func(e *Event) {
		e.LambdaScheduled = &LambdaScheduledDetails{
			Resource: l.arn, Input: string(arguments), TimeoutInSeconds: int64(limits.timeout / time.Second),
		}
	})
}

func (l lambdaEvents) started(s *step) { s.thread.emit("LambdaFunctionStarted", nil) }

func (l lambdaEvents) succeeded(s *step, result json.RawMessage) {
	s.thread.emit("LambdaFunctionSucceeded", func(e *Event) {
		e.LambdaSucceeded = &SucceededDetails{Output: string(result)}
	})
}

func (l lambdaEvents) failed(s *step, failure *Error) {
	s.thread.emit("LambdaFunctionFailed", func(e *Event) {
		e.LambdaFailed = &FailureDetails{Error: failure.Name, Cause: failure.Cause}
	})
}

func (l lambdaEvents) timedOut(s *step, failure *Error) {
	s.thread.emit("LambdaFunctionTimedOut", func(e *Event) {
		e.LambdaTimedOut = &FailureDetails{Error: failure.Name}
	})
}

// integrationEvents are those of a service integration: lambda and invoke, states and startExecution.
type integrationEvents struct{ service, operation string }

func (i integrationEvents) name() string { return i.service }

func (i integrationEvents) scheduled(s *step, arguments json.RawMessage, limits limits) {
	s.thread.emit("TaskScheduled", func(e *Event) {
		e.TaskScheduled = &TaskScheduledDetails{
			ResourceType: i.service, Resource: i.operation, Region: regionOf(s.thread.run.execution.ARN), Parameters: string(arguments),
			TimeoutInSeconds:   int64(limits.timeout / time.Second),
			HeartbeatInSeconds: int64(limits.heartbeat / time.Second),
		}
	})
}

func (i integrationEvents) started(s *step) {
	s.thread.emit("TaskStarted", func(e *Event) { e.TaskStarted = &TaskDetails{ResourceType: i.service, Resource: i.operation} })
}

func (i integrationEvents) submitted(s *step, output json.RawMessage) {
	s.thread.emit("TaskSubmitted", func(e *Event) {
		e.TaskSubmitted = &TaskResultDetails{ResourceType: i.service, Resource: i.operation, Output: string(output)}
	})
}

func (i integrationEvents) succeeded(s *step, result json.RawMessage) {
	s.thread.emit("TaskSucceeded", func(e *Event) {
		e.TaskSucceeded = &TaskResultDetails{ResourceType: i.service, Resource: i.operation, Output: string(result)}
	})
}

func (i integrationEvents) failed(s *step, failure *Error) {
	s.thread.emit("TaskFailed", func(e *Event) {
		e.TaskFailed = &TaskFailureDetails{ResourceType: i.service, Resource: i.operation, Error: failure.Name, Cause: failure.Cause}
	})
}

func (i integrationEvents) timedOut(s *step, failure *Error) {
	s.thread.emit("TaskTimedOut", func(e *Event) {
		e.TaskTimedOut = &TaskFailureDetails{ResourceType: i.service, Resource: i.operation, Error: failure.Name, Cause: failure.Cause}
	})
}

// regionOf is the region in an ARN.
func regionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 5)
	if len(parts) < 5 {
		return ""
	}
	return parts[3]
}
