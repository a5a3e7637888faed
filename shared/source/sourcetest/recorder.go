package sourcetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// Recorder is a proxy before a peer that remembers which calls could have
// changed it: everything but GET and HEAD.
type Recorder struct {
	URL string

	mu        sync.Mutex
	mutations []string
}

// Record starts a recorder before the server at target. The Host header passes
// unchanged, so signatures hold.
func Record(t *testing.T, target string) *Recorder {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	r := &Recorder{}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Host = p.In.Host
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			r.mu.Lock()
			r.mutations = append(r.mutations, fmt.Sprintf("%s %s", req.Method, req.URL.Path))
			r.mu.Unlock()
		}
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	r.URL = server.URL
	return r
}

// Mutations returns what was recorded.
func (r *Recorder) Mutations() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mutations)
}
