package asl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/asltest"
)

// distributed is a Map whose children call f.
func distributed(more string) string {
	return machine(`"A":{"Type":"Map","Label":"Each",` + more + `,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"B","States":{"B":` +
		task(`,"End":true`) + `}},"End":true}`)
}

func reader(inputType, more string) string {
	return `"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"` + inputType + `"` + more +
		`},"Arguments":{"Bucket":"{% $states.input.bucket %}","Key":"items"}}`
}

const writer = `"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Arguments":{"Bucket":"out","Prefix":"results"}}`

func TestItemReader(t *testing.T) {
	for name, test := range map[string]struct{ inputType, more, body, want, cause string }{
		"JSON Lines":                  {inputType: "JSONL", body: "{\"a\": 1}\n\n{\"a\":2}", want: `[{"a":1},{"a":2}]`},
		"an empty file":               {inputType: "JSONL", body: "", want: `[]`},
		"a JSON array":                {inputType: "JSON", body: `[1, "b"]`, want: `[1,"b"]`},
		"MaxItems":                    {inputType: "JSONL", more: `,"MaxItems":"{% $states.input.most %}"`, body: "1\n2\n3\n", want: `[1,2]`},
		"a line that is not JSON":     {inputType: "JSONL", body: "1\nx\n", cause: "line 2 is not JSON"},
		"JSON that is not an array":   {inputType: "JSON", body: `{"a":1}`, cause: "Attempting to map over non-iterable node."},
		"an object that is not there": {inputType: "JSON", body: "-", cause: "The specified key does not exist."},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, echo())
			if test.body != "-" {
				if err := b.Objects.PutObject(t.Context(), "in", "items", []byte(test.body)); err != nil {
					t.Fatal(err)
				}
			}
			got := b.run(t.Context(), parse(t, distributed(reader(test.inputType, test.more))), `{"bucket":"in","most":2}`)
			run := b.journal.MapRuns()[0]
			if test.cause != "" {
				wantFailure(t, got, asl.ErrItemReaderFailed, test.cause)
				want := []string{"ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"}
				if diff := cmp.Diff(want, b.journal.Types()); diff != "" || run.Status != asl.Failed {
					t.Errorf("the map run is %s; %s", run.Status, diff)
				}
				return
			}
			wantOutput(t, got, test.want)
			want := []string{"ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"}
			if diff := cmp.Diff(want, b.journal.Types()); diff != "" || run.Status != asl.Succeeded {
				t.Errorf("the map run is %s; %s", run.Status, diff)
			}
		})
	}
}

// odd fails for odd numbers.
func odd() asltest.Functions {
	return asltest.Functions{"f": func(_ context.Context, payload json.RawMessage) (json.RawMessage, error) {
		var n int
		if err := json.Unmarshal(payload, &n); err != nil {
			return nil, err
		}
		if n%2 == 1 {
			return nil, &asl.FunctionError{Payload: fmt.Appendf(nil, `{"errorType":"Odd","errorMessage":"%d"}`, n)}
		}
		return payload, nil
	}}
}

