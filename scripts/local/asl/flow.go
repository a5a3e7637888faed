package asl

import (
	"encoding/json"
	"fmt"
	"time"
)

// pass is Pass, and Succeed: both only have Output, and a Pass Assign.
type pass struct{}

func parsePass(*parser, *object, *names) action    { return pass{} }
func parseSucceed(*parser, *object, *names) action { return pass{} }

func (pass) run(*step) (json.RawMessage, *exit, *Error) { return nil, nil, nil }

// fail is Fail.
type fail struct{ name, cause *template }

func parseFail(_ *parser, o *object, _ *names) action {
	return &fail{name: o.scalar("Error"), cause: o.scalar("Cause")}
}

func (f *fail) run(s *step) (json.RawMessage, *exit, *Error) {
	name, failure := s.text(f.name)
	if failure != nil {
		return nil, nil, failure
	}
	cause, failure := s.text(f.cause)
	if failure != nil {
		return nil, nil, failure
	}
	return nil, nil, &Error{Name: name, Cause: cause}
}

// wait is Wait: for some seconds or until a time.
type wait struct{ seconds, timestamp *template }

func parseWait(_ *parser, o *object, _ *names) action {
	w := &wait{seconds: o.numeric("Seconds", 0, 99999999), timestamp: o.scalar("Timestamp")}
	if (w.seconds == nil) == (w.timestamp == nil) {
		o.problem("", "a Wait needs either Seconds or Timestamp")
	}
	if w.timestamp != nil && w.timestamp.expression == "" {
		if _, err := parseTimestamp(unquote(w.timestamp.literal)); err != nil {
			o.problem("Timestamp", "must be an ISO-8601 time with an offset")
		}
	}
	return w
}

func (w *wait) run(s *step) (json.RawMessage, *exit, *Error) {
	clock := s.thread.run.in.Clock
	var delay time.Duration
	if w.seconds != nil {
		seconds, failure := s.seconds(w.seconds, 0)
		if failure != nil {
			return nil, nil, failure
		}
		delay = seconds
	} else {
		text, failure := s.text(w.timestamp)
		if failure != nil {
			return nil, nil, failure
		}
		until, err := parseTimestamp(text)
		if err != nil {
			return nil, nil, s.evaluationFailed("Timestamp",
				"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: %s", text)
		}
		delay = max(0, until.Sub(clock.Now()))
	}
	if err := clock.Sleep(s.ctx, delay); err != nil {
		return nil, nil, stopped(s.ctx)
	}
	return nil, nil, nil
}

func parseTimestamp(text string) (time.Time, error) { return time.Parse(time.RFC3339Nano, text) }

// choice is Choice. Its own exit is the Default.
type choice struct{ rules []rule }

type rule struct {
	condition *template
	exit      *exit
}

func parseChoice(p *parser, o *object, variables *names) action {
	c := &choice{}
	p.each(o, "Choices", func(r *object) {
		condition := r.scalar("Condition")
		switch {
		case condition == nil:
			r.problem("", "the field Condition is missing")
		case condition.expression == "" && kindOf(condition.literal) != "boolean":
			r.problem("Condition", "must be true, false or an expression")
		}
		e := &exit{next: r.text("Next")}
		if e.next == "" {
			r.problem("", "the field Next is missing")
		}
		e.assign = p.assign(r, variables)
		e.output = r.template("Output")
		c.rules = append(c.rules, rule{condition, e})
	})
	if len(c.rules) == 0 {
		o.problem("Choices", "must not be empty")
	}
	return c
}

func (c *choice) exits() []*exit {
	all := make([]*exit, len(c.rules))
	for i, r := range c.rules {
		all[i] = r.exit
	}
	return all
}

func (c *choice) run(s *step) (json.RawMessage, *exit, *Error) {
	for i, r := range c.rules {
		at := *r.condition
		at.location = fmt.Sprintf("Choices[%d]/Condition", i)
		met, failure := s.expect("boolean", &at)
		if failure != nil {
			return nil, nil, failure
		}
		if string(met) == "true" {
			return nil, r.exit, nil
		}
	}
	if s.state.exit.next == "" {
		return nil, nil, &Error{Name: ErrNoChoiceMatched, Cause: s.causef("No rule matched and there is no Default.")}
	}
	return nil, s.state.exit, nil
}
