package asl

import (
	"errors"
	"fmt"
	"time"
)

// Machine is a state machine that Parse accepted. It does not change and may run many executions at once.
type Machine struct {
	Comment string
	// Timeout limits an execution; zero means no limit.
	Timeout time.Duration

	graph       *graph
	expressions []*template
}

// graph is what has a StartAt: the machine, a branch of a Parallel, the processor of a Map.
type graph struct {
	startAt string
	states  map[string]*state
}

// state is one state of a graph: what it does, and what follows.
type state struct {
	name   string
	kind   string // the Type
	action action
	exit   *exit
	retry  []retrier
	catch  []catcher
}

// exit is one way out of a state.
type exit struct {
	next   string // empty: the end of the graph
	assign *template
	output *template
}

// Check reports every expression of the machine that JSONata or Step Functions would not accept.
func (m *Machine) Check(js *JSONata) error {
	var problems Problems
	for _, t := range m.expressions {
		problem, err := js.Check(t.expression)
		if err != nil {
			return fmt.Errorf("checking the expressions: %w", err)
		}
		if problem != "" {
			problems.add(t.path, "%s", problem)
		}
	}
	return problems.orNil()
}

// Refused tells whether err is Parse's or Check's refusal of a definition, and gives its reasons.
func Refused(err error) (Problems, bool) {
	var problems Problems
	ok := errors.As(err, &problems)
	return problems, ok
}
