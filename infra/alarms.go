package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// errorsPerPeriod is how many failed calls of one function within five
// minutes are worth a person's time. Fewer are what retries are for, and what
// a bad credential causes.
const errorsPerPeriod = 5

// addAlarms tells the topic of whatever the product could not put right
// itself.
func (s *stack) addAlarms(api awsapigatewayv2.HttpApi) {
	topic := s.newAlarmTopic()
	period := &awscloudwatch.MetricOptions{Period: seconds(300), Statistic: jsii.String("Sum")}
	alarm := func(id, description string, metric awscloudwatch.IMetric, threshold float64) {
		awscloudwatch.NewAlarm(s.scope, jsii.String(id+"Alarm"), &awscloudwatch.AlarmProps{
			AlarmDescription:   &description,
			Metric:             metric,
			Threshold:          &threshold,
			EvaluationPeriods:  jsii.Number(1),
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
		}).AddAlarmAction(awscloudwatchactions.NewSnsAction(topic))
	}
	for _, name := range sortedKeys(s.machines) {
		m, id := s.machines[name], constructID(name)
		alarm(id+"Failed", "An execution of "+name+" failed.", m.MetricFailed(period), 1)
		alarm(id+"TimedOut", "An execution of "+name+" ran out of time.", m.MetricTimedOut(period), 1)
	}
	for _, name := range sortedKeys(s.functions) {
		alarm(constructID(name)+"Errors", "Function "+name+" keeps failing.", s.functions[name].MetricErrors(period), errorsPerPeriod)
	}
	waiting := &awscloudwatch.MetricOptions{Period: seconds(300), Statistic: jsii.String("Maximum")}
	alarm("SettleDeadLetters", "An execution that ended badly was not settled by its event; the sweep still will.",
		s.queues.settle.MetricApproximateNumberOfMessagesVisible(waiting), 1)
	alarm("ScheduleDeadLetters", "A scheduled state machine could not be started.",
		s.queues.schedule.MetricApproximateNumberOfMessagesVisible(waiting), 1)
	alarm("ApiServerErrors", "The HTTP API answers 5xx.", api.MetricServerError(period), errorsPerPeriod)
}

// newAlarmTopic lets CloudWatch publish to the encrypted topic: an alarm that
// may not use the key is silent.
func (s *stack) newAlarmTopic() awssns.Topic {
	topic := awssns.NewTopic(s.scope, jsii.String("Alarms"), &awssns.TopicProps{
		TopicName:  jsii.String(names.Stack + "-alarms"),
		MasterKey:  s.storage.key,
		EnforceSSL: jsii.Bool(true),
	})
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{s.serviceFor("cloudwatch.amazonaws.com")},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
	}))
	s.storage.key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("kms:Decrypt", "kms:GenerateDataKey"),
		Resources:  jsii.Strings("*"), // in a key's own policy: the key
	}), nil)
	if s.props.AlarmEmail != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&s.props.AlarmEmail, nil))
	}
	s.output("AlarmTopicArn", topic.TopicArn())
	return topic
}
