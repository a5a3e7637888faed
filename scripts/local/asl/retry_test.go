package asl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/asltest"
)

// TestBackoff: the wait before attempt n is IntervalSeconds × BackoffRate^(n-1), at most MaxDelaySeconds; FULL jitter draws
// from zero up to it; there are MaxAttempts of them.
func TestBackoff(t *testing.T) {
	b := newBench(t, failing("Boom"))
	rapid.Check(t, func(t *rapid.T) {
		interval := rapid.IntRange(1, 100).Draw(t, "IntervalSeconds")
		rate := rapid.Float64Range(1, 10).Draw(t, "BackoffRate")
		attempts := rapid.IntRange(0, 12).Draw(t, "MaxAttempts")
		most := rapid.IntRange(interval, 5000).Draw(t, "MaxDelaySeconds")
		limited := rapid.Bool().Draw(t, "limited")
		jitter := rapid.SampledFrom([]string{"NONE", "FULL"}).Draw(t, "JitterStrategy")
		drawn := rapid.Float64Range(0, 0.999).Draw(t, "random")

		retrier := fmt.Sprintf(`{"ErrorEquals":["Boom"],"IntervalSeconds":%d,"BackoffRate":%v,"MaxAttempts":%d,"JitterStrategy":"%s"`,
			interval, rate, attempts, jitter)
		if limited {
			retrier += fmt.Sprintf(`,"MaxDelaySeconds":%d`, most)
		}
		m, err := asl.Parse([]byte(machine(`"A":`+task(`,"Retry":[`+retrier+`}],"End":true`))), nil)
		if err != nil {
			t.Fatal(err)
		}
		clock := &recordingClock{}
		b.Clock, b.Random = clock, func() float64 { return drawn }
		if got := b.run(context.Background(), m, `{}`); got.Status != asl.Failed || got.Error != "Boom" {
			t.Fatalf("ended as %s (%s)", got.Status, got.Error)
		}

		if len(clock.slept) != attempts {
			t.Fatalf("%d retries, want %d", len(clock.slept), attempts)
		}
		for n, slept := range clock.slept {
			want := float64(interval) * math.Pow(rate, float64(n))
			if limited {
				want = math.Min(want, float64(most))
			}
			want = math.Min(want, math.MaxInt64/1e9) // nobody waits longer
			if jitter == "FULL" {
				want *= drawn
			}
			if math.Abs(slept.Seconds()-want) > 1e-6*want+1e-6 {
				t.Fatalf("the wait before retry %d is %v, want %v s", n+1, slept, want)
			}
		}
	})
}

// TestRetryDefaults: 3 attempts, after 1, 2 and 4 seconds.
func TestRetryDefaults(t *testing.T) {
	b := newBench(t, failing("Boom"))
	clock := &recordingClock{}
	b.Clock = clock
	got := b.run(t.Context(), parse(t, machine(`"A":`+task(`,"Retry":[{"ErrorEquals":["States.ALL"]}],"End":true`))), `{}`)
	wantFailure(t, got, "Boom", `{"errorType":"Boom","errorMessage":"m"}`)
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, clock.slept); diff != "" {
		t.Error(diff)
	}
}

// TestRetriersCountByThemselves follows the example of the specification: the counters of retriers are independent, and the
// first one that matches decides.
func TestRetriersCountByThemselves(t *testing.T) {
	sequence := []string{"ErrorA", "ErrorB", "ErrorC", "ErrorB", "ErrorB"}
	calls := 0
	b := newBench(t, asltest.Functions{"f": func(context.Context, json.RawMessage) (json.RawMessage, error) {
		name := sequence[calls]
		calls++
		return nil, &asl.FunctionError{Payload: []byte(`{"errorType":"` + name + `"}`)}
	}})
	clock := &recordingClock{}
	b.Clock = clock
	got := b.run(t.Context(), parse(t, machine(`"A":`+task(`,"Retry":[
		{"ErrorEquals":["ErrorA","ErrorB"],"IntervalSeconds":1,"BackoffRate":2,"MaxAttempts":2},
		{"ErrorEquals":["ErrorC"],"IntervalSeconds":5}],
		"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Z"}],"End":true`)+`,
		"Z":{"Type":"Pass","Output":"{% $states.input.Error %}","End":true}`)), `{}`)
	wantOutput(t, got, `"ErrorB"`)
	if calls != 4 {
		t.Errorf("%d calls, want 4: the first retrier is used up at the second ErrorB", calls)
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second, 5 * time.Second}, clock.slept); diff != "" {
		t.Error(diff)
	}
}

// TestAUsedUpRetrierIsTheLastWord: a later retrier that would match as well is not asked.
func TestAUsedUpRetrierIsTheLastWord(t *testing.T) {
	b := newBench(t, failing("Boom"))
	clock := &recordingClock{}
	b.Clock = clock
	got := b.run(t.Context(), parse(t, machine(`"A":`+task(`,"Retry":[{"ErrorEquals":["Boom"],"MaxAttempts":1},{"ErrorEquals":["States.ALL"]}],"End":true`))), `{}`)
	wantFailure(t, got, "Boom", "")
	if len(clock.slept) != 1 {
		t.Errorf("%d retries, want 1", len(clock.slept))
	}
}

