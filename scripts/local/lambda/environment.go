package lambda

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/process"
)

// initLimit is what an environment has to reach its first request for work.
const initLimit = 10 * time.Second

// environment is one process of a function, and its side of the runtime API.
type environment struct {
	id        string
	fn        Function
	cmd       *exec.Cmd
	tmp       string
	next      chan *invocation // taken by the runtime's request for work
	exited    chan struct{}
	exitErr   error // set before exited is closed
	idleSince time.Time

	mu      sync.Mutex
	current *invocation
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	done     chan Result
}

// state says what became of an environment after an invocation.
type state int

const (
	idle       state = iota // ready for another
	died                    // died or was killed in the middle
	diedBefore              // died before it took the invocation
)

// start starts a process. Its runtime API is the server's, below a path of its own.
func (s *Server) start(p *pool) (*environment, error) {
	env := &environment{
		id: newRequestID(), fn: p.fn,
		next: make(chan *invocation), exited: make(chan struct{}),
	}
	env.tmp = filepath.Join(s.cfg.TempDir, env.id)
	if err := os.MkdirAll(env.tmp, 0o700); err != nil {
		return nil, fmt.Errorf("making a temporary directory: %w", err)
	}
	env.cmd = exec.Command(p.fn.Bootstrap)
	env.cmd.Dir = filepath.Dir(p.fn.Bootstrap)
	env.cmd.Env = p.environ(s.runtimeAddr+"/"+env.id, env.tmp)
	env.cmd.Stdout, env.cmd.Stderr = p.log, p.log
	env.cmd.WaitDelay = time.Second
	s.register(env)
	if err := s.cfg.Nursery.Start(env.cmd); err != nil {
		s.forget(env)
		return nil, fmt.Errorf("starting %s: %w", p.fn.Name, errors.Join(err, os.RemoveAll(env.tmp)))
	}
	s.work.Go(func() {
		env.exitErr = env.cmd.Wait()
		close(env.exited)
		s.forget(env)
		_ = os.RemoveAll(env.tmp)
	})
	return env, nil
}

func (s *Server) stop(env *environment) {
	env.kill()
	<-env.exited
}

func (e *environment) kill() { _ = process.Signal(e.cmd, syscall.SIGKILL) }

func (e *environment) running() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current != nil
}

// invoke hands the payload to the process and waits for its answer, its death or the function's time limit.
func (e *environment) invoke(ctx context.Context, payload []byte) (Result, state) {
	inv := &invocation{
		id: newRequestID(), payload: payload, done: make(chan Result, 1),
	}
	first := time.NewTimer(initLimit + e.fn.Timeout)
	defer first.Stop()
	select {
	case e.next <- inv:
	case <-e.exited:
		return exitError(inv.id, e.reason()), diedBefore
	case <-first.C:
		return e.timedOut(inv), died
	case <-ctx.Done():
		return exitError(inv.id, "the laptop stack is shutting down"), died
	}
	limit := time.NewTimer(e.fn.Timeout)
	defer limit.Stop()
	select {
	case r := <-inv.done:
		return r, idle
	case <-e.exited:
		select {
		case r := <-inv.done: // it answered, and then died
			return r, died
		default:
			return exitError(inv.id, e.reason()), died
		}
	case <-limit.C:
		return e.timedOut(inv), died
	case <-ctx.Done():
		return exitError(inv.id, "the laptop stack is shutting down"), died
	}
}

func (e *environment) timedOut(inv *invocation) Result {
	return failure("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", inv.id, e.fn.Timeout.Seconds()))
}

func (e *environment) reason() string {
	if e.exitErr == nil {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + e.exitErr.Error()
}

// begin takes the next invocation for the runtime; ok is false when the runtime went away.
func (e *environment) begin(ctx context.Context) (*invocation, bool) {
	select {
	case inv := <-e.next:
		e.mu.Lock()
		defer e.mu.Unlock()
		inv.deadline = time.Now().Add(e.fn.Timeout)
		e.current = inv
		return inv, true
	case <-ctx.Done():
		return nil, false
	case <-e.exited:
		return nil, false
	}
}

// finish delivers the runtime's answer; an answer to anything but the current invocation is refused.
func (e *environment) finish(id string, r Result) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil || e.current.id != id {
		return false
	}
	e.current.done <- r
	e.current = nil
	return true
}
