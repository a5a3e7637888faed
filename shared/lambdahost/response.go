package lambdahost

import (
	"bytes"
	"encoding/base64"
	"maps"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// recorder is a ResponseWriter that keeps the response for the event's answer.
type recorder struct {
	header http.Header
	status int
	sent   http.Header // as it was when the status was written
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

// Header returns the header to fill in before the status is written.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader fixes status and header. Informational statuses cannot be sent and are dropped.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status, r.sent = status, r.header.Clone()
	}
}

// Write adds to the body.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		if r.header.Get("Content-Type") == "" {
			r.header.Set("Content-Type", http.DetectContentType(p))
		}
		r.WriteHeader(http.StatusOK)
	}
	return r.body.Write(p)
}

// response is the answer in API Gateway's payload 2.0.
func (r *recorder) response(method string) events.APIGatewayV2HTTPResponse {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	answer := events.APIGatewayV2HTTPResponse{StatusCode: r.status, Headers: map[string]string{}}
	answer.Cookies = r.sent.Values("Set-Cookie")
	header := maps.Clone(r.sent)
	header.Del("Set-Cookie")
	for name, values := range header {
		answer.Headers[name] = strings.Join(values, ", ")
	}
	switch {
	case method == http.MethodHead || r.status == http.StatusNoContent || r.status == http.StatusNotModified:
	case text(header.Get("Content-Type")) && header.Get("Content-Encoding") == "" && utf8.Valid(r.body.Bytes()):
		answer.Body = r.body.String()
	default:
		answer.Body, answer.IsBase64Encoded = base64.StdEncoding.EncodeToString(r.body.Bytes()), true
	}
	return answer
}

// text reports whether a body of this type may travel as it is.
func text(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(strings.ToLower(media))
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+json") ||
		media == "application/json" || media == "application/yaml"
}
