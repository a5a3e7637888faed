package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/names"
)

// resource is one resource of the template, its properties undecoded.
type resource struct {
	Type       string
	Properties json.RawMessage
}

// resources returns the resources of one type by logical id.
func resources(t *testing.T, kind string) map[string]resource {
	t.Helper()
	text, err := synthesized()
	if err != nil {
		t.Fatal(err)
	}
	var template struct{ Resources map[string]resource }
	if err := json.Unmarshal([]byte(text), &template); err != nil {
		t.Fatal(err)
	}
	found := map[string]resource{}
	for id, r := range template.Resources {
		if r.Type == kind {
			found[id] = r
		}
	}
	if len(found) == 0 {
		t.Fatalf("the template has no %s", kind)
	}
	return found
}

// decode decodes a resource's properties into a shape of the test's own.
func decode[T any](t *testing.T, r resource) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.Properties, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// reference is {"Ref": id} or {"Fn::GetAtt": [id, attribute]}.
type reference struct {
	Ref    string
	GetAtt []string `json:"Fn::GetAtt"`
}

func (r reference) id() string {
	if r.Ref != "" || len(r.GetAtt) == 0 {
		return r.Ref
	}
	return r.GetAtt[0]
}

type lambdaFunction struct {
	FunctionName  string
	Runtime       string
	Handler       string
	Architectures []string
	MemorySize    int
	Timeout       int
	Role          reference
	TracingConfig struct{ Mode string }
	LoggingConfig struct {
		LogFormat string
		LogGroup  reference
	}
	Environment struct{ Variables map[string]any }
}

