package lambda

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/process"
)

// ErrUnknown is returned for a function that is not deployed.
var ErrUnknown = errors.New("the function is not deployed")

// Config is what a Server runs with. Zero values other than the required fields take the defaults named.
type Config struct {
	Functions       []Function       // required
	Nursery         *process.Nursery // required
	LogDir          string           // required; one <function>.log each
	TempDir         string           // required; one directory per environment, removed with it
	MaxLogBytes     int64            // 8 MB
	MaxEnvironments int              // per function; 16
	IdleTimeout     time.Duration    // 5 minutes
	RetryDelay      time.Duration    // before the first retry of an asynchronous invocation, doubled for the next; 1 s (AWS: 1 minute)
}

// Server runs functions. Close it to kill them all.
type Server struct {
	cfg         Config
	pools       map[string]*pool
	runtime     *http.Server
	runtimeAddr string
	ctx         context.Context // ends with Close
	cancel      context.CancelFunc
	work        sync.WaitGroup // waits, invocations, retries, the reaper, the runtime API

	mu           sync.Mutex
	closed       bool
	environments map[string]*environment
}

// Open starts the runtime API on a free port. Processes start with the first invocation.
func Open(cfg Config) (*Server, error) {
	cfg.setDefaults()
	for _, dir := range []string{cfg.LogDir, cfg.TempDir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("making a directory for functions: %w", err)
		}
	}
	s := &Server{cfg: cfg, pools: map[string]*pool{}, environments: map[string]*environment{}}
	for _, f := range cfg.Functions {
		log, err := openLog(filepath.Join(cfg.LogDir, f.Name+".log"), cfg.MaxLogBytes)
		if err != nil {
			return nil, err
		}
		s.pools[f.Name] = &pool{
			fn: f, server: s, log: log,
			slots: make(chan struct{}, cfg.MaxEnvironments), busy: map[*environment]bool{},
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the runtime API: %w", err)
	}
	s.runtimeAddr = listener.Addr().String()
	s.runtime = &http.Server{Handler: s.runtimeAPI(), ReadHeaderTimeout: time.Minute}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.work.Go(func() { _ = s.runtime.Serve(listener) })
	s.work.Go(s.reap)
	return s, nil
}

func (c *Config) setDefaults() {
	if c.MaxLogBytes == 0 {
		c.MaxLogBytes = 8 << 20
	}
	if c.MaxEnvironments == 0 {
		c.MaxEnvironments = 16
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = 5 * time.Minute
	}
	if c.RetryDelay == 0 {
		c.RetryDelay = time.Second
	}
}

// Invoke runs the function and waits for its result. As on AWS, an invocation goes on to its end when its caller has gone.
func (s *Server) Invoke(ctx context.Context, name string, payload []byte) (Result, error) {
	p, ok := s.pools[name]
	if !ok {
		return Result{}, ErrUnknown
	}
	done := make(chan Result, 1)
	if !s.begin(func() { done <- p.run(s.ctx, payload) }) {
		return Result{}, http.ErrServerClosed
	}
	select {
	case r := <-done:
		return r, nil
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// InvokeAsync queues an invocation, and tries it again when it fails. The queue is in memory: what is in it when the stack
// ends is lost, where AWS would keep it for six hours.
func (s *Server) InvokeAsync(name string, payload []byte) error {
	p, ok := s.pools[name]
	if !ok {
		return ErrUnknown
	}
	queued := s.begin(func() {
		delay := s.cfg.RetryDelay
		for try := 0; ; try++ {
			if r := p.run(s.ctx, payload); r.FunctionError == "" || try == p.fn.AsyncRetries {
				return
			}
			select {
			case <-time.After(delay):
				delay *= 2
			case <-s.ctx.Done():
				return
			}
		}
	})
	if !queued {
		return http.ErrServerClosed
	}
	return nil
}

// Kill sends SIGKILL to one process of the function that is in the middle of an invocation, and says whether there was one.
func (s *Server) Kill(name string) bool {
	p, ok := s.pools[name]
	return ok && p.killBusy()
}

// Close kills every process and waits for all of them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	for _, p := range s.pools { // before their runtime API goes, which they would complain about
		p.reap(time.Now().Add(time.Hour))
	}
	err := s.runtime.Close()
	s.work.Wait()
	for _, p := range s.pools {
		err = errors.Join(err, p.log.Close())
	}
	return err
}

// begin runs f in the background unless the server is closed.
func (s *Server) begin(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Go(f)
	return true
}

func (s *Server) reap() {
	tick := time.NewTicker(s.cfg.IdleTimeout / 2)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for _, p := range s.pools {
				p.reap(now.Add(-s.cfg.IdleTimeout))
			}
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *Server) register(e *environment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.environments[e.id] = e
}

func (s *Server) forget(e *environment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.environments, e.id)
}

func (s *Server) environment(id string) (*environment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.environments[id]
	return e, ok
}
