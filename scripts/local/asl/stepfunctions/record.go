package stepfunctions

import (
	"encoding/json"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// record is what is kept of an execution beside its history.
type record struct {
	ARN        string       `json:"arn"`
	Name       string       `json:"name"`
	MachineARN string       `json:"machine_arn"`
	MapRunARN  string       `json:"map_run_arn,omitempty"`
	Status     asl.Status   `json:"status"`
	Input      string       `json:"input"`
	Output     string       `json:"output,omitempty"`
	Error      string       `json:"error,omitempty"`
	Cause      string       `json:"cause,omitempty"`
	StartDate  asl.Instant  `json:"start_date"`
	StopDate   *asl.Instant `json:"stop_date,omitempty"`
}

func newRecord(x asl.Execution) record {
	return record{
		ARN: x.ARN, Name: x.Name, MachineARN: x.MachineARN, MapRunARN: x.MapRunARN, Status: asl.Running,
		Input: string(x.Input), StartDate: asl.Instant{Time: x.StartedAt},
	}
}

func (r *record) end(outcome asl.Outcome) {
	r.Status, r.Output, r.Error, r.Cause = outcome.Status, string(outcome.Output), outcome.Error, outcome.Cause
	r.StopDate = &asl.Instant{Time: outcome.StoppedAt}
}

func (r *record) identity(role string) asl.Execution {
	return asl.Execution{
		ARN: r.ARN, Name: r.Name, MachineARN: r.MachineARN, MapRunARN: r.MapRunARN, RoleARN: role,
		Input: json.RawMessage(r.Input), StartedAt: r.StartDate.Time,
	}
}

func (r *record) outcome() asl.Outcome {
	return asl.Outcome{
		Status: r.Status, Output: json.RawMessage(r.Output), Error: r.Error, Cause: r.Cause, StoppedAt: r.stopTime(),
	}
}

func (r *record) stopTime() time.Time {
	if r.StopDate == nil {
		return time.Time{}
	}
	return r.StopDate.Time
}

// redrive is what AWS says about starting the execution again from where it failed.
func (r *record) redrive() (status, reason string) {
	if r.Status == asl.Running || r.Status == asl.Succeeded {
		return "NOT_REDRIVABLE", "Execution is " + string(r.Status) + " and cannot be redriven"
	}
	return "REDRIVABLE", ""
}

// mapRunRecord is what is kept of a map run.
type mapRunRecord struct {
	asl.MapRun
	Status   asl.Status           `json:"status"`
	StopDate *asl.Instant         `json:"stop_date,omitempty"`
	Total    int                  `json:"total"`
	Children map[asl.Status]int64 `json:"children"`
	Written  int                  `json:"written"`
}

func (r *mapRunRecord) end(status asl.Status, at time.Time) {
	r.Status, r.StopDate = status, &asl.Instant{Time: at}
}
