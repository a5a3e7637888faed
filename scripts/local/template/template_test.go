package template_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/scripts/local/template"
)

var place = template.Place{Region: "us-east-1", Account: "000000000000"}

func TestGoldenTemplate(t *testing.T) {
	f, err := os.Open("../../../infra/testdata/headwater.template.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := template.Parse(f, "headwater", place)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Functions) != 12 || len(s.Machines) != 6 || len(s.Schedules) != 3 || len(s.Rules) != 1 || len(s.Tables) != 1 || s.API == nil {
		t.Fatalf("got %d functions, %d machines, %d schedules, %d rules, %d tables", len(s.Functions), len(s.Machines), len(s.Schedules), len(s.Rules), len(s.Tables))
	}
	for _, f := range s.Functions {
		for name, value := range f.Environment {
			if value == "" {
				t.Errorf("%s of %s is empty", name, f.Name)
			}
		}
	}
	for _, m := range s.Machines {
		if strings.Contains(m.Definition, "${") {
			t.Errorf("%s has a substitution left", m.Name)
		}
	}
}

const small = `{"Resources": {
	"Lake": {"Type": "AWS::S3::Bucket", "Properties": {}},
	"Key": {"Type": "AWS::KMS::Key"},
	"Role": {"Type": "AWS::IAM::Role", "Properties": {"Anything": {"Fn::Unheard": 1}}},
	"Fn": {"Type": "AWS::Lambda::Function", "Properties": {
		"FunctionName": "headwater-api", "Runtime": "provided.al2023", "Timeout": 30, "MemorySize": 512,
		"Environment": {"Variables": {
			"BUCKET": {"Ref": "Lake"},
			"ARN": {"Fn::Join": ["", [{"Fn::GetAtt": ["Lake", "Arn"]}, "/*"]]},
			"SUB": {"Fn::Sub": "${AWS::Region}/${Key.Arn}/${!Kept}"}
		}}}},
	"Auth": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "headwater-authorizer", "Runtime": "provided.al2023"}},
	"Async": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {"FunctionName": {"Ref": "Fn"}, "MaximumRetryAttempts": 0}},
	"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
		"StateMachineName": "headwater-run", "DefinitionString": "call ${FnArn}", "DefinitionSubstitutions": {"FnArn": {"Fn::GetAtt": ["Fn", "Arn"]}}}},
	"Tick": {"Type": "AWS::Scheduler::Schedule", "Properties": {
		"Name": "tick", "ScheduleExpression": "rate(5 minutes)", "FlexibleTimeWindow": {"Mode": "OFF"},
		"Target": {"Arn": {"Ref": "Machine"}, "Input": "{}", "RoleArn": "x"}}},
	"Rule": {"Type": "AWS::Events::Rule", "Properties": {
		"Name": "ended", "State": "ENABLED", "EventPattern": {"source": ["aws.states"]}, "Targets": [{"Id": "a", "Arn": {"Fn::GetAtt": ["Fn", "Arn"]}}]}},
	"Table": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": {
		"TableName": "headwater", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "work_pk", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
		"GlobalSecondaryIndexes": [{"IndexName": "work", "KeySchema": [{"AttributeName": "work_pk", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}],
		"TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": true}}},
	"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "a", "ProtocolType": "HTTP", "CorsConfiguration": {"AllowOrigins": ["*"], "MaxAge": 60}}},
	"Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
		"ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0", "IntegrationUri": {"Fn::GetAtt": ["Fn", "Arn"]}}},
	"Authorizer": {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {
		"ApiId": {"Ref": "Api"}, "AuthorizerType": "REQUEST", "AuthorizerPayloadFormatVersion": "2.0", "EnableSimpleResponses": true, "Name": "keys",
		"AuthorizerResultTtlInSeconds": 60, "IdentitySource": ["$request.header.Authorization"],
		"AuthorizerUri": {"Fn::Join": ["", ["arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/", {"Fn::GetAtt": ["Auth", "Arn"]}, "/invocations"]]}}},
	"Open": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"ApiId": {"Ref": "Api"}, "RouteKey": "GET /open", "Target": {"Fn::Join": ["", ["integrations/", {"Ref": "Integration"}]]}}},
	"Shut": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"ApiId": {"Ref": "Api"}, "RouteKey": "$default", "AuthorizationType": "CUSTOM",
		"AuthorizerId": {"Ref": "Authorizer"}, "Target": {"Fn::Join": ["", ["integrations/", {"Ref": "Integration"}]]}}},
	"Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default",
		"DefaultRouteSettings": {"ThrottlingBurstLimit": 20, "ThrottlingRateLimit": 10}}}
}}`

