package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

// problem is RFC 9457's, with our members; see Problem in openapi.yaml.
type problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail,omitempty"`
	Code     fault.Code     `json:"code"`
	Instance string         `json:"instance"`
	Remedy   string         `json:"remedy,omitempty"`
	Errors   []fieldProblem `json:"errors,omitempty"`
}

type fieldProblem struct {
	Field  string     `json:"field"`
	Code   fault.Code `json:"code"`
	Detail string     `json:"detail"`
}

const problemType = "urn:headwater:problem:"

// maxErrors is how many fields a problem names: a body of 1 MiB can have more
// of them wrong than an answer can hold. The detail counts them all.
const maxErrors = 100

// Failer answers failures.
type Failer struct{ Log *slog.Logger }

// Fail answers with err as a problem. Only codes, public messages and field
// names leave; the whole chain of a failure of ours is logged, once.
func (f Failer) Fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	p.Instance = telemetry.Request(r.Context())
	if p.Status >= 500 {
		f.Log.ErrorContext(r.Context(), "request failed", "code", p.Code, "error", err.Error())
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Del("Location")
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic("httpapi: a problem always marshals: " + err.Error())
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client is gone: nobody to tell
}

func problemOf(err error) problem {
	code := fault.CodeOf(err)
	class, ok := fault.Lookup(code)
	if !ok {
		code = fault.Internal
		class, _ = fault.Lookup(code)
	}
	p := problem{
		Type: problemType + string(code), Title: class.Title, Status: class.Status, Code: code, Remedy: class.Remedy,
	}
	if list, ok := errors.AsType[fault.List](err); ok {
		p.Detail = fmt.Sprintf("there are %d problems", len(list))
		for _, e := range list[:min(len(list), maxErrors)] {
			p.Errors = append(p.Errors, fieldProblem{e.Field, e.Code, e.Message})
		}
	} else if e, ok := fault.As(err); ok {
		p.Detail = e.Message
		if e.Field != "" {
			p.Errors = []fieldProblem{{e.Field, e.Code, e.Message}}
		}
	}
	return p
}
