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
// changed it: everything but GET and HEAD. It can also break an answer.
type Recorder struct {
	URL string

	mu        sync.Mutex
	mutations []string
	breaking  bool
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
	transport.DisableKeepAlives = true // what runs on after a request is the driver's
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
		if r.breaks(req) {
			w = &breakingWriter{ResponseWriter: w, left: brokenAfter}
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

// brokenAfter is how many bytes of a broken answer arrive.
const brokenAfter = 100

// Break cuts the connection in the middle of the next answer to a GET.
func (r *Recorder) Break(*testing.T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.breaking = true
}

func (r *Recorder) breaks(req *http.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	broken := r.breaking && req.Method == http.MethodGet
	r.breaking = r.breaking && !broken
	return broken
}

// breakingWriter aborts the answer after some bytes of its body.
type breakingWriter struct {
	http.ResponseWriter
	left int
}

func (w *breakingWriter) Write(b []byte) (int, error) {
	if len(b) <= w.left {
		w.left -= len(b)
		return w.ResponseWriter.Write(b)
	}
	_, _ = w.ResponseWriter.Write(b[:w.left]) // the abort is what the client sees
	panic(http.ErrAbortHandler)
}

// Mutations returns what was recorded.
func (r *Recorder) Mutations() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mutations)
}
