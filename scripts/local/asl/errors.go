package asl

import (
	"errors"
	"fmt"
)

// Error names reserved by the Amazon States Language and by Step Functions.
const (
	ErrAll                = "States.ALL"
	ErrTimeout            = "States.Timeout"
	ErrHeartbeatTimeout   = "States.HeartbeatTimeout"
	ErrTaskFailed         = "States.TaskFailed"
	ErrRuntime            = "States.Runtime"
	ErrNoChoiceMatched    = "States.NoChoiceMatched"
	ErrQueryEvaluation    = "States.QueryEvaluationError"
	ErrDataLimitExceeded  = "States.DataLimitExceeded"
	ErrToleratedFailures  = "States.ExceedToleratedFailureThreshold"
	ErrItemReaderFailed   = "States.ItemReaderFailed"
	ErrResultWriterFailed = "States.ResultWriterFailed"
	ErrBranchFailed       = "States.BranchFailed"
	ErrLambdaUnknown      = "Lambda.Unknown"
	ErrLambdaSDKClient    = "Lambda.SdkClientException"
)

// Error is a failure inside an execution: what Retry and Catch match, and what $states.errorOutput shows. An Invoker,
// Starter or Objects that returns one chooses the name; any other error gets the name its caller documents.
type Error struct {
	Name  string
	Cause string

	// heartbeat marks a States.Timeout that came from HeartbeatSeconds: AWS reports it as States.Timeout, and both names
	// match it.
	heartbeat bool
	// terminal errors end the execution whatever Retry and Catch say.
	terminal bool
}

func (e *Error) Error() string {
	if e.Cause == "" {
		return e.Name
	}
	return fmt.Sprintf("%s: %s", e.Name, e.Cause)
}

// FunctionError is a Lambda function's own failure: Invoke answered, with the X-Amz-Function-Error header.
type FunctionError struct {
	// Payload is the function's error object as it came: {"errorType", "errorMessage", …}.
	Payload []byte
}

func (e *FunctionError) Error() string { return "the function reported an error" }

// Abort, given as the cause of a cancelled context, ends the execution as ABORTED with this error and cause.
type Abort struct {
	Name  string
	Cause string
}

func (a *Abort) Error() string { return "the execution was aborted" }

// causeOf is what an error of Objects says.
func causeOf(err error) string {
	if named, ok := errors.AsType[*Error](err); ok {
		return named.Cause
	}
	return err.Error()
}
