package google

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// newTransport is a transport of the session's own, so that Close can close its connections.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second, // a wait for a query's result takes its time
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   64, // HTTP/1.1: ranges read faster over connections of their own
	}
}

// noRedirect keeps a redirect an answer: no API that is used here redirects,
// and a token must not follow to wherever one points.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// bearer sends requests with the access token, and once more with a new one
// when an API refuses the token, which happens before its time too: sessions
// are revoked, and clocks differ.
type bearer struct {
	base   http.RoundTripper
	tokens *tokens
	agent  string // stands before the SDK's own User-Agent
}

func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := b.tokens.get(req.Context())
	if err != nil {
		return nil, err
	}
	res, err := b.base.RoundTrip(b.bearing(req, token))
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		return res, err
	}
	b.tokens.refused(token)
	again, err := replay(req)
	if err != nil || again == nil {
		return res, err
	}
	if err := res.Body.Close(); err != nil {
		return nil, err
	}
	if token, err = b.tokens.get(req.Context()); err != nil {
		return nil, err
	}
	return b.base.RoundTrip(b.bearing(again, token))
}

// bearing is a request with a token: a RoundTripper must leave its request as it is.
func (b *bearer) bearing(req *http.Request, token string) *http.Request {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("User-Agent", strings.TrimSpace(b.agent+" "+req.Header.Get("User-Agent")))
	return req
}

// replay is a request that can be sent again, nil when its body is gone.
func replay(req *http.Request) (*http.Request, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, nil
	}
	if req.GetBody == nil {
		return nil, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	again := req.Clone(req.Context())
	again.Body = body
	return again, nil
}
