package stepfunctions_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/asltest"
)

const mapping = `{"QueryLanguage":"JSONata","StartAt":"M","States":{"M":{"Type":"Map","Label":"Each","Items":[1,2],"MaxConcurrency":1,
	"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"T","States":{
		"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","End":true}}},"End":true}}}`

// TestProcessThatDied: what its files show as running is ended once, children and map runs too, and only the execution that
// somebody started is announced.
func TestProcessThatDied(t *testing.T) {
	folder := t.TempDir()
	called := make(chan struct{}, 1)
	first := open(t, folder, asltest.Functions{"f": func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		called <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	machine := first.register(t, "mapper", mapping)
	started, err := first.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("cut")})
	if err != nil {
		t.Fatal(err)
	}
	<-called
	// The files as they are at this moment are what a process leaves that is killed now, in the middle of a line.
	left := filepath.Join(t.TempDir(), "left")
	if err := os.CopyFS(left, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	history := filepath.Join(left, "executions", "mapper", "cut.history.jsonl")
	whole, err := os.ReadFile(history)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(history, append(whole, `{"type":"MapRunSuc`...), 0o600); err != nil {
		t.Fatal(err)
	}

	second := open(t, left, nil)
	second.register(t, "mapper", mapping)
	runs, err := second.ListMapRuns(t.Context(), &sfn.ListMapRunsInput{ExecutionArn: started.ExecutionArn})
	if err != nil || len(runs.MapRuns) != 1 {
		t.Fatalf("%v, %v", runs, err)
	}
	children := func() []types.ExecutionStatus {
		out, err := second.ListExecutions(t.Context(), &sfn.ListExecutionsInput{MapRunArn: runs.MapRuns[0].MapRunArn})
		if err != nil {
			t.Fatal(err)
		}
		var all []types.ExecutionStatus
		for _, x := range out.Executions {
			all = append(all, x.Status)
		}
		return all
	}
	if diff := cmp.Diff([]types.ExecutionStatus{types.ExecutionStatusRunning}, children()); diff != "" {
		t.Errorf("before Recover: %s", diff)
	}
	if err := second.service.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]types.ExecutionStatus{types.ExecutionStatusAborted}, children()); diff != "" {
		t.Errorf("after Recover: %s", diff)
	}
	if diff := cmp.Diff([]asl.Status{asl.Aborted}, second.statuses()); diff != "" {
		t.Error(diff)
	}
	run, err := second.DescribeMapRun(t.Context(), &sfn.DescribeMapRunInput{MapRunArn: runs.MapRuns[0].MapRunArn})
	if err != nil || run.Status != types.MapRunStatusAborted || run.ItemCounts.Aborted != 1 || run.ItemCounts.Pending != 1 || run.ItemCounts.Total != 2 {
		t.Errorf("the map run is %s with %+v, %v", run.Status, run.ItemCounts, err)
	}
	events, err := second.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: started.ExecutionArn})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range events.Events {
		kinds = append(kinds, string(e.Type))
	}
	want := []string{"ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "ExecutionAborted"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}

// TestEndThatWasNotRecorded: a process that died between an execution's last event and its record does not turn a success
// into an abort.
func TestEndThatWasNotRecorded(t *testing.T) {
	folder := t.TempDir()
	first := open(t, folder, nil)
	machine := first.register(t, "adder", passing)
	started, err := first.StartExecution(t.Context(), &sfn.StartExecutionInput{
		StateMachineArn: &machine, Name: aws.String("done"), Input: aws.String(`{"n":1}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	first.ended(t, *started.ExecutionArn)
	first.service.Close()
	path := filepath.Join(folder, "executions", "adder", "done.json")
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var record map[string]any
	if err := json.Unmarshal(body, &record); err != nil {
		t.Fatal(err)
	}
	record["status"] = "RUNNING"
	delete(record, "output")
	delete(record, "stop_date")
	if body, err = json.Marshal(record); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}

	second := open(t, folder, nil)
	if err := second.service.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := second.ended(t, *started.ExecutionArn)
	if out.Status != types.ExecutionStatusSucceeded || *out.Output != `{"n":2}` || out.StopDate == nil {
		t.Errorf("recovered as %s with %s", out.Status, aws.ToString(out.Output))
	}
	if diff := cmp.Diff([]asl.Status{asl.Succeeded}, second.statuses()); diff != "" {
		t.Error(diff)
	}
}
