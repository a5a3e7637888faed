package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/headwaterhq/headwater/shared/names"
)

// check runs one of scripts/checks over a template and returns what it found.
// The tools it needs are installed by `make tools`.
func check(t *testing.T, script, template string) (findings string, ok bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), names.Stack+".template.json")
	if err := os.WriteFile(path, []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", filepath.Join("..", "scripts", "checks", script), path)
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

func TestGuardFindsNothingUnexplained(t *testing.T) {
	template, err := synthesized()
	if err != nil {
		t.Fatal(err)
	}
	if findings, ok := check(t, "guard.mjs", template); !ok {
		t.Error(findings)
	}
}

func TestGuardFindsFaults(t *testing.T) {
	template, err := synthesized()
	if err != nil {
		t.Fatal(err)
	}
	open := strings.ReplaceAll(template, `"BlockPublicAcls": true`, `"BlockPublicAcls": false`)
	if findings, ok := check(t, "guard.mjs", open); ok || !strings.Contains(findings, "s3_bucket_level_public_access_prohibited_check") {
		t.Errorf("a public bucket passed: %s", findings)
	}
}

func TestPropertiesExist(t *testing.T) {
	template, err := synthesized()
	if err != nil {
		t.Fatal(err)
	}
	if findings, ok := check(t, "properties.mjs", template); !ok {
		t.Error(findings)
	}
}

func TestPropertiesFindsFaults(t *testing.T) {
	template, err := synthesized()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, finding string }{
		"misspelt property": {`"MemorySize"`, `"MemorySise"`, "MemorySise: is not a property"},
		"unknown type":      {`"AWS::SQS::Queue"`, `"AWS::SQS::Queues"`, "is not a resource type"},
		"wrong kind":        {`"Timeout": 900`, `"Timeout": "long"`, "Timeout: is not of type integer"},
		"unknown value":     {`"Mode": "Active"`, `"Mode": "Sometimes"`, "TracingConfig.Mode: is not one of"},
		"missing property":  {`"ScheduleExpression"`, `"Description"`, "ScheduleExpression: is required"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := strings.ReplaceAll(template, c.from, c.to)
			if findings, ok := check(t, "properties.mjs", broken); ok || !strings.Contains(findings, c.finding) {
				t.Errorf("found %q, want %q", findings, c.finding)
			}
		})
	}
}

// TestEveryFunctionIsDeployed holds that functions/ and the template have the
// same functions.
func TestEveryFunctionIsDeployed(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join("..", "functions"))
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, e := range entries {
		if e.IsDir() {
			want = append(want, names.Stack+"-"+e.Name())
		}
	}
	for _, r := range resources(t, "AWS::Lambda::Function") {
		got = append(got, decode[lambdaFunction](t, r).FunctionName)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions (-written +deployed):\n%s", diff)
	}
}

// TestRoutesAreTheDocumentedOperations holds that API Gateway offers exactly
// what the OpenAPI document describes, by name and with its openness.
func TestRoutesAreTheDocumentedOperations(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "shared", "httpapi", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]struct {
			Security *[]any `yaml:"security"`
		} `yaml:"paths"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"$default": "CUSTOM", "OPTIONS /{proxy+}": "NONE"}
	for path, operations := range document.Paths {
		for method, operation := range operations {
			if method == "parameters" {
				continue
			}
			kind := "CUSTOM"
			if operation.Security != nil && len(*operation.Security) == 0 {
				kind = "NONE"
			}
			want[strings.ToUpper(method)+" "+path] = kind
		}
	}
	got := map[string]string{}
	for _, r := range resources(t, "AWS::ApiGatewayV2::Route") {
		route := decode[struct{ RouteKey, AuthorizationType string }](t, r)
		got[route.RouteKey] = route.AuthorizationType
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-documented +deployed):\n%s", diff)
	}
}

// TestAuthorizer holds the shape on which the authorizer λ relies.
func TestAuthorizer(t *testing.T) {
	type authorizer struct {
		AuthorizerType                 string
		AuthorizerPayloadFormatVersion string
		EnableSimpleResponses          bool
		AuthorizerResultTtlInSeconds   int
		IdentitySource                 []string
	}
	want := authorizer{"REQUEST", "2.0", true, 60, []string{"$request.header.Authorization"}}
	for id, r := range resources(t, "AWS::ApiGatewayV2::Authorizer") {
		if diff := cmp.Diff(want, decode[authorizer](t, r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}
