package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// machineSpec describes one state machine: the functions it calls and the
// machines it starts, which are also what its definition may name as
// ${CheckFunctionArn} or ${RunImportStateMachineArn}.
type machineSpec struct {
	name   string
	calls  []string
	starts []string
	// Prefix of the item files of its distributed map; empty without one.
	items string
}

// addMachines creates the state machines in the order in which they start
// each other.
func (s *stack) addMachines() {
	for _, spec := range []machineSpec{
		{name: names.RefreshSchema, calls: []string{names.Discover, names.Settle}},
		{name: names.ValidateConnection, calls: []string{names.Check, names.Discover, names.Settle}, starts: []string{names.RefreshSchema}},
		{name: names.RunImport, calls: []string{names.Plan, names.Extract, names.Commit, names.Settle}, items: names.RunPrefix},
		{name: names.DispatchImports, calls: []string{names.Settle, names.Claim}, starts: []string{names.RunImport}},
		{name: names.DailyUpkeep, calls: []string{names.Roster}, starts: []string{names.ValidateConnection}, items: names.UpkeepPrefix},
		{name: names.MaintainLake, calls: []string{names.Maintain}, items: names.UpkeepPrefix},
	} {
		s.machines[spec.name] = s.newMachine(spec)
	}
}

func (s *stack) newMachine(spec machineSpec) awsstepfunctions.StateMachine {
	id := constructID(spec.name)
	name := names.Stack + "-" + spec.name
	logs := awslogs.NewLogGroup(s.scope, jsii.String(id+"Logs"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/vendedlogs/states/" + name),
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(s.scope, jsii.String(id+"Role"), &awsiam.RoleProps{
		AssumedBy:   s.serviceFor("states.amazonaws.com"),
		Description: jsii.String("What the executions of " + name + " may do."),
	})
	substitutions := map[string]*string{}
	var calls, starts []*string
	for _, f := range spec.calls {
		arn := s.functions[f].FunctionArn()
		substitutions[constructID(f)+"FunctionArn"] = arn
		calls = append(calls, arn)
	}
	for _, m := range spec.starts {
		arn := s.machines[m].StateMachineArn()
		substitutions[constructID(m)+"StateMachineArn"] = arn
		starts = append(starts, arn)
	}
	role.AddToPolicy(allow([]string{"lambda:InvokeFunction"}, calls, nil))
	if len(starts) > 0 {
		role.AddToPolicy(allow([]string{"states:StartExecution"}, starts, nil))
	}
	m := awsstepfunctions.NewStateMachine(s.scope, jsii.String(id+"StateMachine"), &awsstepfunctions.StateMachineProps{
		StateMachineName: &name,
		// Inline, so that the template alone says what runs.
		DefinitionBody:          awsstepfunctions.DefinitionBody_FromString(jsii.String(s.definition(spec.name))),
		DefinitionSubstitutions: &substitutions,
		Role:                    role,
		TracingEnabled:          jsii.Bool(true),
		Logs: &awsstepfunctions.LogOptions{
			Destination:          logs,
			Level:                awsstepfunctions.LogLevel_ALL,
			IncludeExecutionData: jsii.Bool(false),
		},
	})
	if spec.items != "" {
		s.allowDistributedMap(id, role, m, spec.items)
	}
	return m
}

// definition reads a state machine's file, without its white space.
func (s *stack) definition(name string) string {
	path := filepath.Join(s.props.MachineDir, name+".asl.json")
	text, err := os.ReadFile(path)
	if err != nil {
		panic(fmt.Sprintf("reading state machine: %v", err))
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		panic(fmt.Sprintf("parsing %s: %v", path, err))
	}
	return compact.String()
}

// allowDistributedMap lets a machine run its own map as child executions, read
// the item file and write the results. It is a policy apart from the role's,
// because it names the machine, which in turn depends on the role.
func (s *stack) allowDistributedMap(id string, role awsiam.Role, m awsstepfunctions.StateMachine, prefix string) {
	executions := s.scope.FormatArn(&awscdk.ArnComponents{
		Service:      jsii.String("states"),
		Resource:     jsii.String("execution"),
		ResourceName: awscdk.Fn_Join(jsii.String(""), &[]*string{m.StateMachineName(), jsii.String("/*")}),
		ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
	objects := []string{"s3:GetObject", "s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"}
	awsiam.NewPolicy(s.scope, jsii.String(id+"DistributedMap"), &awsiam.PolicyProps{
		Roles: &[]awsiam.IRole{role},
		Statements: &statements{
			allow([]string{"states:StartExecution"}, []*string{m.StateMachineArn()}, nil),
			allow([]string{"states:DescribeExecution", "states:StopExecution"}, []*string{executions}, nil),
			s.objects(objects, []string{prefix}),
			s.useKey(viaObjects),
		},
	})
}
