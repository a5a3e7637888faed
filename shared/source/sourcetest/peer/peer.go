// Package peer builds and starts the third-party servers of scripts/peers, for
// tests against something that was not written beside the code under test.
package peer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Build returns the path of a tool of scripts/peers, named by its import path. It is
// built when the pinned versions have changed, and kept under .local/peers.
func Build(t testing.TB, tool string) string {
	t.Helper()
	root := moduleRoot(t)
	module := filepath.Join(root, "scripts", "peers")
	sum := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(b)
	}
	dir := filepath.Join(root, ".local", "peers")
	path := filepath.Join(dir, filepath.Base(tool)+"-"+hex.EncodeToString(sum.Sum(nil))[:12])
	if _, err := os.Stat(path); err == nil {
		return path
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Logf("building %s, once", tool)
	tmp := filepath.Join(t.TempDir(), "tool")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-C", module, "-o", tmp, tool)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", tool, err, out)
	}
	install(t, tmp, path)
	return path
}

// install copies a program into place in one step, as several tests may build it at once.
func install(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(to), "building-*")
	if err != nil {
		t.Fatal(err)
	}
	_, err = tmp.Write(b)
	if err := errors.Join(err, tmp.Chmod(0o755), tmp.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp.Name(), to); err != nil {
		t.Fatal(err)
	}
}

// Run runs a program to its end.
func Run(t testing.TB, path string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Fatalf("running %s: %v\n%s", filepath.Base(path), err, out)
	}
}

// started is how soon a server must take connections.
const started = 20 * time.Second

// Start starts a server and waits until it takes connections at addr. It is
// stopped at the end of the test.
func Start(t testing.TB, addr, path string, args ...string) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()         // it was killed
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), output.Bytes())
		}
	})
	for deadline := time.Now().Add(started); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			_ = conn.Close() // that it opened is the answer
			return
		}
	}
	t.Fatalf("%s does not take connections at %s", filepath.Base(path), addr)
}

// FreeAddr returns an address of the loopback interface that nobody listens on.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // the address is all that was wanted
	return l.Addr().String()
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}
