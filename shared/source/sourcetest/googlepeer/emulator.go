package googlepeer

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/headwaterhq/headwater/shared/source/sourcetest/peer"
)

// emulator is a third-party server that is started when it is first needed.
type emulator struct {
	program peer.Program
	args    func(host, port string) ([]string, error)

	mu      sync.Mutex
	process *peer.Process
	addr    string
	closed  bool
	dirs    []string // that args made
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
		args, argsErr := e.args(host, port)
		if argsErr != nil {
			return "", argsErr
		}
		// It outlives the request that needed it first.
		if e.process, err = peer.Launch(context.WithoutCancel(ctx), addr, path, args...); err == nil {
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
	for _, dir := range e.dirs {
		_ = os.RemoveAll(dir) // it is in the system's temporary directory
	}
}

func fakeGCS() *emulator {
	return &emulator{program: peer.FakeGCS(), args: func(host, port string) ([]string, error) {
		return []string{"-backend", "memory", "-scheme", "http", "-host", host, "-port", port, "-public-host", net.JoinHostPort(host, port), "-log-level", "error"}, nil
	}}
}

// bigQueryEmulator keeps everything, its list of projects too, in a directory of its own.
func bigQueryEmulator(projects []string) *emulator {
	e := &emulator{program: peer.BigQueryEmulator()}
	e.args = func(host, port string) ([]string, error) {
		dir, err := os.MkdirTemp("", "googlepeer-")
		if err != nil {
			return nil, fmt.Errorf("making the emulator's directory: %w", err)
		}
		e.dirs = append(e.dirs, dir)
		var list strings.Builder
		list.WriteString("projects:\n")
		for _, project := range projects {
			fmt.Fprintf(&list, "- id: %q\n  datasets: []\n", project)
		}
		file := filepath.Join(dir, "projects.yaml")
		if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
			return nil, fmt.Errorf("writing the emulator's projects: %w", err)
		}
		return []string{
			"--project", projects[0], "--host", host, "--port", port, "--grpc-port", "0",
			"--database", filepath.Join(dir, "data"), "--data-from-yaml", file,
		}, nil
	}
	return e
}
