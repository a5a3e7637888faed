package lambdahost_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/lambdahost"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

// seen is what a handler saw of a request.
type seen struct {
	Method, Path, Escaped, Query, Host, Remote, URI, Body string
	Length                                                int64
	Header                                                http.Header
	Request                                               string
	Caller                                                caller.Caller
	HasCaller                                             bool
}

// deliver hands an event to a host and returns what the handler saw and what API Gateway gets.
func deliver(t *testing.T, event string, answer func(http.ResponseWriter)) (seen, events.APIGatewayV2HTTPResponse) {
	t.Helper()
	var got seen
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = seen{
			Method: r.Method, Path: r.URL.Path, Escaped: r.URL.EscapedPath(), Query: r.URL.RawQuery, Host: r.Host, URI: r.RequestURI,
			Remote: r.RemoteAddr, Body: string(body), Length: r.ContentLength, Header: r.Header, Request: telemetry.Request(r.Context()),
		}
		got.Caller, got.HasCaller = lambdahost.Caller(r.Context())
		if answer != nil {
			answer(w)
		}
	})
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "invocation-1"})
	payload, err := lambdahost.HTTP(slog.New(slog.DiscardHandler), h).Invoke(ctx, []byte(event))
	if err != nil {
		t.Fatalf("Invoke: %v", err)
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(payload, &response); err != nil {
		t.Fatal(err)
	}
	return got, response
}

