package asl

import (
	"encoding/json"
	"fmt"
)

// parallel is Parallel.
type parallel struct {
	branches  []*graph
	arguments *template
}

func parseParallel(p *parser, o *object, variables *names) action {
	a := &parallel{arguments: o.template("Arguments")}
	raw := o.require("Branches")
	if raw == nil {
		return a
	}
	all, err := elements(raw)
	if err != nil || len(all) == 0 {
		o.problem("Branches", "must be an array, not empty")
	}
	for i, branch := range all {
		b := p.object(fmt.Sprintf("%s[%d]", o.at("Branches"), i), branch)
		b.text("Comment")
		a.branches = append(a.branches, p.graph(b, variables.inner(o.path)))
		b.close()
	}
	return a
}

func (a *parallel) run(s *step) (json.RawMessage, *exit, *Error) {
	input := s.input
	if a.arguments != nil {
		rendered, failure := s.render(a.arguments, "", results{})
		if failure != nil {
			return nil, nil, failure
		}
		input = rendered
	}
	t := s.thread
	t.emit("ParallelStateStarted", nil)
	var last int64
	all := &fanout{
		step: s, count: len(a.branches), limit: len(a.branches),
		begin: func(index int, previous int64) (*thread, *graph, json.RawMessage, *Error) {
			return t.branch(previous), a.branches[index], input, nil
		},
		ended: func(_ int, previous int64, how Status) {
			if how == Succeeded {
				last = previous
			}
		},
	}
	outputs, failure := all.run()
	if failure != nil {
		return nil, nil, failure
	}
	t.previous = last
	t.run.emit(last, "ParallelStateSucceeded", nil)
	return array(outputs), nil, nil
}