func TestToleratedFailures(t *testing.T) {
	for name, test := range map[string]struct {
		settings string
		items    string
		fails    bool
	}{
		"none tolerated, none failed":      {``, `[0,2]`, false},
		"none tolerated, one failed":       {``, `[0,1]`, true},
		"as many as the count":             {`,"ToleratedFailureCount":2`, `[0,1,3]`, false},
		"one more than the count":          {`,"ToleratedFailureCount":"{% $states.input.two %}"`, `[0,1,3,5]`, true},
		"as many as the percentage":        {`,"ToleratedFailurePercentage":50`, `[0,1,2,3]`, false},
		"more than the percentage":         {`,"ToleratedFailurePercentage":49.9`, `[0,1,2,3]`, true},
		"either threshold: the count":      {`,"ToleratedFailureCount":1,"ToleratedFailurePercentage":100`, `[0,1,3]`, true},
		"either threshold: the percentage": {`,"ToleratedFailureCount":10,"ToleratedFailurePercentage":10`, `[0,1,2]`, true},
		"all may fail":                     {`,"ToleratedFailurePercentage":100`, `[1,3,5]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, odd())
			got := b.run(t.Context(), parse(t, distributed(`"MaxConcurrency":1,"Items":`+test.items+`,`+writer+test.settings)), `{"two":2}`)
			if test.fails {
				wantFailure(t, got, asl.ErrToleratedFailures, "The specified tolerated failure threshold was exceeded")
			} else if got.Status != asl.Succeeded {
				t.Errorf("ended as %s (%s: %s)", got.Status, got.Error, got.Cause)
			}
		})
	}
}

// TestResultWriter: a manifest names one file of results for each way a child can end.
func TestResultWriter(t *testing.T) {
	b := newBench(t, odd())
	got := b.run(t.Context(), parse(t, distributed(`"MaxConcurrency":1,"ToleratedFailureCount":1,"Items":[0,1,2],`+writer)), `{}`)
	if got.Status != asl.Succeeded {
		t.Fatalf("ended as %s (%s: %s)", got.Status, got.Error, got.Cause)
	}
	var result struct {
		MapRunArn           string
		ResultWriterDetails struct{ Bucket, Key string }
	}
	decode(t, got.Output, &result)
	run := b.journal.MapRuns()[0]
	id := run.Spec.ARN[strings.LastIndexByte(run.Spec.ARN, ':')+1:]
	if result.MapRunArn != run.Spec.ARN || !strings.HasPrefix(result.MapRunArn, "arn:aws:states:us-east-1:000000000000:mapRun:machine/Each:") {
		t.Errorf("the map run is %s", result.MapRunArn)
	}
	if want := "results/" + id + "/manifest.json"; result.ResultWriterDetails.Bucket != "out" || result.ResultWriterDetails.Key != want {
		t.Errorf("the manifest is at %+v, want %s", result.ResultWriterDetails, want)
	}
	var manifest struct {
		DestinationBucket, MapRunArn string
		ResultFiles                  map[string][]struct {
			Key  string
			Size int
		}
	}
	decode(t, object(t, b, result.ResultWriterDetails.Key), &manifest)
	if len(manifest.ResultFiles["SUCCEEDED"]) != 1 || len(manifest.ResultFiles["FAILED"]) != 1 || len(manifest.ResultFiles["PENDING"]) != 0 {
		t.Fatalf("the manifest is %+v", manifest)
	}
	type entry struct{ Input, Output, Error, Cause, Name, Status string }
	for status, want := range map[string][]entry{
		"SUCCEEDED": {{Input: "0", Output: "0", Status: "SUCCEEDED"}, {Input: "2", Output: "2", Status: "SUCCEEDED"}},
		"FAILED":    {{Input: "1", Status: "FAILED", Error: "Odd", Cause: `{"errorType":"Odd","errorMessage":"1"}`}},
	} {
		file := manifest.ResultFiles[status][0]
		body := object(t, b, file.Key)
		if file.Size != len(body) || file.Key != "results/"+id+"/"+status+"_0.json" {
			t.Errorf("%s is %+v with %d bytes", status, file, len(body))
		}
		var found []entry
		decode(t, body, &found)
		for i := range found {
			if found[i].Name == "" {
				t.Errorf("%s: entry %d has no name", status, i)
			}
			found[i].Name = ""
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s: %s", status, diff)
		}
	}
	if run.Written != 3 || run.Total != 3 {
		t.Errorf("%d of %d results written", run.Written, run.Total)
	}
}

// TestTooManyFailuresStopTheRest: what was not started stays pending, and the results are written all the same.
func TestTooManyFailuresStopTheRest(t *testing.T) {
	b := newBench(t, odd())
	got := b.run(t.Context(), parse(t, distributed(`"MaxConcurrency":1,"Items":[0,1,2,4,6,8,10,12],`+writer)), `{}`)
	wantFailure(t, got, asl.ErrToleratedFailures, "")
	run := b.journal.MapRuns()[0]
	if len(run.Outcomes) > 3 {
		t.Errorf("%d children ran after the second one failed", len(run.Outcomes)-2)
	}
	id := run.Spec.ARN[strings.LastIndexByte(run.Spec.ARN, ':')+1:]
	var pending []json.RawMessage
	decode(t, object(t, b, "results/"+id+"/PENDING_0.json"), &pending)
	if len(pending)+len(run.Outcomes) != 8 {
		t.Errorf("%d pending and %d ran, of 8", len(pending), len(run.Outcomes))
	}
}

// TestAbortedChildrenAreFailures: a child that was running when too many had failed is in the file of failures.
func TestAbortedChildrenAreFailures(t *testing.T) {
	both := make(chan struct{}, 2)
	b := newBench(t, asltest.Functions{"f": func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
		both <- struct{}{}
		if string(payload) == "0" {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		for len(both) < 2 { // fail only when the other one runs
			time.Sleep(time.Millisecond)
		}
		return nil, &asl.FunctionError{Payload: []byte(`{"errorType":"Boom"}`)}
	}})
	wantFailure(t, b.run(t.Context(), parse(t, distributed(`"Items":[0,1],`+writer)), `{}`), asl.ErrToleratedFailures, "")
	run := b.journal.MapRuns()[0]
	var found []struct{ Input, Status string }
	decode(t, object(t, b, "results/"+run.Spec.ARN[strings.LastIndexByte(run.Spec.ARN, ':')+1:]+"/FAILED_0.json"), &found)
	want := []struct{ Input, Status string }{{"0", "ABORTED"}, {"1", "FAILED"}}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}

func TestResultsThatCannotBeWritten(t *testing.T) {
	b := newBench(t, echo())
	b.Objects = readOnly{b.Objects}
	got := b.run(t.Context(), parse(t, distributed(`"Items":[1],`+writer)), `{}`)
	wantFailure(t, got, asl.ErrResultWriterFailed, "Access Denied")
}

type readOnly struct{ asl.Objects }

func (readOnly) PutObject(context.Context, string, string, []byte) error {
	return &asl.Error{Name: "S3.S3Exception", Cause: "Access Denied"}
}

func decode(t *testing.T, body []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("decoding %.200s: %v", body, err)
	}
}

func object(t *testing.T, b *bench, key string) []byte {
	t.Helper()
	body, err := b.Objects.GetObject(t.Context(), "out", key)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
