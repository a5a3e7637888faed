package asl_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/asl/asltest"
)

func echo() asltest.Functions {
	return asltest.Functions{"f": func(_ context.Context, payload json.RawMessage) (json.RawMessage, error) { return payload, nil }}
}

func TestDataFlow(t *testing.T) {
	for name, test := range map[string]struct{ states, input, want string }{
		"a Pass passes its input":           {`"A":{"Type":"Pass","End":true}`, `{"a":1}`, `{"a":1}`},
		"Output replaces it":                {`"A":{"Type":"Pass","Output":{"b":"{% $states.input.a + 1 %}"},"End":true}`, `{"a":1}`, `{"b":2}`},
		"the order of fields stays":         {`"A":{"Type":"Pass","Output":{"z":1,"a":"{% {'y': 2, 'b': 3} %}"},"End":true}`, `{}`, `{"z":1,"a":{"y":2,"b":3}}`},
		"an output of 256 KiB exactly":      {`"A":{"Type":"Pass","Output":"{% $pad('', 262142, 'x') %}","Next":"Z"},"Z":{"Type":"Pass","Output":"{% $length($states.input) %}","End":true}`, `{}`, `262142`},
		"a string that only contains {% %}": {`"A":{"Type":"Pass","Output":"x {% 1 %}","End":true}`, `{}`, `"x {% 1 %}"`},
		"Succeed has Output":                {`"A":{"Type":"Succeed","Output":"{% $states.input.a %}"}`, `{"a":[1]}`, `[1]`},
		"Task: Arguments, result, Output": {
			`"A":` + task(`,"Arguments":{"x":"{% $states.input.a %}"},"Output":{"in":"{% $states.input.a %}","out":"{% $states.result.x %}"},"End":true`),
			`{"a":1}`, `{"in":1,"out":1}`,
		},
		"Task: the input without Arguments": {`"A":` + task(`,"End":true`), `{"a":1}`, `{"a":1}`},
		"lambda:invoke wraps the payload": {
			`"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":{"n":"{% $states.input.a %}"}},"Output":"{% [$states.result.StatusCode, $states.result.Payload.n] %}","End":true}`,
			`{"a":1}`, `[200,1]`,
		},
		"Assign reads the old values": {
			`"A":{"Type":"Pass","Assign":{"x":1,"y":2},"Next":"B"},"B":{"Type":"Pass","Assign":{"x":"{% $y %}","y":"{% $x %}"},"Output":"{% $x %}","Next":"C"},"C":{"Type":"Pass","Output":["{% $x %}","{% $y %}","{% $states.input %}"],"End":true}`,
			`{}`, `[2,1,1]`,
		},
		"Choice: first rule that holds, with its Assign and Output": {
			`"A":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.n > 5 %}","Next":"Z"},{"Condition":"{% $states.input.n > 1 %}","Assign":{"v":"rule"},"Output":"out","Next":"Z"},{"Condition":true,"Next":"Z"}],"Assign":{"v":"default"},"Default":"Z"},"Z":{"Type":"Pass","Output":["{% $v %}","{% $states.input %}"],"End":true}`,
			`{"n":3}`, `["rule","out"]`,
		},
		"Choice: Default, with the state's Assign and Output": {
			`"A":{"Type":"Choice","Choices":[{"Condition":false,"Next":"Z"}],"Assign":{"v":"default"},"Output":"out","Default":"Z"},"Z":{"Type":"Pass","Output":["{% $v %}","{% $states.input %}"],"End":true}`,
			`{"n":3}`, `["default","out"]`,
		},
		"Parallel: outputs in the order of the branches": {
			`"A":{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":5,"Next":"B2"},"B2":{"Type":"Pass","Output":"b","End":true}}},{"StartAt":"C","States":{"C":{"Type":"Pass","Output":"{% $states.input %}","End":true}}}],"Arguments":{"x":1},"End":true}`,
			`{}`, `["b",{"x":1}]`,
		},
		"Map over the input": {
			`"A":{"Type":"Map","ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Pass","Output":"{% $states.input * 2 %}","End":true}}},"End":true}`, `[1,2,3]`, `[2,4,6]`,
		},
		"Map with ItemSelector and the item in the context": {
			`"A":{"Type":"Map","Items":"{% $states.input.items %}","ItemSelector":{"i":"{% $states.context.Map.Item.Index %}","v":"{% $states.context.Map.Item.Value %}","all":"{% $count($states.input.items) %}"},"ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Pass","Output":["{% $states.input.i = $states.context.Map.Item.Index %}","{% $states.input.v %}","{% $states.input.all %}"],"End":true}}},"End":true}`,
			`{"items":["a","b"]}`, `[[true,"a",2],[true,"b",2]]`,
		},
		"the context object": {
			`"A":{"Type":"Pass","Output":["{% $states.context.Execution.Id %}","{% $states.context.Execution.Name %}","{% $states.context.Execution.Input.a %}","{% $states.context.Execution.StartTime %}","{% $states.context.StateMachine.Name %}","{% $states.context.State.Name %}"],"End":true}`,
			`{"a":1}`, `["arn:aws:states:us-east-1:000000000000:execution:machine:x","x",1,"2026-01-02T03:04:05.006Z","machine","A"]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, echo())
			wantOutput(t, b.bubble(t, parse(t, machine(test.states)), test.input), test.want)
		})
	}
}

func TestFailures(t *testing.T) {
	for name, test := range map[string]struct{ states, name, cause string }{
		"Fail":                                  {`"A":{"Type":"Fail","Error":"E","Cause":"{% 'c' & $states.input.n %}"}`, "E", "c1"},
		"Fail with a number":                    {`"A":{"Type":"Fail","Error":"{% 1 %}"}`, asl.ErrQueryEvaluation, "Expected 'string', but was 'number' for value: 1"},
		"no rule and no Default":                {`"A":{"Type":"Choice","Choices":[{"Condition":false,"Next":"Z"}]},"Z":{"Type":"Succeed"}`, asl.ErrNoChoiceMatched, ""},
		"a condition that is a number":          {`"A":{"Type":"Choice","Choices":[{"Condition":"{% 1 %}","Next":"Z"}]},"Z":{"Type":"Succeed"}`, asl.ErrQueryEvaluation, "Expected 'boolean', but was 'number' for value: 1"},
		"an expression that throws":             {`"A":{"Type":"Pass","Output":"{% 1 + 'a' %}","End":true}`, asl.ErrQueryEvaluation, `threw an error during evaluation. T2002: The right side of the "+" operator must evaluate to a number`},
		"$error":                                {`"A":{"Type":"Pass","Output":"{% $error('no') %}","End":true}`, asl.ErrQueryEvaluation, "threw an error during evaluation. D3137: no"},
		"a result missing in a Pass":            {`"A":{"Type":"Pass","Output":"{% $states.result %}","End":true}`, asl.ErrQueryEvaluation, "returned nothing (undefined)"},
		"an inner variable is not seen outside": {`"A":{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Pass","Assign":{"own":1},"End":true}}}],"Output":"{% $own %}","End":true}`, asl.ErrQueryEvaluation, "'$own' specified for the field 'Output' returned nothing"},
		"no root":                               {`"A":{"Type":"Pass","Output":"{% $ %}","End":true}`, asl.ErrQueryEvaluation, "returned nothing (undefined)"},
		"a function as value":                   {`"A":{"Type":"Pass","Output":"{% function($x) { $x } %}","End":true}`, asl.ErrQueryEvaluation, "for the field 'Output' returned an unsupported result type."},
		"a function within a value":             {`"A":{"Type":"Pass","Output":"{% {'f': [function($x) { $x }]} %}","End":true}`, asl.ErrQueryEvaluation, "for the field 'Output' returned an unsupported result type."},
		"a regular expression as value":         {`"A":{"Type":"Pass","Output":{"r":"{% /a/ %}"},"End":true}`, asl.ErrQueryEvaluation, "for the field 'Output/r' returned an unsupported result type."},
		"Items that are no array":               {`"A":{"Type":"Map","Items":"{% {'a': 1} %}","ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Succeed"}}},"End":true}`, asl.ErrQueryEvaluation, `Expected 'array', but was 'object' for value: {"a":1}`},
		"an output over 256 KiB":                {`"A":{"Type":"Pass","Output":"{% $pad('', 262143, 'x') %}","Next":"Z"},"Z":{"Type":"Succeed"}`, asl.ErrDataLimitExceeded, "The state/task 'A' returned a result with a size exceeding"},
		"arguments over 256 KiB":                {`"A":` + task(`,"Arguments":"{% $pad('', 262143, 'x') %}","Catch":[{"ErrorEquals":["States.ALL"],"Next":"Z"}],"End":true`) + `,"Z":{"Type":"Succeed"}`, asl.ErrDataLimitExceeded, "The state/task 'A'"},
		"a loop without an end":                 {`"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Choices":[{"Condition":true,"Next":"A"}],"Default":"Z"},"Z":{"Type":"Succeed"}`, asl.ErrRuntime, "maximum number of history events (25000)"},
		"too many arguments at run time":        {`"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":"{% {'FunctionName': 'f', 'LogType': 'Tail'} %}","Catch":[{"ErrorEquals":["States.ALL"],"Next":"Z"}],"End":true},"Z":{"Type":"Succeed"}`, asl.ErrRuntime, "'LogType' is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, echo())
			wantFailure(t, b.run(t.Context(), parse(t, machine(test.states)), `{"n":1}`), test.name, test.cause)
		})
	}
}

// TestInnerScopes: a branch and an iteration read the variables around them; what they assign stays with them.
func TestInnerScopes(t *testing.T) {
	b := newBench(t, nil)
	branch := func(name string) string {
		return `{"StartAt":"` + name + `","States":{"` + name + `":{"Type":"Pass","Assign":{"own":"{% $outer + 1 %}"},"Next":"` + name + `2"},"` +
			name + `2":{"Type":"Pass","Output":"{% [$outer, $own] %}","End":true}}}`
	}
	got := b.run(t.Context(), parse(t, machine(`"A":{"Type":"Pass","Assign":{"outer":1},"Next":"P"},
		"P":{"Type":"Parallel","Branches":[`+branch("B")+`,`+branch("C")+`],"Next":"M"},
		"M":{"Type":"Map","ItemProcessor":`+branch("D")+`,"Assign":{"mapped":"{% $states.result %}"},"Next":"Z"},
		"Z":{"Type":"Pass","Output":["{% $mapped %}","{% $exists($own) %}"],"End":true}`)), `{}`)
	wantOutput(t, got, `[[[1,2],[1,2]],false]`)
}

// TestChildrenOfADistributedMapSeeNoVariables: they are executions of their own.
func TestChildrenOfADistributedMapSeeNoVariables(t *testing.T) {
	b := newBench(t, nil)
	got := b.run(t.Context(), parse(t, machine(`"A":{"Type":"Pass","Assign":{"outer":1},"Next":"M"},
		"M":{"Type":"Map","Items":[1],"ItemSelector":"{% $outer %}","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"B","States":
			{"B":{"Type":"Pass","Assign":{"outer":2},"Output":["{% $states.input %}","{% $exists($outer) %}"],"End":true}}},"Next":"Z"},
		"Z":{"Type":"Pass","Output":["{% $states.input %}","{% $outer %}"],"End":true}`)), `{}`)
	wantOutput(t, got, `[[[1,false]],1]`)
}

// TestFailingBranchAbortsTheOthers: the first branch to fail is the failure of the state, at once.
func TestFailingBranchAbortsTheOthers(t *testing.T) {
	b := newBench(t, hanging())
	m := parse(t, machine(`"A":{"Type":"Parallel","Branches":[
		{"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":10,"Next":"B2"},"B2":{"Type":"Fail","Error":"Broken","Cause":"by hand"}}},
		{"StartAt":"C","States":{"C":`+task(`,"Retry":[{"ErrorEquals":["States.ALL"]}],"End":true`)+`}},
		{"StartAt":"D","States":{"D":{"Type":"Wait","Seconds":3600,"End":true}}}],
		"Catch":[{"ErrorEquals":["Broken"],"Next":"Z"}],"End":true},"Z":{"Type":"Pass","End":true}`))
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		wantOutput(t, b.run(t.Context(), m, `{}`), `{"Error":"Broken","Cause":"by hand"}`)
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("took %v, want 10 s: the others are cancelled", took)
		}
	})
	counts := map[string]int{}
	for _, kind := range b.journal.Types() {
		counts[kind]++
	}
	if counts["TaskStateAborted"] != 1 || counts["WaitStateAborted"] != 1 || counts["ParallelStateFailed"] != 1 {
		t.Errorf("the history has %v", counts)
	}
}

