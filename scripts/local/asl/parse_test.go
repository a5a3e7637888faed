package asl_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

func TestParseRefusesByName(t *testing.T) {
	const end = `,"End":true}`
	distributed := func(more string) string {
		return machine(`"A":{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}` + more + end)
	}
	retry := func(entries string) string { return machine(`"A":` + task(`,"Retry":[`+entries+`],"End":true`)) }
	for name, test := range map[string]struct{ definition, want string }{
		"not JSON":                         {`{`, "$: is not JSON"},
		"unknown field of the machine":     {`{"QueryLanguage":"JSONata","StartAt":"A","Foo":1,"States":{"A":{"Type":"Succeed"}}}`, "$.Foo: the field Foo is not supported here"},
		"unknown field of a state":         {machine(`"A":{"Type":"Pass","Result":1` + end), "$.States.A.Result: the field Result is not supported here"},
		"field of another type":            {machine(`"A":{"Type":"Pass","Seconds":1` + end), "$.States.A.Seconds"},
		"unknown type":                     {machine(`"A":{"Type":"Loop"` + end), `the state type "Loop" is not supported`},
		"JSONPath":                         {`{"StartAt":"A","States":{"A":` + task(`,"End":true`) + `}}`, "the JSONPath query language is not supported in a Task state"},
		"JSONPath data flow":               {`{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$.x","End":true}}}`, "$.States.A.InputPath"},
		"unknown resource":                 {machine(`"A":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage"` + end), `"arn:aws:states:::sqs:sendMessage" is not supported`},
		"callback":                         {machine(`"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken"` + end), "is not supported"},
		"credentials":                      {machine(`"A":` + task(`,"Credentials":{"RoleArn":"r"},"End":true`)), "$.States.A.Credentials"},
		"unknown argument":                 {machine(`"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Qualifier":"1"}` + end), "'Qualifier' is not supported"},
		"missing argument":                 {machine(`"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke"` + end), "'FunctionName' is required"},
		"no way out":                       {machine(`"A":{"Type":"Pass"}`), "a state needs Next or End"},
		"two ways out":                     {machine(`"A":{"Type":"Pass","Next":"B"` + end + `,"B":{"Type":"Succeed"}`), "Next or End, not both"},
		"unknown next state":               {machine(`"A":{"Type":"Pass","Next":"Z"}`), `the next state "Z" does not exist`},
		"unknown caught state":             {machine(`"A":` + task(`,"Catch":[{"ErrorEquals":["X"],"Next":"Z"}],"End":true`)), `"Z" does not exist`},
		"unknown first state":              {`{"QueryLanguage":"JSONata","StartAt":"Z","States":{"A":{"Type":"Succeed"}}}`, `the state "Z" does not exist`},
		"unreachable state":                {machine(`"A":{"Type":"Succeed"},"B":{"Type":"Succeed"}`), "$.States.B: no state leads here"},
		"field twice":                      {machine(`"A":{"Type":"Succeed","Output":1,"Output":2}`), `has the field "Output" twice`},
		"States.ALL with others":           {retry(`{"ErrorEquals":["States.ALL","X"]}`), "States.ALL must stand alone"},
		"States.ALL not last":              {retry(`{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["X"]}`), "Retry[0]: States.ALL must be in the last entry"},
		"unknown reserved error":           {retry(`{"ErrorEquals":["States.Whatever"]}`), "States.Whatever is not an error name"},
		"empty ErrorEquals":                {retry(`{"ErrorEquals":[]}`), "ErrorEquals"},
		"no interval":                      {retry(`{"ErrorEquals":["X"],"IntervalSeconds":0}`), "IntervalSeconds: must be between"},
		"shrinking back-off":               {retry(`{"ErrorEquals":["X"],"BackoffRate":0.5}`), "BackoffRate: must be between"},
		"half an attempt":                  {retry(`{"ErrorEquals":["X"],"MaxAttempts":1.5}`), "MaxAttempts: must be an integer"},
		"unknown jitter":                   {retry(`{"ErrorEquals":["X"],"JitterStrategy":"SOME"}`), `"SOME" is not supported`},
		"retry in a Pass":                  {machine(`"A":{"Type":"Pass","Retry":[]` + end), "$.States.A.Retry"},
		"heartbeat not before the timeout": {machine(`"A":` + task(`,"TimeoutSeconds":5,"HeartbeatSeconds":5,"End":true`)), "HeartbeatSeconds: must be less than TimeoutSeconds"},
		"zero timeout":                     {machine(`"A":` + task(`,"TimeoutSeconds":0,"End":true`)), "TimeoutSeconds: must be between"},
		"wait for nothing":                 {machine(`"A":{"Type":"Wait"` + end), "either Seconds or Timestamp"},
		"wait for two things":              {machine(`"A":{"Type":"Wait","Seconds":1,"Timestamp":"2026-01-01T00:00:00Z"` + end), "either Seconds or Timestamp"},
		"timestamp without an offset":      {machine(`"A":{"Type":"Wait","Timestamp":"2026-01-01T00:00:00"` + end), "ISO-8601"},
		"reserved variable":                {machine(`"A":{"Type":"Pass","Assign":{"states":1}` + end), `"states" cannot be the name of a variable`},
		"outer variable":                   {machine(`"A":{"Type":"Pass","Assign":{"v":1},"Next":"B"},"B":{"Type":"Parallel","Branches":[{"StartAt":"C","States":{"C":{"Type":"Pass","Assign":{"v":2},"End":true}}}]` + end), "the variable v belongs to an outer scope"},
		"name used twice":                  {machine(`"A":{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}]` + end), "name is used already"},
		"batches":                          {distributed(`,"ItemBatcher":{"MaxItemsPerBatch":2}`), "$.States.A.ItemBatcher"},
		"express children":                 {machine(`"A":{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"B","States":{"B":{"Type":"Succeed"}}}` + end), `"EXPRESS" is not supported`},
		"CSV":                              {distributed(`,"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV"},"Arguments":{"Bucket":"b","Key":"k"}}`), `"CSV" is not supported`},
		"another reader":                   {distributed(`,"ItemReader":{"Resource":"arn:aws:states:::s3:listObjectsV2","ReaderConfig":{"InputType":"JSON"},"Arguments":{"Bucket":"b","Key":"k"}}`), "listObjectsV2"},
		"writer's configuration":           {distributed(`,"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","WriterConfig":{},"Arguments":{"Bucket":"b","Prefix":"p"}}`), "WriterConfig"},
		"tolerance without results":        {distributed(`,"ToleratedFailureCount":1`), "only with a ResultWriter"},
		"bad label":                        {distributed(`,"Label":"a:b"`), "Label: contains an invalid character"},
		"reader of an inline Map":          {machine(`"A":{"Type":"Map","ItemReader":{},"ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}` + end), "$.States.A.ItemReader"},
		"condition that is no truth":       {machine(`"A":{"Type":"Choice","Choices":[{"Condition":"yes","Next":"B"}]},"B":{"Type":"Succeed"}`), "Condition: must be true, false or an expression"},
		"missing substitution":             {machine(`"A":{"Type":"Pass","Output":"${Missing}"` + end), "the substitution ${Missing} has no value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := asl.Parse([]byte(test.definition), nil)
			if _, ok := asl.Refused(err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want a refusal with %q", err, test.want)
			}
		})
	}
}