func TestEveryKind(t *testing.T) {
	got, err := template.Parse(strings.NewReader(small), "headwater", place)
	if err != nil {
		t.Fatal(err)
	}
	const function = "arn:aws:lambda:us-east-1:000000000000:function:headwater-"
	want := &template.Stack{
		Functions: []template.Function{
			{Name: "headwater-authorizer", ARN: function + "authorizer", Timeout: 3 * time.Second, MemoryMB: 128, AsyncRetries: 2},
			{Name: "headwater-api", ARN: function + "api", Timeout: 30 * time.Second, MemoryMB: 512, AsyncRetries: 0, Environment: map[string]string{
				"BUCKET": "headwater-lake", "ARN": "arn:aws:s3:::headwater-lake/*", "SUB": "us-east-1/arn:aws:kms:us-east-1:000000000000:key/headwater-key/${Kept}",
			}},
		},
		API: &template.API{
			ID: "headwater-api", Stage: "$default", CORS: &template.CORS{AllowOrigins: []string{"*"}, MaxAge: 60}, Throttling: template.Throttling{Rate: 10, Burst: 20},
			Routes: []template.Route{
				{Key: "GET /open", Function: "headwater-api"},
				{Key: "$default", Function: "headwater-api", Authorizer: &template.Authorizer{
					Name: "keys", Function: "headwater-authorizer", IdentitySource: []string{"$request.header.Authorization"}, TTL: time.Minute,
				}},
			},
		},
		Machines: []template.Machine{{Name: "headwater-run", ARN: "arn:aws:states:us-east-1:000000000000:stateMachine:headwater-run", Definition: "call " + function + "api"}},
		Schedules: []template.Schedule{{
			Name: "tick", Expression: "rate(5 minutes)", TargetARN: "arn:aws:states:us-east-1:000000000000:stateMachine:headwater-run", Input: "{}",
		}},
		Rules: []template.Rule{{Name: "ended", Pattern: []byte(`{"source":["aws.states"]}`), Targets: []string{function + "api"}}},
		Tables: []template.Table{{
			Name: "headwater", Attributes: map[string]string{"pk": "S", "work_pk": "S"}, Key: template.Key{Partition: "pk"}, TTL: "ttl",
			Indexes: []template.Index{{Name: "work", Key: template.Key{Partition: "work_pk"}, Projection: "ALL"}},
		}},
		Buckets: []template.Bucket{{Name: "headwater-lake", LogicalID: "Lake"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRefusals(t *testing.T) {
	for _, tc := range []struct{ name, resources, want string }{
		{"type", `"A": {"Type": "AWS::ECS::Service"}`, "resource type AWS::ECS::Service"},
		{"intrinsic", `"A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::ImportValue": "x"}}}`, "intrinsic Fn::ImportValue"},
		{"reference", `"A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Nobody"}}}`, "nothing is called Nobody"},
		{"attribute", `"K": {"Type": "AWS::KMS::Key"}, "A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::GetAtt": ["K", "Colour"]}}}`, "attribute Colour of AWS::KMS::Key"},
		{"property", `"A": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)"}}`, "ScheduleExpression"},
		{"condition", `"A": {"Type": "AWS::S3::Bucket", "Condition": "C"}`, "conditions"},
		{"runtime", `"A": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs20.x"}}`, "nodejs20.x"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := template.Parse(strings.NewReader(`{"Resources": {`+tc.resources+`}}`), "headwater", place)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
