package lambdahost

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Cause is what a state machine's Catch saw. Cause is text for people, or the
// answer of a failed Lambda: {"errorType","errorMessage"}.
type Cause struct {
	Error string `json:"Error"`
	Cause string `json:"Cause,omitempty"`
}

// Ends are the codes of two ways to end that are not the work's own failure.
type Ends struct {
	TimedOut fault.Code
	Aborted  fault.Code
}

// Names of errors that stand for an execution's status.
const (
	timedOut = "States.Timeout"
	aborted  = "ABORTED"
)

// CauseFault turns what ended a task or an execution into a fault. A code of
// ours stays what it is, with the message that its worker gave; a worker that
// died, or that Lambda could not run, is fault.Unavailable; the rest is
// fault.Internal, named but not quoted.
func CauseFault(c Cause, ends Ends) *fault.Error {
	if class, ok := fault.Lookup(fault.Code(c.Error)); ok {
		return fault.New(fault.Code(c.Error), c.message(class.Title))
	}
	service, _, _ := strings.Cut(c.Error, ".")
	switch {
	case c.Error == timedOut || c.Error == "States.HeartbeatTimeout":
		return titled(ends.TimedOut)
	case c.Error == aborted:
		return titled(ends.Aborted)
	case service == "Lambda" || service == "Runtime" || service == "Sandbox":
		return fault.New(fault.Unavailable, "a worker died")
	case c.Error == "States.ExceedToleratedFailureThreshold":
		return fault.New(fault.Internal, "a split failed for good")
	case errorName.MatchString(c.Error):
		return fault.New(fault.Internal, "the state machine failed with "+c.Error)
	}
	return fault.New(fault.Internal, "the state machine failed")
}

// errorName is the shape of names that Step Functions and its integrations give to errors.
var errorName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,40}\.[A-Za-z0-9.]{1,60}$`)

// message is the failed worker's public message.
func (c Cause) message(otherwise string) string {
	var answer struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(c.Cause), &answer) == nil && answer.Message != "" {
		return answer.Message
	}
	return otherwise
}

func titled(code fault.Code) *fault.Error {
	class, _ := fault.Lookup(code)
	return fault.New(code, class.Title)
}
