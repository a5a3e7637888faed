package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// storage is everything that must outlive the stack: all of it is retained
// when the stack is deleted.
type storage struct {
	key   awskms.Key
	table awsdynamodb.TableV2
	lake  awss3.Bucket
}

func (s *stack) newStorage() storage {
	key := awskms.NewKey(s.scope, jsii.String("Key"), &awskms.KeyProps{
		Alias:             jsii.String("alias/" + names.Stack),
		Description:       jsii.String("Headwater's table, lake, credentials and alarms."),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN,
	})
	return storage{key: key, table: s.newTable(key), lake: s.newLake(key)}
}

func (s *stack) newTable(key awskms.Key) awsdynamodb.TableV2 {
	text := func(name string) *awsdynamodb.Attribute {
		return &awsdynamodb.Attribute{Name: &name, Type: awsdynamodb.AttributeType_STRING}
	}
	// It has no name of its own choosing: a retained table must not stand in the
	// way of the next deployment.
	return awsdynamodb.NewTableV2(s.scope, jsii.String("Table"), &awsdynamodb.TablePropsV2{
		PartitionKey:        text(names.PartitionKey),
		SortKey:             text(names.SortKey),
		TimeToLiveAttribute: jsii.String(names.ExpiryAttribute),
		GlobalSecondaryIndexes: &[]*awsdynamodb.GlobalSecondaryIndexPropsV2{{
			IndexName:      jsii.String(names.WorkIndex),
			PartitionKey:   text(names.WorkPartitionKey),
			SortKey:        text(names.WorkSortKey),
			ProjectionType: awsdynamodb.ProjectionType_ALL,
		}},
		Billing:      awsdynamodb.Billing_OnDemand(nil),
		DynamoStream: awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES,
		Encryption:   awsdynamodb.TableEncryptionV2_CustomerManagedKey(key, nil),
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
			RecoveryPeriodInDays:       jsii.Number(35),
		},
		DeletionProtection: jsii.Bool(true),
		RemovalPolicy:      awscdk.RemovalPolicy_RETAIN,
	})
}

func (s *stack) newLake(key awskms.Key) awss3.Bucket {
	accessLogs := awss3.NewBucket(s.scope, jsii.String("LakeAccessLogs"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		LifecycleRules:    &[]*awss3.LifecycleRule{{Expiration: days(90)}},
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN,
	})
	expire := func(prefix string, after float64) *awss3.LifecycleRule {
		return &awss3.LifecycleRule{Prefix: &prefix, Expiration: days(after)}
	}
	return awss3.NewBucket(s.scope, jsii.String("Lake"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		Encryption:        awss3.BucketEncryption_KMS,
		EncryptionKey:     key,
		BucketKeyEnabled:  jsii.Bool(true),
		EnforceSSL:        jsii.Bool(true),
		// A version outlives its deletion for a week: the way back from a mistake in the lake.
		Versioned: jsii.Bool(true),
		LifecycleRules: &[]*awss3.LifecycleRule{
			{NoncurrentVersionExpiration: days(7), AbortIncompleteMultipartUploadAfter: days(7)},
			expire(names.RunPrefix, 30),
			expire(names.UpkeepPrefix, 30),
			expire(names.DiscoveryPrefix, 7),
			expire(names.QuarantinePrefix, names.QuarantineDays),
		},
		ServerAccessLogsBucket: accessLogs,
		ServerAccessLogsPrefix: jsii.String("lake/"),
		RemovalPolicy:          awscdk.RemovalPolicy_RETAIN,
	})
}

// queues keep what could not be delivered until somebody looks: an alarm
// watches both.
type queues struct {
	settle   awssqs.Queue // failed executions that settle λ never took or never managed
	schedule awssqs.Queue // ticks whose state machine could not be started
}

func (s *stack) newQueues() queues {
	queue := func(id, name string) awssqs.Queue {
		return awssqs.NewQueue(s.scope, &id, &awssqs.QueueProps{
			QueueName:       jsii.String(names.Stack + "-" + name),
			Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
			EnforceSSL:      jsii.Bool(true),
			RetentionPeriod: days(14),
		})
	}
	return queues{
		settle:   queue("SettleDeadLetters", "settle-dead-letters"),
		schedule: queue("ScheduleDeadLetters", "schedule-dead-letters"),
	}
}

func days(n float64) awscdk.Duration { return awscdk.Duration_Days(&n) }

func seconds(n float64) awscdk.Duration { return awscdk.Duration_Seconds(&n) }
