package asl

import (
	"context"
	"encoding/json"
)

// fanout runs graphs side by side: the branches of a Parallel, the iterations of an inline Map.
type fanout struct {
	step  *step
	count int
	limit int // how many run at once
	// begin makes the thread and input of one graph; previous is the event that made room for it.
	begin func(index int, previous int64) (*thread, *graph, json.RawMessage, *Error)
	// ended records that a graph ended well, or failed, or was aborted because another one failed.
	ended func(index int, previous int64, how Status)
}

// finished is one graph that came to its end.
type finished struct {
	index   int
	thread  *thread
	output  json.RawMessage
	failure *Error
}

// run gives the outputs in order. The first failure cancels the other graphs and is the failure of all.
func (f *fanout) run() ([]json.RawMessage, *Error) {
	ctx, cancel := context.WithCancel(f.step.ctx)
	defer cancel()
	outputs := make([]json.RawMessage, f.count)
	results := make(chan finished)
	parent := f.step.thread
	var failed *finished
	next, active := 0, 0
	launch := func(previous int64) {
		index := next
		next++
		t, g, input, failure := f.begin(index, previous)
		active++
		go func() {
			end := finished{index: index, thread: t, failure: failure}
			if failure == nil {
				end.output, end.failure = t.walk(ctx, g, input)
			}
			results <- end
		}()
	}
	for next < f.count && next < f.limit {
		launch(parent.previous)
	}
	for active > 0 {
		end := <-results
		active--
		switch {
		case f.step.ctx.Err() != nil: // the whole execution ends: nothing is recorded any more
		case failed != nil && end.failure == nil: // it was faster than its cancellation
			f.ended(end.index, end.thread.previous, Succeeded)
		case failed != nil:
			f.abort(end.thread, failed.thread.previous)
			f.ended(end.index, failed.thread.previous, Aborted)
		case end.failure != nil:
			failed = &end
			cancel()
			f.ended(end.index, end.thread.previous, Failed)
		default:
			outputs[end.index] = end.output
			last := end.thread.previous
			f.ended(end.index, last, Succeeded)
			if next < f.count {
				launch(last)
			}
		}
	}
	if f.step.ctx.Err() != nil {
		return nil, stopped(f.step.ctx)
	}
	if failed != nil {
		parent.previous = failed.thread.previous
		if failed.thread.at != nil && failed.thread.at.kind == "Task" {
			f.abort(failed.thread, parent.previous)
		}
		return nil, failed.failure
	}
	return outputs, nil
}

// abort records that a graph's state was left behind. Only these types have an event for it.
func (f *fanout) abort(t *thread, previous int64) {
	if t.at == nil {
		return
	}
	switch t.at.kind {
	case "Task", "Wait", "Map", "Parallel":
		t.run.emit(previous, t.at.kind+"StateAborted", nil)
	}
}
