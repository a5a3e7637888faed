// Package template reads the synthesized CloudFormation template and says, in plain Go, what it declares.
package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Place is where the stack pretends to be deployed.
type Place struct{ Region, Account string }

// Stack is what a template declares, without intrinsics: names are the physical ones, functions are named by their name.
type Stack struct {
	Functions []Function
	API       *API
	Machines  []Machine
	Schedules []Schedule
	Rules     []Rule
	Tables    []Table
	Buckets   []Bucket
}

// Function is an AWS::Lambda::Function, with what its AWS::Lambda::EventInvokeConfig says.
type Function struct {
	Name, ARN    string
	Timeout      time.Duration
	MemoryMB     int
	Environment  map[string]string
	AsyncRetries int
	RoleARN      string
	Allowed      []Statement // what its role may do
}

// Machine is a state machine; the substitutions in its definition are made.
type Machine struct{ Name, ARN, Definition, RoleARN string }

// Schedule is an EventBridge Scheduler schedule that starts a state machine.
type Schedule struct {
	Name, Expression, Timezone string
	TargetARN, Input           string
}

// Rule is an EventBridge rule on the default bus; its targets are the ARNs of functions.
type Rule struct {
	Name    string
	Pattern json.RawMessage
	Targets []string
}

// Table is a DynamoDB table.
type Table struct {
	Name       string
	Attributes map[string]string // name → S, N or B
	Key        Key
	Indexes    []Index
	TTL        string // the attribute, or empty
}

// Key is the name of a partition key and, if there is one, a sort key.
type Key struct{ Partition, Sort string }

// Index is a global secondary index. Projection is ALL or KEYS_ONLY.
type Index struct {
	Name       string
	Key        Key
	Projection string
}

// Bucket is an S3 bucket. LogicalID tells apart what the template leaves unnamed.
type Bucket struct{ Name, LogicalID string }

// Parse reads a template. The stack's name goes into the names of what the template leaves unnamed.
// It refuses, by name, resource types, intrinsics and properties that it does not know how to treat.
func Parse(in io.Reader, stack string, place Place) (*Stack, error) {
	var file struct {
		Resources  map[string]resource `json:"Resources"`
		Conditions map[string]any      `json:"Conditions"`
	}
	if err := json.NewDecoder(in).Decode(&file); err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	p := &parser{
		resolver: resolver{place: place, stack: stack, resources: file.Resources},
		out:      &Stack{}, retries: map[string]int{}, allowed: map[string][]Statement{}, integrations: map[string]string{},
	}
	known := kinds()
	var problems []error
	for _, logical := range slices.Sorted(maps.Keys(file.Resources)) {
		res := file.Resources[logical]
		k, ok := known[res.Type]
		switch {
		case !ok:
			problems = append(problems, fmt.Errorf("%s: the laptop stack does not know the resource type %s", logical, res.Type))
		case res.Condition != "":
			problems = append(problems, fmt.Errorf("%s: the laptop stack does not know conditions", logical))
		case k.runs:
			if err := p.add(logical, res); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", logical, err))
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return p.finish()
}

type parser struct {
	resolver
	out          *Stack
	retries      map[string]int         // function name → retries of asynchronous invocations
	allowed      map[string][]Statement // role name → what its policies allow
	integrations map[string]string      // logical integration id → function ARN
	routes       []routeProperties
	authorizers  map[string]Authorizer
	stage        *stageProperties
}

func (p *parser) add(logical string, res resource) error {
	switch res.Type {
	case "AWS::Lambda::Function":
		return p.function(logical, res)
	case "AWS::Lambda::EventInvokeConfig":
		return p.eventInvoke(res)
	case "AWS::StepFunctions::StateMachine":
		return p.machine(logical, res)
	case "AWS::Scheduler::Schedule":
		return p.schedule(logical, res)
	case "AWS::Events::Rule":
		return p.rule(logical, res)
	case "AWS::DynamoDB::GlobalTable":
		return p.table(logical, res)
	case "AWS::IAM::Policy":
		return p.policy(res)
	case "AWS::S3::Bucket":
		name, err := p.attribute(logical, "Ref")
		p.out.Buckets = append(p.out.Buckets, Bucket{Name: name, LogicalID: logical})
		return err
	default:
		return p.gateway(logical, res)
	}
}

// decode resolves the properties and decodes them into a struct. Properties without a meaning on the laptop are named by
// the caller and not looked at; any other that the struct does not have is refused by name.
func (p *parser) decode(res resource, into any, meaningless ...string) error {
	properties := maps.Clone(res.Properties)
	for _, name := range meaningless {
		delete(properties, name)
	}
	resolved, err := p.resolve(properties)
	if err != nil {
		return err
	}
	text, err := json.Marshal(resolved)
	if err != nil {
		return fmt.Errorf("encoding properties: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("the laptop stack does not know a property of %s: %w", res.Type, err)
	}
	return nil
}

func (p *parser) finish() (*Stack, error) {
	for i, f := range p.out.Functions {
		if retries, ok := p.retries[f.Name]; ok {
			p.out.Functions[i].AsyncRetries = retries
		}
		_, role, _ := strings.Cut(f.RoleARN, ":role/")
		p.out.Functions[i].Allowed = p.allowed[role]
	}
	if p.out.API != nil {
		if err := p.connectAPI(); err != nil {
			return nil, err
		}
	}
	return p.out, nil
}
