package gateway

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/scripts/local/template"
)

const (
	defaultKey = "$default"
	anyMethod  = "ANY"
)

// route is a route key, taken apart: a method, and segments of its path.
type route struct {
	template.Route
	method   string
	segments []segment
}

// segment is one part of a path: fixed text, {a variable}, or {the rest+}.
type segment struct {
	text string // or the variable's name
	kind int
}

const (
	fixed = iota
	variable
	greedy
)

// newRoutes sorts routes so that the first that matches is the most specific: fixed before variable before greedy,
// from the left, and a named method before ANY. The $default route is the last.
func newRoutes(declared []template.Route) []route {
	out := make([]route, len(declared))
	for i, r := range declared {
		out[i] = parseRoute(r)
	}
	slices.SortStableFunc(out, func(a, b route) int {
		return cmp.Or(
			cmp.Compare(last(a.Key == defaultKey), last(b.Key == defaultKey)),
			slices.CompareFunc(a.segments, b.segments, func(x, y segment) int { return cmp.Compare(x.kind, y.kind) }),
			cmp.Compare(last(a.method == anyMethod), last(b.method == anyMethod)),
		)
	})
	return out
}

func last(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func parseRoute(declared template.Route) route {
	r := route{Route: declared}
	if declared.Key == defaultKey {
		return r
	}
	var path string
	r.method, path, _ = strings.Cut(declared.Key, " ")
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		name, isVariable := strings.CutPrefix(part, "{")
		name, isGreedy := strings.CutSuffix(strings.TrimSuffix(name, "}"), "+")
		switch {
		case isVariable && isGreedy:
			r.segments = append(r.segments, segment{name, greedy})
		case isVariable:
			r.segments = append(r.segments, segment{name, variable})
		default:
			r.segments = append(r.segments, segment{part, fixed})
		}
	}
	return r
}

// match matches a method and an escaped path, and returns the path's variables, unescaped.
func (r route) match(method, escapedPath string) (map[string]string, bool) {
	if r.Key == defaultKey {
		return nil, true
	}
	if r.method != anyMethod && r.method != method {
		return nil, false
	}
	parts := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	variables := map[string]string{}
	for i, s := range r.segments {
		if i >= len(parts) || parts[i] == "" && s.kind != fixed {
			return nil, false
		}
		value := parts[i]
		if s.kind == greedy {
			value = strings.Join(parts[i:], "/")
		}
		value, err := url.PathUnescape(value)
		switch {
		case err != nil, s.kind == fixed && value != s.text:
			return nil, false
		case s.kind == greedy:
			variables[s.text] = value
			return variables, true
		case s.kind == variable:
			variables[s.text] = value
		}
	}
	return variables, len(parts) == len(r.segments)
}
