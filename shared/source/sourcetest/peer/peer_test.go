package peer_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/source/sourcetest/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSeveralAsksMakeOneProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a third-party server")
	}
	paths := make([]string, 4)
	var asked sync.WaitGroup
	for i := range paths {
		asked.Go(func() {
			path, err := peer.Compile(t.Context(), peer.FakeGCS())
			if err != nil {
				t.Error(err)
			}
			paths[i] = path
		})
	}
	asked.Wait()
	built, err := os.Stat(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if path != paths[0] {
			t.Errorf("%s and %s", path, paths[0])
		}
	}
	if again := peer.BuildProgram(t, peer.FakeGCS()); again != paths[0] {
		t.Errorf("built %s again", again)
	}
	if info, err := os.Stat(paths[0]); err != nil || !info.ModTime().Equal(built.ModTime()) {
		t.Errorf("built twice: %v, %v", info, err)
	}
}

func TestAnUnknownProgramIsAnError(t *testing.T) {
	if _, err := peer.Compile(t.Context(), peer.Program{Package: "example.com/nothing/here"}); err == nil {
		t.Error("built it")
	}
}

func TestLaunch(t *testing.T) {
	t.Run("a server is there until it is closed", func(t *testing.T) {
		path := peer.BuildProgram(t, peer.FakeGCS())
		addr := peer.FreeAddr(t)
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		p, err := peer.Launch(t.Context(), addr, path, "-backend", "memory", "-scheme", "http", "-host", host, "-port", port)
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		p.Close()
		if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			conn.Close()
			t.Error("still there")
		}
	})
	t.Run("what ends at once says why", func(t *testing.T) {
		script := filepath.Join(t.TempDir(), "server")
		if err := os.WriteFile(script, []byte("#!/bin/sh\necho no such disk >&2\nexit 3\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := peer.Launch(t.Context(), peer.FreeAddr(t), script)
		if err == nil || !strings.Contains(err.Error(), "no such disk") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what is no program", func(t *testing.T) {
		if _, err := peer.Launch(t.Context(), peer.FreeAddr(t), filepath.Join(t.TempDir(), "absent")); err == nil {
			t.Error("started it")
		}
	})
}
