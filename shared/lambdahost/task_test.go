package lambdahost_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

type input struct {
	WorkspaceID string `json:"workspace_id"`
	RunID       string `json:"run_id"`
	Split       int    `json:"split"`
}

type output struct {
	Done bool `json:"done"`
}

const payload = `{"workspace_id":"acme","run_id":"run_1","split":3}`

// invoke runs one task and returns its answer, its error as Lambda reports it, and the log.
func invoke(t *testing.T, payload string, handle func(context.Context, input) (output, error)) (answer string, reported messages.InvokeResponse_Error, log string) {
	t.Helper()
	var out bytes.Buffer
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "req-7"})
	ctx = context.WithValue(ctx, "x-amzn-trace-id", "Root=1-abc") //nolint:staticcheck,revive // the runtime client's own key
	b, err := lambdahost.Task(telemetry.New(&out, slog.LevelInfo), handle).Invoke(ctx, []byte(payload))
	if err != nil {
		// The runtime client asserts this very type; a wrapped one would lose the code.
		var ok bool
		if reported, ok = err.(messages.InvokeResponse_Error); !ok { //nolint:errorlint // as said
			t.Fatalf("error is a %T", err)
		}
	}
	return string(b), reported, out.String()
}

func TestTaskAnswers(t *testing.T) {
	answer, _, log := invoke(t, payload, func(_ context.Context, in input) (output, error) {
		if in != (input{"acme", "run_1", 3}) {
			t.Errorf("input %+v", in)
		}
		return output{Done: true}, nil
	})
	if answer != `{"done":true}` || strings.Count(log, "\n") != 1 || !strings.Contains(log, `"run_id":"run_1"`) {
		t.Errorf("answer %s, log %s", answer, log)
	}
}

func TestTaskReportsCodes(t *testing.T) {
	for name, test := range map[string]struct {
		err               error
		wantType, wantMsg string
	}{
		"coded":             {fault.Wrap(fault.SourcePermission, "the key may not list", errors.New("inner detail")), "source.permission_denied", "the key may not list"},
		"wrapped":           {fmt.Errorf("planning: %w", fault.New(fault.LakeConflict, "lost the race")), "lake.conflict", "lost the race"},
		"without a message": {fault.New(fault.Throttled, ""), "internal.throttled", "A service that Headwater depends on is throttling."},
		"list":              {fault.List{fault.Field(fault.ImportColumn, "a", "no a"), fault.Field(fault.ImportMapping, "b", "no b")}, "import.unknown_column", "no a"},
		"uncoded":           {errors.New("inner detail"), "internal", "Something failed inside Headwater."},
		"out of time":       {fmt.Errorf("reading: %w", context.DeadlineExceeded), "internal.unavailable", "the worker ran out of time"},
	} {
		t.Run(name, func(t *testing.T) {
			_, reported, log := invoke(t, payload, func(context.Context, input) (output, error) { return output{}, test.err })
			if reported.Type != test.wantType || reported.Message != test.wantMsg || reported.ShouldExit {
				t.Errorf("reported %+v", reported)
			}
			if strings.Count(log, "\n") != 1 {
				t.Errorf("want one line:\n%s", log)
			}
			for _, want := range []string{
				test.err.Error(), `"workspace_id":"acme"`, `"run_id":"run_1"`, `"split":3`, `"request_id":"req-7"`, `"trace_id":"Root=1-abc"`, `"code":"` + test.wantType + `"`,
			} {
				if !strings.Contains(log, want) {
					t.Errorf("the log lacks %s:\n%s", want, log)
				}
			}
		})
	}
}

// The work's time ends before the function's, so that there is some left to clean up and to report.
func TestTaskEndsEarly(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{
		15 * time.Minute: 14*time.Minute + 45*time.Second, 2 * time.Minute: 108 * time.Second, 30 * time.Second: 27 * time.Second,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), given)
		h := lambdahost.Task(slog.New(slog.DiscardHandler), func(ctx context.Context, _ input) (output, error) {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || left > want || left < want-5*time.Second {
				t.Errorf("of %s the work has %s, want %s", given, left, want)
			}
			return output{}, nil
		})
		if _, err := h.Invoke(ctx, []byte(payload)); err != nil {
			t.Errorf("%s: %v", given, err)
		}
		cancel()
	}
}

// What the work reports at its own end of time is what the caller gets.
func TestTaskReportsThatTimeIsUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	h := lambdahost.Task(slog.New(slog.DiscardHandler), func(ctx context.Context, _ input) (output, error) {
		<-ctx.Done()
		return output{}, fmt.Errorf("waiting: %w", ctx.Err())
	})
	_, err := h.Invoke(ctx, []byte(payload))
	if reported, ok := errors.AsType[messages.InvokeResponse_Error](err); !ok || reported.Type != string(fault.Unavailable) || ctx.Err() != nil {
		t.Errorf("reported %v, and the function's own time: %v", err, ctx.Err())
	}
}

func TestTaskPanics(t *testing.T) {
	_, reported, log := invoke(t, payload, func(context.Context, input) (output, error) { panic("kaboom") })
	if reported.Type != "internal" || strings.Contains(reported.Message, "kaboom") {
		t.Errorf("reported %+v", reported)
	}
	if !strings.Contains(log, "kaboom") || !strings.Contains(log, "task_test.go") {
		t.Errorf("the log lacks the panic or its stack:\n%s", log)
	}
}

func TestTaskRefusesInput(t *testing.T) {
	for name, payload := range map[string]string{
		"unknown field":  `{"workspace_id":"a","run_id":"r","split":1,"credentials":"canary-77"}`,
		"missing field":  `{"workspace_id":"a","split":1}`,
		"wrong type":     `{"workspace_id":"a","run_id":"r","split":"canary-77"}`,
		"repeated field": `{"workspace_id":"a","workspace_id":"canary-77","run_id":"r","split":1}`,
		"not JSON":       `canary-77`,
		"trailing":       `{"workspace_id":"a","run_id":"r","split":1} {}`,
		"empty":          ``,
		"null":           `null`,
	} {
		t.Run(name, func(t *testing.T) {
			_, reported, log := invoke(t, payload, func(context.Context, input) (output, error) {
				t.Error("the handler was called")
				return output{}, nil
			})
			if reported.Type != string(fault.WorkerInvalidCall) {
				t.Errorf("reported %+v", reported)
			}
			if strings.Contains(log+reported.Message, "canary-77") {
				t.Errorf("a value is repeated: %+v\n%s", reported, log)
			}
		})
	}
}

func TestEventTakesUnknownFields(t *testing.T) {
	h := lambdahost.Event(slog.New(slog.DiscardHandler), func(_ context.Context, in input) (output, error) { return output{in.Split == 3}, nil })
	answer, err := h.Invoke(t.Context(), []byte(`{"split":3,"new":true}`))
	if err != nil || string(answer) != `{"done":true}` {
		t.Errorf("%s, %v", answer, err)
	}
}
