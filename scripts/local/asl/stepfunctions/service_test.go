package stepfunctions_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/asltest"
	"github.com/headwaterhq/headwater/scripts/local/asl/stepfunctions"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stack is a service with the official client in front of it.
type stack struct {
	*sfn.Client
	service *stepfunctions.Service

	mu      sync.Mutex
	changes []stepfunctions.StatusChange
}

func open(t *testing.T, folder string, functions asltest.Functions) *stack {
	t.Helper()
	s := &stack{}
	service, err := stepfunctions.Open(stepfunctions.Config{
		Folder: folder, Region: "us-east-1", Account: "000000000000",
		Interpreter: asl.Interpreter{
			JSONata: asltest.JSONata(t), Invoker: functions, Objects: asltest.Objects(t.TempDir()),
			Clock: asl.SystemClock{}, Random: func() float64 { return 0 },
		},
		OnStatusChange: func(_ context.Context, c stepfunctions.StatusChange) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.changes = append(s.changes, c)
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	server := httptest.NewServer(service.Handler())
	t.Cleanup(server.Close)
	s.service = service
	s.Client = sfn.New(sfn.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
	return s
}

func (s *stack) register(t *testing.T, name, definition string) string {
	t.Helper()
	arn, err := s.service.Register(name, []byte(definition), nil, "arn:aws:iam::000000000000:role/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return arn
}

func (s *stack) statuses() []asl.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []asl.Status
	for _, c := range s.changes {
		all = append(all, c.Status)
	}
	return all
}

// ended waits for the end of an execution.
func (s *stack) ended(t *testing.T, arn string) *sfn.DescribeExecutionOutput {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		out, err := s.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		if out.Status != types.ExecutionStatusRunning {
			return out
		}
	}
	t.Fatal("the execution did not end")
	return nil
}

const passing = `{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","Output":{"n":"{% $states.input.n + 1 %}"},"End":true}}}`

const waiting = `{"QueryLanguage":"JSONata","StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}`

func TestExecutionThroughTheClient(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	machine := s.register(t, "adder", passing)
	started, err := s.StartExecution(t.Context(), &sfn.StartExecutionInput{
		StateMachineArn: &machine, Name: aws.String("one"), Input: aws.String(`{"n": 1}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:states:us-east-1:000000000000:execution:adder:one"; *started.ExecutionArn != want {
		t.Errorf("the execution is %s, want %s", *started.ExecutionArn, want)
	}
	out := s.ended(t, *started.ExecutionArn)
	if out.Status != types.ExecutionStatusSucceeded || *out.Output != `{"n":2}` || *out.Input != `{"n": 1}` || !out.OutputDetails.Included {
		t.Errorf("described as %+v", out)
	}
	if out.RedriveStatus != types.ExecutionRedriveStatusNotRedrivable || out.StopDate.Before(*out.StartDate) {
		t.Errorf("described as %+v", out)
	}

	history, err := s.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: started.ExecutionArn})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []types.HistoryEventType
	for _, e := range history.Events {
		kinds = append(kinds, e.Type)
	}
	want := []types.HistoryEventType{"ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
	if got := *history.Events[2].StateExitedEventDetails.Output; got != `{"n":2}` {
		t.Errorf("the state's output is %s", got)
	}
	if age := time.Since(*history.Events[0].Timestamp); age < 0 || age > time.Minute {
		t.Errorf("the first event is %s old", age)
	}
	if diff := cmp.Diff([]asl.Status{asl.Running, asl.Succeeded}, s.statuses()); diff != "" {
		t.Error(diff)
	}
}

func TestNamesAreIdempotent(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	machine := s.register(t, "waiter", waiting)
	start := func(input string) (string, error) {
		out, err := s.StartExecution(t.Context(), &sfn.StartExecutionInput{
			StateMachineArn: &machine, Name: aws.String("same"), Input: &input,
		})
		if err != nil {
			return "", err
		}
		return *out.ExecutionArn, nil
	}
	first, err := start(`{"a":1}`)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := start(`{"a":1}`); err != nil || again != first {
		t.Errorf("the same name and input gave %q, %v", again, err)
	}
	var exists *types.ExecutionAlreadyExists
	if _, err := start(`{"a":2}`); !errors.As(err, &exists) {
		t.Errorf("another input gave %v, want ExecutionAlreadyExists", err)
	}
	if _, err := s.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &first}); err != nil {
		t.Fatal(err)
	}
	if _, err := start(`{"a":1}`); !errors.As(err, &exists) {
		t.Errorf("the name of a closed execution gave %v, want ExecutionAlreadyExists", err)
	}
}

func TestStop(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	machine := s.register(t, "waiter", waiting)
	started, err := s.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is stopped already
		if _, err := s.StopExecution(t.Context(), &sfn.StopExecutionInput{
			ExecutionArn: started.ExecutionArn, Error: aws.String("Operator"), Cause: aws.String("enough"),
		}); err != nil {
			t.Fatal(err)
		}
	}
	out := s.ended(t, *started.ExecutionArn)
	if out.Status != types.ExecutionStatusAborted || *out.Error != "Operator" || *out.Cause != "enough" {
		t.Errorf("described as %+v", out)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := json.Marshal(s.changes[len(s.changes)-1])
	if err != nil {
		t.Fatal(err)
	}
	var detail map[string]any
	if err := json.Unmarshal(body, &detail); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"startDate", "stopDate"} {
		if ms, ok := detail[key].(float64); !ok || ms < 1.7e12 {
			t.Errorf("%s is %v, want milliseconds", key, detail[key])
		}
		delete(detail, key)
	}
	want := map[string]any{
		"executionArn": *started.ExecutionArn, "stateMachineArn": machine, "name": *out.Name, "status": "ABORTED",
		"input": "{}", "inputDetails": map[string]any{"included": true}, "output": nil, "outputDetails": nil,
		"error": "Operator", "cause": "enough", "stateMachineVersionArn": nil, "stateMachineAliasArn": nil,
		"redriveCount": float64(0), "redriveDate": nil, "redriveStatus": "REDRIVABLE", "redriveStatusReason": nil,
	}
	if diff := cmp.Diff(want, detail); diff != "" {
		t.Error(diff)
	}
}

func TestRefusals(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	machine := s.register(t, "adder", passing)
	var (
		noMachine   *types.StateMachineDoesNotExist
		noExecution *types.ExecutionDoesNotExist
		badARN      *types.InvalidArn
		badInput    *types.InvalidExecutionInput
		badName     *types.InvalidName
		noMapRun    *types.ResourceNotFound
	)
	ctx := t.Context()
	for name, test := range map[string]struct {
		call func() error
		want any
	}{
		"unknown machine": {func() error {
			_, err := s.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: aws.String(machine + "x")})
			return err
		}, &noMachine},
		"not an ARN": {func() error {
			_, err := s.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: aws.String("adder")})
			return err
		}, &badARN},
		"input that is not JSON": {func() error {
			_, err := s.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Input: aws.String("not JSON")})
			return err
		}, &badInput},
		"empty input": {func() error {
			_, err := s.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Input: aws.String("")})
			return err
		}, &badInput},
		"bad name": {func() error {
			_, err := s.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("a b")})
			return err
		}, &badName},
		"unknown execution": {func() error {
			_, err := s.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String("arn:aws:states:us-east-1:0:execution:a:b")})
			return err
		}, &noExecution},
		"unknown map run": {func() error {
			_, err := s.DescribeMapRun(ctx, &sfn.DescribeMapRunInput{MapRunArn: aws.String("arn:aws:states:us-east-1:0:mapRun:a/b:c")})
			return err
		}, &noMapRun},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.call(); !errors.As(err, test.want) {
				t.Errorf("got %v, want %T", err, test.want)
			}
		})
	}
	if _, err := s.service.Register("bad", []byte(`{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","Output":"{% $nothing( %}","End":true}}}`), nil, ""); err == nil {
		t.Error("a definition with a syntax error in an expression was registered")
	} else if _, ok := asl.Refused(err); !ok {
		t.Errorf("the refusal is %v, want asl.Problems", err)
	}
}

func TestListAndPage(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	machine := s.register(t, "adder", passing)
	want := map[string]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		out, err := s.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: aws.String(`{"n":1}`)})
		if err != nil {
			t.Fatal(err)
		}
		s.ended(t, *out.ExecutionArn)
		want[name] = true
	}
	got := map[string]bool{}
	pages := sfn.NewListExecutionsPaginator(s.Client, &sfn.ListExecutionsInput{
		StateMachineArn: &machine, StatusFilter: types.ExecutionStatusSucceeded, MaxResults: 2,
	})
	n := 0
	for ; pages.HasMorePages(); n++ {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range page.Executions {
			got[*x.Name] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || n != 3 {
		t.Errorf("%d pages: %s", n, diff)
	}
	none, err := s.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: types.ExecutionStatusFailed})
	if err != nil || len(none.Executions) != 0 {
		t.Errorf("%d failed executions, %v", len(none.Executions), err)
	}
	arn := "arn:aws:states:us-east-1:000000000000:execution:adder:a"
	var ids []int64
	history := sfn.NewGetExecutionHistoryPaginator(s.Client, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 3, ReverseOrder: true})
	for history.HasMorePages() {
		page, err := history.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			ids = append(ids, e.Id)
		}
	}
	if diff := cmp.Diff([]int64{4, 3, 2, 1}, ids); diff != "" {
		t.Error(diff)
	}
}

func TestRestart(t *testing.T) {
	folder := t.TempDir()
	first := open(t, folder, nil)
	adder := first.register(t, "adder", passing)
	waiter := first.register(t, "waiter", waiting)
	done, err := first.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &adder, Input: aws.String(`{"n":41}`)})
	if err != nil {
		t.Fatal(err)
	}
	first.ended(t, *done.ExecutionArn)
	cut, err := first.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &waiter})
	if err != nil {
		t.Fatal(err)
	}
	first.service.Close()

	second := open(t, folder, nil)
	second.register(t, "waiter", waiting)
	if out := second.ended(t, *done.ExecutionArn); *out.Output != `{"n":42}` {
		t.Errorf("after the restart the execution's output is %s", *out.Output)
	}
	if err := second.service.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := second.ended(t, *cut.ExecutionArn)
	if out.Status != types.ExecutionStatusAborted || *out.Error != "Headwater.StackStopped" {
		t.Errorf("what was running is %s, %s", out.Status, *out.Error)
	}
	if diff := cmp.Diff([]asl.Status{asl.Aborted}, second.statuses()); diff != "" {
		t.Error(diff)
	}
	history, err := second.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: cut.ExecutionArn})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for i, e := range history.Events {
		kinds = append(kinds, string(e.Type))
		if e.Id != int64(i)+1 {
			t.Errorf("event %d has the id %d", i+1, e.Id)
		}
	}
	if diff := cmp.Diff([]string{"ExecutionStarted", "WaitStateEntered", "ExecutionAborted"}, kinds); diff != "" {
		t.Error(diff)
	}
	if err := second.service.Recover(t.Context()); err != nil || len(second.statuses()) != 1 {
		t.Errorf("recovering twice announced %v, %v", second.statuses(), err)
	}
}

