package stepfunctions

import (
	"context"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// maxEventPayload is how much input and output together an event carries.
// https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
const maxEventPayload = 248 * 1024

// StatusChange is the detail of the EventBridge event "Step Functions Execution Status Change" (source aws.states). What
// does not apply is null. Dates are milliseconds since 1970.
type StatusChange struct {
	ExecutionARN           string     `json:"executionArn"`
	StateMachineARN        string     `json:"stateMachineArn"`
	Name                   string     `json:"name"`
	Status                 asl.Status `json:"status"`
	StartDate              int64      `json:"startDate"`
	StopDate               *int64     `json:"stopDate"`
	Input                  *string    `json:"input"`
	Output                 *string    `json:"output"`
	InputDetails           *Included  `json:"inputDetails"`
	OutputDetails          *Included  `json:"outputDetails"`
	Error                  *string    `json:"error"`
	Cause                  *string    `json:"cause"`
	StateMachineVersionARN *string    `json:"stateMachineVersionArn"`
	StateMachineAliasARN   *string    `json:"stateMachineAliasArn"`
	RedriveCount           int        `json:"redriveCount"`
	RedriveDate            *int64     `json:"redriveDate"`
	RedriveStatus          string     `json:"redriveStatus"`
	RedriveStatusReason    *string    `json:"redriveStatusReason"`
}

// Included tells whether a payload is in the event or too large for it.
type Included struct {
	Included bool `json:"included"`
}

// announce tells that an execution has started or ended. The children of a distributed Map are not announced.
func (s *Service) announce(ctx context.Context, x *execution) {
	s.mu.Lock()
	r := x.record
	s.mu.Unlock()
	if r.MapRunARN == "" {
		s.config.OnStatusChange(ctx, statusChange(r))
	}
}

func statusChange(r record) StatusChange {
	status, reason := r.redrive()
	c := StatusChange{
		ExecutionARN: r.ARN, StateMachineARN: r.MachineARN, Name: r.Name, Status: r.Status,
		StartDate: r.StartDate.UnixMilli(), InputDetails: &Included{},
		Error: orNull(r.Error), Cause: orNull(r.Cause),
		RedriveStatus: status, RedriveStatusReason: orNull(reason),
	}
	if r.StopDate != nil {
		stopped := r.StopDate.UnixMilli()
		c.StopDate = &stopped
	}
	fits := len(r.Input)+len(r.Output) <= maxEventPayload
	if fits {
		c.Input, c.InputDetails.Included = &r.Input, true
	}
	if r.Status == asl.Succeeded {
		c.OutputDetails = &Included{Included: fits}
		if fits {
			c.Output = &r.Output
		}
	}
	return c
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
