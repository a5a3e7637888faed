package asl

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
)

// distributedPlan is what a distributed Map evaluates before it starts.
type distributedPlan struct {
	plan
	items []json.RawMessage // without a reader
	from  location          // with one
	limit float64
	to    location // with a writer
}

func (m *mapState) distributedPlan(s *step) (p distributedPlan, failure *Error) {
	if p.plan, failure = m.plan(s); failure != nil {
		return p, failure
	}
	if reader := m.distributed.reader; reader == nil {
		p.items, failure = m.values(s)
	} else if p.from, failure = s.location(reader.bucket, reader.key); failure == nil {
		p.limit, failure = reader.limit(s)
	}
	if writer := m.distributed.writer; failure == nil && writer != nil {
		p.to, failure = s.location(writer.bucket, writer.prefix)
	}
	return p, failure
}

// runDistributed runs each item as an execution of its own, of the machine "<machine>/<label>".
func (m *mapState) runDistributed(s *step) (json.RawMessage, *Error) {
	p, failure := m.distributedPlan(s)
	if failure != nil {
		return nil, failure
	}
	t := s.thread
	t.emit("MapStateStarted", func(e *Event) { e.MapStateStarted = &MapStartedDetails{Length: len(p.items)} })
	mr := m.openMapRun(s, p)
	t.emit("MapRunStarted", func(e *Event) { e.MapRunStarted = &MapRunDetails{MapRunARN: mr.spec.ARN} })
	result, failure := mr.run(s)
	if s.ctx.Err() != nil {
		mr.journal.Close(Aborted, 0)
		return nil, stopped(s.ctx)
	}
	if failure != nil {
		mr.journal.Close(Failed, mr.written)
		t.emit("MapRunFailed", func(e *Event) {
			e.MapRunFailed = &FailureDetails{Error: failure.Name, Cause: failure.Cause}
		})
		return nil, failure
	}
	mr.journal.Close(Succeeded, mr.written)
	succeeded := t.run.emit(t.previous, "MapRunSucceeded", nil)
	t.run.emit(succeeded, "MapStateSucceeded", nil)
	return result, nil
}

// mapRun is one run of a distributed Map under way.
type mapRun struct {
	m       *mapState
	plan    distributedPlan
	spec    MapRun
	journal MapRunJournal
	written int

	mu       sync.Mutex
	failures int
}

func (m *mapState) openMapRun(s *step, p distributedPlan) *mapRun {
	x := s.thread.run.execution
	machine := x.MachineARN + "/" + m.distributed.label
	spec := MapRun{
		ARN:          strings.Replace(machine, ":stateMachine:", ":mapRun:", 1) + ":" + newUUID(),
		ExecutionARN: x.ARN, MachineARN: machine, MaxConcurrency: p.maxConcurrency,
		StartedAt: s.thread.run.in.Clock.Now(),
	}
	if p.toleratedCount != nil {
		spec.ToleratedFailureCount = int(*p.toleratedCount)
	}
	if p.toleratedShare != nil {
		spec.ToleratedFailurePercentage = *p.toleratedShare
	}
	return &mapRun{m: m, plan: p, spec: spec, journal: s.thread.run.journal.OpenMapRun(spec)}
}

// run reads the items, runs a child for each, and writes their results.
func (mr *mapRun) run(s *step) (json.RawMessage, *Error) {
	inputs, failure := mr.inputs(s)
	if failure != nil {
		return nil, failure
	}
	mr.journal.Expect(len(inputs))
	children, outputs := mr.runChildren(s, inputs)
	if s.ctx.Err() != nil {
		return nil, stopped(s.ctx)
	}
	if mr.exceeded(len(inputs)) {
		failure = &Error{Name: ErrToleratedFailures, Cause: "The specified tolerated failure threshold was exceeded"}
	}
	if mr.m.distributed.writer == nil {
		return array(outputs), failure
	}
	result, unwritten := mr.m.distributed.writer.write(s, mr.plan.to, mr.spec.ARN, children)
	if unwritten != nil {
		return nil, unwritten
	}
	mr.written = len(children)
	return result, failure
}

// inputs are the children's.
func (mr *mapRun) inputs(s *step) ([]json.RawMessage, *Error) {
	items := mr.plan.items
	if reader := mr.m.distributed.reader; reader != nil {
		read, failure := reader.read(s, mr.plan.from, mr.plan.limit)
		if failure != nil {
			return nil, failure
		}
		items = read
	}
	inputs := make([]json.RawMessage, len(items))
	for i, item := range items {
		input, failure := mr.m.itemInput(s, &mapItem{Index: i, Value: item})
		if failure != nil {
			return nil, failure
		}
		if len(input) > maxPayload {
			return nil, s.tooLarge(s.state.name)
		}
		inputs[i] = input
	}
	return inputs, nil
}

// runChildren runs one execution per input, as many at once as the Map allows, until too many have failed.
func (mr *mapRun) runChildren(s *step, inputs []json.RawMessage) ([]ended, []json.RawMessage) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	limit := childConcurrency
	if mr.plan.maxConcurrency != 0 {
		limit = mr.plan.maxConcurrency
	}
	children := make([]ended, len(inputs))
	outputs := make([]json.RawMessage, len(inputs))
	indexes := make(chan int)
	var workers sync.WaitGroup
	for range min(limit, len(inputs)) {
		workers.Go(func() {
			for i := range indexes {
				child, outcome := mr.runChild(ctx, s, inputs[i])
				children[i], outputs[i] = describe(child, outcome), outcome.Output
				if outcome.Status != Succeeded && mr.fail(len(inputs)) {
					cancel(&Abort{})
				}
			}
		})
	}
	next := 0
	for ; next < len(inputs) && ctx.Err() == nil; next++ {
		select {
		case indexes <- next:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(indexes)
	workers.Wait()
	for ; next < len(inputs); next++ {
		children[next] = ended{
			Input: string(inputs[next]), InputDetails: included{true}, Status: pending, StateMachineARN: mr.spec.MachineARN,
		}
	}
	return children, outputs
}

func (mr *mapRun) runChild(ctx context.Context, s *step, input json.RawMessage) (Execution, Outcome) {
	in := s.thread.run.in
	name := newUUID()
	child := Execution{
		ARN:        strings.Replace(mr.spec.MachineARN, ":stateMachine:", ":execution:", 1) + ":" + name,
		Name:       name,
		MachineARN: mr.spec.MachineARN, RoleARN: s.thread.run.execution.RoleARN, MapRunARN: mr.spec.ARN,
		Input: input, StartedAt: in.Clock.Now(),
	}
	outcome := in.Run(ctx, &Machine{graph: mr.m.processor}, child, mr.journal.OpenChild(child))
	mr.journal.CloseChild(child, outcome)
	return child, outcome
}

// fail counts a failed child and tells whether that is too many.
func (mr *mapRun) fail(total int) bool {
	mr.mu.Lock()
	defer mr.mu.Unlock()
	mr.failures++
	return mr.over(total)
}

func (mr *mapRun) exceeded(total int) bool {
	mr.mu.Lock()
	defer mr.mu.Unlock()
	return mr.over(total)
}

// over applies the thresholds: each one that is set, or none tolerated at all.
func (mr *mapRun) over(total int) bool {
	count, share := mr.plan.toleratedCount, mr.plan.toleratedShare
	if count == nil && share == nil {
		return mr.failures > 0
	}
	if count != nil && float64(mr.failures) > *count {
		return true
	}
	return share != nil && float64(mr.failures)*100 > *share*float64(total)
}
