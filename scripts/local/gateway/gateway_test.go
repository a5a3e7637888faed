package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/local/gateway"
	"github.com/headwaterhq/headwater/scripts/local/lambda"
	"github.com/headwaterhq/headwater/scripts/local/template"
)

// peer stands for the functions: it records what it is called with and answers what it is told.
type peer struct {
	event        events.APIGatewayV2HTTPRequest
	functions    []string
	answer       string
	failed       bool
	authorize    string
	authorizer   events.APIGatewayV2CustomAuthorizerV2Request
	asked, calls int
}

func (p *peer) invoke(ctx context.Context, function string, payload []byte) (lambda.Result, error) {
	p.functions = append(p.functions, function)
	switch function {
	case "authorizer":
		p.asked++
		return lambda.Result{Payload: []byte(p.authorize)}, json.Unmarshal(payload, &p.authorizer)
	case "slow":
		<-ctx.Done()
		return lambda.Result{}, ctx.Err()
	}
	p.calls++
	p.event = events.APIGatewayV2HTTPRequest{}
	result := lambda.Result{Payload: []byte(p.answer)}
	if p.failed {
		result.FunctionError = "Unhandled"
	}
	return result, json.Unmarshal(payload, &p.event)
}

func api() template.API {
	authorizer := &template.Authorizer{Function: "authorizer", IdentitySource: []string{"$request.header.Authorization"}, TTL: time.Minute}
	return template.API{
		ID: "api123", Stage: "$default",
		CORS: &template.CORS{AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"authorization"}, MaxAge: 60},
		Routes: []template.Route{
			{Key: "$default", Function: "default"},
			{Key: "GET /v1/imports/{id}", Function: "one"},
			{Key: "ANY /v1/imports/{id}", Function: "any"},
			{Key: "GET /v1/imports/all", Function: "all"},
			{Key: "GET /v1/{proxy+}", Function: "greedy"},
			{Key: "GET /v1/imports/{id}/runs/{run_id}", Function: "run"},
			{Key: "POST /guarded", Function: "guarded", Authorizer: authorizer},
			{Key: "GET /slow", Function: "slow"},
		},
	}
}

