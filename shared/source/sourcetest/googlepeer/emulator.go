package googlepeer

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/headwaterhq/headwater/shared/source/sourcetest/peer"
)

// emulator is a third-party server that is started when it is first needed.
type emulator struct {
	program peer.Program
	args    func(host, port string) []string

	mu      sync.Mutex
	process *peer.Process
	addr    string
	closed  bool
}

// attempts are for a port that somebody else took between looking and listening.
const attempts = 3

// start returns the address, building and starting the server if need be.
func (e *emulator) start(ctx context.Context) (addr string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return "", errClosed
	case e.process != nil:
		return e.addr, nil
	}
	path, err := peer.Compile(ctx, e.program)
	if err != nil {
		return "", err
	}
	for range attempts {
		if addr, err = peer.Addr(); err != nil {
			return "", err
		}
		host, port, splitErr := net.SplitHostPort(addr)
		if splitErr != nil {
			return "", fmt.Errorf("splitting an address: %w", splitErr)
		}
		// It outlives the request that needed it first.
		if e.process, err = peer.Launch(context.WithoutCancel(ctx), addr, path, e.args(host, port)...); err == nil {
			e.addr = addr
			return addr, nil
		}
	}
	return "", err
}

func (e *emulator) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.process != nil {
		e.process.Close()
	}
}

func fakeGCS() *emulator {
	return &emulator{program: peer.FakeGCS(), args: func(host, port string) []string {
		return []string{"-backend", "memory", "-scheme", "http", "-host", host, "-port", port, "-public-host", net.JoinHostPort(host, port), "-log-level", "error"}
	}}
}

func bigQueryEmulator(project string) *emulator {
	return &emulator{program: peer.BigQueryEmulator(), args: func(host, port string) []string {
		return []string{"--project", project, "--host", host, "--port", port, "--grpc-port", "0"}
	}}
}
