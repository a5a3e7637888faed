package googlepeer

import (
	"cmp"
	"encoding/json"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// problem is an error of a Google API.
type problem struct {
	status  int
	reason  string // errors[0].reason, as the API documents it
	message string
	short   string // errors[0].message where it is not message
	at      string // errors[0].location: the header or parameter at fault
	atType  string
	details []any
}

// item is an element of "errors".
type item struct {
	Message      string `json:"message"`
	Domain       string `json:"domain"`
	Reason       string `json:"reason"`
	Location     string `json:"location,omitempty"`
	LocationType string `json:"locationType,omitempty"`
}

func (e *problem) Error() string { return e.message }

// codeOf is google.rpc.Code by HTTP status, as https://cloud.google.com/apis/design/errors has it.
func codeOf(httpStatus int) (codes.Code, string) {
	switch httpStatus {
	case http.StatusBadRequest:
		return codes.InvalidArgument, "INVALID_ARGUMENT"
	case http.StatusUnauthorized:
		return codes.Unauthenticated, "UNAUTHENTICATED"
	case http.StatusForbidden:
		return codes.PermissionDenied, "PERMISSION_DENIED"
	case http.StatusNotFound:
		return codes.NotFound, "NOT_FOUND"
	case http.StatusConflict:
		return codes.AlreadyExists, "ALREADY_EXISTS"
	case http.StatusPreconditionFailed:
		return codes.FailedPrecondition, "FAILED_PRECONDITION"
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted, "RESOURCE_EXHAUSTED"
	case http.StatusNotImplemented:
		return codes.Unimplemented, "UNIMPLEMENTED"
	case http.StatusServiceUnavailable:
		return codes.Unavailable, "UNAVAILABLE"
	default:
		return codes.Internal, "INTERNAL"
	}
}

// GRPCStatus is how the same error looks to a gRPC client.
func (e *problem) GRPCStatus() *status.Status {
	code, _ := codeOf(e.status)
	return status.New(code, e.message)
}

func (e *problem) write(w http.ResponseWriter) {
	_, name := codeOf(e.status)
	inner := map[string]any{
		"code": e.status, "message": e.message, "status": name,
		"errors": []item{{Message: cmp.Or(e.short, e.message), Domain: "global", Reason: e.reason, Location: e.at, LocationType: e.atType}},
	}
	if len(e.details) > 0 {
		inner["details"] = e.details
	}
	writeJSON(w, e.status, map[string]any{"error": inner})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}

func notFound(message string) *problem {
	return &problem{status: http.StatusNotFound, reason: "notFound", message: message}
}

func invalid(message string) *problem {
	return &problem{status: http.StatusBadRequest, reason: "invalid", message: message}
}

func internal(err error) *problem {
	return &problem{status: http.StatusInternalServerError, reason: "internalError", message: "the peer failed: " + err.Error()}
}