func serve(t *testing.T, p *peer, change func(*gateway.Config)) string {
	t.Helper()
	if p.answer == "" {
		p.answer = `{"statusCode": 200}`
	}
	cfg := gateway.Config{API: api(), Invoke: p.invoke, Region: "us-east-1", Account: "000000000000", IntegrationLimit: 50 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	server := httptest.NewServer(gateway.New(cfg))
	t.Cleanup(server.Close)
	return server.URL
}

func do(t *testing.T, method, url string, body io.Reader, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := (&http.Client{}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, strings.TrimSpace(string(text))
}

func TestTheMostSpecificRouteWins(t *testing.T) {
	p := &peer{}
	url := serve(t, p, nil)
	for _, tc := range []struct {
		method, path, function string
		variables              map[string]string
	}{
		{"GET", "/v1/imports/all", "all", nil},
		{"GET", "/v1/imports/imp_1", "one", map[string]string{"id": "imp_1"}},
		{"DELETE", "/v1/imports/imp_1", "any", map[string]string{"id": "imp_1"}},
		{"GET", "/v1/imports/imp_1/runs/run_2", "run", map[string]string{"id": "imp_1", "run_id": "run_2"}},
		{"GET", "/v1/imports/a%2Fb%20c", "one", map[string]string{"id": "a/b c"}},
		{"GET", "/v1/imports/imp_1/other/thing", "greedy", map[string]string{"proxy": "imports/imp_1/other/thing"}},
		{"GET", "/v1/imports/", "greedy", map[string]string{"proxy": "imports/"}},
		{"POST", "/v1/imports", "default", nil},
		{"GET", "/", "default", nil},
	} {
		p.functions = nil
		do(t, tc.method, url+tc.path, nil)
		if d := cmp.Diff([]string{tc.function}, p.functions); d != "" {
			t.Errorf("%s %s: %s", tc.method, tc.path, d)
		}
		if d := cmp.Diff(tc.variables, p.event.PathParameters); d != "" {
			t.Errorf("%s %s: %s", tc.method, tc.path, d)
		}
	}
}

func TestEvent(t *testing.T) {
	p := &peer{}
	url := serve(t, p, func(c *gateway.Config) {
		c.Now = func() time.Time { return time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC) }
	})
	do(t, "POST", url+"/v1/imports?limit=10&tag=a&tag=b", strings.NewReader(`{"é":1}`),
		"Content-Type", "application/json", "X-Many", "1", "X-Many", "2", "Cookie", "a=1; b=2")
	e := p.event
	if e.Version != "2.0" || e.RouteKey != "$default" || e.RawPath != "/v1/imports" || e.RawQueryString != "limit=10&tag=a&tag=b" || e.Body != `{"é":1}` || e.IsBase64Encoded {
		t.Errorf("got %+v", e)
	}
	if d := cmp.Diff(map[string]string{"limit": "10", "tag": "a,b"}, e.QueryStringParameters); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a=1", "b=2"}, e.Cookies); d != "" {
		t.Error(d)
	}
	if e.Headers["x-many"] != "1,2" || e.Headers["cookie"] != "" || e.Headers["host"] == "" || e.Headers["content-length"] != "8" {
		t.Errorf("headers: %v", e.Headers)
	}
	c := e.RequestContext
	if c.HTTP.Method != "POST" || c.HTTP.SourceIP != "127.0.0.1" || c.RequestID == "" || c.Stage != "$default" || c.APIID != "api123" ||
		c.Time != "22/Nov/2026:03:04:05 +0000" || c.TimeEpoch != 1795316645000 {
		t.Errorf("context: %+v", c)
	}
	do(t, "POST", url+"/v1/imports", bytes.NewReader([]byte{0xff, 0}), "Content-Type", "application/octet-stream")
	if p.event.Body != "/wA=" || !p.event.IsBase64Encoded {
		t.Errorf("binary body: %q", p.event.Body)
	}
}

