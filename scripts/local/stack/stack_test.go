package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/local/stack"
)

func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		runFunction()
		return
	}
	goleak.VerifyTestMain(m)
}

// up brings the test's stack up over a directory.
func up(t *testing.T, dir string) *stack.Stack {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, name := range []string{"api", "authorizer", "worker", "settle"} {
		if err := errors.Join(os.Mkdir(filepath.Join(bin, name), 0o700), os.Symlink(self, filepath.Join(bin, name, "bootstrap"))); err != nil {
			t.Fatal(err)
		}
	}
	s, err := stack.Start(t.Context(), stack.Config{
		Template: "testdata/template.json", BinDir: bin, Dir: dir, ToolDir: "../../../.local/tools",
		Env: map[string]string{"HEADWATER_LOG_LEVEL": "DEBUG"}, HoldSchedules: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

type clients struct {
	s3      *s3.Client
	sfn     *sfn.Client
	secrets *secretsmanager.Client
}

func connect(t *testing.T, s *stack.Stack) clients {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := aws.Config{
		Region: "us-east-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(s.Platform.ID, s.Platform.Secret, ""),
	}
	return clients{
		s3:      s3.NewFromConfig(cfg, func(o *s3.Options) { o.BaseEndpoint = &s.URLs.S3 }),
		sfn:     sfn.NewFromConfig(cfg, func(o *sfn.Options) { o.BaseEndpoint = &s.URLs.StepFunctions }),
		secrets: secretsmanager.NewFromConfig(cfg, func(o *secretsmanager.Options) { o.BaseEndpoint = &s.URLs.SecretsManager }),
	}
}

// execute starts the test's state machine and waits for its end.
func (c clients) execute(t *testing.T, s *stack.Stack, input string) *sfn.DescribeExecutionOutput {
	t.Helper()
	started, err := c.sfn.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(s.MachineARN("work")), Input: &input})
	if err != nil {
		t.Fatal(err)
	}
	for {
		out, err := c.sfn.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: started.ExecutionArn})
		if err != nil {
			t.Fatal(err)
		}
		if out.Status != types.ExecutionStatusRunning {
			return out
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// object waits for an object of the lake and reads it.
func (c clients) object(t *testing.T, s *stack.Stack, key string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		out, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Bucket, Key: &key})
		if err != nil {
			if ctx.Err() != nil {
				t.Fatalf("%s never came: %v", key, err)
			}
			time.Sleep(10 * time.Millisecond)
			continue
		}
		defer out.Body.Close()
		text, err := io.ReadAll(out.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

const canary = "canary-Zk4nT9-in-a-secret"

func TestStack(t *testing.T) {
	dir := t.TempDir()
	s := up(t, dir)
	c := connect(t, s)

	t.Run("a request goes through the authorizer to its function", func(t *testing.T) {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URLs.API+"/v1/echo/one", nil)
		r.Header.Set("Authorization", "Bearer somebody")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, _ := io.ReadAll(res.Body); string(body) != "one somebody" {
			t.Errorf("got %d %s", res.StatusCode, body)
		}
	})
	t.Run("a function reaches every service", func(t *testing.T) {
		out := c.execute(t, s, `{"text":"`+canary+`"}`)
		want := `{"account":"000000000000","catalog":"sql","level":"DEBUG","uri":"file:` + filepath.Join(dir, "catalog.db") + `"}`
		if out.Status != types.ExecutionStatusSucceeded || aws.ToString(out.Output) != want {
			t.Errorf("got %s %s, error %s, cause %s", out.Status, aws.ToString(out.Output), aws.ToString(out.Error), aws.ToString(out.Cause))
		}
		if got := c.object(t, s, "work.txt"); got != canary {
			t.Errorf("object: %q", got)
		}
	})
	t.Run("a function may do what its role allows and no more", func(t *testing.T) {
		out := c.execute(t, s, `{"do":"trespass"}`)
		var got map[string]string
		if err := json.Unmarshal([]byte(aws.ToString(out.Output)), &got); err != nil {
			t.Fatalf("%s: %v", aws.ToString(out.Cause), err)
		}
		want := map[string]string{"querying its own": "allowed", "getting its own": "allowed", "transacting on its own": "allowed"}
		for doing := range got {
			if want[doing] == "" {
				want[doing] = "AccessDenied"
			}
		}
		if d := cmp.Diff(want, got); d != "" || len(got) != 11 {
			t.Error(d)
		}
	})
	t.Run("an execution whose function is killed is settled by the rule", func(t *testing.T) {
		done := make(chan *sfn.DescribeExecutionOutput, 1)
		go func() { done <- c.execute(t, s, `{"do":"sleep"}`) }()
		c.object(t, s, "sleeping")
		if !s.KillFunction("worker") {
			t.Fatal("nothing to kill")
		}
		out := <-done
		if out.Status != types.ExecutionStatusFailed || aws.ToString(out.Error) != "Runtime.ExitError" {
			t.Errorf("got %s %s", out.Status, aws.ToString(out.Error))
		}
		var event struct {
			DetailType string `json:"detail-type"`
			Detail     struct{ Status, StateMachineArn, ExecutionArn string }
		}
		if err := json.Unmarshal([]byte(c.object(t, s, "settled.json")), &event); err != nil {
			t.Fatal(err)
		}
		if event.Detail.Status != "FAILED" || event.Detail.ExecutionArn != *out.ExecutionArn || event.DetailType != "Step Functions Execution Status Change" {
			t.Errorf("got %+v", event)
		}
	})
	t.Run("moving the clock by two days starts the schedule once", func(t *testing.T) {
		res, err := http.Post(s.URLs.Control+"/_local/clock", "application/json", strings.NewReader(`{"advance":"48h"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var out struct {
			Fired []struct{ Schedule, Slot, Execution string }
		}
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		if len(out.Fired) != 1 || out.Fired[0].Schedule != "headwater-daily" {
			t.Fatalf("got %+v", out)
		}
		arn := strings.Replace(s.MachineARN("work"), ":stateMachine:", ":execution:", 1) + ":" + out.Fired[0].Execution
		x, err := c.sfn.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil || !strings.Contains(aws.ToString(x.Input), out.Fired[0].Slot) || !strings.HasSuffix(out.Fired[0].Slot, "T03:00:00Z") {
			t.Errorf("got %+v, %v", x, err)
		}
	})
	t.Run("a second stack on the same directory is refused", func(t *testing.T) {
		_, err := stack.Start(t.Context(), stack.Config{Template: "testdata/template.json", BinDir: "nowhere", Dir: dir})
		if !errors.Is(err, stack.ErrInUse) {
			t.Errorf("got %v", err)
		}
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	t.Run("everything is there after a restart", func(t *testing.T) {
		s := up(t, dir)
		c := connect(t, s)
		if got := c.object(t, s, "work.txt"); got != canary {
			t.Errorf("object: %q", got)
		}
		secret, err := c.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("headwater/ws/con")})
		if err != nil || *secret.SecretString != canary {
			t.Errorf("secret: %v", err)
		}
		list, err := c.sfn.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(s.MachineARN("work"))})
		if err != nil || len(list.Executions) != 4 {
			t.Errorf("executions: %+v, %v", list, err)
		}
	})
	if found := filesWith(t, dir, s.Platform.Secret); len(found) > 0 {
		t.Errorf("the platform's key is in %v", found)
	}
	if found := filesWith(t, filepath.Join(dir, "secrets"), canary, "headwater/ws/con"); len(found) > 0 {
		t.Errorf("a secret is in %v", found)
	}
}

func TestMissingBinariesAreNamed(t *testing.T) {
	_, err := stack.Start(t.Context(), stack.Config{
		Template: "testdata/template.json", BinDir: t.TempDir(), Dir: t.TempDir(), ToolDir: "../../../.local/tools",
	})
	if err == nil || !strings.Contains(err.Error(), "not built: api, authorizer, settle, worker") {
		t.Errorf("got %v", err)
	}
}

func filesWith(t *testing.T, dir string, needles ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, needle := range needles {
			if bytes.Contains(text, []byte(needle)) {
				found = append(found, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
