package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

// Identify says who makes a request; false for nobody.
type Identify func(context.Context) (caller.Caller, bool)

// Guard stands before an API's mux. Nothing passes that is not an operation,
// whose caller lacks the operation's permission, or whose body is not strictly
// of the operation's type.
type Guard struct {
	Failer
	identify Identify
	routes   *http.ServeMux // every operation, to find its pattern
	needs    map[string]caller.Permission
	bodies   map[string]Body // by pattern
	next     *http.ServeMux
}

// NewGuard returns a guard before next. bodies has the operations that take one.
func NewGuard(log *slog.Logger, who Identify, next *http.ServeMux, bodies map[string]Body) *Guard {
	g := &Guard{
		Failer: Failer{log}, identify: who, next: next, bodies: bodies,
		routes: http.NewServeMux(), needs: map[string]caller.Permission{},
	}
	for _, o := range Operations() {
		g.routes.Handle(o.Pattern, http.NotFoundHandler())
		g.needs[o.Pattern] = o.Permission
	}
	return g
}

// ServeHTTP answers one request.
func (g *Guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if telemetry.Request(r.Context()) == "" {
		r = r.WithContext(telemetry.WithRequest(r.Context(), id.Nonce()))
	}
	h := w.Header()
	h.Set("X-Request-Id", telemetry.Request(r.Context()))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	defer func() {
		if p := recover(); p != nil {
			g.Fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	r, err := g.admit(w, r)
	switch {
	case err != nil:
		g.Fail(w, r, err)
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	default:
		g.next.ServeHTTP(w, r)
	}
}

// admit returns the request as its handler may see it.
func (g *Guard) admit(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	pattern := g.pattern(r)
	if pattern == "" {
		return r, g.unknown(w, r)
	}
	if _, served := g.next.Handler(r); served == "" {
		return r, fault.New(fault.RouteNotFound, "this function does not serve the path")
	}
	if need := g.needs[pattern]; need != Public {
		who, ok := g.identify(r.Context())
		if !ok {
			return r, fault.New(fault.Unauthenticated, "the request has no caller")
		}
		if !who.May(need) {
			return r, fault.New(fault.Forbidden, "the permission "+need+" is needed")
		}
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, who))
	}
	return r, g.bodies[pattern].check(w, r)
}

// pattern is the pattern of the operation, "" when there is none.
func (g *Guard) pattern(r *http.Request) string {
	if escaped := r.URL.EscapedPath(); path.Clean(escaped) != escaped {
		return "" // ServeMux would redirect; the contract has one path per operation
	}
	_, pattern := g.routes.Handler(r)
	return pattern
}

// unknown answers a path or a method that no operation has; nil when it is
// OPTIONS of a path that exists.
func (g *Guard) unknown(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe := *r
		probe.Method = method
		if g.pattern(&probe) != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return fault.New(fault.RouteNotFound, "")
	}
	w.Header().Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
	if r.Method == http.MethodOptions {
		return nil
	}
	return fault.New(fault.MethodNotKnown, "")
}

type callerKey struct{}

// Caller returns who the guard let through. A handler behind a guard always has one.
func Caller(ctx context.Context) caller.Caller {
	who, _ := ctx.Value(callerKey{}).(caller.Caller)
	return who
}
