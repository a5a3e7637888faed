package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

func TestContextAttributes(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.New(&out, slog.LevelInfo, slog.String("function", "check"))
	ctx := telemetry.WithRequest(t.Context(), "r-1")
	deeper := telemetry.With(ctx, slog.String("run_id", "run_1"))

	log.InfoContext(deeper, "deeper", "n", 1)
	log.InfoContext(ctx, "outer")
	log.DebugContext(ctx, "below the level")

	want := []map[string]any{
		{"level": "INFO", "msg": "deeper", "function": "check", "request_id": "r-1", "run_id": "run_1", "n": 1.0},
		{"level": "INFO", "msg": "outer", "function": "check", "request_id": "r-1"},
	}
	if diff := cmp.Diff(want, lines(t, &out)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if got := telemetry.Request(deeper); got != "r-1" {
		t.Errorf("Request = %q, want r-1", got)
	}
	if got := telemetry.Request(t.Context()); got != "" {
		t.Errorf("Request of a context without one = %q", got)
	}
}

// A context handed to two goroutines must not let one see the other's attributes.
func TestWithDoesNotShare(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.New(&out, slog.LevelInfo)
	parent := telemetry.With(t.Context(), slog.Int("a", 1), slog.Int("b", 2), slog.Int("c", 3))
	left := telemetry.With(parent, slog.String("side", "left"))
	_ = telemetry.With(parent, slog.String("side", "right"))
	log.InfoContext(left, "m")
	if got := lines(t, &out)[0]["side"]; got != "left" {
		t.Errorf("side = %v, want left", got)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	const canary = "canary-4f1c"
	cred := source.Credential{Method: "access_key", Fields: map[string]source.Secret{"x": canary}}
	var out bytes.Buffer
	log := telemetry.New(&out, slog.LevelInfo, slog.String("authorization", canary))
	for _, name := range []string{
		"secret_access_key", "Proxy-Authorization", "password", "session_token", "cookie", "X-Api-Key", "private-key", "credentials", "client_secret",
	} {
		log.Info("by name", name, canary, slog.Group("group", name, canary))
		log.With(name, canary).WithGroup("g").Info("bound", name, []string{canary})
	}
	log.Info("by type", "value", source.Secret(canary), "whole", cred, "pointer", &cred, "many", []source.Secret{canary})
	if strings.Contains(out.String(), canary) {
		t.Errorf("a secret was logged:\n%s", out.String())
	}
	if strings.Count(out.String(), "***") < 30 {
		t.Errorf("masked attributes are gone instead of masked:\n%s", out.String())
	}
}

// lines decodes what was logged, without the times.
func lines(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range bytes.Lines(out.Bytes()) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("line is not JSON: %v\n%s", err, line)
		}
		delete(m, "time")
		all = append(all, m)
	}
	return all
}
