package google

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"google.golang.org/api/googleapi"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// answer is an API's refusal, over HTTP or gRPC.
type answer struct {
	status     int      // of HTTP
	reasons    []string // errors[].reason, and the ErrorInfo's
	metadata   map[string]string
	violations []string // types of a PreconditionFailure's
	text       string   // message and, of plain text answers, body
}

// answerOf finds an API's refusal in an error.
func answerOf(err error) (answer, bool) {
	if rest, ok := errors.AsType[*googleapi.Error](err); ok {
		return restAnswer(rest), true
	}
	var rpc interface{ GRPCStatus() *status.Status }
	if errors.As(err, &rpc) {
		return rpcAnswer(rpc.GRPCStatus()), true
	}
	return answer{}, false
}

func restAnswer(e *googleapi.Error) answer {
	a := answer{status: e.Code, metadata: map[string]string{}, text: e.Message}
	if e.Message == "" {
		a.text = e.Body
		a.xml()
	}
	for _, item := range e.Errors {
		a.reasons = append(a.reasons, item.Reason)
	}
	for _, d := range e.Details {
		a.detail(d)
	}
	return a
}

var xmlCode = regexp.MustCompile(`<Code>([A-Za-z])([A-Za-z]*)</Code>`)

// xml reads the code of an answer of Cloud Storage's XML API, which serves
// downloads: the JSON API has the same ones, in lower camel case.
func (a *answer) xml() {
	if m := xmlCode.FindStringSubmatch(a.text); m != nil {
		a.reasons = append(a.reasons, strings.ToLower(m[1])+m[2])
	}
}

// detail reads google.rpc's details as JSON has them.
func (a *answer) detail(d any) {
	fields, _ := d.(map[string]any)
	if reason, ok := fields["reason"].(string); ok {
		a.reasons = append(a.reasons, reason)
	}
	metadata, _ := fields["metadata"].(map[string]any)
	for name, value := range metadata {
		a.metadata[name] = fmt.Sprint(value)
	}
	violations, _ := fields["violations"].([]any)
	for _, v := range violations {
		violation, _ := v.(map[string]any)
		if kind, ok := violation["type"].(string); ok {
			a.violations = append(a.violations, kind)
		}
	}
}

// statuses are HTTP's for gRPC's codes, as google.rpc.Code maps them.
var statuses = map[codes.Code]int{
	codes.InvalidArgument:    http.StatusBadRequest,
	codes.FailedPrecondition: http.StatusBadRequest,
	codes.OutOfRange:         http.StatusBadRequest,
	codes.Unauthenticated:    http.StatusUnauthorized,
	codes.PermissionDenied:   http.StatusForbidden,
	codes.NotFound:           http.StatusNotFound,
	codes.Aborted:            http.StatusServiceUnavailable,
	codes.AlreadyExists:      http.StatusConflict,
	codes.ResourceExhausted:  http.StatusTooManyRequests,
	codes.DataLoss:           http.StatusInternalServerError,
	codes.Internal:           http.StatusInternalServerError,
	codes.Unimplemented:      http.StatusNotImplemented,
	codes.Unavailable:        http.StatusServiceUnavailable,
	codes.DeadlineExceeded:   http.StatusGatewayTimeout,
}

func rpcAnswer(s *status.Status) answer {
	a := answer{status: statuses[s.Code()], metadata: map[string]string{}, text: s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			a.reasons, a.metadata = append(a.reasons, d.GetReason()), d.GetMetadata()
		case *errdetails.PreconditionFailure:
			for _, v := range d.GetViolations() {
				a.violations = append(a.violations, v.GetType())
			}
		}
	}
	return a
}

var permission = regexp.MustCompile(`\b(?:bigquery|storage|iam|serviceusage|resourcemanager|cloudkms)\.[A-Za-z]+\.[A-Za-z]+\b`)

// permission is the one that an answer says is missing, "" when it names none.
func (a answer) permission() string {
	if name := a.metadata["permission"]; name != "" {
		return name
	}
	for _, name := range permission.FindAllString(a.text, -1) {
		if !strings.HasSuffix(name, ".com") { // hosts, and the emails of service accounts
			return name
		}
	}
	return ""
}

func (a answer) says(words ...string) bool {
	for _, w := range words {
		if strings.Contains(a.text, w) {
			return true
		}
	}
	return false
}
