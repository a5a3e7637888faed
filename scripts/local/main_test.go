package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// The test's own binary is the command, and the bootstrap of the functions that it runs.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("AWS_LAMBDA_RUNTIME_API") != "":
		lambda.Start(func(context.Context, json.RawMessage) (map[string]any, error) {
			return map[string]any{"isAuthorized": true, "statusCode": 200, "body": "served"}, nil
		})
	case os.Getenv("BE_THE_COMMAND") != "":
		main()
	default:
		os.Exit(m.Run())
	}
}

func TestNoProcessIsLeftBehind(t *testing.T) {
	for _, tc := range []struct {
		name     string
		signal   syscall.Signal
		wantExit bool
	}{
		{"interrupted", syscall.SIGINT, true},
		{"terminated", syscall.SIGTERM, true},
		{"killed", syscall.SIGKILL, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if runtime.GOOS != "linux" && tc.signal == syscall.SIGKILL {
				t.Skip("only Linux ends the children of a killed process")
			}
			dir := t.TempDir()
			cmd, api := start(t, dir)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api+"/v1/echo/one", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer x")
			res, err := (&http.Client{}).Do(req)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("calling the API: %v, %v", res, err)
			}
			res.Body.Close()
			if n := len(processesOf(t, dir)); n < 4 { // the command, DynamoDB Local, authorizer and API
				t.Fatalf("%d processes are up, this test would see nothing", n)
			}
			if err := cmd.Process.Signal(tc.signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); (err == nil) != tc.wantExit {
				t.Errorf("ended with %v", err)
			}
			left := processesOf(t, dir)
			for end := time.Now().Add(5 * time.Second); len(left) > 0 && time.Now().Before(end); left = processesOf(t, dir) {
				time.Sleep(20 * time.Millisecond)
			}
			if len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// start runs the command over a directory and returns when it is ready.
func start(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	for _, name := range []string{"api", "authorizer", "worker", "settle"} {
		if err := os.MkdirAll(filepath.Join(bin, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(self, filepath.Join(bin, name, "bootstrap")); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(self, "-dir", dir, "-bin", bin, "-tools", "../../.local/tools", "-template", "stack/testdata/template.json")
	cmd.Env = append(os.Environ(), "BE_THE_COMMAND=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
			return cmd, url
		}
	}
	t.Fatal("the command ended before it was ready")
	return nil, ""
}

// processesOf are the command lines of the processes that mention the directory.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		out, _ := exec.Command("pgrep", "-f", dir).Output()
		return strings.Fields(string(out))
	}
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte(dir)) {
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}
