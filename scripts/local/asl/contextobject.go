package asl

import (
	"encoding/json"
	"strings"
	"time"
)

// contextObject is $states.context.
// https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
func (s *step) contextObject() json.RawMessage {
	x := s.thread.run.execution
	type executionPart struct {
		ID           string          `json:"Id"`
		Input        json.RawMessage `json:"Input"`
		StartTime    string          `json:"StartTime"`
		Name         string          `json:"Name"`
		RoleARN      string          `json:"RoleArn"`
		RedriveCount int             `json:"RedriveCount"`
	}
	type machinePart struct {
		ID   string `json:"Id"`
		Name string `json:"Name"`
	}
	type statePart struct {
		Name        string `json:"Name"`
		EnteredTime string `json:"EnteredTime"`
		RetryCount  int    `json:"RetryCount"`
	}
	type mapPart struct {
		Item *mapItem `json:"Item"`
	}
	object := struct {
		Execution    executionPart
		StateMachine machinePart
		State        statePart
		Map          *mapPart `json:",omitempty"`
	}{
		Execution: executionPart{ID: x.ARN, Input: x.Input, StartTime: timestamp(x.StartedAt), Name: x.Name, RoleARN: x.RoleARN},
		// The name of a distributed Map's child machine is "<machine>/<label>".
		StateMachine: machinePart{ID: x.MachineARN, Name: x.MachineARN[strings.LastIndexByte(x.MachineARN, ':')+1:]},
		State:        statePart{Name: s.state.name, EnteredTime: timestamp(s.enteredAt), RetryCount: s.retries},
	}
	if item := s.item; item != nil {
		object.Map = &mapPart{item}
	} else if item := s.thread.item; item != nil {
		object.Map = &mapPart{item}
	}
	return encode(object)
}

// timestamp is a time as Step Functions writes it into JSON.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
