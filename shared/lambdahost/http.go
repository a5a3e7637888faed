package lambdahost

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

// HTTP serves API Gateway HTTP API events, payload 2.0, with an http.Handler.
// The request's context has API Gateway's request id, and the caller that the
// authorizer let through. Every request is logged in one line. A panic of h is logged and answered with 500, bare.
func HTTP(log *slog.Logger, h http.Handler) lambda.Handler { return gateway{log, h} }

type gateway struct {
	log     *slog.Logger
	handler http.Handler
}

var _ lambda.Handler = gateway{}

// Invoke is called by the runtime client.
func (g gateway) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("decoding HTTP API event: %w", err)
	}
	ctx = invocation(ctx, event.RequestContext.RequestID)
	if who, ok := authorized(event); ok {
		ctx = context.WithValue(ctx, callerKey{}, who)
		ctx = telemetry.With(ctx, slog.String("workspace_id", who.WorkspaceID), slog.String("subject", who.Subject))
	}
	r, err := request(ctx, event)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	answer := g.serve(r)
	g.log.InfoContext(ctx, "request", "route", event.RouteKey, "status", answer.StatusCode, "duration_ms", time.Since(began).Milliseconds())
	return json.Marshal(answer)
}

func (g gateway) serve(r *http.Request) (answer events.APIGatewayV2HTTPResponse) {
	w := newRecorder()
	defer func() {
		if p := recover(); p != nil {
			g.log.ErrorContext(r.Context(), "handler panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			answer = events.APIGatewayV2HTTPResponse{StatusCode: http.StatusInternalServerError}
		}
	}()
	g.handler.ServeHTTP(w, r)
	return w.response(r.Method)
}

type callerKey struct{}

// Caller returns who the authorizer said makes this request; false when it did not run or said nothing.
func Caller(ctx context.Context) (caller.Caller, bool) {
	who, ok := ctx.Value(callerKey{}).(caller.Caller)
	return who, ok
}

// authorized reads the authorizer's context. A caller without a workspace is none.
func authorized(e events.APIGatewayV2HTTPRequest) (caller.Caller, bool) {
	if e.RequestContext.Authorizer == nil {
		return caller.Caller{}, false
	}
	said := e.RequestContext.Authorizer.Lambda
	workspace, _ := said["workspace_id"].(string)
	subject, _ := said["subject"].(string)
	permissions, _ := said["permissions"].(string)
	if workspace == "" {
		return caller.Caller{}, false
	}
	return caller.Caller{WorkspaceID: workspace, Subject: subject, Permissions: strings.Fields(permissions)}, true
}
