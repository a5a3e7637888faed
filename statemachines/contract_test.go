// Package statemachines_test holds the state machine files to their contract:
// with the functions they call, the faults those report, and the template
// that deploys them.
package statemachines_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
)

const invoke = "arn:aws:states:::lambda:invoke"

// definition is the part of the Amazon States Language that the contract is
// about.
type definition struct {
	Comment        string
	QueryLanguage  string
	TimeoutSeconds int
	StartAt        string
	States         map[string]state
}

type state struct {
	Type      string
	Resource  string
	Arguments struct {
		FunctionName string
		Payload      map[string]string
	}
	TimeoutSeconds int
	Retry          []retrier
	Catch          []catcher
	ItemProcessor  *definition
	ItemReader     json.RawMessage
	MaxConcurrency int
	Next           string
	Error          string
}

type retrier struct {
	ErrorEquals     []string
	IntervalSeconds int
	MaxAttempts     int
	MaxDelaySeconds int
	BackoffRate     float64
	JitterStrategy  string
}

type catcher struct {
	ErrorEquals []string
	Next        string
}

// machines returns the text of every file by the machine's name.
func machines(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimSuffix(path, ".asl.json")] = string(text)
	}
	want := []string{names.DailyUpkeep, names.DispatchImports, names.MaintainLake, names.RefreshSchema, names.RunImport, names.ValidateConnection}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(texts))); diff != "" {
		t.Fatalf("state machines (-want +got):\n%s", diff)
	}
	return texts
}

// eachState calls visit for every state of every machine, those of maps
// included.
func eachState(t *testing.T, visit func(machine, name string, s state)) {
	t.Helper()
	for machine, text := range machines(t) {
		var d definition
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatalf("%s: %v", machine, err)
		}
		walk(d.States, func(name string, s state) { visit(machine, name, s) })
	}
}

func walk(states map[string]state, visit func(name string, s state)) {
	for name, s := range states {
		visit(name, s)
		if s.ItemProcessor != nil {
			walk(s.ItemProcessor.States, visit)
		}
	}
}

func TestEveryMachineEnds(t *testing.T) {
	for machine, text := range machines(t) {
		var d definition
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		if d.QueryLanguage != "JSONata" || d.TimeoutSeconds == 0 || d.Comment == "" {
			t.Errorf("%s: language %q, timeout %d s, comment %q", machine, d.QueryLanguage, d.TimeoutSeconds, d.Comment)
		}
	}
	eachState(t, func(machine, name string, s state) {
		if s.Type == "Task" && s.TimeoutSeconds == 0 {
			t.Errorf("%s: %s may wait for ever", machine, name)
		}
	})
}

// TestTasksOutliveTheirFunctions holds that a task waits a little longer than
// the function may run, so that the function's own end is what is reported.
func TestTasksOutliveTheirFunctions(t *testing.T) {
	limits := timeouts(t)
	eachState(t, func(machine, name string, s state) {
		if s.Resource != invoke {
			return
		}
		limit, ok := limits[function(s)]
		if waits := time.Duration(s.TimeoutSeconds) * time.Second; !ok || waits <= limit || waits > limit+10*time.Second {
			t.Errorf("%s: %s waits %s for a function of %s", machine, name, waits, limit)
		}
	})
}

// TestDeadlinesComeAfterTheEnd holds that what the sweep declares dead is dead:
// an execution is over before its validation's deadline, a commit before its own.
// And what only the sweep can end, ends within the ten minutes that are promised: EventBridge
// Scheduler ticks every five minutes, up to one late, and the sweep itself takes a moment.
func TestDeadlinesComeAfterTheEnd(t *testing.T) {
	var d definition
	if err := json.Unmarshal([]byte(machines(t)[names.ValidateConnection]), &d); err != nil {
		t.Fatal(err)
	}
	if end := time.Duration(d.TimeoutSeconds) * time.Second; end >= connection.Deadline {
		t.Errorf("a validation may run for %s, and is declared dead after %s", end, connection.Deadline)
	}
	const promised, tick, late, sweep = 10 * time.Minute, 5 * time.Minute, time.Minute, 10 * time.Second
	if ends := connection.Deadline + tick + late + sweep; ends > promised {
		t.Errorf("a validation that died may be open for %s", ends)
	}
	if end := timeouts(t)[names.Commit]; end >= ingest.CommitDeadline {
		t.Errorf("a commit may run for %s, and is declared dead after %s", end, ingest.CommitDeadline)
	}
}

// timeouts are the deployed functions' own, by name.
func timeouts(t *testing.T) map[string]time.Duration {
	t.Helper()
	found := map[string]time.Duration{}
	for _, r := range deployed(t, "AWS::Lambda::Function") {
		var f struct {
			FunctionName string
			Timeout      int
		}
		if err := json.Unmarshal(r, &f); err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(f.FunctionName, names.Stack+"-")] = time.Duration(f.Timeout) * time.Second
	}
	return found
}

// function is the name of the function that a task calls.
func function(s state) string {
	name := strings.TrimSuffix(strings.TrimPrefix(s.Arguments.FunctionName, "${"), "FunctionArn}")
	return strings.ToLower(name)
}

