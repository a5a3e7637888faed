package workflow_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/workflow"
)

// starter returns a Starter whose Step Functions answers everything with one status and body, and the bodies it was sent.
func starter(t *testing.T, status int, answer string) (*workflow.Starter, *[]map[string]string) {
	t.Helper()
	sent := new([]map[string]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("X-Amz-Target"); got != "AWSStepFunctions.StartExecution" {
			t.Errorf("called %s", got)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var request map[string]string
		if err := json.Unmarshal(body, &request); err != nil {
			t.Error(err)
		}
		*sent = append(*sent, request)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return &workflow.Starter{
		Client: sfn.New(sfn.Options{
			BaseEndpoint: aws.String(server.URL), Region: "us-east-1", RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
		}),
		ValidateConnectionARN: "arn:validate", RunImportARN: "arn:run",
	}, sent
}

const started = `{"executionArn":"arn:execution","startDate":1.7e9}`

func TestStart(t *testing.T) {
	s, sent := starter(t, 200, started)
	if err := s.StartValidation(t.Context(), connection.Ref{WorkspaceID: "w", ConnectionID: "con_1", ValidationID: "val_1"}); err != nil {
		t.Fatal(err)
	}
	if err := s.StartRun(t.Context(), ingest.Run{WorkspaceID: "w", ImportID: "imp_1", ID: "run_1"}); err != nil {
		t.Fatal(err)
	}
	if err := s.StartRun(t.Context(), ingest.Run{WorkspaceID: "w", ImportID: "imp_1", ID: "run_1", Attempt: 2}); err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{
		{"stateMachineArn": "arn:validate", "name": "val_1", "input": `{"workspace_id":"w","connection_id":"con_1","validation_id":"val_1"}`},
		{"stateMachineArn": "arn:run", "name": "run_1", "input": `{"workspace_id":"w","import_id":"imp_1","run_id":"run_1"}`},
		{"stateMachineArn": "arn:run", "name": "run_1-2", "input": `{"workspace_id":"w","import_id":"imp_1","run_id":"run_1"}`},
	}
	if diff := cmp.Diff(want, *sent); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestClassification(t *testing.T) {
	refusal := func(code string) string {
		return fmt.Sprintf(`{"__type":"com.amazonaws.swf.service.v2.model#%s","message":"m"}`, code)
	}
	for name, test := range map[string]struct {
		status int
		answer string
		want   fault.Code
	}{
		"started":         {200, started, ""},
		"started before":  {400, refusal("ExecutionAlreadyExists"), ""},
		"throttled":       {400, refusal("ThrottlingException"), fault.Throttled},
		"too many open":   {400, refusal("ExecutionLimitExceeded"), fault.Throttled},
		"their failure":   {500, `{"__type":"InternalFailure"}`, fault.Unavailable},
		"no such machine": {400, refusal("StateMachineDoesNotExist"), fault.Internal},
		"not allowed":     {400, refusal("AccessDeniedException"), fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := starter(t, test.status, test.answer)
			if err := s.StartRun(t.Context(), ingest.Run{ID: "run_1"}); fault.CodeOf(err) != test.want {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	s := &workflow.Starter{Client: sfn.New(sfn.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})}
	if err := s.StartRun(t.Context(), ingest.Run{ID: "run_1"}); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("error %v, want %s", err, fault.Unavailable)
	}
}
