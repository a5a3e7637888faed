package asl

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
)

// run is one execution under way.
type run struct {
	in        *Interpreter
	execution Execution
	journal   Journal

	mu   sync.Mutex
	last int64 // the id of the latest event
}

// maxEvents is the limit of a history: an execution that reaches it fails.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const maxEvents = 25000

// full tells whether the history has no room left for another state.
func (r *run) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last >= maxEvents-2
}

// emit records an event that follows from the one with the id previous, and returns its id.
func (r *run) emit(previous int64, kind string, details func(*Event)) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	event := Event{Timestamp: Instant{r.in.Clock.Now()}, Type: kind, ID: r.last, PreviousEventID: previous}
	if details != nil {
		details(&event)
	}
	r.journal.Record(event)
	return event.ID
}

// scope holds the variables of one graph that is running; those around it can be read.
type scope struct {
	around *scope
	values map[string]json.RawMessage
}

// visible are all variables that an expression in the scope can read.
func (s *scope) visible() map[string]json.RawMessage {
	if s == nil {
		return map[string]json.RawMessage{}
	}
	all := s.around.visible()
	maps.Copy(all, s.values)
	return all
}

// outer tells whether a variable belongs to a scope around this one, which cannot assign it.
func (s *scope) outer(name string) bool {
	for around := s.around; around != nil; around = around.around {
		if _, ok := around.values[name]; ok {
			return true
		}
	}
	return false
}

func (s *scope) assign(values map[string]json.RawMessage) {
	if s.values == nil {
		s.values = map[string]json.RawMessage{}
	}
	maps.Copy(s.values, values)
}

// thread walks through one graph, one state after the other.
type thread struct {
	run       *run
	variables *scope
	previous  int64    // the event from which the next one follows
	item      *mapItem // of an iteration of a Map
	at        *state
}

// mapItem is what the context object shows of the item that a Map's iteration works on.
type mapItem struct {
	Index int             `json:"Index"`
	Value json.RawMessage `json:"Value"`
}

// emit records the thread's next event.
func (t *thread) emit(kind string, details func(*Event)) int64 {
	t.previous = t.run.emit(t.previous, kind, details)
	return t.previous
}

// branch gives a thread for a graph within this one. Its variables are its own; it reads this thread's, which stands still
// until the branch has ended.
func (t *thread) branch(previous int64) *thread {
	return &thread{run: t.run, variables: &scope{around: t.variables}, previous: previous, item: t.item}
}

// walk runs the graph to its end and gives its output.
func (t *thread) walk(ctx context.Context, g *graph, input json.RawMessage) (json.RawMessage, *Error) {
	for name := g.startAt; ; {
		output, next, failure := t.visit(ctx, g.states[name], input)
		if failure != nil || next == "" {
			return output, failure
		}
		name, input = next, output
	}
}

// visit runs one state, with its retries, and leaves it by its own exit or by one that Catch opens.
func (t *thread) visit(ctx context.Context, s *state, input json.RawMessage) (json.RawMessage, string, *Error) {
	if t.run.full() {
		cause := fmt.Sprintf("The execution reached the maximum number of history events (%d).", maxEvents)
		return nil, "", &Error{Name: ErrRuntime, Cause: cause, terminal: true}
	}
	step := &step{thread: t, ctx: ctx, state: s, input: input, before: t.previous, enteredAt: t.run.in.Clock.Now()}
	t.at = s
	step.entered = t.emit(s.kind+"StateEntered", func(e *Event) {
		e.StateEntered = &EnteredDetails{Name: s.name, Input: string(input)}
	})
	used := make(attempts, len(s.retry))
	for {
		result, chosen, failure := s.action.run(step)
		if failure == nil {
			if chosen == nil {
				chosen = s.exit
			}
			var output json.RawMessage
			if output, failure = step.leave(chosen, "", result, nil); failure == nil {
				return output, chosen.next, nil
			}
		}
		if ctx.Err() != nil || failure.terminal {
			return nil, "", failure
		}
		if wait, again := used.next(s, failure, t.run.in.Random); again {
			if err := t.run.in.Clock.Sleep(ctx, wait); err != nil {
				return nil, "", stopped(ctx)
			}
			step.retries++
			continue
		}
		if s.kind == "Map" || s.kind == "Parallel" {
			t.emit(s.kind+"StateFailed", nil)
		}
		caught, index := s.catcher(failure)
		if caught == nil {
			return nil, "", failure
		}
		output, failure := step.leaveByCatch(caught, index, failure)
		return output, caught.exit.next, failure
	}
}

// stopped is the failure of whatever a cancelled context ended. Run looks at the context, not at this.
func stopped(ctx context.Context) *Error {
	return &Error{Name: ErrRuntime, Cause: context.Cause(ctx).Error(), terminal: true}
}
