package lambdahost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/strictjson"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

// Task serves the invocations of a state machine's task.
//
// The input is decoded strictly; one that does not fit is
// fault.WorkerInvalidCall. A failure is logged once, with its whole chain and
// the ids of the input, and answered with the fault's code as the error type
// and its public message, so that Retry and Catch match codes. A panic is
// fault.Internal, its stack is in the log. The context's deadline is up to 15
// seconds before the function's own.
func Task[In, Out any](log *slog.Logger, handle func(context.Context, In) (Out, error)) lambda.Handler {
	return task[In, Out]{log, strictjson.Decode, handle}
}

// Event serves the events of an AWS service. It is like Task, but its input
// may have fields that we do not know: the service adds some when it likes.
func Event[In, Out any](log *slog.Logger, handle func(context.Context, In) (Out, error)) lambda.Handler {
	return task[In, Out]{log, json.Unmarshal, handle}
}

type task[In, Out any] struct {
	log    *slog.Logger
	decode func([]byte, any) error
	handle func(context.Context, In) (Out, error)
}

var _ lambda.Handler = task[any, any]{}

// Invoke is called by the runtime client.
func (t task[In, Out]) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx = invocation(ctx, "")
	var in In
	err := t.decode(payload, &in)
	if err != nil {
		return nil, t.report(ctx, fault.Wrap(fault.WorkerInvalidCall, "the input is not one that this function takes", err))
	}
	ctx = telemetry.With(ctx, identifiers(payload)...)
	began := time.Now()
	ctx, cancel := early(ctx, began)
	defer cancel()
	out, err := t.call(ctx, in)
	if err != nil {
		return nil, t.report(ctx, err)
	}
	answer, err := json.Marshal(out)
	if err != nil {
		return nil, t.report(ctx, fmt.Errorf("encoding answer: %w", err))
	}
	t.log.InfoContext(ctx, "task done", "duration_ms", time.Since(began).Milliseconds())
	return answer, nil
}

// endEarly is how long before Lambda kills the function its work has to end at the latest.
const endEarly = 15 * time.Second

// early ends the work before the function's own time is up, so that what the
// work has begun elsewhere can be stopped, and its failure be told: a killed function does neither.
// Of a short time it leaves nine tenths to the work.
func early(ctx context.Context, now time.Time) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-min(endEarly, deadline.Sub(now)/10)))
}

// report logs an error and returns what Lambda may say of it.
func (t task[In, Out]) report(ctx context.Context, err error) error {
	failure := public(err)
	t.log.ErrorContext(ctx, "task failed", "code", failure.Code, "error", err.Error())
	return messages.InvokeResponse_Error{Type: string(failure.Code), Message: failure.Message}
}

func (t task[In, Out]) call(ctx context.Context, in In) (out Out, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return t.handle(ctx, in)
}

// public is what may be said of an error outside.
func public(err error) *fault.Error {
	e, ok := fault.As(err)
	switch {
	case ok && e.Message != "":
		return fault.New(e.Code, e.Message)
	case !ok && errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "the worker ran out of time")
	}
	code := fault.CodeOf(err)
	class, _ := fault.Lookup(code)
	return fault.New(code, class.Title)
}

// identifiers are the ids of an input, for the log.
func identifiers(payload []byte) []slog.Attr {
	var ids struct {
		Workspace  string `json:"workspace_id"`
		Connection string `json:"connection_id"`
		Validation string `json:"validation_id"`
		Import     string `json:"import_id"`
		Run        string `json:"run_id"`
		Split      *int   `json:"split"`
	}
	_ = json.Unmarshal(payload, &ids) // an event of AWS has others
	var attrs []slog.Attr
	for _, a := range []slog.Attr{
		slog.String("workspace_id", ids.Workspace), slog.String("connection_id", ids.Connection),
		slog.String("validation_id", ids.Validation), slog.String("import_id", ids.Import), slog.String("run_id", ids.Run),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if ids.Split != nil {
		attrs = append(attrs, slog.Int("split", *ids.Split))
	}
	return attrs
}
