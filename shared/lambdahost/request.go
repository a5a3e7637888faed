package lambdahost

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// request makes the request that API Gateway received.
//
// API Gateway decodes the path before it hands it over, so a "/" or a "?" in a
// path parameter cannot be told from the path's own in rawPath. The route and
// its parameters can: the path is put together from them where they are there.
func request(ctx context.Context, e events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(e.Body)
		if err != nil {
			return nil, fmt.Errorf("decoding the event's body: %w", err)
		}
		body = decoded
	}
	target := &url.URL{Scheme: "https", Host: e.RequestContext.DomainName, RawQuery: e.RawQueryString}
	target.Path, target.RawPath = path(e)
	r, err := http.NewRequestWithContext(ctx, e.RequestContext.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	r.URL = target
	r.RequestURI = target.RequestURI()
	r.Header = header(e)
	r.Host = r.Header.Get("Host")
	r.Header.Del("Host")
	if r.Host == "" {
		r.Host = e.RequestContext.DomainName
	}
	r.RemoteAddr = e.RequestContext.HTTP.SourceIP
	return r, nil
}

// path returns the decoded and the encoded path.
func path(e events.APIGatewayV2HTTPRequest) (decoded, encoded string) {
	_, template, ok := strings.Cut(e.RouteKey, " ")
	if !ok || len(e.PathParameters) == 0 {
		return e.RawPath, (&url.URL{Path: e.RawPath}).EscapedPath()
	}
	var plain, escaped strings.Builder
	for segment := range strings.SplitSeq(strings.TrimPrefix(template, "/"), "/") {
		value, escape := segment, func(s string) string { return s }
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			name, greedy := strings.CutSuffix(strings.TrimSuffix(name, "}"), "+")
			value, escape = e.PathParameters[name], url.PathEscape
			if greedy { // its slashes are the path's own
				escape = func(s string) string { return (&url.URL{Path: "/" + s}).EscapedPath()[1:] }
			}
		}
		plain.WriteString("/" + value)
		escaped.WriteString("/" + escape(value))
	}
	return plain.String(), escaped.String()
}

// header has several values of one name joined by commas, as API Gateway does,
// and the cookies that it takes out.
func header(e events.APIGatewayV2HTTPRequest) http.Header {
	h := make(http.Header, len(e.Headers)+1)
	for name, value := range e.Headers {
		h.Set(name, value)
	}
	if len(e.Cookies) > 0 {
		h.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	return h
}