func file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRequest(t *testing.T) {
	got, _ := deliver(t, file(t, "post.json"), nil)
	want := seen{
		Method: "POST", Path: "/v1/connections", Escaped: "/v1/connections", URI: "/v1/connections?a=1&b=x%20y&a=2",
		Query: "a=1&b=x%20y&a=2", Host: "abc123.execute-api.eu-west-1.amazonaws.com", Remote: "203.0.113.7",
		Body: `{"name":"é"}`, Length: 13, Request: "HwSample0000001=",
		Header: http.Header{
			"Accept": {"text/html,application/json"}, "Content-Length": {"13"}, "Content-Type": {"application/json"},
			"Cookie": {"s=1; t=2"}, "X-Amzn-Trace-Id": {"Root=1-69af5c17-0123456789abcdef01234567"}, "X-Forwarded-For": {"203.0.113.7"},
			"X-Many": {"one,two"},
		},
		Caller:    caller.Caller{WorkspaceID: "acme", Subject: "key:ci", Permissions: []string{"connections:read", "connections:write"}},
		HasCaller: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestBase64Body(t *testing.T) {
	got, _ := deliver(t, `{"version":"2.0","routeKey":"$default","rawPath":"/x","body":"`+
		base64.StdEncoding.EncodeToString([]byte{0, 0xff, 'a'})+
		`","isBase64Encoded":true,"requestContext":{"http":{"method":"PUT"}}}`, nil)
	if got.Body != "\x00\xffa" || got.Length != 3 {
		t.Errorf("body %q of length %d", got.Body, got.Length)
	}
}

// API Gateway hands over a decoded path. What the caller encoded must reach
// the handler as one segment all the same.
func TestPath(t *testing.T) {
	for name, test := range map[string]struct{ route, raw, parameters, path, escaped string }{
		"plain":            {"GET /v1/imports", "/v1/imports", `{}`, "/v1/imports", "/v1/imports"},
		"address":          {"GET /v1/profiles/{identifier}", "/v1/profiles/a+b@x.org", `{"identifier":"a+b@x.org"}`, "/v1/profiles/a+b@x.org", "/v1/profiles/a+b@x.org"},
		"slash":            {"GET /v1/profiles/{identifier}", "/v1/profiles/a/b", `{"identifier":"a/b"}`, "/v1/profiles/a/b", "/v1/profiles/a%2Fb"},
		"percent":          {"GET /v1/profiles/{identifier}", "/v1/profiles/50%25", `{"identifier":"50%25"}`, "/v1/profiles/50%25", "/v1/profiles/50%2525"},
		"question mark":    {"GET /v1/profiles/{identifier}", "/v1/profiles/a", `{"identifier":"a?b#c"}`, "/v1/profiles/a?b#c", "/v1/profiles/a%3Fb%23c"},
		"space, not ASCII": {"GET /v1/profiles/{identifier}", "/v1/profiles/é x", `{"identifier":"é x"}`, "/v1/profiles/é x", "/v1/profiles/%C3%A9%20x"},
		"two parameters":   {"GET /v1/imports/{id}/runs/{run_id}", "/v1/imports/i/runs/r", `{"id":"i","run_id":"r"}`, "/v1/imports/i/runs/r", "/v1/imports/i/runs/r"},
		"greedy":           {"OPTIONS /{proxy+}", "/v1/a b/c", `{"proxy":"v1/a b/c"}`, "/v1/a b/c", "/v1/a%20b/c"},
		"default":          {"$default", "/no/such thing", `{}`, "/no/such thing", "/no/such%20thing"},
		"empty":            {"$default", "", `{}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			event := `{"version":"2.0","routeKey":` + quote(test.route) + `,"rawPath":` + quote(test.raw) + `,"pathParameters":` + test.parameters +
				`,"requestContext":{"domainName":"d.example","http":{"method":"GET"}}}`
			got, _ := deliver(t, event, nil)
			if got.Path != test.path || got.Escaped != test.escaped {
				t.Errorf("path %q, escaped %q; want %q and %q", got.Path, got.Escaped, test.path, test.escaped)
			}
			if got.Host != "d.example" {
				t.Errorf("host %q", got.Host)
			}
		})
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestWithoutAuthorizer(t *testing.T) {
	for name, authorizer := range map[string]string{
		"none":         `{}`,
		"no workspace": `{"authorizer":{"lambda":{"subject":"s","permissions":"connections:read"}}}`,
		"null":         `{"authorizer":{"lambda":null}}`,
		"other type":   `{"authorizer":{"lambda":{"workspace_id":7}}}`,
		"jwt":          `{"authorizer":{"jwt":{"claims":{"workspace_id":"acme"}}}}`,
	} {
		got, _ := deliver(t, `{"routeKey":"$default","rawPath":"/","requestContext":`+authorizer+`}`, nil)
		if got.HasCaller {
			t.Errorf("%s: caller %+v", name, got.Caller)
		}
	}
}

func TestResponse(t *testing.T) {
	const event = `{"routeKey":"$default","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`
	for name, test := range map[string]struct {
		answer func(http.ResponseWriter)
		want   events.APIGatewayV2HTTPResponse
	}{
		"nothing": {nil, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{}, IsBase64Encoded: true}},
		"json": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Late", "1")
			_, _ = io.WriteString(w, `{"é":1}`)
		}, events.APIGatewayV2HTTPResponse{
			StatusCode: 418, Headers: map[string]string{"Content-Type": "application/problem+json; charset=utf-8"}, Body: `{"é":1}`,
		}},
		"cookies and repeated headers": {func(w http.ResponseWriter) {
			w.Header().Add("Set-Cookie", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
			w.Header().Add("Set-Cookie", "b=2")
			w.Header().Add("Vary", "Origin")
			w.Header().Add("Vary", "Accept")
			w.WriteHeader(http.StatusNoContent)
		}, events.APIGatewayV2HTTPResponse{
			StatusCode: 204, Headers: map[string]string{"Vary": "Origin, Accept"}, Cookies: []string{"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "b=2"},
		}},
		"binary": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte{0x89, 'P'})
		}, events.APIGatewayV2HTTPResponse{
			StatusCode: 200, Headers: map[string]string{"Content-Type": "image/png"}, Body: "iVA=", IsBase64Encoded: true,
		}},
		"compressed text": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("zz"))
		}, events.APIGatewayV2HTTPResponse{
			StatusCode: 200, Headers: map[string]string{"Content-Type": "text/plain", "Content-Encoding": "gzip"}, Body: "eno=", IsBase64Encoded: true,
		}},
		"text that is not UTF-8": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/csv")
			_, _ = w.Write([]byte{0xe9})
		}, events.APIGatewayV2HTTPResponse{
			StatusCode: 200, Headers: map[string]string{"Content-Type": "text/csv"}, Body: "6Q==", IsBase64Encoded: true,
		}},
		"detected": {func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, "hello")
		}, events.APIGatewayV2HTTPResponse{
			StatusCode: 200, Headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"}, Body: "hello",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := deliver(t, event, test.answer)
			if diff := cmp.Diff(test.want, got, cmp.Transformer("nil", func(s []string) string { return strings.Join(s, "|") })); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeadHasNoBody(t *testing.T) {
	_, got := deliver(t, `{"routeKey":"$default","rawPath":"/","requestContext":{"http":{"method":"HEAD"}}}`, func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, "body")
	})
	if got.Body != "" || got.StatusCode != 200 {
		t.Errorf("%d %q", got.StatusCode, got.Body)
	}
}

func TestPanicIsLoggedAndHidden(t *testing.T) {
	var out bytes.Buffer
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("kaboom") })
	payload, err := lambdahost.HTTP(telemetry.New(&out, slog.LevelInfo), h).Invoke(t.Context(), []byte(`{"requestContext":{"requestId":"r-9"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(payload), "kaboom") || !strings.Contains(string(payload), `"statusCode":500`) {
		t.Errorf("answer: %s", payload)
	}
	for _, want := range []string{"kaboom", "http_test.go", "r-9"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, out.String())
		}
	}
}