func TestResponses(t *testing.T) {
	for _, tc := range []struct {
		name, answer string
		failed       bool
		status       int
		body         string
	}{
		{"structured", `{"statusCode":201,"headers":{"x-one":"1"},"cookies":["a=1","b=2"],"body":"made"}`, false, 201, "made"},
		{"base64", `{"statusCode":200,"body":"b2s=","isBase64Encoded":true}`, false, 200, "ok"},
		{"bare JSON", `{"some":"thing"}`, false, 200, `{"some":"thing"}`},
		{"function error", `{"errorType":"x"}`, true, 500, `{"message":"Internal Server Error"}`},
		{"not a response", `{"statusCode":"abc"}`, false, 500, `{"message":"Internal Server Error"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res, body := do(t, "GET", serve(t, &peer{answer: tc.answer, failed: tc.failed}, nil)+"/", nil)
			if res.StatusCode != tc.status || body != tc.body {
				t.Errorf("got %d %s", res.StatusCode, body)
			}
			if tc.name == "structured" && (res.Header.Get("X-One") != "1" || len(res.Header.Values("Set-Cookie")) != 2) {
				t.Errorf("headers: %v", res.Header)
			}
		})
	}
}

func TestAuthorizer(t *testing.T) {
	now := time.Now()
	p := &peer{authorize: `{"isAuthorized":true,"context":{"workspace_id":"ws_1","n":3}}`}
	url := serve(t, p, func(c *gateway.Config) { c.Now = func() time.Time { return now } })
	call := func(headers ...string) (int, string) {
		res, body := do(t, "POST", url+"/guarded", strings.NewReader("{}"), headers...)
		return res.StatusCode, body
	}
	if status, body := call(); status != 401 || body != `{"message":"Unauthorized"}` || p.asked != 0 {
		t.Errorf("without identity: %d %s, asked %d times", status, body, p.asked)
	}
	for range 2 {
		if status, _ := call("Authorization", "Bearer a"); status != 200 {
			t.Errorf("authorized: %d", status)
		}
	}
	if p.asked != 1 {
		t.Errorf("asked %d times, the answer should be remembered", p.asked)
	}
	if d := cmp.Diff(map[string]any{"workspace_id": "ws_1", "n": 3.0}, p.event.RequestContext.Authorizer.Lambda); d != "" {
		t.Error(d)
	}
	if a := p.authorizer; a.Type != "REQUEST" || a.RouteKey != "POST /guarded" || !cmp.Equal(a.IdentitySource, []string{"Bearer a"}) ||
		a.RouteArn != "arn:aws:execute-api:us-east-1:000000000000:api123/$default/POST/guarded" {
		t.Errorf("authorizer's event: %+v", a)
	}
	now = now.Add(time.Minute)
	p.authorize = `{"isAuthorized":false}`
	if status, body := call("Authorization", "Bearer a"); status != 403 || body != `{"message":"Forbidden"}` {
		t.Errorf("after the answer expired: %d %s", status, body)
	}
	p.authorize = `{"policyDocument":{}}`
	if status, body := call("Authorization", "Bearer b"); status != 500 || body != `{"message":"Internal Server Error"}` {
		t.Errorf("not a simple response: %d %s", status, body)
	}
	if p.calls != 2 {
		t.Errorf("the function was called %d times", p.calls)
	}
}

func TestCORS(t *testing.T) {
	p := &peer{answer: `{"statusCode":200,"headers":{"access-control-allow-origin":"*"}}`}
	url := serve(t, p, nil)
	res, _ := do(t, "OPTIONS", url+"/v1/imports", nil, "Origin", "https://app.example", "Access-Control-Request-Method", "POST")
	if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "https://app.example" || res.Header.Get("Access-Control-Allow-Methods") != "GET,POST" ||
		res.Header.Get("Access-Control-Max-Age") != "60" || p.calls != 0 {
		t.Errorf("preflight: %d %v", res.StatusCode, res.Header)
	}
	res, _ = do(t, "OPTIONS", url+"/v1/imports", nil, "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	if res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("foreign preflight: %v", res.Header)
	}
	res, _ = do(t, "GET", url+"/", nil, "Origin", "https://app.example")
	if got := res.Header.Values("Access-Control-Allow-Origin"); !cmp.Equal(got, []string{"https://app.example"}) {
		t.Errorf("request: %v", got)
	}
}

func TestLimits(t *testing.T) {
	url := serve(t, &peer{}, func(c *gateway.Config) { c.API.Throttling = template.Throttling{Rate: 0.001, Burst: 3} })
	check := func(method, path string, body io.Reader, wantStatus int, wantBody string) {
		t.Helper()
		res, text := do(t, method, url+path, body)
		if res.StatusCode != wantStatus || text != wantBody {
			t.Errorf("got %d %s, want %d %s", res.StatusCode, text, wantStatus, wantBody)
		}
	}
	check("POST", "/", bytes.NewReader(make([]byte, 10<<20+1)), 413, `{"message":"Request Entity Too Large"}`)
	check("POST", "/", bytes.NewReader(make([]byte, 7<<20)), 413, `{"message":"Request Entity Too Large"}`)
	check("GET", "/slow", nil, 503, `{"message":"Service Unavailable"}`)
	check("GET", "/", nil, 429, `{"message":"Too Many Requests"}`)
}

func TestNoRoute(t *testing.T) {
	url := serve(t, &peer{}, func(c *gateway.Config) { c.API.Routes = c.API.Routes[1:] })
	res, body := do(t, "GET", url+"/elsewhere", nil)
	if res.StatusCode != 404 || body != `{"message":"Not Found"}` {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
}

func TestUnreachableFunction(t *testing.T) {
	url := serve(t, &peer{}, func(c *gateway.Config) {
		c.Invoke = func(context.Context, string, []byte) (lambda.Result, error) {
			return lambda.Result{}, errors.New("gone")
		}
	})
	if res, body := do(t, "GET", url+"/", nil); res.StatusCode != 500 || strings.Contains(body, "gone") {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
}