// TestRetryCountIsShown: $states.context.State.RetryCount counts the retries of the visit.
func TestRetryCountIsShown(t *testing.T) {
	var seen []string
	b := newBench(t, asltest.Functions{"f": func(_ context.Context, payload json.RawMessage) (json.RawMessage, error) {
		seen = append(seen, string(payload))
		if len(seen) < 3 {
			return nil, &asl.FunctionError{Payload: []byte(`{"errorType":"E"}`)}
		}
		return payload, nil
	}})
	b.Clock = &recordingClock{}
	got := b.run(t.Context(), parse(t, machine(`"A":`+task(`,"Arguments":"{% $states.context.State.RetryCount %}","Retry":[{"ErrorEquals":["E"]}],"End":true`))), `{}`)
	wantOutput(t, got, "2")
	if diff := cmp.Diff([]string{"0", "1", "2"}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestWhatErrorNamesMatch(t *testing.T) {
	for name, test := range map[string]struct {
		functions asltest.Functions
		timeout   string
		equals    string
		caught    bool
	}{
		"by name":                            {functions: failing("Boom"), equals: `"Boom"`, caught: true},
		"another name":                       {functions: failing("Boom"), equals: `"Bang"`},
		"States.ALL":                         {functions: failing("Boom"), equals: `"States.ALL"`, caught: true},
		"States.TaskFailed":                  {functions: failing("Boom"), equals: `"States.TaskFailed"`, caught: true},
		"States.Timeout by name":             {functions: hanging(), timeout: `"TimeoutSeconds":5,`, equals: `"States.Timeout"`, caught: true},
		"States.Timeout is no TaskFailed":    {functions: hanging(), timeout: `"TimeoutSeconds":5,`, equals: `"States.TaskFailed"`},
		"a timeout is no missed heartbeat":   {functions: hanging(), timeout: `"TimeoutSeconds":5,`, equals: `"States.HeartbeatTimeout"`},
		"a missed heartbeat":                 {functions: hanging(), timeout: `"TimeoutSeconds":50,"HeartbeatSeconds":5,`, equals: `"States.HeartbeatTimeout"`, caught: true},
		"a missed heartbeat is a timeout":    {functions: hanging(), timeout: `"TimeoutSeconds":50,"HeartbeatSeconds":5,`, equals: `"States.Timeout"`, caught: true},
		"a function without an error type":   {functions: untyped(), equals: `"Lambda.Unknown"`, caught: true},
		"a function that cannot be reached":  {functions: unreachable(), equals: `"Lambda.SdkClientException"`, caught: true},
		"a function that does not exist":     {functions: asltest.Functions{}, equals: `"Lambda.ResourceNotFoundException"`, caught: true},
		"a result that is too large":         {functions: large(), equals: `"States.DataLimitExceeded"`, caught: true},
		"a large result is among States.ALL": {functions: large(), equals: `"States.ALL"`, caught: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.functions)
			m := parse(t, machine(`"A":{`+test.timeout+task(`,"Catch":[{"ErrorEquals":[` + test.equals + `],"Next":"Z"}],"End":true`)[1:]+`,
				"Z":{"Type":"Pass","Output":"caught","End":true}`))
			got := b.bubble(t, m, `{}`)
			if caught := string(got.Output) == `"caught"`; caught != test.caught {
				t.Errorf("ended as %s (%s: %.80s)", got.Status, got.Error, got.Cause)
			}
		})
	}
}

func hanging() asltest.Functions {
	return asltest.Functions{"f": func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
}

func untyped() asltest.Functions {
	return asltest.Functions{"f": func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return nil, &asl.FunctionError{Payload: []byte(`{"errorMessage":"Task timed out"}`)}
	}}
}

func unreachable() asltest.Functions {
	return asltest.Functions{"f": func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return nil, context.DeadlineExceeded
	}}
}

func large() asltest.Functions {
	return asltest.Functions{"f": func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return json.RawMessage(`"` + string(make256K('x')) + `"`), nil
	}}
}

func make256K(c byte) []byte {
	all := make([]byte, 256*1024)
	for i := range all {
		all[i] = c
	}
	return all
}

// TestCatchersAreTriedInOrder: the first catcher that names the error is taken, with its own Assign and Output.
func TestCatchersAreTriedInOrder(t *testing.T) {
	b := newBench(t, failing("Boom"))
	got := b.run(t.Context(), parse(t, machine(`"A":`+task(`,"Assign":{"v":"normal"},"Output":"normal","Catch":[
		{"ErrorEquals":["Bang"],"Next":"Z","Output":"first"},
		{"ErrorEquals":["Other","Boom"],"Next":"Z","Assign":{"v":"{% $states.errorOutput.Error %}"},"Output":{"in":"{% $states.input %}","cause":"{% $parse($states.errorOutput.Cause).errorMessage %}"}},
		{"ErrorEquals":["States.ALL"],"Next":"Z","Output":"third"}],"Next":"Z"`)+`,
		"Z":{"Type":"Pass","Output":["{% $v %}","{% $states.input %}"],"End":true}`)), `{"a":1}`)
	wantOutput(t, got, `["Boom",{"in":{"a":1},"cause":"m"}]`)
}

// TestEvaluationErrorsAreCaught: a field that cannot be evaluated fails its state like any other error.
func TestEvaluationErrorsAreCaught(t *testing.T) {
	b := newBench(t, asltest.Functions{"f": func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage(`{}`), nil }})
	got := b.run(t.Context(), parse(t, machine(`"A":`+task(`,"Output":"{% $states.result.missing %}","Catch":[{"ErrorEquals":["States.QueryEvaluationError"],"Next":"Z"}],"End":true`)+`,
		"Z":{"Type":"Pass","Output":"{% $states.input.Cause %}","End":true}`)), `{}`)
	wantOutput(t, got, `"An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '$states.result.missing' specified for the field 'Output' returned nothing (undefined)."`)
}