func TestMapRun(t *testing.T) {
	echo := func(_ context.Context, payload json.RawMessage) (json.RawMessage, error) { return payload, nil }
	s := open(t, t.TempDir(), asltest.Functions{"echo": echo})
	machine := s.register(t, "mapper", `{"QueryLanguage":"JSONata","StartAt":"M","States":{"M":{"Type":"Map","Label":"Each","Items":[1,2,3],"MaxConcurrency":2,
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"T","States":{
			"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:echo","End":true}}},"End":true}}}`)
	started, err := s.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine})
	if err != nil {
		t.Fatal(err)
	}
	if out := s.ended(t, *started.ExecutionArn); *out.Output != "[1,2,3]" {
		t.Fatalf("the output is %s", *out.Output)
	}
	runs, err := s.ListMapRuns(t.Context(), &sfn.ListMapRunsInput{ExecutionArn: started.ExecutionArn})
	if err != nil || len(runs.MapRuns) != 1 {
		t.Fatalf("%d map runs, %v", len(runs.MapRuns), err)
	}
	arn := runs.MapRuns[0].MapRunArn
	run, err := s.DescribeMapRun(t.Context(), &sfn.DescribeMapRunInput{MapRunArn: arn})
	if err != nil {
		t.Fatal(err)
	}
	if run.Status != types.MapRunStatusSucceeded || run.ItemCounts.Succeeded != 3 || run.ItemCounts.Total != 3 || run.MaxConcurrency != 2 {
		t.Errorf("the map run is %+v %+v", run, run.ItemCounts)
	}
	children, err := s.ListExecutions(t.Context(), &sfn.ListExecutionsInput{MapRunArn: arn})
	if err != nil || len(children.Executions) != 3 {
		t.Fatalf("%d children, %v", len(children.Executions), err)
	}
	if got := *children.Executions[0].StateMachineArn; got != machine+"/Each" {
		t.Errorf("the children's machine is %s", got)
	}
	history, err := s.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: children.Executions[0].ExecutionArn})
	if err != nil || len(history.Events) != 7 {
		t.Errorf("a child's history has %d events, %v", len(history.Events), err)
	}
	if diff := cmp.Diff([]asl.Status{asl.Running, asl.Succeeded}, s.statuses()); diff != "" {
		t.Errorf("children are not announced: %s", diff)
	}
}

