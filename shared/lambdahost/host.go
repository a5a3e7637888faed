// Package lambdahost is the edge between AWS Lambda and our code: HTTP API
// events become http.Requests, state machine tasks become typed calls, and
// faults become Lambda errors whose type is the fault's code.
package lambdahost

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/headwaterhq/headwater/shared/telemetry"
)

// Function is what a function knows of itself.
type Function struct {
	Name     string // as deployed: "headwater-check"; "local" outside Lambda
	Version  string
	LogLevel slog.Level
}

// Logger returns a function's logger.
func Logger(f Function) *slog.Logger {
	return telemetry.New(os.Stderr, f.LogLevel, slog.String("function", f.Name), slog.String("version", f.Version))
}

// Start serves invocations until the runtime goes away; it does not return.
func Start(ctx context.Context, h lambda.Handler) {
	useProcessors()
	lambda.StartWithOptions(h, lambda.WithContext(ctx))
}

// Exit reports why a function could not start, once, and ends the process.
func Exit(err error) {
	telemetry.New(os.Stderr, slog.LevelInfo).Error("could not start", "error", err.Error())
	os.Exit(1)
}

// invocation returns a context whose log lines name the request and its trace.
// The request's id is the invocation's own where the event brings none.
func invocation(ctx context.Context, requestID string) context.Context {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		if requestID == "" {
			requestID = lc.AwsRequestID
		} else {
			ctx = telemetry.With(ctx, slog.String("invocation_id", lc.AwsRequestID))
		}
	}
	// The runtime client puts the X-Ray header there under a plain string.
	if trace, _ := ctx.Value("x-amzn-trace-id").(string); trace != "" {
		ctx = telemetry.With(ctx, slog.String("trace_id", trace))
	}
	return telemetry.WithRequest(ctx, requestID)
}
