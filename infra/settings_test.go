package main

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

func TestSettings(t *testing.T) {
	_, stack, err := newTestApp(t.TempDir(), map[string]any{
		contextRegion:       "eu-west-1",
		contextCORSOrigins:  "https://app.example.com, https://ops.example.com",
		contextAlarmEmail:   "ops@example.com",
		contextOIDCIssuer:   "https://id.example.com",
		contextOIDCAudience: "headwater",
		contextOIDCClaim:    "workspace",
	})
	if err != nil {
		t.Fatal(err)
	}
	if *stack.Region() != "eu-west-1" {
		t.Errorf("deployed to %s", *stack.Region())
	}
	template := assertions.Template_FromStack(stack, nil)
	template.HasResourceProperties(jsii.String("AWS::Lambda::Function"), map[string]any{
		"FunctionName": "headwater-authorizer",
		"Environment": map[string]any{"Variables": assertions.Match_ObjectLike(&map[string]any{
			names.EnvOIDCIssuer: "https://id.example.com", names.EnvOIDCAudience: "headwater", names.EnvOIDCWorkspaceClaim: "workspace",
		})},
	})
	template.HasResourceProperties(jsii.String("AWS::ApiGatewayV2::Api"), map[string]any{
		"CorsConfiguration": map[string]any{"AllowOrigins": []string{"https://app.example.com", "https://ops.example.com"}},
	})
	template.HasResourceProperties(jsii.String("AWS::SNS::Subscription"), map[string]any{
		"Protocol": "email", "Endpoint": "ops@example.com",
	})
}

func TestHalfAnOIDCSettingIsRefused(t *testing.T) {
	_, stack, err := newTestApp(t.TempDir(), map[string]any{contextOIDCIssuer: "https://id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	assertions.Annotations_FromStack(stack).HasError(jsii.String("/"+names.Stack),
		assertions.Match_StringLikeRegexp(jsii.String("go together")))
}
