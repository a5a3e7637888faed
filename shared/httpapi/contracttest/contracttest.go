// Package contracttest calls an HTTP API in tests and holds every exchange
// against openapi.yaml.
package contracttest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/httpapi"
)

// Document is openapi.yaml as it is served. Nobody may change it: it is loaded once.
func Document(t testing.TB) *openapi3.T {
	t.Helper()
	return loaded(t).doc
}

// contract is openapi.yaml, and which of its operations a request is.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

func loaded(t testing.TB) contract {
	t.Helper()
	c, err := load()
	if err != nil {
		t.Fatalf("loading openapi.yaml: %v", err)
	}
	return c
}

// load takes longer than most tests do.
var load = sync.OnceValues(func() (contract, error) {
	w := httptest.NewRecorder()
	httpapi.Document().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil))
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		return contract{}, err
	}
	router, err := legacy.NewRouter(doc) // which validates it
	return contract{doc, router}, err
})

// Client calls one handler.
type Client struct {
	handler http.Handler
	doc     *openapi3.T
	router  routers.Router
}

// New returns a client of a handler that was made with Identify.
func New(t testing.TB, h http.Handler) *Client {
	t.Helper()
	c := loaded(t)
	return &Client{handler: h, doc: c.doc, router: c.router}
}

type callerKey struct{}

// Identify finds the caller that Request.Caller names.
func Identify(ctx context.Context) (caller.Caller, bool) {
	who, ok := ctx.Value(callerKey{}).(caller.Caller)
	return who, ok
}

// Owner returns a caller of a workspace who may do everything.
func Owner(workspace string) *caller.Caller {
	return &caller.Caller{WorkspaceID: workspace, Subject: "key:test", Permissions: caller.Permissions()}
}

// Request is a call. Method is GET when empty, or POST with a body.
type Request struct {
	Caller *caller.Caller // nil: nobody
	Method string
	Target string
	Body   string
	Header map[string]string
}

// Answer is what came back.
type Answer struct {
	Status  int
	Header  http.Header
	Body    []byte
	Problem Problem // of a failure
}

// Problem is the failure that the contract knows.
type Problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Code     string `json:"code"`
	Instance string `json:"instance"`
	Remedy   string `json:"remedy"`
	Errors   []struct{ Field, Code, Detail string }
}

// Fields are the fields at fault with their codes.
func (p Problem) Fields() map[string]string {
	fields := map[string]string{}
	for _, e := range p.Errors {
		fields[e.Field] = e.Code
	}
	return fields
}

// Do calls the handler. Every answer must be one that the contract allows; so
// must be a request that succeeds.
func (c *Client) Do(t testing.TB, req Request) Answer {
	t.Helper()
	r := c.request(t, req)
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	answer := Answer{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if answer.Status >= 400 && r.Method != http.MethodHead {
		c.checkProblem(t, &answer)
	}
	c.checkExchange(t, r, req.Body, answer)
	return answer
}

func (c *Client) request(t testing.TB, req Request) *http.Request {
	method := req.Method
	switch {
	case method == "" && req.Body == "":
		method = http.MethodGet
	case method == "":
		method = http.MethodPost
	}
	ctx := t.Context()
	if req.Caller != nil {
		ctx = context.WithValue(ctx, callerKey{}, *req.Caller)
	}
	r := httptest.NewRequestWithContext(ctx, method, req.Target, strings.NewReader(req.Body))
	if req.Body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range req.Header {
		r.Header.Set(name, value)
	}
	return r
}

func (c *Client) checkProblem(t testing.TB, a *Answer) {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type is %q", got)
	}
	var value any
	if err := json.Unmarshal(a.Body, &value); err != nil {
		t.Fatalf("the problem is not JSON: %v\n%s", err, a.Body)
	}
	if err := c.doc.Components.Schemas["Problem"].Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("the problem is not the contract's: %v\n%s", err, a.Body)
	}
	if err := json.Unmarshal(a.Body, &a.Problem); err != nil {
		t.Fatal(err)
	}
	if a.Problem.Status != a.Status || a.Problem.Type != "urn:headwater:problem:"+a.Problem.Code {
		t.Errorf("status %d, problem %+v", a.Status, a.Problem)
	}
	if id := a.Header.Get("X-Request-Id"); id == "" || id != a.Problem.Instance {
		t.Errorf("X-Request-Id is %q, instance %q", id, a.Problem.Instance)
	}
}

// Check holds a JSON value against one of the contract's schemas.
func (c *Client) Check(t testing.TB, schema string, text []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	if err := c.doc.Components.Schemas[schema].Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("not a %s: %v\n%s", schema, err, text)
	}
}

func (c *Client) checkExchange(t testing.TB, r *http.Request, body string, a Answer) {
	t.Helper()
	r.Body = io.NopCloser(strings.NewReader(body))
	route, parameters, err := c.router.FindRoute(r)
	if err != nil { // nothing is promised of what is not an operation
		if a.Status < 300 && r.Method != http.MethodHead && r.Method != http.MethodOptions {
			t.Errorf("%s %s is not in the contract and answered %d", r.Method, r.URL.Path, a.Status)
		}
		return
	}
	for name, value := range parameters { // the router leaves them as they were sent
		if parameters[name], err = url.PathUnescape(value); err != nil {
			t.Fatal(err)
		}
	}
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
		// Text, which the filter would parse, and lines, which it cannot.
		ExcludeResponseBody: route.Operation.OperationID == "getDocument" || a.Header.Get("Content-Type") == "application/x-ndjson",
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route, Options: options}
	if a.Status < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("the request succeeded against the contract: %v", err)
		}
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: a.Status, Header: a.Header,
		Body: io.NopCloser(bytes.NewReader(a.Body)), Options: options,
	})
	if err != nil {
		t.Errorf("%s %s: the answer is not the contract's: %v\n%s", r.Method, r.URL.Path, err, a.Body)
	}
}

// Into decodes a successful answer.
func Into[T any](t testing.TB, a Answer, status int) T {
	t.Helper()
	var v T
	if a.Status != status {
		t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	if err := json.Unmarshal(a.Body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
