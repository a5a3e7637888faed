package file

import (
	"errors"

	"github.com/headwaterhq/headwater/shared/fault"
)

// fileFault is a failure of one file, so that a table's problem can name it.
type fileFault struct {
	key     string
	message string
	fault   *fault.Error
}

func (e *fileFault) Error() string { return e.fault.Error() }
func (e *fileFault) Unwrap() error { return e.fault }

// damaged says that a file cannot be read; cause may be nil.
func damaged(key, message string, cause error) error {
	return &fileFault{key, message, fault.Wrap(fault.SourceMalformed, key+": "+message, cause)}
}

// conflicting says that a file does not fit the other files of its table.
func conflicting(key, message string) error {
	return &fileFault{key, message, fault.New(fault.SourceSchemaConflict, key+": "+message)}
}

// problemOf returns what makes a table unfit, if err is about its files and
// not about the store.
func problemOf(err error) (problem, at string, ok bool) {
	if f, ok := errors.AsType[*fileFault](err); ok {
		return f.message, f.key, true
	}
	if fault.CodeOf(err) == fault.SourceChanged {
		e, _ := fault.As(err)
		return e.Message, "", true
	}
	return "", "", false
}
