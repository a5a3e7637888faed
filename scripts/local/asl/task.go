package asl

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// task is Task.
type task struct {
	resource           resource
	arguments          *template
	timeout, heartbeat *template
}

// resource is what a Task does.
type resource interface {
	// check reports what is wrong with the arguments: at load if they are literal, and before each attempt.
	check(fields []string) string
	// events gives the histories' words for the resource.
	events() taskEvents
	// call does it. The arguments have passed check.
	call(ctx context.Context, s *step, arguments json.RawMessage) (json.RawMessage, *Error)
}

func parseTask(p *parser, o *object, _ *names) action {
	t := &task{}
	if o.needs("Resource") {
		name := o.text("Resource")
		switch {
		case name == "arn:aws:states:::lambda:invoke":
			t.resource = lambdaInvoke{}
		case name == "arn:aws:states:::states:startExecution":
			t.resource = startExecution{}
		case name == "arn:aws:states:::states:startExecution.sync:2":
			t.resource = startExecution{sync: true}
		case name == "arn:aws:states:::aws-sdk:sfn:startExecution":
			t.resource = sdkStartExecution{}
		case strings.HasPrefix(name, "arn:aws:lambda:") && strings.Contains(name, ":function:"):
			t.resource = lambdaFunction(name)
		default:
			o.problem("Resource", "the resource %q is not supported", name)
		}
	}
	t.arguments = o.template("Arguments")
	if t.resource != nil && (t.arguments == nil || t.arguments.expression == "") {
		var fields []string
		if t.arguments != nil {
			for _, field := range t.arguments.fields {
				fields = append(fields, field.name)
			}
		}
		if problem := t.resource.check(fields); problem != "" {
			o.problem("Arguments", "%s", problem)
		}
	}
	t.timeout = o.numeric("TimeoutSeconds", 1, 99999999)
	t.heartbeat = o.numeric("HeartbeatSeconds", 1, 99999999)
	if t.timeout != nil && t.heartbeat != nil && t.timeout.expression == "" && t.heartbeat.expression == "" {
		if literalNumber(t.heartbeat) >= literalNumber(t.timeout) {
			o.problem("HeartbeatSeconds", "must be less than TimeoutSeconds")
		}
	}
	return t
}

func literalNumber(t *template) float64 {
	var n float64
	if json.Unmarshal(t.literal, &n) != nil {
		return 0
	}
	return n
}

// limits are a Task's times; zero means none.
type limits struct{ timeout, heartbeat time.Duration }

func (t *task) run(s *step) (json.RawMessage, *exit, *Error) {
	arguments := s.input
	if t.arguments != nil {
		rendered, failure := s.render(t.arguments, "", results{})
		if failure != nil {
			return nil, nil, failure
		}
		arguments = rendered
	}
	if len(arguments) > maxPayload {
		return nil, nil, s.tooLarge(s.state.name)
	}
	var l limits
	var failure *Error
	if l.timeout, failure = s.seconds(t.timeout, 1); failure != nil {
		return nil, nil, failure
	}
	if l.heartbeat, failure = s.seconds(t.heartbeat, 1); failure != nil {
		return nil, nil, failure
	}
	if problem := t.resource.check(fieldNames(arguments)); problem != "" {
		cause := s.causef("The Arguments could not be used to start the Task: [%s]", problem)
		return nil, nil, &Error{Name: ErrRuntime, Cause: cause}
	}
	result, failure := t.attempt(s, arguments, l)
	return result, nil, failure
}

// attempt does the task once, within its limits, and records how it went.
func (t *task) attempt(s *step, arguments json.RawMessage, l limits) (json.RawMessage, *Error) {
	events := t.resource.events()
	events.scheduled(s, arguments, l)
	events.started(s)
	ctx, stop, expired := s.expiring(l)
	result, failure := t.resource.call(ctx, s, arguments)
	stop()
	switch {
	case failure == nil && len(result) > maxPayload:
		failure = &Error{Name: ErrDataLimitExceeded, Cause: tooLargeCause(events.name())}
		events.failed(s, failure)
	case failure == nil:
		events.succeeded(s, result)
		return result, nil
	case s.ctx.Err() != nil:
		return nil, stopped(s.ctx)
	case expired() != nil:
		failure = expired()
		events.timedOut(s, failure)
	default:
		events.failed(s, failure)
	}
	return nil, failure
}

// expiring gives a context that ends when a limit passes, and afterwards the limit's failure. Lambda and Step Functions
// send no heartbeats, so HeartbeatSeconds is a second, shorter timeout.
func (s *step) expiring(l limits) (context.Context, func(), func() *Error) {
	failure := &Error{Name: ErrTimeout}
	d := l.timeout
	if l.heartbeat != 0 && (d == 0 || l.heartbeat < d) {
		d = l.heartbeat
		failure.heartbeat = true
	}
	ctx, stop := s.thread.run.in.limit(s.ctx, d, failure)
	return ctx, stop, func() *Error {
		if errors.Is(context.Cause(ctx), failure) {
			return failure
		}
		return nil
	}
}

func fieldNames(raw json.RawMessage) []string {
	all, err := members(raw)
	if err != nil {
		return nil
	}
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.name
	}
	return names
}

// checkFields reports a required field that is missing, or one that is not supported.
func checkFields(fields, required, optional []string) string {
	allowed := map[string]bool{}
	for _, name := range optional {
		allowed[name] = true
	}
	for _, name := range required {
		allowed[name] = true
		if !slices.Contains(fields, name) {
			return "The field '" + name + "' is required but was missing"
		}
	}
	for _, name := range fields {
		if !allowed[name] {
			return "The field '" + name + "' is not supported"
		}
	}
	return ""
}
