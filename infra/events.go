package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdadestinations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// addSchedules starts dispatch-imports every five minutes, and daily-upkeep and
// maintain-lake every night. A tick carries the time for which it was planned, so a late
// one still knows which it is.
func (s *stack) addSchedules() {
	s.addSchedule(names.DispatchImports, "rate(5 minutes)", 300)
	s.addSchedule(names.DailyUpkeep, "cron(0 3 * * ? *)", 3600)
	s.addSchedule(names.MaintainLake, "cron(30 3 * * ? *)", 3600)
}

// addSchedule starts a machine by the expression, in UTC. A tick that could
// not be delivered within maxAge seconds becomes a dead letter.
func (s *stack) addSchedule(name, expression string, maxAge float64) {
	id := constructID(name)
	target := s.machines[name].StateMachineArn()
	role := awsiam.NewRole(s.scope, jsii.String(id+"ScheduleRole"), &awsiam.RoleProps{
		AssumedBy:   s.serviceFor("scheduler.amazonaws.com"),
		Description: jsii.String("Starts " + names.Stack + "-" + name + " on schedule."),
	})
	role.AddToPolicy(allow([]string{"states:StartExecution"}, []*string{target}, nil))
	role.AddToPolicy(allow([]string{"sqs:SendMessage"}, []*string{s.queues.schedule.QueueArn()}, nil))
	awsscheduler.NewCfnSchedule(s.scope, jsii.String(id+"Schedule"), &awsscheduler.CfnScheduleProps{
		Name:                       jsii.String(names.Stack + "-" + name),
		ScheduleExpression:         &expression,
		ScheduleExpressionTimezone: jsii.String("UTC"),
		FlexibleTimeWindow:         &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
		Target: &awsscheduler.CfnSchedule_TargetProperty{
			Arn:              target,
			RoleArn:          role.RoleArn(),
			Input:            jsii.String(`{"scheduled_time":"<aws.scheduler.scheduled-time>"}`),
			DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: s.queues.schedule.QueueArn()},
			RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{
				MaximumEventAgeInSeconds: &maxAge,
				MaximumRetryAttempts:     jsii.Number(10),
			},
		},
	})
}

// addSettleRule calls settle λ when an execution ends badly, however it died.
// Both legs are covered: EventBridge to Lambda, and Lambda's own queue to the
// function.
func (s *stack) addSettleRule() {
	settle := s.functions[names.Settle]
	maxAge := awscdk.Duration_Hours(jsii.Number(6))
	rule := awsevents.NewRule(s.scope, jsii.String("ExecutionEndedBadly"), &awsevents.RuleProps{
		RuleName:    jsii.String(names.Stack + "-execution-ended-badly"),
		Description: jsii.String("A validation or a run whose execution failed, timed out or was aborted is settled."),
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings("aws.states"),
			DetailType: jsii.Strings("Step Functions Execution Status Change"),
			Detail: &map[string]any{
				"status": []string{"FAILED", "TIMED_OUT", "ABORTED"},
				"stateMachineArn": []*string{
					s.machines[names.ValidateConnection].StateMachineArn(),
					s.machines[names.RefreshSchema].StateMachineArn(),
					s.machines[names.RunImport].StateMachineArn(),
				},
			},
		},
	})
	rule.AddTarget(awseventstargets.NewLambdaFunction(settle, &awseventstargets.LambdaFunctionProps{
		DeadLetterQueue: s.queues.settle,
		MaxEventAge:     maxAge,
		RetryAttempts:   jsii.Number(20),
	}))
	settle.ConfigureAsyncInvoke(&awslambda.EventInvokeConfigOptions{
		MaxEventAge:   maxAge,
		RetryAttempts: jsii.Number(2),
		OnFailure:     awslambdadestinations.NewSqsDestination(s.queues.settle),
	})
}