func TestParseListsEveryProblem(t *testing.T) {
	_, err := asl.Parse([]byte(machine(`"A":{"Type":"Pass","X":1,"Next":"B"},"B":{"Type":"Wait","Seconds":-1,"Y":2,"End":true}`)), nil)
	problems, ok := asl.Refused(err)
	if !ok || len(problems) != 3 {
		t.Errorf("got %d problems, want 3: %v", len(problems), err)
	}
}

func TestCheckRefusesExpressions(t *testing.T) {
	js := library(t)
	for expression, want := range map[string]string{
		`$states.input.(`:                             "$.States.A.Output.x: S0203",
		`$eval('1')`:                                  "$eval is not available",
		`$map([1], $eval)`:                            "$eval is not available",
		`$frobnicate(1)`:                              "unknown function $frobnicate",
		`1 ~> $frobnicate`:                            "unknown function $frobnicate",
		`($f := function($x){$g($x)}; $f(1))`:         "unknown function $g",
		`($f := function($x){$x + 1}; $f(1))`:         "",
		`$map([1, 2], function($v, $i){$string($v)})`: "",
		`$hash('a', 'MD5') & $uuid()`:                 "",
	} {
		m := parse(t, machine(`"A":{"Type":"Pass","Output":{"x":"{% `+expression+` %}"},"End":true}`))
		err := m.Check(js)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s is refused: %v", expression, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v, want %q", expression, err, want)
		}
	}
}

// TestOwnMachinesLoad holds the project's own state machines against the interpreter.
func TestOwnMachinesLoad(t *testing.T) {
	js := library(t)
	files, err := filepath.Glob("../../../statemachines/*.asl.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no state machines found: %v", err)
	}
	reference := regexp.MustCompile(`\$\{(\w+)\}`)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			values := map[string]string{}
			for _, match := range reference.FindAllStringSubmatch(string(body), -1) {
				values[match[1]] = "arn:aws:lambda:us-east-1:000000000000:function:" + match[1]
			}
			m, err := asl.Parse(body, values)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Check(js); err != nil {
				t.Fatal(err)
			}
		})
	}
}
