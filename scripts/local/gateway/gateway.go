// Package gateway is an API Gateway HTTP API before Lambda functions, in payload format 2.0: routes, a Lambda authorizer,
// CORS, throttling and the service's limits.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"github.com/oklog/ulid/v2"

	"github.com/headwaterhq/headwater/scripts/local/lambda"
	"github.com/headwaterhq/headwater/scripts/local/template"
)

// What API Gateway allows a request.
const (
	maxBody          = 10 << 20
	maxPayload       = 6 << 20 // of the event that the body becomes: Lambda's own limit
	integrationLimit = 30 * time.Second
)

// Invoke calls a function by name and waits for its result.
type Invoke func(ctx context.Context, function string, payload []byte) (lambda.Result, error)

// Config is what an API runs with. Now and IntegrationLimit may be left out.
type Config struct {
	API              template.API
	Invoke           Invoke
	Region, Account  string
	Now              func() time.Time
	IntegrationLimit time.Duration // 30 s, the most that API Gateway allows
}

type gateway struct {
	cfg      Config
	now      func() time.Time
	routes   []route
	limiter  *rate.Limiter
	verdicts verdicts
}

// New returns the API.
func New(cfg Config) http.Handler {
	g := &gateway{cfg: cfg, now: cfg.Now, routes: newRoutes(cfg.API.Routes), verdicts: verdicts{known: map[string]remembered{}}}
	if g.now == nil {
		g.now = time.Now
	}
	if g.cfg.IntegrationLimit == 0 {
		g.cfg.IntegrationLimit = integrationLimit
	}
	limit := rate.Inf
	if t := cfg.API.Throttling; t.Rate > 0 {
		limit = rate.Limit(t.Rate)
	}
	g.limiter = rate.NewLimiter(limit, cfg.API.Throttling.Burst)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := ulid.Make().String()
	w.Header().Set("Apigw-Requestid", requestID)
	if cors := g.cfg.API.CORS; cors != nil && r.Header.Get("Origin") != "" {
		if isPreflight(r) {
			preflight(cors, w, r)
			return
		}
		allow(cors, w.Header(), r.Header.Get("Origin"))
	}
	e, match, ok := g.match(g.newEvent(r, requestID, g.now()), r)
	if !ok {
		refuse(w, http.StatusNotFound)
		return
	}
	if !g.limiter.AllowN(g.now(), 1) {
		refuse(w, http.StatusTooManyRequests)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			refuse(w, http.StatusRequestEntityTooLarge)
			return
		}
		refuse(w, http.StatusBadRequest)
		return
	}
	if match.Authorizer != nil {
		granted, status := g.authorize(r.Context(), match.Authorizer, e, r)
		if status != 0 {
			refuse(w, status)
			return
		}
		e.RequestContext.Authorizer = &authorizerContext{Lambda: granted}
	}
	e.setBody(body, r.Header.Get("Content-Type"))
	g.integrate(r.Context(), w, match.Function, e)
}

func (g *gateway) match(e event, r *http.Request) (event, route, bool) {
	for _, candidate := range g.routes {
		if variables, ok := candidate.match(r.Method, r.URL.EscapedPath()); ok {
			if len(variables) > 0 {
				e.PathParameters = variables
			}
			e.RouteKey, e.RequestContext.RouteKey = candidate.Key, candidate.Key
			return e, candidate, true
		}
	}
	return e, route{}, false
}

// integrate calls the function and passes its answer on.
func (g *gateway) integrate(ctx context.Context, w http.ResponseWriter, function string, e event) {
	ctx, cancel := context.WithTimeout(ctx, g.cfg.IntegrationLimit)
	defer cancel()
	payload, err := json.Marshal(e)
	if err != nil {
		refuse(w, http.StatusInternalServerError)
		return
	}
	if len(payload) > maxPayload {
		refuse(w, http.StatusRequestEntityTooLarge)
		return
	}
	result, err := g.cfg.Invoke(ctx, function, payload)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		refuse(w, http.StatusServiceUnavailable)
		return
	case err != nil, result.FunctionError != "":
		refuse(w, http.StatusInternalServerError)
		return
	}
	out, body, err := parseResponse(result.Payload)
	if err != nil {
		refuse(w, http.StatusInternalServerError)
		return
	}
	out.write(w, body)
}
