package main

import (
	"maps"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// Memory in MB. Lambda gives processor time in proportion, so what maps and
// encodes rows gets more than a full core.
const (
	memorySmall = 512
	memoryLake  = 2048
)

// diskLake is room for lake.DefaultSpillBytes of rows, and for the keys of tens of millions of merged rows.
const diskLake = 2048

// functionSpec describes one Lambda function and all that its role may do.
type functionSpec struct {
	name    string
	memory  float64
	disk    float64 // MB of temporary files; 0: Lambda's 512
	timeout float64 // seconds
	env     map[string]*string
	may     []awsiam.PolicyStatement
}

// addFunction creates the function, its role and its log group. The role
// begins empty and gets exactly spec.may, its own log group, and the traces
// that active tracing adds.
func (s *stack) addFunction(spec functionSpec) {
	id := constructID(spec.name)
	name := names.Stack + "-" + spec.name
	logs := awslogs.NewLogGroup(s.scope, jsii.String(id+"Logs"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/lambda/" + name),
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(s.scope, jsii.String(id+"Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("What " + name + " may do."),
	})
	for _, statement := range spec.may {
		role.AddToPolicy(statement)
	}
	logs.GrantWrite(role)

	env := map[string]*string{names.EnvLogLevel: jsii.String("INFO")}
	maps.Copy(env, spec.env)
	var disk awscdk.Size
	if spec.disk > 0 {
		disk = awscdk.Size_Mebibytes(&spec.disk)
	}
	s.functions[spec.name] = awslambda.NewFunction(s.scope, jsii.String(id), &awslambda.FunctionProps{
		FunctionName: &name,
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      jsii.String("bootstrap"),
		Code:         awslambda.Code_FromAsset(jsii.String(filepath.Join(s.props.LambdaDir, spec.name)), nil),
		Role:         role,
		MemorySize:   &spec.memory,
		// Rows that wait for those of their partition, and keys of a merge.
		EphemeralStorageSize: disk,
		Timeout:              seconds(spec.timeout),
		Environment:          &env,
		Tracing:              awslambda.Tracing_ACTIVE,
		LogGroup:             logs,
		LoggingFormat:        awslambda.LoggingFormat_JSON,
	})
}

// constructID turns a name of shared/names into a construct's id:
// "run-import" → "RunImport".
func constructID(name string) string {
	words := strings.Split(name, "-")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}
