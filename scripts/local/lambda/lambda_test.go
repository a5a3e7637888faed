package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/local/lambda"
	"github.com/headwaterhq/headwater/scripts/local/process"
)

// The test's own binary is the bootstrap that the server runs.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		runtime.Start(probe)
		return
	}
	goleak.VerifyTestMain(m)
}

type order struct {
	Do    string `json:"do"`
	Count string `json:"count"` // a file that gets a line per invocation
}

// probe is a function that does as it is told.
func probe(_ context.Context, o order) (map[string]any, error) {
	if o.Count != "" {
		f, err := os.OpenFile(o.Count, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(f, os.Getpid())
		f.Close()
	}
	switch o.Do {
	case "fail":
		return nil, errors.New("told to fail")
	case "exit":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Minute)
	case "nap":
		time.Sleep(300 * time.Millisecond)
	case "flood":
		return map[string]any{"flood": strings.Repeat("x", 7<<20)}, nil
	case "log":
		fmt.Println(strings.Repeat("log line ", 20))
	}
	return map[string]any{"pid": os.Getpid(), "setting": os.Getenv("SETTING"), "tmp": os.TempDir()}, nil
}

func open(t *testing.T, change func(*lambda.Config)) (*lambda.Server, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	nursery := process.NewNursery()
	dir := t.TempDir()
	cfg := lambda.Config{
		Nursery: nursery, LogDir: filepath.Join(dir, "logs"), TempDir: filepath.Join(dir, "tmp"), RetryDelay: time.Millisecond,
		Functions: []lambda.Function{{
			Name: "probe", ARN: "arn:aws:lambda:eu-central-1:000000000000:function:probe", Bootstrap: self,
			MemoryMB: 128, Timeout: time.Minute, AsyncRetries: 2, Env: map[string]string{"SETTING": "as deployed"},
		}, {
			Name: "hasty", ARN: "arn:aws:lambda:eu-central-1:000000000000:function:hasty", Bootstrap: self, MemoryMB: 128, Timeout: time.Second,
		}},
	}
	if change != nil {
		change(&cfg)
	}
	s, err := lambda.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		nursery.Close()
	})
	return s, dir
}

func invoke(t *testing.T, s *lambda.Server, payload string) lambda.Result {
	t.Helper()
	return invokeOn(t, s, "probe", payload)
}

func invokeOn(t *testing.T, s *lambda.Server, name, payload string) lambda.Result {
	t.Helper()
	r, err := s.Invoke(t.Context(), name, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnEnvironmentIsReused(t *testing.T) {
	s, _ := open(t, nil)
	var pids []float64
	for range 3 {
		var out map[string]any
		if err := json.Unmarshal(invoke(t, s, `{}`).Payload, &out); err != nil {
			t.Fatal(err)
		}
		if out["setting"] != "as deployed" {
			t.Errorf("environment: %v", out)
		}
		if _, err := os.Stat(out["tmp"].(string)); err != nil {
			t.Errorf("temporary directory: %v", err)
		}
		pids = append(pids, out["pid"].(float64))
	}
	if pids[0] != pids[1] || pids[1] != pids[2] {
		t.Errorf("processes: %v", pids)
	}
}

func TestConcurrentInvocationsGetTheirOwnProcess(t *testing.T) {
	s, dir := open(t, func(c *lambda.Config) { c.MaxEnvironments = 2 })
	count := filepath.Join(dir, "count")
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() { invoke(t, s, fmt.Sprintf(`{"do":"nap","count":%q}`, count)) })
	}
	group.Wait()
	pids := map[string]bool{}
	for _, pid := range lines(t, count) {
		pids[pid] = true
	}
	if len(pids) != 2 || len(lines(t, count)) != 6 {
		t.Errorf("%d invocations in %d processes, want 6 in 2", len(lines(t, count)), len(pids))
	}
}

func TestFailures(t *testing.T) {
	s, _ := open(t, nil)
	for _, tc := range []struct{ function, payload, wantType, wantMessage string }{
		{"probe", `{"do":"fail"}`, "errorString", "told to fail"},
		{"probe", `{"do":"exit"}`, "Runtime.ExitError", "Runtime exited with error: exit status 3"},
		{"hasty", `{"do":"sleep"}`, "Sandbox.Timedout", "Task timed out after 1.00 seconds"},
		{"probe", `{"do":"flood"}`, "Function.ResponseSizeTooLarge", "6291556"},
	} {
		t.Run(tc.wantType, func(t *testing.T) {
			r := invokeOn(t, s, tc.function, tc.payload)
			var f lambda.Failed
			if err := json.Unmarshal(r.Payload, &f); err != nil {
				t.Fatal(err)
			}
			if r.FunctionError != "Unhandled" || f.Type != tc.wantType || !strings.Contains(f.Message, tc.wantMessage) {
				t.Errorf("got %s %+v", r.FunctionError, f)
			}
			if r := invokeOn(t, s, tc.function, `{}`); r.FunctionError != "" {
				t.Errorf("the next invocation: %s", r.Payload)
			}
		})
	}
}

