package asl_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// bubble runs a machine in virtual time.
func (b *bench) bubble(t *testing.T, m *asl.Machine, input string) (got asl.Outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { got = b.run(t.Context(), m, input) })
	return got
}

func TestWait(t *testing.T) {
	for name, test := range map[string]struct {
		wait string
		want time.Duration
	}{
		"seconds":                 {`"Seconds":90`, 90 * time.Second},
		"computed seconds":        {`"Seconds":"{% $states.input.n * 2 %}"`, 10 * time.Second},
		"a time":                  {`"Timestamp":"2000-01-01T00:01:30Z"`, 90 * time.Second}, // a bubble begins at 2000-01-01
		"a time with an offset":   {`"Timestamp":"2000-01-01T01:00:10+01:00"`, 10 * time.Second},
		"a computed time":         {`"Timestamp":"{% $states.input.at %}"`, 7500 * time.Millisecond},
		"a time that has gone by": {`"Timestamp":"1999-01-01T00:00:00Z"`, 0},
		"no seconds":              {`"Seconds":0`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			m := parse(t, machine(`"A":{"Type":"Wait",`+test.wait+`,"End":true}`))
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				input := `{"n":5,"at":"2000-01-01T00:00:07.5Z"}`
				wantOutput(t, b.run(t.Context(), m, input), input)
				if took := time.Since(start); took != test.want {
					t.Errorf("waited %v, want %v", took, test.want)
				}
			})
		})
	}
}

func TestWaitRefuses(t *testing.T) {
	for wait, cause := range map[string]string{
		`"Seconds":"{% 'a' %}"`:        "Expected 'number', but was 'string' for value: \"a\"",
		`"Seconds":"{% -1 %}"`:         "Seconds must be between 0",
		`"Seconds":"{% 1.5 %}"`:        "Seconds must be an integer",
		`"Timestamp":"{% 'today' %}"`:  "cannot be parsed as an ISO-8601 extended offset date-time format string: today",
		`"Timestamp":"{% $nothing %}"`: "specified for the field 'Timestamp' returned nothing (undefined).",
	} {
		b := newBench(t, nil)
		got := b.run(t.Context(), parse(t, machine(`"A":{"Type":"Wait",`+wait+`,"End":true}`)), `{}`)
		wantFailure(t, got, asl.ErrQueryEvaluation, cause)
	}
}

// TestTaskTimeout: TimeoutSeconds and HeartbeatSeconds end an attempt, after exactly their time; both may be computed.
func TestTaskTimeout(t *testing.T) {
	for name, test := range map[string]struct {
		limits string
		want   time.Duration
	}{
		"timeout":          {`"TimeoutSeconds":30,`, 30 * time.Second},
		"computed timeout": {`"TimeoutSeconds":"{% $states.input.n %}",`, 20 * time.Second},
		"heartbeat":        {`"TimeoutSeconds":30,"HeartbeatSeconds":4,`, 4 * time.Second},
		"only a heartbeat": {`"HeartbeatSeconds":"{% $states.input.n %}",`, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, hanging())
			m := parse(t, machine(`"A":{`+test.limits+task(`,"End":true`)[1:]))
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				wantFailure(t, b.run(t.Context(), m, `{"n":20}`), asl.ErrTimeout, "")
				if took := time.Since(start); took != test.want {
					t.Errorf("ended after %v, want %v", took, test.want)
				}
			})
			want := []string{"ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionTimedOut", "ExecutionFailed"}
			if diff := cmp.Diff(want, b.journal.Types()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTimeoutPerAttempt: a retried task has its whole time again.
func TestTimeoutPerAttempt(t *testing.T) {
	b := newBench(t, hanging())
	m := parse(t, machine(`"A":`+task(`,"TimeoutSeconds":10,"Retry":[{"ErrorEquals":["States.Timeout"],"MaxAttempts":2,"IntervalSeconds":1,"BackoffRate":1}],"End":true`)))
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		wantFailure(t, b.run(t.Context(), m, `{}`), asl.ErrTimeout, "")
		if took := time.Since(start); took != 32*time.Second {
			t.Errorf("ended after %v, want three attempts of 10 s with 1 s between", took)
		}
	})
}

