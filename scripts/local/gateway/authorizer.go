package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/template"
)

// verdict is an authorizer's simple response.
type verdict struct {
	IsAuthorized bool           `json:"isAuthorized"`
	Context      map[string]any `json:"context"`
}

// authorizationLimit is what API Gateway waits for an authorizer.
const authorizationLimit = 10 * time.Second

// verdicts remembers answers by identity for as long as the authorizer's TTL says, over all routes.
type verdicts struct {
	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	verdict
	until time.Time
}

func (v *verdicts) get(key string, now time.Time) (verdict, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, ok := v.known[key]
	if !ok || !now.Before(r.until) {
		delete(v.known, key)
		return verdict{}, false
	}
	return r.verdict, true
}

func (v *verdicts) put(key string, answer verdict, until time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known[key] = remembered{answer, until}
}

// authorize asks the route's authorizer. A status other than 0 is the answer to the caller.
func (g *gateway) authorize(ctx context.Context, a *template.Authorizer, e event, r *http.Request) (map[string]any, int) {
	identity := make([]string, len(a.IdentitySource))
	for i, source := range a.IdentitySource {
		if identity[i] = lookup(source, e, r); identity[i] == "" {
			return nil, http.StatusUnauthorized // without asking
		}
	}
	key := a.Function + "\x00" + strings.Join(identity, "\x00")
	answer, ok := g.verdicts.get(key, g.now())
	if !ok {
		var status int
		if answer, status = g.ask(ctx, a, e, identity); status != 0 {
			return nil, status
		}
		if a.TTL > 0 && len(identity) > 0 {
			g.verdicts.put(key, answer, g.now().Add(a.TTL))
		}
	}
	if !answer.IsAuthorized {
		return nil, http.StatusForbidden
	}
	return answer.Context, 0
}

func (g *gateway) ask(ctx context.Context, a *template.Authorizer, e event, identity []string) (verdict, int) {
	ctx, cancel := context.WithTimeout(ctx, authorizationLimit)
	defer cancel()
	e.Type, e.IdentitySource = "REQUEST", identity
	e.RouteARN = "arn:aws:execute-api:" + g.cfg.Region + ":" + g.cfg.Account + ":" + g.cfg.API.ID + "/" + g.cfg.API.Stage + "/" +
		e.RequestContext.HTTP.Method + e.RawPath
	payload, err := json.Marshal(e)
	if err != nil {
		return verdict{}, http.StatusInternalServerError
	}
	result, err := g.cfg.Invoke(ctx, a.Function, payload)
	if err != nil || result.FunctionError != "" {
		return verdict{}, http.StatusInternalServerError
	}
	var answer struct {
		IsAuthorized *bool          `json:"isAuthorized"`
		Context      map[string]any `json:"context"`
	}
	if err := json.Unmarshal(result.Payload, &answer); err != nil || answer.IsAuthorized == nil {
		return verdict{}, http.StatusInternalServerError
	}
	return verdict{*answer.IsAuthorized, answer.Context}, 0
}

// lookup finds what an identity source such as $request.header.Authorization stands for; empty when the request lacks it.
func lookup(source string, e event, r *http.Request) string {
	switch {
	case strings.HasPrefix(source, "$request.header."):
		return r.Header.Get(strings.TrimPrefix(source, "$request.header."))
	case strings.HasPrefix(source, "$request.querystring."):
		return r.URL.Query().Get(strings.TrimPrefix(source, "$request.querystring."))
	case source == "$context.routeKey":
		return e.RouteKey
	default:
		return ""
	}
}
