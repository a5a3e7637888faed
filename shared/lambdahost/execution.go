package lambdahost

import "time"

// ExecutionEvent is EventBridge's "Step Functions Execution Status Change".
// Its shape is in the Step Functions developer guide, "Automating event delivery with EventBridge".
type ExecutionEvent struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       time.Time       `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     ExecutionDetail `json:"detail"`
}

// ExecutionDetail is the execution. Input and Output are JSON in a string,
// absent when they are too large for an event.
type ExecutionDetail struct {
	ExecutionARN    string         `json:"executionArn"`
	StateMachineARN string         `json:"stateMachineArn"`
	Name            string         `json:"name"`
	Status          string         `json:"status"` // RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE
	StartDate       int64          `json:"startDate"`
	StopDate        *int64         `json:"stopDate,omitempty"`
	Input           *string        `json:"input,omitempty"`
	InputDetails    map[string]any `json:"inputDetails,omitempty"`
	Output          *string        `json:"output,omitempty"`
	OutputDetails   map[string]any `json:"outputDetails,omitempty"`
	VersionARN      *string        `json:"stateMachineVersionArn,omitempty"`
	AliasARN        *string        `json:"stateMachineAliasArn,omitempty"`
	RedriveCount    *int           `json:"redriveCount,omitempty"`
	RedriveDate     *int64         `json:"redriveDate,omitempty"`
	RedriveStatus   *string        `json:"redriveStatus,omitempty"`
	RedriveReason   *string        `json:"redriveStatusReason,omitempty"`
	Error           *string        `json:"error,omitempty"`
	Cause           *string        `json:"cause,omitempty"`
}

// Ended is why the execution ended, for CauseFault.
func (d ExecutionDetail) Ended() Cause {
	switch d.Status {
	case "TIMED_OUT":
		return Cause{Error: timedOut}
	case "ABORTED":
		return Cause{Error: aborted}
	}
	var c Cause
	if d.Error != nil {
		c.Error = *d.Error
	}
	if d.Cause != nil {
		c.Cause = *d.Cause
	}
	return c
}
