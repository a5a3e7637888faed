package asl

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// retrier is one entry of Retry.
type retrier struct {
	errors      []string
	interval    time.Duration
	maxAttempts int
	maxDelay    time.Duration // zero: no limit
	backoffRate float64
	fullJitter  bool
}

// catcher is one entry of Catch.
type catcher struct {
	errors []string
	exit   *exit
}

func (p *parser) retriers(o *object) []retrier {
	var all []retrier
	p.each(o, "Retry", func(r *object) {
		all = append(all, retrier{
			errors:      p.errorEquals(r),
			interval:    time.Duration(r.whole("IntervalSeconds", 1, 1, 99999999)) * time.Second,
			maxAttempts: r.whole("MaxAttempts", 3, 0, 99999999),
			maxDelay:    time.Duration(r.whole("MaxDelaySeconds", 0, 1, 31622399)) * time.Second,
			backoffRate: r.number("BackoffRate", 2, 1, math.MaxFloat64),
			fullJitter:  r.choice("JitterStrategy", "NONE", "FULL") == "FULL",
		})
	})
	for i, r := range all {
		if r.maxDelay != 0 && r.maxDelay < r.interval {
			p.problems.add(fmt.Sprintf("%s.Retry[%d].MaxDelaySeconds", o.path, i), "must not be less than IntervalSeconds")
		}
	}
	checkLast(p, o, "Retry", len(all), func(i int) []string { return all[i].errors })
	return all
}

func (p *parser) catchers(o *object, variables *names) []catcher {
	var all []catcher
	p.each(o, "Catch", func(c *object) {
		caught := catcher{errors: p.errorEquals(c), exit: &exit{next: c.text("Next")}}
		if caught.exit.next == "" {
			c.problem("", "the field Next is missing")
		}
		caught.exit.assign = p.assign(c, variables)
		caught.exit.output = c.template("Output")
		all = append(all, caught)
	})
	checkLast(p, o, "Catch", len(all), func(i int) []string { return all[i].errors })
	return all
}

// each reads the objects of an array field.
func (p *parser) each(o *object, field string, read func(*object)) {
	raw, ok := o.take(field)
	if !ok {
		return
	}
	all, err := elements(raw)
	if err != nil {
		o.problem(field, "%v", err)
	}
	for i, item := range all {
		entry := p.object(fmt.Sprintf("%s[%d]", o.at(field), i), item)
		entry.text("Comment")
		read(entry)
		entry.close()
	}
}

// reserved are the names after "States." that ErrorEquals may hold.
var reserved = []string{
	ErrAll, ErrTimeout, ErrHeartbeatTimeout, ErrTaskFailed, ErrRuntime, ErrNoChoiceMatched, ErrQueryEvaluation,
	ErrDataLimitExceeded, ErrToleratedFailures, ErrItemReaderFailed, ErrResultWriterFailed, ErrBranchFailed,
	"States.Permissions",
}

func (p *parser) errorEquals(o *object) []string {
	raw := o.require("ErrorEquals")
	if raw == nil {
		return nil
	}
	all, err := elements(raw)
	if err != nil || len(all) == 0 {
		o.problem("ErrorEquals", "must be an array of names, not empty")
		return nil
	}
	names := make([]string, len(all))
	for i, item := range all {
		entry := &object{parser: p, path: o.path, fields: map[string]json.RawMessage{"ErrorEquals": item}}
		names[i] = entry.text("ErrorEquals")
		if strings.HasPrefix(names[i], "States.") && !slices.Contains(reserved, names[i]) {
			o.problem("ErrorEquals", "%s is not an error name of the language", names[i])
		}
	}
	if slices.Contains(names, ErrAll) && len(names) > 1 {
		o.problem("ErrorEquals", "States.ALL must stand alone")
	}
	return names
}

func checkLast(p *parser, o *object, field string, n int, errors func(int) []string) {
	for i := range n - 1 {
		if slices.Contains(errors(i), ErrAll) {
			p.problems.add(fmt.Sprintf("%s.%s[%d]", o.path, field, i), "States.ALL must be in the last entry")
		}
	}
}

// matches tells whether ErrorEquals names the error. States.ALL is every error but States.Runtime; States.TaskFailed is
// every error but States.Timeout; States.Timeout is also a missed heartbeat. A result that is too large is caught by
// States.ALL, as AWS does, unlike its documentation.
func (e *Error) matches(errorEquals []string) bool {
	return slices.ContainsFunc(errorEquals, func(name string) bool {
		switch name {
		case ErrAll:
			return e.Name != ErrRuntime
		case ErrTaskFailed:
			return e.Name != ErrTimeout && e.Name != ErrRuntime
		case ErrHeartbeatTimeout:
			return e.heartbeat
		default:
			return e.Name == name
		}
	})
}

// delay is the wait before attempt n (from 1), before jitter.
func (r *retrier) delay(n int) time.Duration {
	seconds := r.interval.Seconds() * math.Pow(r.backoffRate, float64(n-1))
	limit := time.Duration(math.MaxInt64)
	if r.maxDelay != 0 {
		limit = r.maxDelay
	}
	if seconds >= limit.Seconds() {
		return limit
	}
	return time.Duration(seconds * float64(time.Second))
}

// attempts counts what each retrier of one state has used up during one visit. The counters are independent, and the first
// retrier that matches an error decides alone.
type attempts []int

// next gives the wait before another attempt after the failure; false if there is none.
func (a attempts) next(s *state, failure *Error, random func() float64) (time.Duration, bool) {
	for i := range s.retry {
		r := &s.retry[i]
		if !failure.matches(r.errors) {
			continue
		}
		if a[i] >= r.maxAttempts {
			return 0, false
		}
		a[i]++
		delay := r.delay(a[i])
		if r.fullJitter {
			delay = time.Duration(random() * float64(delay))
		}
		return delay, true
	}
	return 0, false
}

func (s *state) catcher(failure *Error) (*catcher, int) {
	for i := range s.catch {
		if failure.matches(s.catch[i].errors) {
			return &s.catch[i], i
		}
	}
	return nil, 0
}
