package stepfunctions

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/headwaterhq/headwater/scripts/local/asl"
	"github.com/headwaterhq/headwater/scripts/local/awsjson"
)

// maxInput is the limit of an execution's input.
const maxInput = 262144

// validName is a name of an execution: 1 to 80 characters, without those that AWS excludes.
var validName = regexp.MustCompile(`^[^\s<>{}\[\]?*"#%\\^|~` + "`" + `$&,;:/\x00-\x1f\x7f-\x9f]{1,80}$`)

// Start starts an execution, or gives the one that has the same name and input and still runs. An empty name gets a new
// one, an empty input is {}. Its errors are *awsjson.Fault, coded as AWS does.
func (s *Service) Start(machineARN, name string, input json.RawMessage) (arn string, started time.Time, err error) {
	if !strings.HasPrefix(machineARN, "arn:aws:states:") {
		return "", time.Time{}, invalidARN(machineARN)
	}
	if name == "" {
		name = strings.ToLower(ulid.Make().String())
	}
	if !validName.MatchString(name) {
		return "", time.Time{}, fault("InvalidName", "Invalid Name: '"+name+"'")
	}
	if len(input) == 0 {
		input = json.RawMessage("{}")
	}
	if len(input) > maxInput || !json.Valid(input) {
		return "", time.Time{}, fault("InvalidExecutionInput", "Invalid State Machine Execution Input: 'Invalid execution input.'")
	}
	x, err := s.begin(machineARN, name, input)
	if err != nil {
		return "", time.Time{}, err
	}
	return x.record.ARN, x.record.StartDate.Time, nil
}

// begin records an execution and lets it run, unless it exists.
func (s *Service) begin(machineARN, name string, input json.RawMessage) (*execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lifetime.Err() != nil {
		return nil, fault("ServiceUnavailable", errClosing.Error())
	}
	m, ok := s.machines[machineARN]
	if !ok {
		return nil, fault("StateMachineDoesNotExist", "State Machine Does Not Exist: '"+machineARN+"'")
	}
	arn := strings.Replace(machineARN, ":stateMachine:", ":execution:", 1) + ":" + name
	if x, exists := s.executions[arn]; exists {
		if x.record.Status == asl.Running && x.record.Input == string(input) {
			return x, nil
		}
		return nil, fault("ExecutionAlreadyExists", "Execution Already Exists: '"+arn+"'")
	}
	x := &execution{done: make(chan struct{}), record: record{
		ARN: arn, Name: name, MachineARN: machineARN, Status: asl.Running, Input: string(input),
		StartDate: asl.Instant{Time: s.interpreter.Clock.Now()},
	}}
	if err := s.store.saveExecution(x.record); err != nil {
		return nil, err
	}
	s.executions[arn] = x
	ctx, cancel := context.WithCancelCause(s.lifetime)
	x.cancel = cancel
	identity := x.record.identity(m.role)
	s.runs.Go(func() {
		defer cancel(nil)
		s.run(ctx, x, identity, m.program)
	})
	return x, nil
}

// run runs an execution to its end.
func (s *Service) run(ctx context.Context, x *execution, identity asl.Execution, program *asl.Machine) {
	defer close(x.done)
	s.announce(ctx, x)
	journal := s.journal(identity.ARN)
	outcome := s.interpreter.Run(ctx, program, identity, journal)
	journal.close()
	if errors.Is(context.Cause(ctx), errClosing) && outcome.Status == asl.Aborted {
		return
	}
	s.finish(x, outcome)
	// The end is told even when the service closes: it may be the last chance to settle what the execution worked on.
	s.announce(context.WithoutCancel(ctx), x)
}

// finish records how an execution ended.
func (s *Service) finish(x *execution, outcome asl.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.record.end(outcome)
	x.cancel = nil
	if err := s.store.saveExecution(x.record); err != nil {
		s.config.Logger.Error("keeping the end of an execution", "execution", x.record.ARN, "err", err)
	}
}

// Stop ends an execution as ABORTED and waits until it has ended. One that has ended already stays as it ended.
func (s *Service) Stop(ctx context.Context, arn, name, cause string) (time.Time, error) {
	x, err := s.find(arn)
	if err != nil {
		return time.Time{}, err
	}
	s.mu.Lock()
	running, cancel := x.record.Status == asl.Running, x.cancel
	s.mu.Unlock()
	if running {
		if cancel == nil {
			return time.Time{}, fault("ValidationException", "The laptop stack cannot stop this execution by itself.")
		}
		cancel(&asl.Abort{Name: name, Cause: cause})
		select {
		case <-x.done:
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return x.record.stopTime(), nil
}

// find looks an execution up.
func (s *Service) find(arn string) (*execution, error) {
	if !strings.HasPrefix(arn, "arn:aws:states:") {
		return nil, invalidARN(arn)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.executions[arn]
	if !ok {
		return nil, fault("ExecutionDoesNotExist", "Execution Does Not Exist: '"+arn+"'")
	}
	return x, nil
}

func invalidARN(arn string) error {
	return fault("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: "+arn+"'")
}

func fault(code, message string) error {
	return &awsjson.Fault{Code: code, Message: message, LowerCase: true}
}

// starter lets one execution start another.
type starter struct{ service *Service }

var _ asl.Starter = starter{}

// StartExecution starts an execution and names its failure by the API's code.
func (s starter) StartExecution(_ context.Context, machineARN, name string, input json.RawMessage) (string, time.Time, error) {
	arn, started, err := s.service.Start(machineARN, name, input)
	if f, ok := errors.AsType[*awsjson.Fault](err); ok {
		return "", time.Time{}, &asl.Error{Name: f.Code, Cause: f.Message}
	}
	return arn, started, err
}

// AwaitExecution waits for an execution, and stops it when the context is cancelled first.
func (s starter) AwaitExecution(ctx context.Context, arn string) (asl.Outcome, asl.Execution, error) {
	x, err := s.service.find(arn)
	if err != nil {
		return asl.Outcome{}, asl.Execution{}, err
	}
	select {
	case <-x.done:
	case <-ctx.Done():
		_, err := s.service.Stop(context.WithoutCancel(ctx), arn, "", "")
		return asl.Outcome{}, asl.Execution{}, errors.Join(ctx.Err(), err)
	}
	s.service.mu.Lock()
	defer s.service.mu.Unlock()
	return x.record.outcome(), x.record.identity(""), nil
}
