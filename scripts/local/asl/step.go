package asl

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// step is one visit of a state.
type step struct {
	thread    *thread
	ctx       context.Context // ends with the execution, or with the branch that the state is in
	state     *state
	input     json.RawMessage
	before    int64 // the event before the state was entered
	entered   int64 // the event of entering
	enteredAt time.Time
	retries   int
	item      *mapItem // while a Map makes the input of an iteration
}

// causef words a cause as AWS does.
func (s *step) causef(format string, arguments ...any) string {
	where := fmt.Sprintf("An error occurred while executing the state '%s' (entered at the event id #%d). ", s.state.name, s.entered)
	return where + fmt.Sprintf(format, arguments...)
}

// evaluationFailed records that a field could not be evaluated. What fails before the state did anything follows from the
// event before the state, except in a Wait; so AWS numbers it.
func (s *step) evaluationFailed(location, format string, arguments ...any) *Error {
	failure := &Error{Name: ErrQueryEvaluation, Cause: s.causef(format, arguments...)}
	if s.thread.previous == s.entered && s.state.kind != "Wait" {
		s.thread.previous = s.before
	}
	s.thread.emit("EvaluationFailed", func(e *Event) {
		e.EvaluationFailed = &EvaluationDetails{Error: failure.Name, Cause: failure.Cause, Location: location, State: s.state.name}
	})
	return failure
}

// results are what $states has besides the input and the context.
type results struct {
	result      json.RawMessage
	errorOutput json.RawMessage
}

// render evaluates a field of the state. The prefix is the place of a field that AWS does not name from the state's top.
func (s *step) render(t *template, prefix string, r results) (json.RawMessage, *Error) {
	var bindings []byte
	return t.render(func(t *template) (json.RawMessage, *Error) {
		if bindings == nil {
			bindings = s.bindings(r)
		}
		location := prefix + t.location
		out, err := s.thread.run.in.JSONata.evaluate(s.ctx, t.expression, bindings)
		if err != nil {
			return nil, &Error{Name: ErrRuntime, Cause: err.Error(), terminal: true}
		}
		specified := fmt.Sprintf("The JSONata expression '%s' specified for the field '%s'", t.expression, location)
		switch out.kind {
		case evaluatedUndefined:
			return nil, s.evaluationFailed(location, "%s returned nothing (undefined).", specified)
		case evaluatedUnsupported:
			return nil, s.evaluationFailed(location, "%s returned an unsupported result type.", specified)
		case evaluatedError:
			return nil, s.evaluationFailed(location, "%s threw an error during evaluation. %s", specified, out.cause)
		default:
			return out.value, nil
		}
	})
}

// expect evaluates a field that must come out as one type.
func (s *step) expect(kind string, t *template) (json.RawMessage, *Error) {
	value, failure := s.render(t, "", results{})
	if failure != nil {
		return nil, failure
	}
	if found := kindOf(value); found != kind {
		return nil, s.evaluationFailed(t.location,
			"The JSONata expression '%s' specified for the field '%s' returned an unexpected result type. Expected '%s', but was '%s' for value: %s",
			t.expression, t.location, kind, found, value)
	}
	return value, nil
}

// number evaluates a field that is a number within limits; absent gives otherwise.
func (s *step) number(t *template, otherwise, least, most float64) (float64, *Error) {
	if t == nil {
		return otherwise, nil
	}
	value, failure := s.expect("number", t)
	if failure != nil {
		return 0, failure
	}
	var n float64
	if err := json.Unmarshal(value, &n); err != nil || n < least || n > most {
		return 0, s.evaluationFailed(t.location, "%s must be between %v and %v.", t.location, least, most)
	}
	return n, nil
}

// seconds evaluates a field that is a whole number of seconds; absent gives zero.
func (s *step) seconds(t *template, least float64) (time.Duration, *Error) {
	n, failure := s.number(t, 0, least, 99999999)
	if failure != nil {
		return 0, failure
	}
	if n != float64(int64(n)) {
		return 0, s.evaluationFailed(t.location, "%s must be an integer.", t.location)
	}
	return time.Duration(n) * time.Second, nil
}

// text evaluates a field that is a string; absent gives "".
func (s *step) text(t *template) (string, *Error) {
	if t == nil {
		return "", nil
	}
	value, failure := s.expect("string", t)
	if failure != nil {
		return "", failure
	}
	return unquote(value), nil
}

// bindings are the variables that an expression sees.
func (s *step) bindings(r results) []byte {
	states := map[string]json.RawMessage{"input": s.input, "context": s.contextObject()}
	if r.result != nil {
		states["result"] = r.result
	}
	if r.errorOutput != nil {
		states["errorOutput"] = r.errorOutput
	}
	all := s.thread.variables.visible()
	all["states"] = encode(states)
	return encode(all)
}

// leave evaluates Assign and Output of a way out, assigns, and records the exit. Without Output, the state's result is its
// output, or its input if its type has no result.
func (s *step) leave(e *exit, prefix string, result, errorOutput json.RawMessage) (json.RawMessage, *Error) {
	r := results{result: result, errorOutput: errorOutput}
	variables := map[string]json.RawMessage{}
	if e.assign != nil {
		rendered, failure := s.render(e.assign, prefix, r)
		if failure != nil {
			return nil, failure
		}
		assigned, err := members(rendered)
		if err != nil {
			return nil, s.evaluationFailed(prefix+"Assign", "Assign %v.", err)
		}
		for _, m := range assigned {
			if len(m.value) > maxPayload {
				return nil, s.tooLarge(s.state.name)
			}
			if s.thread.variables.outer(m.name) {
				cause := s.causef("The variable '%s' belongs to an outer scope and cannot be assigned here.", m.name)
				return nil, &Error{Name: ErrRuntime, Cause: cause, terminal: true}
			}
			variables[m.name] = m.value
		}
	}
	output := s.input
	switch {
	case e.output != nil:
		rendered, failure := s.render(e.output, prefix, r)
		if failure != nil {
			return nil, failure
		}
		output = rendered
	case errorOutput != nil:
		output = errorOutput
	case result != nil:
		output = result
	}
	if len(output) > maxPayload {
		return nil, s.tooLarge(s.state.name)
	}
	s.thread.variables.assign(variables)
	s.thread.emit(s.state.kind+"StateExited", func(event *Event) {
		exited := &ExitedDetails{Name: s.state.name, Output: string(output)}
		exited.AssignedVariables, exited.AssignedVariablesDetails = assigned(variables)
		event.StateExited = exited
	})
	return output, nil
}

func (s *step) leaveByCatch(c *catcher, index int, failure *Error) (json.RawMessage, *Error) {
	shown := encode(struct{ Error, Cause string }{failure.Name, failure.Cause})
	return s.leave(c.exit, fmt.Sprintf("Catch[%d]/", index), nil, shown)
}

// tooLarge is the failure of a state whose output or variable exceeds 256 KiB. Nothing catches it.
func (s *step) tooLarge(name string) *Error {
	return &Error{Name: ErrDataLimitExceeded, Cause: tooLargeCause(name), terminal: true}
}

func tooLargeCause(name string) string {
	return "The state/task '" + name + "' returned a result with a size exceeding the maximum number of bytes service limit."
}