func TestKill(t *testing.T) {
	s, dir := open(t, nil)
	if s.Kill("probe") {
		t.Fatal("killed an idle function")
	}
	count := filepath.Join(dir, "count")
	got := make(chan lambda.Result, 1)
	go func() { got <- invoke(t, s, fmt.Sprintf(`{"do":"sleep","count":%q}`, count)) }()
	for len(lines(t, count)) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	if !s.Kill("probe") {
		t.Fatal("found nothing to kill")
	}
	if r := <-got; !strings.Contains(string(r.Payload), "signal: killed") || !strings.Contains(string(r.Payload), "Runtime.ExitError") {
		t.Errorf("got %s", r.Payload)
	}
}

func TestAnIdleEnvironmentThatDiedIsReplaced(t *testing.T) {
	s, _ := open(t, nil)
	var out struct{ PID int }
	if err := json.Unmarshal(invoke(t, s, `{}`).Payload, &out); err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(out.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	for p.Signal(syscall.Signal(0)) == nil {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond) // its connection is noticed to be gone
	if r := invoke(t, s, `{}`); r.FunctionError != "" {
		t.Errorf("got %s", r.Payload)
	}
}

func TestAbandonedInvocationGoesOn(t *testing.T) {
	s, dir := open(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	count := filepath.Join(dir, "count")
	if _, err := s.Invoke(ctx, "probe", fmt.Appendf(nil, `{"count":%q}`, count)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	for len(lines(t, count)) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
}

func TestThroughTheSDK(t *testing.T) {
	s, dir := open(t, nil)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := client.New(client.Options{
		BaseEndpoint: aws.String(server.URL), Region: "eu-central-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", ""),
	})
	out, err := c.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("probe"), Payload: []byte(`{"do":"fail"}`)})
	if err != nil || aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), "told to fail") {
		t.Errorf("got %+v, %v", out, err)
	}
	out, err = c.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("arn:aws:lambda:eu-central-1:000000000000:function:probe")})
	if err != nil || out.FunctionError != nil || out.StatusCode != 200 {
		t.Errorf("by ARN: %+v, %v", out, err)
	}
	count := filepath.Join(dir, "count")
	out, err = c.Invoke(t.Context(), &client.InvokeInput{
		FunctionName: aws.String("probe"), InvocationType: types.InvocationTypeEvent, Payload: fmt.Appendf(nil, `{"do":"fail","count":%q}`, count),
	})
	if err != nil || out.StatusCode != 202 {
		t.Fatalf("asynchronously: %+v, %v", out, err)
	}
	for len(lines(t, count)) < 3 {
		time.Sleep(5 * time.Millisecond)
	}
	_, err = c.Invoke(t.Context(), &client.InvokeInput{FunctionName: aws.String("nobody")})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); !missing {
		t.Errorf("unknown function: %v", err)
	}
}

func TestLogsAreCapped(t *testing.T) {
	s, dir := open(t, func(c *lambda.Config) { c.MaxLogBytes = 500 })
	var sizes []int64
	for range 6 {
		invoke(t, s, `{"do":"log"}`)
		sizes = append(sizes, nextSize(t, filepath.Join(dir, "logs", "probe.log"), sizes))
	}
	if d := cmp.Diff([]int64{181, 362, 181, 362, 181, 362}, sizes); d != "" {
		t.Error(d)
	}
	if info, err := os.Stat(filepath.Join(dir, "logs", "probe.log.1")); err != nil || info.Size() != 362 {
		t.Errorf("the log before: %v, %v", info, err)
	}
}

// nextSize waits until a log has another size than before: what a process prints arrives a little later.
func nextSize(t *testing.T, path string, before []int64) int64 {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		info, err := os.Stat(path)
		if err == nil && info.Size() > 0 && (len(before) == 0 || info.Size() != before[len(before)-1]) {
			return info.Size()
		}
	}
	t.Fatal("nothing was logged")
	return 0
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}