func TestOneMachineStartsAnother(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	adder := s.register(t, "adder", passing)
	caller := func(resource, input string) string {
		return `{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Task","Resource":"` + resource +
			`","Arguments":{"StateMachineArn":"` + adder + `","Name":"{% $states.input.name %}","Input":` + input + `},"End":true}}}`
	}
	for name, test := range map[string]struct{ resource, input, want string }{
		"sync":  {"arn:aws:states:::states:startExecution.sync:2", `{"n":1}`, `"Output":{"n":2}`},
		"async": {"arn:aws:states:::states:startExecution", `{"n":1}`, `"ExecutionArn":"arn:aws:states:us-east-1:000000000000:execution:adder:async"`},
		"sdk":   {"arn:aws:states:::aws-sdk:sfn:startExecution", `"{\"n\":1}"`, `"ExecutionArn":"arn:aws:states:us-east-1:000000000000:execution:adder:sdk"`},
	} {
		t.Run(name, func(t *testing.T) {
			machine := s.register(t, "caller-"+name, caller(test.resource, test.input))
			for i, want := range []types.ExecutionStatus{types.ExecutionStatusSucceeded, types.ExecutionStatusFailed} {
				started, err := s.StartExecution(t.Context(), &sfn.StartExecutionInput{
					StateMachineArn: &machine, Input: aws.String(`{"name":"` + name + `"}`),
				})
				if err != nil {
					t.Fatal(err)
				}
				out := s.ended(t, *started.ExecutionArn)
				if out.Status != want {
					t.Fatalf("start %d ended as %s: %s", i+1, out.Status, aws.ToString(out.Cause))
				}
				if i == 0 && !strings.Contains(*out.Output, test.want) {
					t.Errorf("the output is %s, want %s in it", *out.Output, test.want)
				}
				if i == 0 { // another start with the same name is the same execution while it runs, and refused afterwards
					s.ended(t, "arn:aws:states:us-east-1:000000000000:execution:adder:"+name)
				}
				if i == 1 && !strings.Contains(*out.Error, "ExecutionAlreadyExistsException") {
					t.Errorf("the second start failed with %s", *out.Error)
				}
			}
		})
	}
}