// TestParallelRetry: all branches run again.
func TestParallelRetry(t *testing.T) {
	var calls atomic.Int32
	b := newBench(t, asltest.Functions{"f": func(context.Context, json.RawMessage) (json.RawMessage, error) {
		if calls.Add(1) == 1 {
			return nil, &asl.FunctionError{Payload: []byte(`{"errorType":"Once"}`)}
		}
		return json.RawMessage(`1`), nil
	}})
	got := b.bubble(t, parse(t, machine(`"A":{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":`+task(`,"End":true`)+`}}],
		"Retry":[{"ErrorEquals":["Once"]}],"End":true}`)), `{}`)
	wantOutput(t, got, `[1]`)
	want := []string{
		"ExecutionStarted", "ParallelStateEntered", "ParallelStateStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
		"LambdaFunctionFailed", "TaskStateAborted", "ParallelStateStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
		"LambdaFunctionSucceeded", "TaskStateExited", "ParallelStateSucceeded", "ParallelStateExited", "ExecutionSucceeded",
	}
	if diff := cmp.Diff(want, b.journal.Types()); diff != "" {
		t.Error(diff)
	}
}

// TestMapConcurrency: at most MaxConcurrency iterations run at once, and that many do; the outputs are in order.
func TestMapConcurrency(t *testing.T) {
	for name, config := range map[string]string{
		"inline":      ``,
		"distributed": `"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},`,
	} {
		t.Run(name, func(t *testing.T) {
			var running, most atomic.Int32
			b := newBench(t, asltest.Functions{"f": func(_ context.Context, payload json.RawMessage) (json.RawMessage, error) {
				now := running.Add(1)
				for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
				}
				time.Sleep(time.Second)
				running.Add(-1)
				return payload, nil
			}})
			m := parse(t, machine(`"A":{"Type":"Map","Items":[1,2,3,4,5,6,7],"MaxConcurrency":"{% $states.input.n %}","ItemProcessor":{`+config+`"StartAt":"B","States":{"B":`+task(`,"End":true`)+`}},"End":true}`))
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				wantOutput(t, b.run(t.Context(), m, `{"n":3}`), `[1,2,3,4,5,6,7]`)
				if took := time.Since(start); took != 3*time.Second || most.Load() != 3 {
					t.Errorf("took %v with %d at once, want 3 s with 3", took, most.Load())
				}
			})
		})
	}
}

