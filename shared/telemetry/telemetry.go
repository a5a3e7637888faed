// Package telemetry makes the loggers of the functions: one JSON object per
// line, with the ids that the context carries, and without secrets.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"
)

// New returns a logger that writes JSON lines. Every line has attrs, and what
// With put into the context of the call.
func New(w io.Writer, level slog.Leveler, attrs ...slog.Attr) *slog.Logger {
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: refuse})
	return slog.New(contextHandler{handler.WithAttrs(attrs)})
}

type contextKey int

const (
	attrsKey contextKey = iota
	requestKey
)

// With returns a context whose log lines have attrs besides those that ctx brings.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	return context.WithValue(ctx, attrsKey, slices.Concat(attrsOf(ctx), attrs))
}

// WithRequest returns a context of one request or invocation; its log lines have the id.
func WithRequest(ctx context.Context, id string) context.Context {
	return With(context.WithValue(ctx, requestKey, id), slog.String("request_id", id))
}

// Request returns the id that WithRequest put into the context, "" without one.
func Request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey).(string)
	return id
}

func attrsOf(ctx context.Context) []slog.Attr {
	attrs, _ := ctx.Value(attrsKey).([]slog.Attr)
	return attrs
}

// contextHandler adds the context's attributes to each record.
type contextHandler struct{ next slog.Handler }

func (h contextHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if attrs := attrsOf(ctx); len(attrs) > 0 {
		r = r.Clone()
		r.AddAttrs(attrs...)
	}
	return h.next.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.next.WithAttrs(attrs)}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.next.WithGroup(name)}
}
