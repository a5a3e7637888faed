package main

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// What the API takes before it answers 429, over all callers.
const (
	requestsPerSecond = 100
	requestBurst      = 200
)

// authorizationSeconds is how long API Gateway remembers the authorizer's
// answer: the longest that a revoked key still opens the door.
const authorizationSeconds = 60

// route is one operation of the OpenAPI document.
type route struct {
	method   awsapigatewayv2.HttpMethod
	path     string
	function string
	public   bool // reachable without a key
}

// routes lists the operations. Everything else meets the $default route and
// gets the api λ's 404, for callers with a key.
func routes() []route {
	const get, post, remove = awsapigatewayv2.HttpMethod_GET, awsapigatewayv2.HttpMethod_POST, awsapigatewayv2.HttpMethod_DELETE
	const put, patch = awsapigatewayv2.HttpMethod_PUT, awsapigatewayv2.HttpMethod_PATCH
	return []route{
		{method: get, path: "/v1/catalog", function: names.API},
		{method: get, path: "/v1/catalog/{platform}", function: names.API},
		{method: post, path: "/v1/connections", function: names.API},
		{method: get, path: "/v1/connections", function: names.API},
		{method: get, path: "/v1/connections/{id}", function: names.API},
		{method: post, path: "/v1/connections/{id}/validations", function: names.API},
		{method: get, path: "/v1/connections/{id}/validations/{validation_id}", function: names.API},
		{method: get, path: "/v1/connections/{id}/grants", function: names.API},
		{method: get, path: "/v1/connections/{id}/schema", function: names.API},
		{method: get, path: "/v1/connections/{id}/schema/tables", function: names.API},
		{method: post, path: "/v1/imports", function: names.API},
		{method: get, path: "/v1/imports", function: names.API},
		{method: get, path: "/v1/imports/{id}", function: names.API},
		{method: patch, path: "/v1/imports/{id}", function: names.API},
		{method: post, path: "/v1/imports/{id}/backfills", function: names.API},
		{method: put, path: "/v1/imports/{id}/watermark", function: names.API},
		{method: post, path: "/v1/imports/{id}/runs", function: names.API},
		{method: get, path: "/v1/imports/{id}/runs", function: names.API},
		{method: get, path: "/v1/imports/{id}/runs/{run_id}", function: names.API},
		{method: get, path: "/v1/imports/{id}/runs/{run_id}/splits", function: names.API},
		{method: get, path: "/v1/imports/{id}/runs/{run_id}/manifest", function: names.API},
		{method: post, path: "/v1/imports/{id}/runs/{run_id}/release", function: names.API},
		{method: post, path: "/v1/imports/{id}/runs/{run_id}/discard", function: names.API},
		{method: post, path: "/v1/imports/{id}/runs/{run_id}/redrive", function: names.API},
		{method: post, path: "/v1/imports/{id}/runs/{run_id}/replay", function: names.API},
		{method: get, path: "/v1/imports/{id}/rows", function: names.Lookup},
		{method: get, path: "/v1/imports/{id}/runs/{run_id}/quarantine", function: names.Lookup},
		{method: get, path: "/v1/imports/{id}/runs/{run_id}/quarantine/summary", function: names.Lookup},
		{method: remove, path: "/v1/imports/{id}/runs/{run_id}/quarantine/key", function: names.Lookup},
		{method: get, path: "/v1/profiles", function: names.Lookup},
		{method: get, path: "/v1/profiles/{identifier}", function: names.Lookup},
		{method: post, path: "/v1/audiences:preview", function: names.Lookup},
		{method: get, path: "/openapi.yaml", function: names.API, public: true},
		// Without it the $default route would ask a browser's preflight for a key.
		{method: awsapigatewayv2.HttpMethod_OPTIONS, path: "/{proxy+}", function: names.API, public: true},
	}
}

