package asl_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/asltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is an interpreter with everything that a test may set.
type bench struct {
	asl.Interpreter
	journal *asltest.Journal
}

// loaded is the JSONata library, which all tests share as all executions of a stack do.
var loaded struct {
	once sync.Once
	js   *asl.JSONata
}

func library(t testing.TB) *asl.JSONata {
	t.Helper()
	loaded.once.Do(func() { loaded.js = asltest.JSONata(t) })
	return loaded.js
}

func newBench(t testing.TB, functions asltest.Functions) *bench {
	t.Helper()
	return &bench{
		Interpreter: asl.Interpreter{
			JSONata: library(t), Invoker: functions, Objects: asltest.Objects(t.TempDir()),
			Clock: asl.SystemClock{}, Random: func() float64 { return 0.5 },
		},
		journal: &asltest.Journal{},
	}
}

func parse(t testing.TB, definition string) *asl.Machine {
	t.Helper()
	m, err := asl.Parse([]byte(definition), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (b *bench) run(ctx context.Context, m *asl.Machine, input string) asl.Outcome {
	return b.Run(ctx, m, asl.Execution{
		ARN: "arn:aws:states:us-east-1:000000000000:execution:machine:x", Name: "x",
		MachineARN: "arn:aws:states:us-east-1:000000000000:stateMachine:machine",
		RoleARN:    "arn:aws:iam::000000000000:role/r",
		Input:      json.RawMessage(input), StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC),
	}, b.journal)
}

// machine is a definition with one state, or more, that starts at A.
func machine(states string) string {
	return `{"QueryLanguage":"JSONata","StartAt":"A","States":{` + states + `}}`
}

// task is a Task state that calls the function f.
func task(more string) string {
	return `{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f"` + more + `}`
}

func failing(name string) asltest.Functions {
	return asltest.Functions{"f": func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return nil, &asl.FunctionError{Payload: []byte(`{"errorType":"` + name + `","errorMessage":"m"}`)}
	}}
}

func wantOutput(t testing.TB, got asl.Outcome, want string) {
	t.Helper()
	if got.Status != asl.Succeeded || string(got.Output) != want {
		t.Errorf("ended as %s with %s (%s: %s), want the output %s", got.Status, got.Output, got.Error, got.Cause, want)
	}
}

func wantFailure(t testing.TB, got asl.Outcome, name, cause string) {
	t.Helper()
	if got.Status != asl.Failed || got.Error != name || !strings.Contains(got.Cause, cause) {
		t.Errorf("ended as %s (%s: %s) with %s, want the failure %s: %s", got.Status, got.Error, got.Cause, got.Output, name, cause)
	}
}

// recordingClock passes time at once and remembers for how long somebody slept.
type recordingClock struct {
	now   time.Time
	slept []time.Duration
}

func (c *recordingClock) Now() time.Time { return c.now }

func (c *recordingClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}
