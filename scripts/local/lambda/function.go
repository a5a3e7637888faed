// Package lambda runs the deployed bootstrap binaries behind the Lambda runtime API, and invokes them as AWS Lambda does: one
// process per execution environment, one invocation at a time in each.
package lambda

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Function is one deployed function.
type Function struct {
	Name         string
	ARN          string
	Bootstrap    string // path of the binary
	MemoryMB     int
	Timeout      time.Duration
	Env          map[string]string
	AsyncRetries int // how often a failed asynchronous invocation is tried again; 2 unless the deployment says otherwise
}

// pool is the execution environments of one function. Invocations beyond its size wait for a free one, where AWS would start
// another environment: a laptop has only so much memory.
type pool struct {
	fn     Function
	server *Server
	slots  chan struct{}
	log    *logFile

	mu   sync.Mutex
	idle []*environment // the most recently used last
	busy map[*environment]bool
}

// run does one invocation, in an idle environment or a new one.
func (p *pool) run(ctx context.Context, payload []byte) Result {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return exitError("", "the laptop stack is shutting down")
	}
	for {
		env, fresh, err := p.take()
		if err != nil {
			return failure("Runtime.InvalidEntrypoint", "RequestId: "+newRequestID()+" Error: "+err.Error())
		}
		result, state := env.invoke(ctx, payload)
		if state == idle {
			p.release(env)
			return result
		}
		p.drop(env)
		if state == diedBefore && !fresh {
			continue // it died while it was idle, so nothing of this invocation has begun
		}
		return result
	}
}

func (p *pool) take() (env *environment, fresh bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		env = p.idle[n-1]
		p.idle = p.idle[:n-1]
	} else {
		if env, err = p.server.start(p); err != nil {
			return nil, false, err
		}
		fresh = true
	}
	p.busy[env] = true
	return env, fresh, nil
}

func (p *pool) release(env *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, env)
	if p.server.ctx.Err() != nil { // the server is closing, and has already stopped what was idle
		env.kill()
		return
	}
	env.idleSince = time.Now()
	p.idle = append(p.idle, env)
}

func (p *pool) drop(env *environment) {
	p.mu.Lock()
	delete(p.busy, env)
	p.mu.Unlock()
	p.server.stop(env)
}

// reap stops the environments that have been idle since before the given time.
func (p *pool) reap(before time.Time) {
	p.mu.Lock()
	var old []*environment
	p.idle = slices.DeleteFunc(p.idle, func(e *environment) bool {
		if e.idleSince.Before(before) {
			old = append(old, e)
			return true
		}
		return false
	})
	p.mu.Unlock()
	for _, env := range old {
		p.server.stop(env)
	}
}

// killBusy kills one environment in the middle of an invocation, if there is one.
func (p *pool) killBusy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for env := range p.busy {
		if env.running() {
			env.kill()
			return true
		}
	}
	return false
}

func (p *pool) environ(runtimeAPI, tmp string) []string {
	env := map[string]string{
		"AWS_LAMBDA_RUNTIME_API":          runtimeAPI,
		"AWS_LAMBDA_FUNCTION_NAME":        p.fn.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(p.fn.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + p.fn.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local",
		"_HANDLER":                        "bootstrap",
		"TMPDIR":                          tmp,
		"TZ":                              ":UTC",
		"PATH":                            "/usr/local/bin:/usr/bin:/bin",
	}
	maps.Copy(env, p.fn.Env)
	out := make([]string, 0, len(env))
	for name, value := range env {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return out
}
