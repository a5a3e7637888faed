package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

type named struct {
	Name string `json:"name"`
}

// guarded is a guard before handlers that answer with what they read. Their
// answers are not the contract's, so these tests look at failures only, or at what passed.
func guarded(t *testing.T, log io.Writer) (c *contracttest.Client, passed *[]string) {
	t.Helper()
	passed = new([]string)
	mux := http.NewServeMux()
	note := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*passed = append(*passed, r.Pattern+" by "+httpapi.Caller(r.Context()).Subject+" "+string(body))
		w.WriteHeader(http.StatusNotModified) // no operation answers so; the contract's default takes it
	}
	for _, o := range httpapi.Operations() {
		if !strings.Contains(o.Pattern, "/profiles/") {
			mux.HandleFunc(o.Pattern, note)
		}
	}
	mux.HandleFunc("DELETE /v1/connections", note) // served, but no operation
	guard := httpapi.NewGuard(telemetry.New(log, slog.LevelInfo), contracttest.Identify, mux, map[string]httpapi.Body{
		"POST /v1/connections": httpapi.BodyOf[named](),
	})
	return contracttest.New(t, guard), passed
}

func TestGuardRefuses(t *testing.T) {
	all, none := contracttest.Owner("acme"), &caller.Caller{WorkspaceID: "acme", Subject: "s"}
	reader := &caller.Caller{WorkspaceID: "acme", Subject: "s", Permissions: []string{caller.ConnectionsRead, "connections:writes"}}
	const json = "application/json"
	for name, test := range map[string]struct {
		request contracttest.Request
		status  int
		code    string
		header  map[string]string
	}{
		"nobody":                  {contracttest.Request{Target: "/v1/connections"}, 401, "caller.unauthenticated", map[string]string{"WWW-Authenticate": "Bearer"}},
		"nobody, bad body":        {contracttest.Request{Target: "/v1/connections", Body: "{"}, 401, "caller.unauthenticated", nil},
		"no permission":           {contracttest.Request{Caller: none, Target: "/v1/connections"}, 403, "caller.forbidden", nil},
		"another permission":      {contracttest.Request{Caller: reader, Target: "/v1/connections", Body: `{"name":"x"}`}, 403, "caller.forbidden", nil},
		"unknown path":            {contracttest.Request{Caller: all, Target: "/v1/nothing"}, 404, "request.not_found", nil},
		"root":                    {contracttest.Request{Caller: all, Target: "/"}, 404, "request.not_found", nil},
		"trailing slash":          {contracttest.Request{Caller: all, Target: "/v1/connections/"}, 404, "request.not_found", nil},
		"double slash":            {contracttest.Request{Caller: all, Target: "//v1/connections"}, 404, "request.not_found", nil},
		"dots":                    {contracttest.Request{Caller: all, Target: "/v1/imports/../connections"}, 404, "request.not_found", nil},
		"served by another":       {contracttest.Request{Caller: all, Target: "/v1/profiles/x"}, 404, "request.not_found", nil},
		"served, but unlisted":    {contracttest.Request{Caller: all, Method: "DELETE", Target: "/v1/connections"}, 405, "request.method", map[string]string{"Allow": "GET, HEAD, POST, OPTIONS"}},
		"method of a child":       {contracttest.Request{Caller: all, Method: "PATCH", Target: "/v1/connections/x"}, 405, "request.method", map[string]string{"Allow": "GET, HEAD, OPTIONS"}},
		"method of another's":     {contracttest.Request{Caller: all, Method: "PUT", Target: "/v1/profiles/x"}, 405, "request.method", map[string]string{"Allow": "GET, HEAD, OPTIONS"}},
		"method, nobody":          {contracttest.Request{Method: "PUT", Target: "/v1/imports"}, 405, "request.method", nil},
		"options of nothing":      {contracttest.Request{Method: "OPTIONS", Target: "/v1/nothing"}, 404, "request.not_found", nil},
		"no content type":         {contracttest.Request{Caller: all, Target: "/v1/connections", Body: `{"name":"x"}`, Header: map[string]string{"Content-Type": ""}}, 415, "request.media_type", nil},
		"form":                    {contracttest.Request{Caller: all, Target: "/v1/connections", Body: `name=x`, Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, "request.media_type", nil},
		"broken content type":     {contracttest.Request{Caller: all, Target: "/v1/connections", Body: `{"name":"x"}`, Header: map[string]string{"Content-Type": "application/json; ="}}, 415, "request.media_type", nil},
		"compressed":              {contracttest.Request{Caller: all, Target: "/v1/connections", Body: `zz`, Header: map[string]string{"Content-Type": json, "Content-Encoding": "gzip"}}, 415, "request.media_type", nil},
		"no body":                 {contracttest.Request{Caller: all, Method: "POST", Target: "/v1/connections", Header: map[string]string{"Content-Type": json}}, 400, "request.malformed", nil},
		"too large":               {contracttest.Request{Caller: all, Target: "/v1/connections", Body: `{"name":"` + strings.Repeat("x", 1<<20) + `"}`}, 413, "request.too_large", nil},
		"body where none is":      {contracttest.Request{Caller: all, Target: "/v1/imports/x/runs", Body: `{"force":true}`}, 400, "request.unknown_field", nil},
		"body where none is, bad": {contracttest.Request{Caller: all, Target: "/v1/imports/x/runs", Body: `[`}, 400, "request.malformed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			client, passed := guarded(t, io.Discard)
			answer := client.Do(t, test.request)
			if answer.Status != test.status || answer.Problem.Code != test.code {
				t.Errorf("%d %s, want %d %s", answer.Status, answer.Problem.Code, test.status, test.code)
			}
			for name, want := range test.header {
				if got := answer.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if len(*passed) != 0 {
				t.Errorf("a handler was called: %v", *passed)
			}
		})
	}
}

// A body of many mistakes is still answered: a Lambda's answer has a limit, too.
func TestManyProblems(t *testing.T) {
	c, _ := guarded(t, io.Discard)
	var body strings.Builder
	body.WriteString(`{"name":"n"`)
	for n := range 60_000 {
		fmt.Fprintf(&body, `,"f%d":1`, n)
	}
	body.WriteString("}")
	answer := c.Do(t, contracttest.Request{Caller: contracttest.Owner("acme"), Target: "/v1/connections", Body: body.String()})
	if answer.Status != 400 || len(answer.Body) > 100_000 || !strings.Contains(string(answer.Body), "60000 problems") {
		t.Errorf("%d in %d bytes, want 400 in few bytes that count the problems: %.200s", answer.Status, len(answer.Body), answer.Body)
	}
}

func TestForbiddenNamesThePermission(t *testing.T) {
	client, _ := guarded(t, io.Discard)
	for _, o := range httpapi.Operations() {
		method, target, _ := strings.Cut(o.Pattern, " ")
		if o.Permission == httpapi.Public || strings.Contains(target, "/profiles/") {
			continue
		}
		who := contracttest.Owner("acme")
		who.Permissions = without(who.Permissions, o.Permission)
		answer := client.Do(t, contracttest.Request{Caller: who, Method: method, Target: target})
		if answer.Status != 403 || !strings.Contains(answer.Problem.Detail, o.Permission) {
			t.Errorf("%s without %s: %d %q", o.Pattern, o.Permission, answer.Status, answer.Problem.Detail)
		}
	}
}

func without(all []string, one string) []string {
	var rest []string
	for _, p := range all {
		if p != one {
			rest = append(rest, p)
		}
	}
	return rest
}

func TestGuardLetsThrough(t *testing.T) {
	client, passed := guarded(t, io.Discard)
	all := contracttest.Owner("acme")
	for _, r := range []contracttest.Request{
		{Caller: all, Target: "/v1/connections", Body: ` {"name":"x"} `},
		{Caller: all, Target: "/v1/connections", Body: `{"name":"y"}`, Header: map[string]string{"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "identity"}},
		{Caller: all, Method: "HEAD", Target: "/v1/connections"},
		{Caller: all, Method: "POST", Target: "/v1/imports/x/runs"},
		{Caller: all, Target: "/v1/imports/x/runs", Body: `{}`},
		{Target: "/openapi.yaml"},
	} {
		if answer := client.Do(t, r); answer.Status != http.StatusNotModified {
			t.Errorf("%s %s: %d %s", r.Method, r.Target, answer.Status, answer.Body)
		}
	}
	want := []string{
		`POST /v1/connections by key:test  {"name":"x"} `, `POST /v1/connections by key:test {"name":"y"}`, `GET /v1/connections by key:test `,
		`POST /v1/imports/{id}/runs by key:test `, `POST /v1/imports/{id}/runs by key:test {}`, `GET /openapi.yaml by  `,
	}
	if diff := cmp.Diff(want, *passed); diff != "" {
		t.Errorf("passed (-want +got):\n%s", diff)
	}
}

func TestOptions(t *testing.T) {
	client, _ := guarded(t, io.Discard)
	answer := client.Do(t, contracttest.Request{Method: "OPTIONS", Target: "/v1/connections"})
	if answer.Status != 204 || answer.Header.Get("Allow") != "GET, HEAD, POST, OPTIONS" || len(answer.Body) != 0 {
		t.Errorf("%d %v %s", answer.Status, answer.Header, answer.Body)
	}
}

func TestPanicBecomesAProblem(t *testing.T) {
	var log bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/imports", func(http.ResponseWriter, *http.Request) { panic("kaboom") })
	client := contracttest.New(t, httpapi.NewGuard(telemetry.New(&log, slog.LevelInfo), contracttest.Identify, mux, nil))
	answer := client.Do(t, contracttest.Request{Caller: contracttest.Owner("acme"), Target: "/v1/imports"})
	if answer.Status != 500 || answer.Problem.Code != "internal" || strings.Contains(string(answer.Body), "kaboom") {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	for _, want := range []string{"kaboom", "guard_test.go", answer.Problem.Instance} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, log.String())
		}
	}
}
