// Package fault is the product's vocabulary of failure: coded errors that
// cross every wall (driver → worker → state machine → HTTP answer) unchanged.
//
// A code is dotted and stable ("connection.not_found"). What a code means —
// its HTTP status, whether a retry can help, what a person should do — is
// fixed once, in codes.go.
package fault

import (
	"errors"
	"strings"
)

// Code names one kind of failure. It is part of the public API.
type Code string

// Error is a failure with a code. Message is for people and never holds an
// input value or a secret; Field names the offending input as a JSON path
// ("mapping[2].target"), empty when no single input is at fault.
type Error struct {
	Code    Code
	Message string
	Field   string
	Err     error // the cause; for logs, never shown outside
}

// New returns an Error without a cause.
func New(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// Wrap returns an Error caused by err.
func Wrap(code Code, message string, err error) *Error {
	return &Error{Code: code, Message: message, Err: err}
}

// Field returns an Error about one input field.
func Field(code Code, field, message string) *Error {
	return &Error{Code: code, Message: message, Field: field}
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Field != "" {
		b.WriteString(" (" + e.Field + ")")
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same code, so that
// errors.Is(err, &fault.Error{Code: c}) asks for a kind.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// As returns the outermost Error in err's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// CodeOf returns the code of the outermost Error in err's chain, Internal
// when err carries none, and "" when err is nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := As(err); ok {
		return e.Code
	}
	return Internal
}

// Retryable reports whether trying again later, unchanged, can succeed.
func Retryable(err error) bool {
	class, ok := Lookup(CodeOf(err))
	return ok && class.Retryable
}

// List collects several failures of one input, so that a caller learns about
// all of them at once. Its code is the first failure's.
type List []*Error

// Add appends a failure of one field.
func (l *List) Add(code Code, field, message string) { *l = append(*l, Field(code, field, message)) }

// Err returns nil for an empty list, the sole failure, or the list.
func (l List) Err() error {
	switch len(l) {
	case 0:
		return nil
	case 1:
		return l[0]
	}
	return l
}

func (l List) Error() string {
	parts := make([]string, len(l))
	for i, e := range l {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// Unwrap lets errors.As find the first failure.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}
