package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	defaultMemoryMB     = 128
	defaultTimeout      = 3 // seconds
	defaultAsyncRetries = 2
)

func (p *parser) function(logical string, res resource) error {
	var f struct {
		FunctionName string
		Environment  struct{ Variables map[string]string }
		MemorySize   int
		Timeout      int
		Runtime      string
		Role         string
	}
	err := p.decode(res, &f, "Architectures", "Code", "Description", "Handler", "LoggingConfig", "TracingConfig",
		"ReservedConcurrentExecutions", "EphemeralStorage", "DeadLetterConfig", "KmsKeyArn", "Tags")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(f.Runtime, "provided.") {
		return fmt.Errorf("the laptop stack runs bootstrap binaries, not %s", f.Runtime)
	}
	arn, err := p.attribute(logical, "Arn")
	if err != nil {
		return err
	}
	name, err := p.attribute(logical, "Ref")
	if err != nil {
		return err
	}
	if f.MemorySize == 0 {
		f.MemorySize = defaultMemoryMB
	}
	if f.Timeout == 0 {
		f.Timeout = defaultTimeout
	}
	p.out.Functions = append(p.out.Functions, Function{
		Name: name, ARN: arn, MemoryMB: f.MemorySize, Timeout: time.Duration(f.Timeout) * time.Second,
		Environment: f.Environment.Variables, AsyncRetries: defaultAsyncRetries, RoleARN: f.Role,
	})
	return nil
}

func (p *parser) eventInvoke(res resource) error {
	var c struct {
		FunctionName         string
		MaximumRetryAttempts *int
	}
	if err := p.decode(res, &c, "DestinationConfig", "MaximumEventAgeInSeconds", "Qualifier"); err != nil {
		return err
	}
	if c.MaximumRetryAttempts != nil {
		p.retries[c.FunctionName] = *c.MaximumRetryAttempts
	}
	return nil
}

func (p *parser) machine(logical string, res resource) error {
	var m struct {
		DefinitionString        string
		RoleArn                 string
		DefinitionSubstitutions map[string]string
	}
	err := p.decode(res, &m, "LoggingConfiguration", "StateMachineName", "StateMachineType", "TracingConfiguration",
		"EncryptionConfiguration", "Tags")
	if err != nil {
		return err
	}
	if m.DefinitionString == "" {
		return errors.New("the laptop stack wants the definition in DefinitionString")
	}
	arn, err := p.attribute(logical, "Arn")
	if err != nil {
		return err
	}
	name, err := p.attribute(logical, "Name")
	if err != nil {
		return err
	}
	var pairs []string
	for key, value := range m.DefinitionSubstitutions {
		pairs = append(pairs, "${"+key+"}", value)
	}
	p.out.Machines = append(p.out.Machines, Machine{
		Name: name, ARN: arn, RoleARN: m.RoleArn, Definition: strings.NewReplacer(pairs...).Replace(m.DefinitionString),
	})
	return nil
}

func (p *parser) schedule(logical string, res resource) error {
	var s struct {
		Name, State                string
		ScheduleExpression         string
		ScheduleExpressionTimezone string
		Target                     struct {
			Arn, Input                             string
			DeadLetterConfig, RetryPolicy, RoleArn json.RawMessage
		}
	}
	if err := p.decode(res, &s, "Description", "FlexibleTimeWindow", "GroupName", "KmsKeyArn"); err != nil {
		return err
	}
	if s.State == "DISABLED" {
		return nil
	}
	if !strings.Contains(s.Target.Arn, ":states:") {
		return fmt.Errorf("the laptop stack only knows schedules that start state machines")
	}
	name, err := p.attribute(logical, "Ref")
	p.out.Schedules = append(p.out.Schedules, Schedule{
		Name: name, Expression: s.ScheduleExpression, Timezone: s.ScheduleExpressionTimezone,
		TargetARN: s.Target.Arn, Input: s.Target.Input,
	})
	return err
}

func (p *parser) rule(logical string, res resource) error {
	var r struct {
		Name, State  string
		EventPattern json.RawMessage
		Targets      []struct {
			Arn, Id                       string
			DeadLetterConfig, RetryPolicy json.RawMessage
		}
	}
	if err := p.decode(res, &r, "Description"); err != nil {
		return err
	}
	if r.State == "DISABLED" {
		return nil
	}
	if r.EventPattern == nil {
		return errors.New("the laptop stack only knows rules with an event pattern")
	}
	name, err := p.attribute(logical, "Ref")
	rule := Rule{Name: name, Pattern: r.EventPattern}
	for _, t := range r.Targets {
		if !strings.Contains(t.Arn, ":lambda:") {
			return fmt.Errorf("the laptop stack only knows functions as targets of rules")
		}
		rule.Targets = append(rule.Targets, t.Arn)
	}
	p.out.Rules = append(p.out.Rules, rule)
	return err
}

type keySchema []struct{ AttributeName, KeyType string }

func (k keySchema) key() Key {
	var out Key
	for _, part := range k {
		if part.KeyType == "HASH" {
			out.Partition = part.AttributeName
		} else {
			out.Sort = part.AttributeName
		}
	}
	return out
}

func (p *parser) table(logical string, res resource) error {
	var t struct {
		TableName              string
		AttributeDefinitions   []struct{ AttributeName, AttributeType string }
		KeySchema              keySchema
		GlobalSecondaryIndexes []struct {
			IndexName  string
			KeySchema  keySchema
			Projection struct{ ProjectionType string }
		}
		TimeToLiveSpecification struct {
			AttributeName string
			Enabled       bool
		}
	}
	if err := p.decode(res, &t, "BillingMode", "Replicas", "SSESpecification", "StreamSpecification"); err != nil {
		return err
	}
	name, err := p.attribute(logical, "Ref")
	if err != nil {
		return err
	}
	out := Table{Name: name, Attributes: map[string]string{}, Key: t.KeySchema.key()}
	for _, a := range t.AttributeDefinitions {
		out.Attributes[a.AttributeName] = a.AttributeType
	}
	for _, i := range t.GlobalSecondaryIndexes {
		out.Indexes = append(out.Indexes, Index{Name: i.IndexName, Key: i.KeySchema.key(), Projection: i.Projection.ProjectionType})
	}
	if t.TimeToLiveSpecification.Enabled {
		out.TTL = t.TimeToLiveSpecification.AttributeName
	}
	p.out.Tables = append(p.out.Tables, out)
	return nil
}
