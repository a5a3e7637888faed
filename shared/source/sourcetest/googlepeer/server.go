package googlepeer

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// server is an HTTP server on a port of the loopback interface.
type server struct {
	url   string
	http  *http.Server
	ended chan struct{}
}

func serve(handler http.Handler) (*server, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	s := &server{
		url:   "http://" + l.Addr().String(),
		http:  &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
		ended: make(chan struct{}),
	}
	go func() {
		defer close(s.ended)
		_ = s.http.Serve(l) // it ends by close
	}()
	return s, nil
}

func (s *server) close() {
	_ = s.http.Close() // whoever is still connected is a test that has ended
	<-s.ended
	_ = s.http.Close() // a connection that was being accepted meanwhile is known only now
}
