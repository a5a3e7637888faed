package lambda

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// The largest payloads that the Invoke API takes.
const (
	maxSyncPayload  = 6291456
	maxAsyncPayload = 1048576
)

// Handler serves the Invoke API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{function}/invocations", s.invoke)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		apiError(w, http.StatusNotImplemented, "NotImplementedException", "The laptop stack only knows Lambda's Invoke.")
	})
	return mux
}

func (s *Server) invoke(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", newRequestID())
	name := functionName(r.PathValue("function"))
	kind := r.Header.Get("X-Amz-Invocation-Type")
	limit := maxSyncPayload
	if kind == "Event" {
		limit = maxAsyncPayload
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(limit)))
	if err != nil {
		apiError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			"Request must be smaller than "+strconv.Itoa(limit)+" bytes for the Invoke operation")
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		apiError(w, http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json.")
		return
	}
	switch kind {
	case "", "RequestResponse":
		result, err := s.Invoke(r.Context(), name, payload)
		if err != nil {
			s.invokeError(w, name, err)
			return
		}
		w.Header().Set("X-Amz-Executed-Version", "$LATEST")
		if result.FunctionError != "" {
			w.Header().Set("X-Amz-Function-Error", result.FunctionError)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(result.Payload)
	case "Event":
		if err := s.InvokeAsync(name, payload); err != nil {
			s.invokeError(w, name, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
	default:
		apiError(w, http.StatusBadRequest, "InvalidParameterValueException", "Unknown invocation type.")
	}
}

func (s *Server) invokeError(w http.ResponseWriter, name string, err error) {
	if errors.Is(err, ErrUnknown) {
		apiError(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+name)
		return
	}
	apiError(w, http.StatusInternalServerError, "ServiceException", err.Error())
}

// functionName takes a name, a partial or a whole ARN, each with or without a qualifier.
func functionName(s string) string {
	if _, rest, ok := strings.Cut(s, "function:"); ok {
		s = rest
	}
	name, _, _ := strings.Cut(s, ":")
	return name
}

func apiError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Type": "User", "Message": message})
}
