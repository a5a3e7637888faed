package lambda

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
)

// Result is what an invocation came to. FunctionError is empty when the function succeeded, and "Unhandled" otherwise; the
// payload is then a JSON object of errorType and errorMessage.
type Result struct {
	Payload       []byte
	FunctionError string
}

const unhandled = "Unhandled"

// Failed is the body of a failed invocation.
type Failed struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func failure(errorType, message string) Result {
	body, err := json.Marshal(Failed{Type: errorType, Message: message})
	if err != nil {
		panic(err) // two strings always marshal
	}
	return Result{Payload: body, FunctionError: unhandled}
}

func exitError(requestID, reason string) Result {
	return failure("Runtime.ExitError", "RequestId: "+requestID+" Error: "+reason)
}

// newRequestID is a random UUID.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
