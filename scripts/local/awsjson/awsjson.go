// Package awsjson serves AWS's JSON protocols: POST with an X-Amz-Target of "<prefix>.<operation>".
package awsjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/oklog/ulid/v2"
)

const maxBody = 16 << 20

// Fault is an error as the service spells it.
type Fault struct {
	Status  int    // 400 unless set
	Code    string // for example ResourceNotFoundException
	Message string
	// LowerCase writes the message under "message", as AWS's request validators do; services write "Message".
	LowerCase bool
}

func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// Operation handles the body of one operation.
type Operation func(ctx context.Context, body []byte) (any, error)

// Typed makes an operation of a function. An input field that the function does not know is refused by name, so that a
// caller never believes that it had an effect.
func Typed[In, Out any](f func(context.Context, In) (Out, error)) Operation {
	return func(ctx context.Context, body []byte) (any, error) {
		var in In
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return nil, refusal(err)
		}
		return f(ctx, in)
	}
}

// refusal names the field at fault, and never its value.
func refusal(err error) *Fault {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return &Fault{Code: "SerializationException", Message: "The field " + wrong.Field + " has the wrong type.", LowerCase: true}
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		field := strings.TrimPrefix(err.Error(), "json: unknown field ")
		return &Fault{Status: http.StatusNotImplemented, Code: "NotImplementedException", Message: "The laptop stack does not know the field " + field + ".", LowerCase: true}
	default:
		return &Fault{Code: "SerializationException", Message: "The body is not JSON of this operation.", LowerCase: true}
	}
}

// Handler serves the operations. The version is the protocol's: 1.0 or 1.1.
// What is not among the operations is refused by name.
func Handler(prefix, version string, operations map[string]Operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-"+version)
		w.Header().Set("X-Amzn-Requestid", ulid.Make().String())
		out, err := dispatch(r, prefix, operations)
		if err != nil {
			write(w, err)
			return
		}
		body, err := json.Marshal(out)
		if err != nil {
			write(w, err)
			return
		}
		_, _ = w.Write(body)
	})
}

func dispatch(r *http.Request, prefix string, operations map[string]Operation) (any, error) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), prefix+".")
	if r.Method != http.MethodPost || !ok {
		return nil, &Fault{Code: "UnknownOperationException", LowerCase: true}
	}
	operation, ok := operations[name]
	if !ok {
		return nil, &Fault{Status: http.StatusNotImplemented, Code: "NotImplementedException", Message: "The laptop stack does not know the operation " + name + ".", LowerCase: true}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return nil, &Fault{Code: "SerializationException", Message: "The body cannot be read.", LowerCase: true}
	}
	return operation(r.Context(), body)
}

func write(w http.ResponseWriter, err error) {
	var f *Fault
	if !errors.As(err, &f) {
		f = &Fault{Status: http.StatusInternalServerError, Code: "InternalServiceError", Message: err.Error()}
	}
	body := map[string]string{"__type": f.Code}
	key := "Message"
	if f.LowerCase {
		key = "message"
	}
	if f.Message != "" {
		body[key] = f.Message
	}
	status := f.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
