package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Props is what differs from one deployment to another.
type Props struct {
	Region      string   // of the stack; the account is the deploying caller's
	LambdaDir   string   // has one directory per function, with its bootstrap binary
	MachineDir  string   // has the *.asl.json files
	CORSOrigins []string // browser origins that may call the API
	AlarmEmail  string   // subscribed to the alarms when not empty
	OIDC        OIDC
}

// OIDC names the issuer whose JWTs the authorizer takes. Without an issuer
// only API keys are accepted.
type OIDC struct {
	Issuer         string
	Audience       string
	WorkspaceClaim string
}

// stack is the CloudFormation stack while it is being put together.
type stack struct {
	scope awscdk.Stack
	props *Props

	storage   storage
	queues    queues
	functions map[string]awslambda.Function
	machines  map[string]awsstepfunctions.StateMachine
}

// NewStack puts the whole product into one stack. Parts are built in the
// order of their references: storage, functions, state machines, and what
// starts them.
func NewStack(scope constructs.Construct, id string, props *Props) awscdk.Stack {
	s := &stack{
		scope: awscdk.NewStack(scope, &id, &awscdk.StackProps{
			Env:         &awscdk.Environment{Region: &props.Region},
			Description: jsii.String("Headwater: connections to external data platforms, and imports from them into a lake."),
		}),
		props:     props,
		functions: map[string]awslambda.Function{},
		machines:  map[string]awsstepfunctions.StateMachine{},
	}
	s.storage = s.newStorage()
	s.queues = s.newQueues()
	s.addWorkers()
	s.addFederationRole()
	s.addMachines()
	s.addHandlers()
	api := s.newAPI()
	s.addSchedules()
	s.addSettleRule()
	s.addAlarms(api)
	s.output("ApiUrl", api.ApiEndpoint())
	s.output("TableName", s.storage.table.TableName())
	s.output("BucketName", s.storage.lake.BucketName())
	return s.scope
}

func (s *stack) output(id string, value *string) {
	awscdk.NewCfnOutput(s.scope, &id, &awscdk.CfnOutputProps{Value: value})
}

// splitList splits a comma-separated context value.
func splitList(value string) []string {
	parts := strings.Split(value, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
