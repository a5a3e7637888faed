package stepfunctions

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/awsjson"
)

// Handler serves the operations that the project uses, on the AWS JSON 1.0 protocol.
func (s *Service) Handler() http.Handler {
	return awsjson.Handler("AWSStepFunctions", "1.0", map[string]awsjson.Operation{
		"StartExecution":      awsjson.Typed(s.startExecution),
		"DescribeExecution":   awsjson.Typed(s.describeExecution),
		"StopExecution":       awsjson.Typed(s.stopExecution),
		"ListExecutions":      awsjson.Typed(s.listExecutions),
		"GetExecutionHistory": awsjson.Typed(s.getExecutionHistory),
		"DescribeMapRun":      awsjson.Typed(s.describeMapRun),
		"ListMapRuns":         awsjson.Typed(s.listMapRuns),
	})
}

type startInput struct {
	StateMachineARN string  `json:"stateMachineArn"`
	Name            string  `json:"name"`
	Input           *string `json:"input"`
}

type startOutput struct {
	ExecutionARN string      `json:"executionArn"`
	StartDate    asl.Instant `json:"startDate"`
}

func (s *Service) startExecution(_ context.Context, in startInput) (startOutput, error) {
	var input json.RawMessage
	if in.Input != nil {
		input = json.RawMessage(*in.Input)
		if len(input) == 0 {
			return startOutput{}, fault("InvalidExecutionInput", "Invalid State Machine Execution Input: 'Invalid execution input.'")
		}
	}
	arn, started, err := s.Start(in.StateMachineARN, in.Name, input)
	return startOutput{arn, asl.Instant{Time: started}}, err
}

type executionInput struct {
	ExecutionARN string `json:"executionArn"`
}

type describeOutput struct {
	ExecutionARN        string       `json:"executionArn"`
	StateMachineARN     string       `json:"stateMachineArn"`
	MapRunARN           string       `json:"mapRunArn,omitempty"`
	Name                string       `json:"name"`
	Status              asl.Status   `json:"status"`
	StartDate           asl.Instant  `json:"startDate"`
	StopDate            *asl.Instant `json:"stopDate,omitempty"`
	Input               string       `json:"input"`
	InputDetails        Included     `json:"inputDetails"`
	Output              string       `json:"output,omitempty"`
	OutputDetails       *Included    `json:"outputDetails,omitempty"`
	Error               string       `json:"error,omitempty"`
	Cause               string       `json:"cause,omitempty"`
	RedriveCount        int          `json:"redriveCount"`
	RedriveStatus       string       `json:"redriveStatus"`
	RedriveStatusReason string       `json:"redriveStatusReason,omitempty"`
}

func (s *Service) describeExecution(_ context.Context, in executionInput) (describeOutput, error) {
	x, err := s.find(in.ExecutionARN)
	if err != nil {
		return describeOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := x.record
	out := describeOutput{
		ExecutionARN: r.ARN, StateMachineARN: r.MachineARN, MapRunARN: r.MapRunARN, Name: r.Name, Status: r.Status,
		StartDate: r.StartDate, StopDate: r.StopDate, Input: r.Input, InputDetails: Included{true},
		Error: r.Error, Cause: r.Cause,
	}
	if r.Status == asl.Succeeded {
		out.Output, out.OutputDetails = r.Output, &Included{true}
	}
	out.RedriveStatus, out.RedriveStatusReason = r.redrive()
	return out, nil
}

type stopInput struct {
	ExecutionARN string `json:"executionArn"`
	Error        string `json:"error"`
	Cause        string `json:"cause"`
}

type stopOutput struct {
	StopDate asl.Instant `json:"stopDate"`
}

func (s *Service) stopExecution(ctx context.Context, in stopInput) (stopOutput, error) {
	stopped, err := s.Stop(ctx, in.ExecutionARN, in.Error, in.Cause)
	return stopOutput{asl.Instant{Time: stopped}}, err
}

type historyInput struct {
	ExecutionARN string `json:"executionArn"`
	MaxResults   int    `json:"maxResults"`
	ReverseOrder bool   `json:"reverseOrder"`
	NextToken    string `json:"nextToken"`
}

type historyOutput struct {
	Events    []asl.Event `json:"events"`
	NextToken string      `json:"nextToken,omitempty"`
}

func (s *Service) getExecutionHistory(_ context.Context, in historyInput) (historyOutput, error) {
	x, err := s.find(in.ExecutionARN)
	if err != nil {
		return historyOutput{}, err
	}
	events, err := s.store.events(x.record.ARN)
	if err != nil {
		return historyOutput{}, err
	}
	// The token is the id of the last event shown: a history that grows meanwhile goes on where the page ended.
	page, token, err := page(events, in.ReverseOrder, in.MaxResults, in.NextToken, func(e asl.Event) int64 { return e.ID })
	return historyOutput{page, token}, err
}
