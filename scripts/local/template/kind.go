package template

import (
	"fmt"
	"strings"
)

// kind says how resources of a type are named, and what Ref and Fn::GetAtt give for them.
type kind struct {
	name       string            // the property that names it; empty when CloudFormation names it
	attributes map[string]string // attribute → pattern over {name}, {region} and {account}; Ref is one of them
	runs       bool              // the laptop stack brings it up; otherwise it has no meaning there
}

// kinds is every resource type that the laptop stack knows how to treat. A template with any other is refused, so that
// nothing that was deployed is silently missing on the laptop.
func kinds() map[string]kind {
	arn := func(service, resource string) string { return "arn:aws:" + service + ":{region}:{account}:" + resource }
	id := map[string]string{"Ref": "{name}"}
	return map[string]kind{
		"AWS::Lambda::Function":            {runs: true, name: "FunctionName", attributes: map[string]string{"Ref": "{name}", "Arn": arn("lambda", "function:{name}")}},
		"AWS::Lambda::EventInvokeConfig":   {runs: true, attributes: id},
		"AWS::ApiGatewayV2::Api":           {runs: true, attributes: map[string]string{"Ref": "{name}", "ApiId": "{name}", "ApiEndpoint": "https://{name}.execute-api.{region}.amazonaws.com"}},
		"AWS::ApiGatewayV2::Authorizer":    {runs: true, attributes: id},
		"AWS::ApiGatewayV2::Integration":   {runs: true, attributes: id},
		"AWS::ApiGatewayV2::Route":         {runs: true, attributes: id},
		"AWS::ApiGatewayV2::Stage":         {runs: true, attributes: id},
		"AWS::StepFunctions::StateMachine": {runs: true, name: "StateMachineName", attributes: map[string]string{"Ref": arn("states", "stateMachine:{name}"), "Arn": arn("states", "stateMachine:{name}"), "Name": "{name}"}},
		"AWS::Scheduler::Schedule":         {runs: true, name: "Name", attributes: map[string]string{"Ref": "{name}", "Arn": arn("scheduler", "schedule/default/{name}")}},
		"AWS::Events::Rule":                {runs: true, name: "Name", attributes: map[string]string{"Ref": "{name}", "Arn": arn("events", "rule/{name}")}},
		"AWS::DynamoDB::GlobalTable":       {runs: true, name: "TableName", attributes: map[string]string{"Ref": "{name}", "Arn": arn("dynamodb", "table/{name}"), "StreamArn": arn("dynamodb", "table/{name}/stream/local")}},
		"AWS::S3::Bucket":                  {runs: true, name: "BucketName", attributes: map[string]string{"Ref": "{name}", "Arn": "arn:aws:s3:::{name}", "RegionalDomainName": "{name}.s3.{region}.amazonaws.com"}},
		"AWS::KMS::Key":                    {attributes: map[string]string{"Ref": "{name}", "KeyId": "{name}", "Arn": arn("kms", "key/{name}")}},
		"AWS::KMS::Alias":                  {name: "AliasName", attributes: id},
		"AWS::IAM::Role":                   {name: "RoleName", attributes: map[string]string{"Ref": "{name}", "Arn": "arn:aws:iam::{account}:role/{name}"}},
		"AWS::IAM::Policy":                 {runs: true, attributes: id},
		"AWS::IAM::ManagedPolicy":          {attributes: id},
		"AWS::Lambda::Permission":          {attributes: id},
		"AWS::Logs::LogGroup":              {name: "LogGroupName", attributes: map[string]string{"Ref": "{name}", "Arn": arn("logs", "log-group:{name}:*")}},
		"AWS::Logs::ResourcePolicy":        {attributes: id},
		"AWS::CloudWatch::Alarm":           {name: "AlarmName", attributes: map[string]string{"Ref": "{name}", "Arn": arn("cloudwatch", "alarm:{name}")}},
		"AWS::CloudWatch::Dashboard":       {attributes: id},
		"AWS::SNS::Topic":                  {name: "TopicName", attributes: map[string]string{"Ref": arn("sns", "{name}"), "TopicArn": arn("sns", "{name}"), "TopicName": "{name}"}},
		"AWS::SNS::TopicPolicy":            {attributes: id},
		"AWS::SNS::Subscription":           {attributes: id},
		"AWS::SQS::Queue":                  {name: "QueueName", attributes: map[string]string{"Ref": "https://sqs.{region}.amazonaws.com/{account}/{name}", "Arn": arn("sqs", "{name}"), "QueueName": "{name}"}},
		"AWS::SQS::QueuePolicy":            {attributes: id},
		"AWS::S3::BucketPolicy":            {attributes: id},
		"AWS::Glue::Database":              {attributes: id},
		"AWS::Scheduler::ScheduleGroup":    {name: "Name", attributes: id},
		"AWS::CDK::Metadata":               {attributes: id},
	}
}

// name is the physical name of a resource. What CloudFormation would name is named after the stack and its logical id, so
// that the name is the same at every start.
func (r *resolver) name(logical string, res resource, k kind) (string, error) {
	if k.name != "" {
		if declared, ok := res.Properties[k.name]; ok {
			value, err := r.resolve(declared)
			if err != nil {
				return "", fmt.Errorf("naming %s: %w", logical, err)
			}
			if text, ok := value.(string); ok {
				return text, nil
			}
			return "", fmt.Errorf("the name of %s is not a string", logical)
		}
	}
	return strings.ToLower(r.stack + "-" + logical), nil
}

func (r *resolver) attribute(logical, attribute string) (string, error) {
	res, ok := r.resources[logical]
	if !ok {
		return "", fmt.Errorf("nothing is called %s", logical)
	}
	k, ok := kinds()[res.Type]
	if !ok {
		return "", fmt.Errorf("the laptop stack does not know the resource type %s of %s", res.Type, logical)
	}
	pattern, ok := k.attributes[attribute]
	if !ok {
		return "", fmt.Errorf("the laptop stack does not know the attribute %s of %s", attribute, res.Type)
	}
	name, err := r.name(logical, res, k)
	if err != nil {
		return "", err
	}
	return strings.NewReplacer("{name}", name, "{region}", r.place.Region, "{account}", r.place.Account).Replace(pattern), nil
}
