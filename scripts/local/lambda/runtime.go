package lambda

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxResponse is the largest answer of a function that Lambda passes on.
const maxResponse = 6291556

// runtimeAPI serves every environment's runtime API (version 2018-06-01), each below its id.
func (s *Server) runtimeAPI() http.Handler {
	const base = "/{env}/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"invocation/next", s.forEnvironment(next))
	mux.HandleFunc("POST "+base+"invocation/{id}/response", s.forEnvironment(respond))
	mux.HandleFunc("POST "+base+"invocation/{id}/error", s.forEnvironment(fail))
	mux.HandleFunc("POST "+base+"init/error", s.forEnvironment(func(e *environment, w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted) // the runtime exits by itself, and its exit is what is reported
	}))
	return mux
}

func (s *Server) forEnvironment(f func(*environment, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		env, ok := s.environment(r.PathValue("env"))
		if !ok {
			http.Error(w, "no such environment", http.StatusNotFound)
			return
		}
		f(env, w, r)
	}
}

func next(e *environment, w http.ResponseWriter, r *http.Request) {
	inv, ok := e.begin(r.Context())
	if !ok {
		return
	}
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", e.fn.ARN)
	hex := strings.ReplaceAll(inv.id, "-", "")
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-"+hex[:8]+"-"+hex[8:]+";Parent="+hex[:16]+";Sampled=0")
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(inv.payload)
}

func respond(e *environment, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if err != nil {
		e.finish(r.PathValue("id"), failure("Function.ResponseSizeTooLarge",
			"Response payload size exceeded maximum allowed payload size ("+strconv.Itoa(maxResponse)+" bytes)."))
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	accept(w, e.finish(r.PathValue("id"), Result{Payload: body}))
}

func fail(e *environment, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	accept(w, e.finish(r.PathValue("id"), Result{Payload: body, FunctionError: unhandled}))
}

func accept(w http.ResponseWriter, known bool) {
	if !known {
		http.Error(w, "no such invocation", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}
