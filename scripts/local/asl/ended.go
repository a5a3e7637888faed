package asl

import "encoding/json"

// ended is an execution that has ended, as startExecution.sync and the files of a ResultWriter show it.
type ended struct {
	Cause               string `json:",omitempty"`
	Error               string `json:",omitempty"`
	ExecutionARN        string `json:"ExecutionArn"`
	Input               string
	InputDetails        included
	Name                string
	Output              json.RawMessage `json:",omitempty"` // a JSON text in a string, except in startExecution.sync:2
	OutputDetails       *included       `json:",omitempty"`
	RedriveCount        int
	RedriveStatus       string
	RedriveStatusReason string `json:",omitempty"`
	StartDate           any    // a timestamp, but milliseconds since 1970 in startExecution.sync:2
	StateMachineARN     string `json:"StateMachineArn"`
	Status              Status
	StopDate            any
}

type included struct{ Included bool }

func describe(x Execution, outcome Outcome) ended {
	e := ended{
		Cause: outcome.Cause, Error: outcome.Error,
		ExecutionARN: x.ARN, Name: x.Name, StateMachineARN: x.MachineARN,
		Input: string(x.Input), InputDetails: included{true},
		RedriveStatus: "REDRIVABLE",
		StartDate:     timestamp(x.StartedAt), StopDate: timestamp(outcome.StoppedAt),
		Status: outcome.Status,
	}
	if outcome.Status == Succeeded {
		e.Output, e.OutputDetails = quote(string(outcome.Output)), &included{true}
		e.RedriveStatus, e.RedriveStatusReason = "NOT_REDRIVABLE", "Execution is SUCCEEDED and cannot be redriven"
	}
	return e
}
