package asl

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Invoker invokes Lambda functions, synchronously.
type Invoker interface {
	// Invoke runs the function, named by its ARN or its name, and gives its answer. A *FunctionError is the function's own
	// failure, an *Error one that names itself (Lambda.TooManyRequestsException); any other is reported as
	// Lambda.SdkClientException. It must return soon after the context is cancelled.
	Invoke(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error)
}

// Objects is the S3 of ItemReader and ResultWriter. An *Error's name (S3.NoSuchKeyException) is not shown: what fails here
// is States.ItemReaderFailed or States.ResultWriterFailed, with the error's text as cause.
type Objects interface {
	GetObject(ctx context.Context, bucket, key string) ([]byte, error)
	PutObject(ctx context.Context, bucket, key string, body []byte) error
}

// Starter starts other state machines.
type Starter interface {
	// StartExecution starts an execution and does not wait for it. An *Error's name is the API's error code
	// (ExecutionAlreadyExists).
	StartExecution(ctx context.Context, machineARN, name string, input json.RawMessage) (arn string, started time.Time, err error)
	// AwaitExecution waits for the end of an execution that StartExecution started. When the context is cancelled first, it
	// stops that execution.
	AwaitExecution(ctx context.Context, arn string) (Outcome, Execution, error)
}

// Clock tells and passes time.
type Clock interface {
	Now() time.Time
	// Sleep returns nil after d, or the context's error when it is cancelled first.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the machine's own.
type SystemClock struct{}

var _ Clock = SystemClock{}

// Now is the current time.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits for d.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Interpreter runs executions. All fields must be set; a machine that has no use for one of them does not notice it.
type Interpreter struct {
	JSONata *JSONata
	Invoker Invoker
	Objects Objects
	Starter Starter
	Clock   Clock
	// Random gives numbers in [0, 1), for jitter. It must be safe for concurrent use.
	Random func() float64
}

// Execution is the identity and input of one execution.
type Execution struct {
	ARN        string
	Name       string
	MachineARN string
	RoleARN    string
	MapRunARN  string // of a child of a distributed Map
	Input      json.RawMessage
	StartedAt  time.Time
}

// Journal keeps what an execution leaves behind. Its methods are called by several goroutines, one at a time for Record.
type Journal interface {
	// Record keeps the next event of the history.
	Record(Event)
	// OpenMapRun begins the record of a distributed Map.
	OpenMapRun(MapRun) MapRunJournal
}

// MapRun describes one run of a distributed Map.
type MapRun struct {
	ARN                        string    `json:"arn"`
	ExecutionARN               string    `json:"execution_arn"`
	MachineARN                 string    `json:"machine_arn"` // of the children: the machine's, "/", the label
	MaxConcurrency             int       `json:"max_concurrency"`
	ToleratedFailureCount      int       `json:"tolerated_failure_count"`
	ToleratedFailurePercentage float64   `json:"tolerated_failure_percentage"`
	StartedAt                  time.Time `json:"started_at"`
}

// MapRunJournal keeps what a distributed Map leaves behind. Its methods are called by several goroutines.
type MapRunJournal interface {
	// Expect tells the number of children, once it is known.
	Expect(total int)
	// OpenChild begins a child execution.
	OpenChild(Execution) Journal
	// CloseChild ends a child execution.
	CloseChild(Execution, Outcome)
	// Close ends the run with a status; written is the number of results in S3.
	Close(status Status, written int)
}

// Status is the state of an execution or a map run.
type Status string

// The states of executions and map runs.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// Outcome is how an execution ended.
type Outcome struct {
	Status    Status
	Output    json.RawMessage // when it succeeded
	Error     string
	Cause     string
	StoppedAt time.Time
}

// Run executes the machine to its end and records its history. Cancelling the context ends it as ABORTED, with the error
// and cause of an *Abort if that is the context's cause.
func (in *Interpreter) Run(ctx context.Context, m *Machine, x Execution, journal Journal) Outcome {
	r := &run{in: in, execution: x, journal: journal}
	r.emit(0, "ExecutionStarted", func(e *Event) {
		e.ExecutionStarted = &StartedDetails{Input: string(x.Input), RoleARN: x.RoleARN}
	})
	expired := errors.New("the state machine's TimeoutSeconds have passed") // this execution's own: a parent's aborts it
	limited, stop := in.limit(ctx, m.Timeout, expired)
	defer stop()

	t := &thread{run: r, variables: &scope{}}
	output, failure := t.walk(limited, m.graph, compact(x.Input))
	outcome := Outcome{StoppedAt: in.Clock.Now()}
	switch cause := context.Cause(limited); {
	case failure == nil:
		outcome.Status, outcome.Output = Succeeded, output
		r.emit(t.previous, "ExecutionSucceeded", func(e *Event) {
			e.ExecutionSucceeded = &SucceededDetails{Output: string(output)}
		})
	case errors.Is(cause, expired):
		outcome.Status = TimedOut
		r.emit(0, "ExecutionTimedOut", func(e *Event) { e.ExecutionTimedOut = &FailureDetails{} })
	case cause != nil:
		outcome.Status = Aborted
		if abort, ok := errors.AsType[*Abort](cause); ok {
			outcome.Error, outcome.Cause = abort.Name, abort.Cause
		}
		r.emit(0, "ExecutionAborted", func(e *Event) {
			e.ExecutionAborted = &FailureDetails{Error: outcome.Error, Cause: outcome.Cause}
		})
	default:
		outcome.Status, outcome.Error, outcome.Cause = Failed, failure.Name, failure.Cause
		r.emit(t.previous, "ExecutionFailed", func(e *Event) {
			e.ExecutionFailed = &FailureDetails{Error: failure.Name, Cause: failure.Cause}
		})
	}
	return outcome
}

// limit gives a context that is cancelled with the cause after d; never if d is zero.
func (in *Interpreter) limit(ctx context.Context, d time.Duration, cause error) (context.Context, func()) {
	limited, cancel := context.WithCancelCause(ctx)
	stop := func() { cancel(context.Canceled) }
	if d == 0 {
		return limited, stop
	}
	expired := make(chan struct{})
	go func() {
		defer close(expired)
		if in.Clock.Sleep(limited, d) == nil {
			cancel(cause)
		}
	}()
	return limited, func() {
		stop()
		<-expired
	}
}
