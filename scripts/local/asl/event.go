package asl

import (
	"encoding/json"
	"strconv"
	"time"
)

// Event is one entry of an execution's history, in the shape of GetExecutionHistory.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
type Event struct {
	Timestamp       Instant `json:"timestamp"`
	Type            string  `json:"type"`
	ID              int64   `json:"id"`
	PreviousEventID int64   `json:"previousEventId"`

	ExecutionStarted   *StartedDetails    `json:"executionStartedEventDetails,omitempty"`
	ExecutionSucceeded *SucceededDetails  `json:"executionSucceededEventDetails,omitempty"`
	ExecutionFailed    *FailureDetails    `json:"executionFailedEventDetails,omitempty"`
	ExecutionAborted   *FailureDetails    `json:"executionAbortedEventDetails,omitempty"`
	ExecutionTimedOut  *FailureDetails    `json:"executionTimedOutEventDetails,omitempty"`
	StateEntered       *EnteredDetails    `json:"stateEnteredEventDetails,omitempty"`
	StateExited        *ExitedDetails     `json:"stateExitedEventDetails,omitempty"`
	EvaluationFailed   *EvaluationDetails `json:"evaluationFailedEventDetails,omitempty"`

	LambdaScheduled *LambdaScheduledDetails `json:"lambdaFunctionScheduledEventDetails,omitempty"`
	LambdaSucceeded *SucceededDetails       `json:"lambdaFunctionSucceededEventDetails,omitempty"`
	LambdaFailed    *FailureDetails         `json:"lambdaFunctionFailedEventDetails,omitempty"`
	LambdaTimedOut  *FailureDetails         `json:"lambdaFunctionTimedOutEventDetails,omitempty"`

	TaskScheduled *TaskScheduledDetails `json:"taskScheduledEventDetails,omitempty"`
	TaskStarted   *TaskDetails          `json:"taskStartedEventDetails,omitempty"`
	TaskSubmitted *TaskResultDetails    `json:"taskSubmittedEventDetails,omitempty"`
	TaskSucceeded *TaskResultDetails    `json:"taskSucceededEventDetails,omitempty"`
	TaskFailed    *TaskFailureDetails   `json:"taskFailedEventDetails,omitempty"`
	TaskTimedOut  *TaskFailureDetails   `json:"taskTimedOutEventDetails,omitempty"`

	MapStateStarted       *MapStartedDetails   `json:"mapStateStartedEventDetails,omitempty"`
	MapIterationStarted   *MapIterationDetails `json:"mapIterationStartedEventDetails,omitempty"`
	MapIterationSucceeded *MapIterationDetails `json:"mapIterationSucceededEventDetails,omitempty"`
	MapIterationFailed    *MapIterationDetails `json:"mapIterationFailedEventDetails,omitempty"`
	MapIterationAborted   *MapIterationDetails `json:"mapIterationAbortedEventDetails,omitempty"`
	MapRunStarted         *MapRunDetails       `json:"mapRunStartedEventDetails,omitempty"`
	MapRunFailed          *FailureDetails      `json:"mapRunFailedEventDetails,omitempty"`
}

// Instant is a time as AWS's JSON protocol writes it: seconds since 1970 with milliseconds.
type Instant struct{ time.Time }

// MarshalJSON writes seconds since 1970.
func (i Instant) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(i.UnixMilli())/1000, 'f', -1, 64), nil
}

// UnmarshalJSON reads seconds since 1970.
func (i *Instant) UnmarshalJSON(data []byte) error {
	seconds, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return err
	}
	i.Time = time.UnixMilli(int64(seconds*1000 + 0.5)).UTC()
	return nil
}

// Truncation says whether a payload is shown whole. Here it always is.
type Truncation struct {
	Truncated bool `json:"truncated"`
}

// Details of events, named after what they tell. Payloads are JSON texts, as AWS gives them.
type (
	StartedDetails struct {
		Input        string     `json:"input"`
		InputDetails Truncation `json:"inputDetails"`
		RoleARN      string     `json:"roleArn"`
	}
	SucceededDetails struct {
		Output        string     `json:"output"`
		OutputDetails Truncation `json:"outputDetails"`
	}
	FailureDetails struct {
		Error string `json:"error,omitempty"`
		Cause string `json:"cause,omitempty"`
	}
	EnteredDetails struct {
		Name         string     `json:"name"`
		Input        string     `json:"input"`
		InputDetails Truncation `json:"inputDetails"`
	}
	ExitedDetails struct {
		Name                     string            `json:"name"`
		Output                   string            `json:"output"`
		OutputDetails            Truncation        `json:"outputDetails"`
		AssignedVariables        map[string]string `json:"assignedVariables,omitempty"`
		AssignedVariablesDetails *Truncation       `json:"assignedVariablesDetails,omitempty"`
	}
	EvaluationDetails struct {
		Error    string `json:"error"`
		Cause    string `json:"cause"`
		Location string `json:"location,omitempty"`
		State    string `json:"state"`
	}
	LambdaScheduledDetails struct {
		Resource         string     `json:"resource"`
		Input            string     `json:"input"`
		InputDetails     Truncation `json:"inputDetails"`
		TimeoutInSeconds int64      `json:"timeoutInSeconds,omitempty"`
	}
	TaskScheduledDetails struct {
		ResourceType       string `json:"resourceType"`
		Resource           string `json:"resource"`
		Region             string `json:"region"`
		Parameters         string `json:"parameters"`
		TimeoutInSeconds   int64  `json:"timeoutInSeconds,omitempty"`
		HeartbeatInSeconds int64  `json:"heartbeatInSeconds,omitempty"`
	}
	TaskDetails struct {
		ResourceType string `json:"resourceType"`
		Resource     string `json:"resource"`
	}
	TaskResultDetails struct {
		ResourceType  string     `json:"resourceType"`
		Resource      string     `json:"resource"`
		Output        string     `json:"output"`
		OutputDetails Truncation `json:"outputDetails"`
	}
	TaskFailureDetails struct {
		ResourceType string `json:"resourceType"`
		Resource     string `json:"resource"`
		Error        string `json:"error,omitempty"`
		Cause        string `json:"cause,omitempty"`
	}
	MapStartedDetails struct {
		Length int `json:"length"`
	}
	MapIterationDetails struct {
		Name  string `json:"name"`
		Index int    `json:"index"`
	}
	MapRunDetails struct {
		MapRunARN string `json:"mapRunArn"`
	}
)

// assigned renders variables as an exit event shows them: each as its JSON text.
func assigned(variables map[string]json.RawMessage) (map[string]string, *Truncation) {
	if len(variables) == 0 {
		return nil, nil
	}
	texts := make(map[string]string, len(variables))
	for name, value := range variables {
		texts[name] = string(value)
	}
	return texts, &Truncation{}
}
