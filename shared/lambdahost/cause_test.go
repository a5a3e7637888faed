package lambdahost_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/lambdahost"
)

var ends = lambdahost.Ends{TimedOut: fault.RunTimedOut, Aborted: fault.RunAborted}

func TestCauseFault(t *testing.T) {
	for name, test := range map[string]struct {
		cause lambdahost.Cause
		want  *fault.Error
	}{
		"a worker's own": {
			lambdahost.Cause{Error: "source.permission_denied", Cause: `{"errorMessage":"the key may not list","errorType":"source.permission_denied"}`},
			fault.New(fault.SourcePermission, "the key may not list"),
		},
		"a worker's own, cause gone": {
			lambdahost.Cause{Error: "lake.conflict"},
			fault.New(fault.LakeConflict, "Another writer changed the lake table at the same time."),
		},
		"task timed out":      {lambdahost.Cause{Error: "States.Timeout"}, fault.New(fault.RunTimedOut, "The run did not finish in time.")},
		"heartbeat":           {lambdahost.Cause{Error: "States.HeartbeatTimeout"}, fault.New(fault.RunTimedOut, "The run did not finish in time.")},
		"process died":        {lambdahost.Cause{Error: "Runtime.ExitError", Cause: `{"errorMessage":"signal: killed"}`}, fault.New(fault.Unavailable, "a worker died")},
		"function timed out":  {lambdahost.Cause{Error: "Sandbox.Timedout"}, fault.New(fault.Unavailable, "a worker died")},
		"Lambda throttled":    {lambdahost.Cause{Error: "Lambda.TooManyRequestsException"}, fault.New(fault.Unavailable, "a worker died")},
		"split failed":        {lambdahost.Cause{Error: "States.ExceedToleratedFailureThreshold"}, fault.New(fault.Internal, "a split failed for good")},
		"other, named":        {lambdahost.Cause{Error: "S3.NoSuchKeyException", Cause: "secret path"}, fault.New(fault.Internal, "the state machine failed with S3.NoSuchKeyException")},
		"other, not a name":   {lambdahost.Cause{Error: "hunter2 <script>", Cause: "hunter2"}, fault.New(fault.Internal, "the state machine failed")},
		"nothing is known":    {lambdahost.Cause{}, fault.New(fault.Internal, "the state machine failed")},
		"unregistered, ours?": {lambdahost.Cause{Error: "source.made_up"}, fault.New(fault.Internal, "the state machine failed")},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, lambdahost.CauseFault(test.cause, ends)); diff != "" {
				t.Errorf("fault (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExecutionEvent(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		want *fault.Error
	}{
		"failed": {"failed.json", fault.New(fault.SourceNetwork, "no route")},
		"timed":  {"timed_out.json", fault.New(fault.RunTimedOut, "The run did not finish in time.")},
		"abort":  {"aborted.json", fault.New(fault.RunAborted, "The run was aborted.")},
	} {
		t.Run(name, func(t *testing.T) {
			var event lambdahost.ExecutionEvent
			if err := json.Unmarshal([]byte(file(t, test.file)), &event); err != nil {
				t.Fatal(err)
			}
			if event.Detail.Input == nil || event.Detail.Name != "run_01k9m2v6q3x8r4t5w7y9z0a1b2" {
				t.Errorf("detail %+v", event.Detail)
			}
			if diff := cmp.Diff(test.want, lambdahost.CauseFault(event.Detail.Ended(), ends)); diff != "" {
				t.Errorf("fault (-want +got):\n%s", diff)
			}
		})
	}
}
