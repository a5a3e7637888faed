//go:build crosscheck

// Package stepfunctions_test replays executions recorded from AWS against the laptop stack's interpreter.
package stepfunctions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/asltest"
)

// recording is one execution as AWS ran it.
type recording struct {
	Case       string            `json:"case"`
	Definition json.RawMessage   `json:"definition"`
	Input      json.RawMessage   `json:"input"`
	Objects    []json.RawMessage `json:"s3_objects"`
	Events     []map[string]any  `json:"events"`
}

// TestRecordings holds the interpreter against every recording: the same events, or a refusal at load that names what is
// not supported.
func TestRecordings(t *testing.T) {
	all := recordings(t)
	js := asltest.JSONata(t)
	var equal int
	var refused []string
	for _, r := range all {
		t.Run(r.Case, func(t *testing.T) {
			machine, err := asl.Parse(r.Definition, nil)
			if err == nil {
				err = machine.Check(js)
			}
			if problems, ok := asl.Refused(err); ok {
				refused = append(refused, fmt.Sprintf("  %s\n    %v", r.Case, problems))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Objects) > 0 {
				t.Fatal("the recording needs S3 objects, which this test does not give")
			}
			if diff := cmp.Diff(normalised(r.Events), replay(t, js, machine, r.Input)); diff != "" {
				t.Fatalf("the history differs from AWS's (-AWS +here):\n%s", diff)
			}
			equal++
		})
	}
	fmt.Fprintf(os.Stdout, "Step Functions: %d equal, %d refused, of %d recordings\nrefused:\n%s\n",
		equal, len(refused), len(all), strings.Join(refused, "\n"))
}

func recordings(t *testing.T) []recording {
	t.Helper()
	folder := os.Getenv("HEADWATER_AWS_RECORDINGS")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared", "aws-recordings")
	}
	body, err := os.ReadFile(filepath.Join(folder, "stepfunctions-jsonata.json"))
	if os.IsNotExist(err) {
		t.Skip("no recordings beside the checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []recording
	if err := json.Unmarshal(body, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("the file of recordings is empty")
	}
	return all
}

// replay runs the machine with the functions that the recordings used and gives its history.
func replay(t *testing.T, js *asl.JSONata, machine *asl.Machine, input json.RawMessage) []any {
	t.Helper()
	echo := func(_ context.Context, payload json.RawMessage) (json.RawMessage, error) { return dumps(payload), nil }
	interpreter := &asl.Interpreter{
		JSONata: js,
		Clock:   instantClock{},
		Random:  func() float64 { return 0.5 },
		Invoker: asltest.Functions{
			"id_function":     echo,
			"lambda_func_uid": echo,
			"raise_exception": func(context.Context, json.RawMessage) (json.RawMessage, error) {
				return nil, &asl.FunctionError{Payload: []byte(raised)}
			},
		},
	}
	journal := &asltest.Journal{}
	interpreter.Run(t.Context(), machine, asl.Execution{
		ARN:        "arn:aws:states:us-east-1:111111111111:execution:machine:name",
		Name:       "name",
		MachineARN: "arn:aws:states:us-east-1:111111111111:stateMachine:machine",
		RoleARN:    "arn:aws:iam::111111111111:role/role",
		Input:      input,
		StartedAt:  time.Now(),
	}, journal)
	body, err := json.Marshal(journal.Events())
	if err != nil {
		t.Fatal(err)
	}
	var events []map[string]any
	if err := json.Unmarshal(body, &events); err != nil {
		t.Fatal(err)
	}
	return normalised(events)
}

const raised = `{"errorMessage":"Some exception was raised.","errorType":"Exception","requestId":"0c1bb7f0-9d4c-4b2c-8d4c-5c0b1e0a5a11",` +
	`"stackTrace":["  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some exception was raised.\")\n"]}`

// instantClock passes time without waiting.
type instantClock struct{}

func (instantClock) Now() time.Time { return time.Now() }

func (instantClock) Sleep(ctx context.Context, d time.Duration) error {
	if d < time.Minute { // a wait or a retry; a limit never passes
		return ctx.Err()
	}
	<-ctx.Done()
	return ctx.Err()
}

// dumps is a JSON text as Python writes it, with a space after each comma and colon: the recorded functions were Python, and
// the recordings count their answers' bytes.
func dumps(raw json.RawMessage) json.RawMessage {
	var out []byte
	quoted := false
	for i, c := range raw {
		out = append(out, c)
		switch {
		case c == '"' && (i == 0 || raw[i-1] != '\\'):
			quoted = !quoted
		case !quoted && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return out
}