// TestTransientFailuresAreRetried holds that tasks retry what the fault
// package calls retryable and what AWS documents as passing, and nothing else.
func TestTransientFailuresAreRetried(t *testing.T) {
	want := []string{
		"Lambda.AWSLambdaException", "Lambda.ClientExecutionTimeoutException", "Lambda.SdkClientException", "Lambda.ServiceException",
		"Lambda.TooManyRequestsException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout",
	}
	for _, code := range fault.Codes() {
		if class, _ := fault.Lookup(code); class.Retryable {
			want = append(want, string(code))
		}
	}
	slices.Sort(want)
	eachState(t, func(machine, name string, s state) {
		if s.Type == "Task" && len(s.Retry) != 1 {
			t.Errorf("%s: %s has %d retriers", machine, name, len(s.Retry))
		}
		for _, r := range s.Retry {
			if r.JitterStrategy != "FULL" || r.IntervalSeconds == 0 || r.MaxAttempts == 0 || r.MaxDelaySeconds == 0 || r.BackoffRate < 2 {
				t.Errorf("%s: %s retries without jitter or bounds: %+v", machine, name, r)
			}
			if s.Resource != invoke {
				continue
			}
			if diff := cmp.Diff(want, slices.Sorted(slices.Values(r.ErrorEquals))); diff != "" {
				t.Errorf("%s: %s retries (-want +got):\n%s", machine, name, diff)
			}
		}
	})
}

func TestErrorNamesAreKnown(t *testing.T) {
	aws := regexp.MustCompile(`^(States|Lambda|Sandbox|Runtime|Sfn)\.[A-Z]\w+$`)
	eachState(t, func(machine, name string, s state) {
		var equals []string
		for _, r := range s.Retry {
			equals = append(equals, r.ErrorEquals...)
		}
		for _, c := range s.Catch {
			equals = append(equals, c.ErrorEquals...)
		}
		for _, e := range equals {
			if _, ok := fault.Lookup(fault.Code(e)); !ok && !aws.MatchString(e) {
				t.Errorf("%s: %s handles %s, which nothing reports", machine, name, e)
			}
		}
	})
}

// TestFailuresAreSettled holds that in the machines that have something to
// settle every step that can fail leads to settle, and settle to the failure.
func TestFailuresAreSettled(t *testing.T) {
	eachState(t, func(machine, name string, s state) {
		if !slices.Contains([]string{names.ValidateConnection, names.RefreshSchema, names.RunImport}, machine) || s.Type != "Task" && s.Type != "Map" {
			return
		}
		next := map[string]string{
			"Settle": "", "SettleFailure": "Failed",
			"ExtractSplit": "SettleSplitFailure", "SettleSplitFailure": "SplitFailed",
		}
		want, special := next[name]
		if !special {
			want = "SettleFailure"
		}
		got := ""
		for _, c := range s.Catch {
			if slices.Equal(c.ErrorEquals, []string{"States.ALL"}) {
				got = c.Next
			}
		}
		if got != want {
			t.Errorf("%s: a failure of %s leads to %q, want %q", machine, name, got, want)
		}
	})
}

// TestSubstitutions holds that the template gives a value to every ${…} of a
// file, and to nothing else.
func TestSubstitutions(t *testing.T) {
	given := map[string]map[string]json.RawMessage{}
	for _, r := range deployed(t, "AWS::StepFunctions::StateMachine") {
		var m struct {
			StateMachineName        string
			DefinitionSubstitutions map[string]json.RawMessage
		}
		if err := json.Unmarshal(r, &m); err != nil {
			t.Fatal(err)
		}
		given[strings.TrimPrefix(m.StateMachineName, names.Stack+"-")] = m.DefinitionSubstitutions
	}
	placeholder := regexp.MustCompile(`\$\{(\w+)\}`)
	for machine, text := range machines(t) {
		used := map[string]bool{}
		for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
			used[match[1]] = true
		}
		want, got := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(given[machine]))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-used +given):\n%s", machine, diff)
		}
	}
}

// deployed returns the properties of the golden template's resources of one
// type.
func deployed(t *testing.T, kind string) map[string]json.RawMessage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "infra", "testdata", names.Stack+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	found := map[string]json.RawMessage{}
	for id, r := range template.Resources {
		if r.Type == kind {
			found[id] = r.Properties
		}
	}
	return found
}

// validate runs both ASL validators over files. The tools they need are
// installed by `make tools`.
func validate(t *testing.T, paths ...string) (findings string, ok bool) {
	t.Helper()
	args := append([]string{filepath.Join("..", "scripts", "checks", "asl.mjs")}, paths...)
	out, err := exec.CommandContext(t.Context(), "node", args...).CombinedOutput()
	return string(out), err == nil
}

func TestValidatorsAcceptTheMachines(t *testing.T) {
	var paths []string
	for machine := range machines(t) {
		paths = append(paths, machine+".asl.json")
	}
	if findings, ok := validate(t, paths...); !ok {
		t.Error(findings)
	}
}

func TestValidatorsFindFaults(t *testing.T) {
	text := machines(t)[names.RunImport]
	for name, c := range map[string]struct{ from, to, finding string }{
		"missing state":     {`"Next": "AnyHold"`, `"Next": "Nowhere"`, "must be the name of an existing state"},
		"misspelt field":    {`"TimeoutSeconds": 905`, `"TimeoutSecond": 905`, "Field is not supported"},
		"broken expression": {`$plan.splits > 0`, `$plan.splits >`, "jsonata_string"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := strings.Replace(text, c.from, c.to, 1)
			path := filepath.Join(t.TempDir(), "broken.asl.json")
			if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
				t.Fatal(err)
			}
			if findings, ok := validate(t, path); ok || !strings.Contains(findings, c.finding) {
				t.Errorf("found %q, want %q", findings, c.finding)
			}
		})
	}
}