// TestEventsFollowFromEachOther: ids count from 1 without gaps, and each previousEventId is an earlier event.
func TestEventsFollowFromEachOther(t *testing.T) {
	b := newBench(t, failing("Boom"))
	b.bubble(t, parse(t, machine(`"A":{"Type":"Map","Items":[1,2,3,4],"ItemProcessor":{"StartAt":"B","States":{"B":`+
		task(`,"Retry":[{"ErrorEquals":["Boom"],"MaxAttempts":2}],"End":true`)+`}},"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Z"}],"End":true},"Z":{"Type":"Succeed"}`)), `{}`)
	for i, e := range b.journal.Events() {
		if e.ID != int64(i)+1 || e.PreviousEventID >= e.ID {
			t.Errorf("event %d (%s) has id %d and previous %d", i+1, e.Type, e.ID, e.PreviousEventID)
		}
	}
}

// TestAssigningAnOuterVariable: what Parse cannot see, because the state around assigns only when it leaves, fails when it
// happens: here when the loop comes around again.
func TestAssigningAnOuterVariable(t *testing.T) {
	b := newBench(t, nil)
	got := b.run(t.Context(), parse(t, machine(`"A":{"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Pass","Assign":{"v":1},"End":true}}}],
		"Assign":{"v":2},"Next":"L"},"L":{"Type":"Choice","Choices":[{"Condition":true,"Next":"A"}],"Default":"Z"},"Z":{"Type":"Succeed"}`)), `{}`)
	wantFailure(t, got, asl.ErrRuntime, "The variable 'v' belongs to an outer scope")
}
