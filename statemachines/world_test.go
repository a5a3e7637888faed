package statemachines_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/asltest"
)

// world is what a state machine meets when it runs in a test: functions that
// answer by script, S3 in a folder, and other machines that only note their start.
// Retries do not wait.
type world struct {
	objects asltest.Objects
	script  map[string]answer
	refuse  map[string]string // error code of StartExecution, by execution name

	mu      sync.Mutex
	calls   []string // the functions called, in order
	settled []string // what settle was told, in order: the kind, and the error's name
	started []string // "name input" of the executions started
}

// answer is how a function answers its n-th call, counted from 0.
type answer func(n int, payload map[string]any) (any, error)

// always answers every call alike.
func always(output any) answer {
	return func(int, map[string]any) (any, error) { return output, nil }
}

// failing answers with an error of this type for the first n calls, and then
// as the other answer does.
func failing(n int, errorType string, then answer) answer {
	return func(call int, payload map[string]any) (any, error) {
		if n < 0 || call < n {
			return nil, &asl.FunctionError{Payload: fmt.Appendf(nil, `{"errorType":%q,"errorMessage":"no luck"}`, errorType)}
		}
		return then(call, payload)
	}
}

const forever = -1

// hasty is a clock that skips what a Wait state of ours waits, and no task's time-out.
type hasty struct{ asl.SystemClock }

const longestWait = 30 * time.Second

func (h hasty) Sleep(ctx context.Context, d time.Duration) error {
	if d <= longestWait {
		return ctx.Err()
	}
	return h.SystemClock.Sleep(ctx, d)
}

// run runs a machine to its end.
func (w *world) run(t *testing.T, machine, input string) (asl.Outcome, *asltest.Journal) {
	t.Helper()
	w.objects = asltest.Objects(t.TempDir())
	return w.runOn(t, machine, input)
}

// runOn runs a machine to its end, on objects that are there already.
func (w *world) runOn(t *testing.T, machine, input string) (asl.Outcome, *asltest.Journal) {
	t.Helper()
	substitutions := map[string]string{
		"RunImportStateMachineArn":          "arn:aws:states:us-east-1:000000000000:stateMachine:run-import",
		"RefreshSchemaStateMachineArn":      "arn:aws:states:us-east-1:000000000000:stateMachine:refresh-schema",
		"ValidateConnectionStateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:validate-connection",
	}
	for name := range documented(t) {
		if name != "" && name[0] >= 'a' {
			substitutions[strings.ToUpper(name[:1])+name[1:]+"FunctionArn"] = "arn:aws:lambda:us-east-1:000000000000:function:" + name
		}
	}
	parsed, err := asl.Parse([]byte(machines(t)[machine]), substitutions)
	if err != nil {
		t.Fatal(err)
	}
	interpreter := &asl.Interpreter{
		JSONata: asltest.JSONata(t), Invoker: w, Objects: w.objects, Starter: w, Clock: hasty{},
		Random: func() float64 { return 0 },
	}
	arn := "arn:aws:states:us-east-1:000000000000:execution:" + machine + ":night-1"
	journal := &asltest.Journal{}
	outcome := interpreter.Run(t.Context(), parsed, asl.Execution{
		ARN: arn, Name: "night-1", MachineARN: "arn:aws:states:us-east-1:000000000000:stateMachine:" + machine,
		RoleARN: "arn:aws:iam::000000000000:role/" + machine, Input: json.RawMessage(input), StartedAt: time.Now(),
	}, journal)
	return outcome, journal
}

// Invoke answers by the script.
func (w *world) Invoke(_ context.Context, function string, payload json.RawMessage) (json.RawMessage, error) {
	name := function[strings.LastIndexByte(function, ':')+1:]
	var decoded map[string]any
	if err := json.Unmarshal(payload, &decoded); err != nil {
		return nil, err
	}
	w.mu.Lock()
	n := w.count(name)
	w.calls = append(w.calls, name)
	if name == "settle" {
		told := fmt.Sprint(decoded["kind"])
		if failure, ok := decoded["error"].(map[string]any); ok {
			told += fmt.Sprint(": ", failure["Error"])
		}
		w.settled = append(w.settled, told)
	}
	w.mu.Unlock()
	output, err := w.script[name](n, decoded)
	if err != nil {
		return nil, err
	}
	return json.Marshal(output)
}

// count is how often a function was called.
func (w *world) count(function string) (n int) {
	for _, call := range w.calls {
		if call == function {
			n++
		}
	}
	return n
}

// StartExecution notes the start, or refuses it.
func (w *world) StartExecution(_ context.Context, _, name string, input json.RawMessage) (string, time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if code, refused := w.refuse[name]; refused {
		return "", time.Time{}, &asl.Error{Name: code, Cause: "refused"}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, input); err != nil {
		return "", time.Time{}, err
	}
	w.started = append(w.started, name+" "+compact.String())
	return "arn:aws:states:us-east-1:000000000000:execution:other:" + name, time.Now(), nil
}

// AwaitExecution is never called: nothing here waits for what it starts.
func (w *world) AwaitExecution(context.Context, string) (asl.Outcome, asl.Execution, error) {
	return asl.Outcome{}, asl.Execution{}, fmt.Errorf("awaiting an execution that was started and left alone")
}

// canonical is a value's JSON with its keys in order.
func canonical(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// objectsWith is an S3 with one object of n lines, each made from its number.
func objectsWith(t *testing.T, bucket, key string, n int, line string) asltest.Objects {
	t.Helper()
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, line+"\n", i)
	}
	objects := asltest.Objects(t.TempDir())
	if err := objects.PutObject(t.Context(), bucket, key, []byte(lines.String())); err != nil {
		t.Fatal(err)
	}
	return objects
}
