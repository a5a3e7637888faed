// Package stepfunctions is the laptop stack's Step Functions: state machines, their executions and histories, kept in a
// folder and served on AWS's own protocol.
package stepfunctions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// Config is what a Service is made of. All fields must be set.
type Config struct {
	// Folder keeps executions, histories and map runs.
	Folder string
	// Region and Account are those of the ARNs.
	Region, Account string
	// Interpreter runs the executions. Its Starter is set by the service.
	Interpreter asl.Interpreter
	// OnStatusChange is told when an execution starts and when it ends, except for the children of a distributed Map. It is
	// called by the goroutine that runs the execution, which waits for it.
	OnStatusChange func(context.Context, StatusChange)
	Logger         *slog.Logger
}

// Service runs executions and answers for them. It is safe for concurrent use.
type Service struct {
	config      Config
	interpreter *asl.Interpreter
	store       store
	lifetime    context.Context
	end         context.CancelCauseFunc
	runs        sync.WaitGroup

	mu         sync.Mutex
	machines   map[string]machine // by ARN
	executions map[string]*execution
	mapRuns    map[string]*mapRun
}

type machine struct {
	arn, role string
	program   *asl.Machine
}

// execution is one execution, of this process or an earlier one. Its record is guarded by the service's mutex.
type execution struct {
	record record
	cancel context.CancelCauseFunc // nil unless this process runs it and it can be stopped
	done   chan struct{}           // closed when it has ended
}

// errClosing ends the runs of a service that closes. Their records stay RUNNING, for Recover.
var errClosing = errors.New("the service is closing")

// Open reads what the folder holds. Executions that an earlier process left running are still RUNNING: see Recover.
func Open(config Config) (*Service, error) {
	s := &Service{
		config: config, store: store{config.Folder},
		machines: map[string]machine{}, executions: map[string]*execution{}, mapRuns: map[string]*mapRun{},
	}
	records, runs, err := s.store.load()
	if err != nil {
		return nil, fmt.Errorf("opening the executions: %w", err)
	}
	for _, r := range records {
		done := make(chan struct{})
		close(done)
		s.executions[r.ARN] = &execution{record: r, done: done}
	}
	for _, r := range runs {
		s.mapRuns[r.ARN] = &mapRun{service: s, record: r}
	}
	interpreter := config.Interpreter
	interpreter.Starter = starter{s}
	s.interpreter = &interpreter
	s.lifetime, s.end = context.WithCancelCause(context.Background())
	return s, nil
}

// Register makes a state machine known, or replaces its definition for executions that start from now on. It refuses a
// definition with asl.Problems.
func (s *Service) Register(name string, definition []byte, substitutions map[string]string, roleARN string) (arn string, err error) {
	program, err := asl.Parse(definition, substitutions)
	if err == nil {
		err = program.Check(s.interpreter.JSONata)
	}
	if err != nil {
		return "", fmt.Errorf("registering the state machine %s: %w", name, err)
	}
	arn = "arn:aws:states:" + s.config.Region + ":" + s.config.Account + ":stateMachine:" + name
	s.mu.Lock()
	defer s.mu.Unlock()
	s.machines[arn] = machine{arn: arn, role: roleARN, program: program}
	return arn, nil
}

// Recover ends, as ABORTED, what an earlier process left running: on AWS it would have gone on, but nothing can go on here.
// Each such execution gets its last event and its status change, so that whoever waits for its end hears of it. Call it
// once, when OnStatusChange can be heard.
func (s *Service) Recover(ctx context.Context) error {
	abandoned := asl.Outcome{
		Status: asl.Aborted, Error: "Headwater.StackStopped", Cause: "The laptop stack stopped while the execution was running.",
		StoppedAt: s.interpreter.Clock.Now(),
	}
	for _, x := range s.left() {
		outcome, err := s.store.abandon(x.record.ARN, abandoned)
		if err != nil {
			return fmt.Errorf("ending the history of an abandoned execution: %w", err)
		}
		s.finish(x, outcome)
		s.announce(ctx, x)
	}
	return s.endMapRuns(abandoned.StoppedAt)
}

// endMapRuns ends the map runs that no process runs, and counts their children, whose counts are kept only at the end.
func (s *Service) endMapRuns(at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.mapRuns {
		if run.record.Status != asl.Running || run.live {
			continue
		}
		run.record.end(asl.Aborted, at)
		run.record.Children = map[asl.Status]int64{}
		for _, x := range s.executions {
			if x.record.MapRunARN == run.record.ARN {
				run.record.Children[x.record.Status]++
			}
		}
		if err := s.store.saveMapRun(run.record); err != nil {
			return fmt.Errorf("ending an abandoned map run: %w", err)
		}
	}
	return nil
}

// left are the executions that are RUNNING and that no process runs, in the order they were started.
func (s *Service) left() []*execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*execution
	for _, x := range s.executions {
		select {
		case <-x.done:
			if x.record.Status == asl.Running {
				all = append(all, x)
			}
		default:
		}
	}
	slices.SortFunc(all, func(a, b *execution) int { return a.record.StartDate.Compare(b.record.StartDate.Time) })
	return all
}

// Close stops everything that runs and waits for it. What ran stays RUNNING in the folder: the next process's Recover ends
// it, when there is somebody to hear of it.
func (s *Service) Close() {
	s.mu.Lock()
	s.end(errClosing)
	s.mu.Unlock()
	s.runs.Wait()
}