func TestFunctions(t *testing.T) {
	type settings struct {
		Memory, Timeout int
		Env             []string
	}
	worker := []string{names.EnvBucket, names.EnvLogLevel, names.EnvTable}
	with := func(more ...string) []string { return slices.Sorted(slices.Values(append(more, worker...))) }
	sources := func(more ...string) []string {
		return with(append(more, names.EnvSecretPrefix, "SF_DISABLE_MINICORE", "SNOWFLAKE_DISABLE_PLATFORM_DETECTION")...)
	}
	want := map[string]settings{
		"headwater-authorizer": {512, 30, []string{names.EnvLogLevel, names.EnvTable}},
		"headwater-api": {512, 30, with(names.EnvKMSKeyID, names.EnvSecretPrefix,
			names.EnvValidateConnectionARN, names.EnvRunImportARN, names.EnvPrincipal)},
		"headwater-lookup":   {2048, 30, with(names.EnvLakeCatalog, names.EnvSecretPrefix)},
		"headwater-check":    {512, 60, sources()},
		"headwater-discover": {512, 120, sources()},
		"headwater-roster":   {512, 30, with()},
		"headwater-claim":    {512, 30, with()},
		"headwater-plan":     {2048, 900, sources(names.EnvLakeCatalog)},
		"headwater-extract":  {2048, 900, sources(names.EnvLakeCatalog)},
		"headwater-commit":   {2048, 600, with(names.EnvLakeCatalog, names.EnvSecretPrefix)},
		"headwater-settle":   {2048, 30, with(names.EnvLakeCatalog)},
		"headwater-maintain": {2048, 900, with(names.EnvLakeCatalog)},
	}
	got := map[string]settings{}
	roles, logs := map[string]bool{}, map[string]bool{}
	for _, r := range resources(t, "AWS::Lambda::Function") {
		f := decode[lambdaFunction](t, r)
		env := make([]string, 0, len(f.Environment.Variables))
		for name := range f.Environment.Variables {
			env = append(env, name)
		}
		slices.Sort(env)
		got[f.FunctionName] = settings{f.MemorySize, f.Timeout, env}
		if f.Runtime != "provided.al2023" || !slices.Equal(f.Architectures, []string{"arm64"}) || f.Handler != "bootstrap" {
			t.Errorf("%s runs %s on %v by %s", f.FunctionName, f.Runtime, f.Architectures, f.Handler)
		}
		if f.TracingConfig.Mode != "Active" {
			t.Errorf("%s is not traced", f.FunctionName)
		}
		if f.LoggingConfig.LogFormat != "JSON" || logs[f.LoggingConfig.LogGroup.id()] {
			t.Errorf("%s does not log JSON to a group of its own", f.FunctionName)
		}
		if roles[f.Role.id()] {
			t.Errorf("%s shares its role", f.FunctionName)
		}
		roles[f.Role.id()], logs[f.LoggingConfig.LogGroup.id()] = true, true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}

func TestEveryLogGroupForgets(t *testing.T) {
	for id, r := range resources(t, "AWS::Logs::LogGroup") {
		if g := decode[struct{ RetentionInDays int }](t, r); g.RetentionInDays == 0 {
			t.Errorf("%s keeps its events for ever", id)
		}
	}
}

func TestStateMachines(t *testing.T) {
	for id, r := range resources(t, "AWS::StepFunctions::StateMachine") {
		m := decode[struct {
			StateMachineName     string
			TracingConfiguration struct{ Enabled bool }
			LoggingConfiguration struct {
				Level                string
				IncludeExecutionData *bool
			}
			RoleArn reference
		}](t, r)
		if !strings.HasPrefix(m.StateMachineName, names.Stack+"-") || !m.TracingConfiguration.Enabled {
			t.Errorf("%s is called %q, traced: %v", id, m.StateMachineName, m.TracingConfiguration.Enabled)
		}
		if log := m.LoggingConfiguration; log.Level != "ALL" || log.IncludeExecutionData == nil || *log.IncludeExecutionData {
			t.Errorf("%s does not log all events without their data", id)
		}
	}
}

func TestEveryPermissionNamesItsSource(t *testing.T) {
	for id, r := range resources(t, "AWS::Lambda::Permission") {
		p := decode[struct {
			Principal string
			SourceArn json.RawMessage
		}](t, r)
		if !strings.HasSuffix(p.Principal, ".amazonaws.com") || len(p.SourceArn) == 0 {
			t.Errorf("%s lets %q call from anywhere", id, p.Principal)
		}
	}
}

func TestSettleHearsOfEveryBadEnd(t *testing.T) {
	for id, r := range resources(t, "AWS::Events::Rule") {
		rule := decode[struct {
			EventPattern struct {
				Source     []string `json:"source"`
				DetailType []string `json:"detail-type"`
				Detail     struct {
					Status          []string    `json:"status"`
					StateMachineArn []reference `json:"stateMachineArn"`
				} `json:"detail"`
			}
			Targets []struct {
				Arn              reference
				DeadLetterConfig struct{ Arn reference }
			}
		}](t, r)
		if diff := cmp.Diff([]string{"FAILED", "TIMED_OUT", "ABORTED"}, rule.EventPattern.Detail.Status); diff != "" {
			t.Errorf("%s statuses (-want +got):\n%s", id, diff)
		}
		if len(rule.EventPattern.Detail.StateMachineArn) != 3 || len(rule.Targets) != 1 {
			t.Fatalf("%s watches %v for %v", id, rule.EventPattern.Detail.StateMachineArn, rule.Targets)
		}
		if target := rule.Targets[0]; !strings.HasPrefix(target.Arn.id(), "Settle") || target.DeadLetterConfig.Arn.id() == "" {
			t.Errorf("%s goes to %v", id, target)
		}
	}
	for id, r := range resources(t, "AWS::Lambda::EventInvokeConfig") {
		c := decode[struct {
			FunctionName      reference
			DestinationConfig struct {
				OnFailure struct{ Destination reference }
			}
		}](t, r)
		if c.DestinationConfig.OnFailure.Destination.id() == "" {
			t.Errorf("%s loses the events its function fails on", id)
		}
	}
}

func TestSchedules(t *testing.T) {
	got := map[string]string{}
	for id, r := range resources(t, "AWS::Scheduler::Schedule") {
		s := decode[struct {
			Name, ScheduleExpression string
			Target                   struct {
				Input            string
				DeadLetterConfig struct{ Arn reference }
			}
		}](t, r)
		got[s.Name] = s.ScheduleExpression
		if s.Target.Input != `{"scheduled_time":"<aws.scheduler.scheduled-time>"}` || s.Target.DeadLetterConfig.Arn.id() == "" {
			t.Errorf("%s sends %s, dead letters to %q", id, s.Target.Input, s.Target.DeadLetterConfig.Arn.id())
		}
	}
	want := map[string]string{"headwater-dispatch-imports": "rate(5 minutes)", "headwater-daily-upkeep": "cron(0 3 * * ? *)", "headwater-maintain-lake": "cron(30 3 * * ? *)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schedules (-want +got):\n%s", diff)
	}
}
