package lambdahost_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/lambdahost"
)

// worker makes the test binary a Lambda function.
const worker = "LAMBDAHOST_TEST_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(worker) == "" {
		os.Exit(m.Run())
	}
	lambdahost.Start(context.Background(), lambdahost.Task(lambdahost.Logger(lambdahost.Function{Name: "worker"}), func(_ context.Context, in input) (output, error) {
		switch in.Split {
		case 1:
			return output{}, fault.New(fault.SourceRateLimited, "the source is busy")
		case 2:
			panic("kaboom")
		}
		return output{Done: true}, nil
	}))
}

// delivered is what the runtime API got for one invocation.
type delivered struct{ path, body string }

// runtimeAPI hands out payloads and collects what comes back, as Lambda does.
func runtimeAPI(t *testing.T, payloads ...string) (string, <-chan delivered) {
	t.Helper()
	queue, back := make(chan string, len(payloads)), make(chan delivered, len(payloads))
	for _, p := range payloads {
		queue <- p
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case p := <-queue:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "r-1")
			w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-abc")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", "99999999999999")
			_, _ = io.WriteString(w, p)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/r-1/{what}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		back <- delivered{r.PathValue("what"), string(body)}
		w.WriteHeader(http.StatusAccepted)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), back
}

// What Step Functions matches in Retry and Catch is the type that the real
// runtime client reports; a panic must not end the process.
func TestRealRuntimeReportsCodes(t *testing.T) {
	address, back := runtimeAPI(t,
		`{"workspace_id":"w","run_id":"r","split":1}`, `{"workspace_id":"w","run_id":"r","split":2}`,
		`{"nonsense":true}`, `{"workspace_id":"w","run_id":"r","split":3}`)
	log := &strings.Builder{}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), worker+"=1", "AWS_LAMBDA_RUNTIME_API="+address)
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it waits for more to do
		_ = command.Wait()
		for _, want := range []string{"the source is busy", "kaboom", `"trace_id":"Root=1-abc"`, `"function":"worker"`} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %s:\n%s", want, log)
			}
		}
	})
	for _, want := range []struct{ path, errorType, message string }{
		{"error", "source.rate_limited", "the source is busy"},
		{"error", "internal", "Something failed inside Headwater."},
		{"error", "worker.invalid_input", "the input is not one that this function takes"},
		{"response", "", ""},
	} {
		select {
		case got := <-back:
			var body struct {
				Type    string `json:"errorType"`
				Message string `json:"errorMessage"`
			}
			if err := json.Unmarshal([]byte(got.body), &body); err != nil {
				t.Fatalf("%v: %s", err, got.body)
			}
			saw := []string{got.path, body.Type, body.Message}
			if diff := cmp.Diff([]string{want.path, want.errorType, want.message}, saw); diff != "" {
				t.Errorf("reported (-want +got):\n%s", diff)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("nothing came back")
		}
	}
}