// TestMachineTimeout: nothing catches the machine's own TimeoutSeconds; the execution is TIMED_OUT.
func TestMachineTimeout(t *testing.T) {
	b := newBench(t, hanging())
	m := parse(t, `{"QueryLanguage":"JSONata","TimeoutSeconds":60,"StartAt":"A","States":{"A":`+
		task(`,"TimeoutSeconds":900,"Retry":[{"ErrorEquals":["States.ALL"]}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Z"}],"End":true`)+`,"Z":{"Type":"Succeed"}}}`)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got := b.run(t.Context(), m, `{}`)
		if got.Status != asl.TimedOut || time.Since(start) != time.Minute {
			t.Errorf("ended as %s after %v", got.Status, time.Since(start))
		}
	})
	types := b.journal.Types()
	if last := types[len(types)-1]; last != "ExecutionTimedOut" {
		t.Errorf("the last event is %s", last)
	}
}

// TestAbort: a cancelled execution is ABORTED, with the error and cause it was given, whatever it was doing.
func TestAbort(t *testing.T) {
	inner := `"StartAt":"C","States":{"C":` + task(`,"Retry":[{"ErrorEquals":["States.ALL"]}],"End":true`) + `}`
	for name, states := range map[string]string{
		"a Wait":     `"A":{"Type":"Wait","Seconds":3600,"End":true}`,
		"a Task":     `"A":` + task(`,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Z"}],"End":true`) + `,"Z":{"Type":"Succeed"}`,
		"a Parallel": `"A":{"Type":"Parallel","Branches":[{` + inner + `}],"End":true}`,
		"a Map":      `"A":{"Type":"Map","Items":[1,2],"ItemProcessor":{` + inner + `},"End":true}`,
		"a distributed Map": `"A":{"Type":"Map","Items":[1,2],"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},` +
			inner + `},"End":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, hanging())
			m := parse(t, machine(states))
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(10*time.Second, func() { cancel(&asl.Abort{Name: "Operator", Cause: "enough"}) })
				got := b.run(ctx, m, `{}`)
				if got.Status != asl.Aborted || got.Error != "Operator" || got.Cause != "enough" {
					t.Errorf("ended as %s (%s: %s)", got.Status, got.Error, got.Cause)
				}
			})
			for _, run := range b.journal.MapRuns() {
				if run.Status != asl.Aborted {
					t.Errorf("the map run is %s", run.Status)
				}
				for _, child := range run.Outcomes {
					if child.Status != asl.Aborted {
						t.Errorf("a child is %s", child.Status)
					}
				}
			}
		})
	}
}

// TestChildrenOfATimedOutMachine: the machine's timeout is not theirs; they are aborted.
func TestChildrenOfATimedOutMachine(t *testing.T) {
	b := newBench(t, hanging())
	m := parse(t, `{"TimeoutSeconds":60,`+distributed(`"Items":[1,2]`)[1:])
	if got := b.bubble(t, m, `{}`); got.Status != asl.TimedOut {
		t.Errorf("ended as %s", got.Status)
	}
	run := b.journal.MapRuns()[0]
	for _, child := range run.Outcomes {
		if child.Status != asl.Aborted {
			t.Errorf("a child ended as %s", child.Status)
		}
	}
	if run.Status != asl.Aborted || len(run.Outcomes) != 2 {
		t.Errorf("the map run is %s with %d children", run.Status, len(run.Outcomes))
	}
}

// TestLongExpression: a cancelled execution does not wait for an expression.
func TestLongExpression(t *testing.T) {
	b := newBench(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	got := b.run(ctx, parse(t, machine(`"A":{"Type":"Pass","Output":"{% $count([1..9000000].($string($) & 'x')) %}","End":true}`)), `{}`)
	if got.Status != asl.Aborted {
		t.Errorf("a cancelled execution with a long expression ended as %s (%s)", got.Status, got.Cause)
	}
}