func (s *stack) newAPI() awsapigatewayv2.HttpApi {
	integrations := map[string]awsapigatewayv2.HttpRouteIntegration{}
	for _, name := range []string{names.API, names.Lookup} {
		integrations[name] = awsapigatewayv2integrations.NewHttpLambdaIntegration(
			jsii.String(constructID(name)+"Integration"), s.functions[name],
			&awsapigatewayv2integrations.HttpLambdaIntegrationProps{
				PayloadFormatVersion: awsapigatewayv2.PayloadFormatVersion_VERSION_2_0(),
			})
	}
	authorizer := awsapigatewayv2authorizers.NewHttpLambdaAuthorizer(jsii.String("Authorizer"), s.functions[names.Authorizer],
		&awsapigatewayv2authorizers.HttpLambdaAuthorizerProps{
			AuthorizerName:  jsii.String(names.Stack),
			ResponseTypes:   &[]awsapigatewayv2authorizers.HttpLambdaResponseType{awsapigatewayv2authorizers.HttpLambdaResponseType_SIMPLE},
			IdentitySource:  jsii.Strings("$request.header.Authorization"),
			ResultsCacheTtl: seconds(authorizationSeconds),
		})
	api := awsapigatewayv2.NewHttpApi(s.scope, jsii.String("HttpApi"), &awsapigatewayv2.HttpApiProps{
		ApiName:            jsii.String(names.Stack),
		CreateDefaultStage: jsii.Bool(false),
		DefaultAuthorizer:  authorizer,
		DefaultIntegration: integrations[names.API],
		CorsPreflight: &awsapigatewayv2.CorsPreflightOptions{
			AllowOrigins: jsii.Strings(s.props.CORSOrigins...),
			AllowMethods: &[]awsapigatewayv2.CorsHttpMethod{
				awsapigatewayv2.CorsHttpMethod_GET, awsapigatewayv2.CorsHttpMethod_POST,
				awsapigatewayv2.CorsHttpMethod_PUT, awsapigatewayv2.CorsHttpMethod_PATCH, awsapigatewayv2.CorsHttpMethod_DELETE,
			},
			AllowHeaders:  jsii.Strings("authorization", "content-type"),
			ExposeHeaders: jsii.Strings("link", "location", "x-request-id"),
			MaxAge:        awscdk.Duration_Hours(jsii.Number(1)),
		},
	})
	none := awsapigatewayv2.NewHttpNoneAuthorizer()
	for _, r := range routes() {
		options := &awsapigatewayv2.AddRoutesOptions{
			Path: &r.path, Methods: &[]awsapigatewayv2.HttpMethod{r.method}, Integration: integrations[r.function],
		}
		if r.public {
			options.Authorizer = none
		}
		api.AddRoutes(options)
	}
	s.addStage(api)
	return api
}

// addStage publishes the API at its root, throttled and logged.
func (s *stack) addStage(api awsapigatewayv2.HttpApi) {
	logs := awslogs.NewLogGroup(s.scope, jsii.String("AccessLogs"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/vendedlogs/apis/" + names.Stack),
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	awsapigatewayv2.NewHttpStage(s.scope, jsii.String("Stage"), &awsapigatewayv2.HttpStageProps{
		HttpApi:                api,
		StageName:              jsii.String("$default"),
		AutoDeploy:             jsii.Bool(true),
		DetailedMetricsEnabled: jsii.Bool(true),
		Throttle: &awsapigatewayv2.ThrottleSettings{
			RateLimit:  jsii.Number(requestsPerSecond),
			BurstLimit: jsii.Number(requestBurst),
		},
		AccessLogSettings: &accessLog{awsapigatewayv2.NewLogGroupLogDestination(logs)},
	})
}

// accessLog is one JSON object per request: who asked for which route and how
// it went. It has no path, query or header, which may hold a profile's
// identifier or a key.
type accessLog struct {
	destination awsapigatewayv2.IAccessLogDestination
}

func (l *accessLog) Destination() awsapigatewayv2.IAccessLogDestination { return l.destination }

func (l *accessLog) Format() awsapigateway.AccessLogFormat {
	format, err := json.Marshal(map[string]string{
		"time":              "$context.requestTimeEpoch",
		"request_id":        "$context.requestId",
		"function_request":  "$context.integration.requestId",
		"route":             "$context.routeKey",
		"status":            "$context.status",
		"latency_ms":        "$context.responseLatency",
		"integration_ms":    "$context.integrationLatency",
		"response_bytes":    "$context.responseLength",
		"workspace_id":      "$context.authorizer.workspace_id",
		"subject":           "$context.authorizer.subject",
		"integration_error": "$context.integrationErrorMessage",
		"authorizer_error":  "$context.authorizer.error",
	})
	if err != nil {
		panic(fmt.Sprintf("encoding access log format: %v", err))
	}
	return awsapigateway.AccessLogFormat_Custom(jsii.String(string(format)))
}
