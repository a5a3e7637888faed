package peer

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/process"
)

// Process is a server that was started.
type Process struct {
	cmd     *exec.Cmd
	nursery *process.Nursery
	output  *output
	ended   chan struct{}
	close   sync.Once
}

// started is how soon a server must take connections.
const started = 20 * time.Second

// Launch starts a server and returns when it takes connections at addr. It runs
// until Close, until ctx ends, or until this process does.
func Launch(ctx context.Context, addr, path string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, path, args...), nursery: process.NewNursery(), output: &output{}, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	// Held open: a server that ends with its input ends with this process.
	if _, err := p.cmd.StdinPipe(); err != nil {
		p.nursery.Close()
		return nil, fmt.Errorf("preparing %s: %w", filepath.Base(path), err)
	}
	if err := p.nursery.Start(p.cmd); err != nil {
		p.nursery.Close()
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(path), err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // how it ended shows in its output
	}()
	if err := p.await(ctx, addr); err != nil {
		p.Close()
		return nil, fmt.Errorf("starting %s: %w\n%s", filepath.Base(path), err, p.Output())
	}
	return p, nil
}

func (p *Process) await(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, started)
	defer cancel()
	var dialer net.Dialer
	for {
		if conn, err := dialer.DialContext(ctx, "tcp", addr); err == nil {
			_ = conn.Close() // that it opened is the answer
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it ended: %s", p.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("taking connections at %s: %w", addr, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Close ends the server and waits for it. A second Close is a no-op.
func (p *Process) Close() {
	p.close.Do(func() {
		_ = p.cmd.Process.Kill() // it may have ended by itself
		<-p.ended
		p.nursery.Close()
	})
}

// Output is what the server has written so far.
func (p *Process) Output() []byte { return p.output.bytes() }

// Addr returns an address of the loopback interface that nobody listens on.
func Addr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer func() { _ = l.Close() }() // the address is all that was wanted
	return l.Addr().String(), nil
}

// output is a buffer that can be read while it is written.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.buf.Bytes())
}
