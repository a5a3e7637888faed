package stepfunctions

import (
	"encoding/json"
	"os"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// journal appends an execution's events to its file.
type journal struct {
	service *Service
	arn     string
	file    *os.File // nil when it could not be opened
}

var _ asl.Journal = (*journal)(nil)

func (s *Service) journal(arn string) *journal {
	file, err := s.store.history(arn)
	if err != nil {
		s.config.Logger.Error("opening a history", "execution", arn, "err", err)
	}
	return &journal{service: s, arn: arn, file: file}
}

// Record appends an event. An execution does not fail because its history cannot be kept: that is logged. One that is
// aborted because the service closes stays without an end, which Recover gives it.
func (j *journal) Record(e asl.Event) {
	if j.file == nil || e.ExecutionAborted != nil && j.service.lifetime.Err() != nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err != nil {
		j.service.config.Logger.Error("keeping an event", "execution", j.arn, "err", err)
	}
}

// OpenMapRun begins the record of a distributed Map.
func (j *journal) OpenMapRun(spec asl.MapRun) asl.MapRunJournal {
	run := &mapRun{
		service: j.service, live: true, journals: map[string]*journal{},
		record: mapRunRecord{MapRun: spec, Status: asl.Running, Children: map[asl.Status]int64{}},
	}
	j.service.mu.Lock()
	defer j.service.mu.Unlock()
	j.service.mapRuns[spec.ARN] = run
	run.save()
	return run
}

func (j *journal) close() {
	if j.file == nil {
		return
	}
	if err := j.file.Close(); err != nil {
		j.service.config.Logger.Error("closing a history", "execution", j.arn, "err", err)
	}
}

// mapRun is one run of a distributed Map. It is guarded by the service's mutex.
type mapRun struct {
	service  *Service
	record   mapRunRecord
	live     bool // this process runs it
	journals map[string]*journal
}

var _ asl.MapRunJournal = (*mapRun)(nil)

func (r *mapRun) save() {
	if err := r.service.store.saveMapRun(r.record); err != nil {
		r.service.config.Logger.Error("keeping a map run", "map_run", r.record.ARN, "err", err)
	}
}

// Expect keeps the number of children.
func (r *mapRun) Expect(total int) {
	r.service.mu.Lock()
	defer r.service.mu.Unlock()
	r.record.Total = total
	r.save()
}

// OpenChild begins a child execution.
func (r *mapRun) OpenChild(x asl.Execution) asl.Journal {
	s := r.service
	j := s.journal(x.ARN)
	s.mu.Lock()
	defer s.mu.Unlock()
	child := &execution{record: newRecord(x), done: make(chan struct{})}
	s.executions[x.ARN] = child
	r.journals[x.ARN] = j
	r.record.Children[asl.Running]++
	if err := s.store.saveExecution(child.record); err != nil {
		s.config.Logger.Error("keeping a child execution", "execution", x.ARN, "err", err)
	}
	return j
}

// CloseChild ends a child execution.
func (r *mapRun) CloseChild(x asl.Execution, outcome asl.Outcome) {
	s := r.service
	s.mu.Lock()
	child, j := s.executions[x.ARN], r.journals[x.ARN]
	delete(r.journals, x.ARN)
	r.record.Children[asl.Running]--
	r.record.Children[outcome.Status]++
	s.mu.Unlock()
	j.close()
	s.finish(child, outcome)
	close(child.done)
}

// Close ends the run.
func (r *mapRun) Close(status asl.Status, written int) {
	r.service.mu.Lock()
	defer r.service.mu.Unlock()
	r.record.end(status, r.service.interpreter.Clock.Now())
	r.record.Written = written
	r.live = false
	r.save()
}
