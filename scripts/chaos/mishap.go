package main

import (
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// weather hinders requests while it is bad. It is for any number of goroutines.
type weather struct {
	bad     atomic.Int64 // how many runs are under way that want it bad
	share   float64      // of the requests, that are hindered then
	spared  string       // access key of our own requests, which are not
	mu      sync.Mutex
	random  *rand.Rand
	counted map[string]int
}

// A mishap is what happens to a request.
type mishap string

const (
	refused   mishap = "refused"   // 503, or the service's own word for it, before it has any effect
	reset     mishap = "reset"     // the connection breaks before it has any effect
	lost      mishap = "lost"      // it has its effect, and the answer is lost
	truncated mishap = "truncated" // it has its effect, and the answer breaks off
	slow      mishap = "slow"      // the answer comes late
	throttled mishap = "throttled" // DynamoDB's word for too much
)

// pick chooses what happens to a request; "" is nothing.
func (w *weather) pick(of string, among ...mishap) mishap {
	if w.bad.Load() == 0 {
		return ""
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.random.Float64() >= w.share {
		return ""
	}
	chosen := among[w.random.IntN(len(among))]
	w.counted[of+" "+string(chosen)]++
	return chosen
}

// between stands before a component of the stack. API and Lambda are left alone: it is the functions that must cope.
func (w *weather) between(component string, next http.Handler) http.Handler {
	switch component {
	case "S3", "Secrets Manager":
		return w.hinder(component, next, refused, reset, lost, truncated, slow)
	case "DynamoDB":
		return w.hinder(component, next, throttled, refused, reset, lost, slow)
	}
	return next
}

// hinder is a handler that does to some requests what bad weather does.
func (w *weather) hinder(of string, next http.Handler, among ...mishap) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.spared != "" && strings.Contains(r.Header.Get("Authorization"), "Credential="+w.spared+"/") {
			next.ServeHTTP(out, r)
			return
		}
		switch w.pick(of, among...) {
		case throttled:
			out.Header().Set("Content-Type", "application/x-amz-json-1.0")
			out.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(out, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"Slow down."}`)
		case refused:
			out.WriteHeader(http.StatusServiceUnavailable)
		case reset:
			panic(http.ErrAbortHandler)
		case lost:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case truncated:
			breakOff(out, r, next)
		case slow:
			time.Sleep(200 * time.Millisecond)
			next.ServeHTTP(out, r)
		default:
			next.ServeHTTP(out, r)
		}
	})
}

// breakOff sends half of the answer.
func breakOff(out http.ResponseWriter, r *http.Request, next http.Handler) {
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, r)
	maps.Copy(out.Header(), whole.Header())
	out.Header().Set("Content-Length", fmt.Sprint(whole.Body.Len()))
	out.WriteHeader(whole.Code)
	_, _ = out.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
	panic(http.ErrAbortHandler)
}

// inFront serves a proxy of a platform's service, which hinders what passes, and returns where it is.
func (w *weather) inFront(service, at string) (string, func(), error) {
	target, err := url.Parse(at)
	if err != nil {
		return "", nil, fmt.Errorf("reading the address of %s: %w", service, err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(out http.ResponseWriter, _ *http.Request, _ error) { out.WriteHeader(http.StatusBadGateway) }
	transport := &http.Transport{DisableCompression: true}
	proxy.Transport = transport
	server := httptest.NewUnstartedServer(w.hinder(service, proxy, refused, reset, truncated, slow))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // its connections break on purpose
	proxy.ErrorLog = server.Config.ErrorLog
	server.Start()
	return server.URL, func() { server.Close(); transport.CloseIdleConnections() }, nil
}

// inFrontOfStream is inFront of a service whose protocol is not HTTP/1: connections break, some time after they have begun.
func (w *weather) inFrontOfStream(service, at string) (string, func(), error) {
	target, err := url.Parse(at)
	if err != nil {
		return "", nil, fmt.Errorf("reading the address of %s: %w", service, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listening for %s: %w", service, err)
	}
	p := &pipe{weather: w, service: service, target: target.Host}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.carry(conn) })
		}
	})
	return "http://" + listener.Addr().String(), func() { _ = listener.Close(); p.close(); all.Wait() }, nil
}
