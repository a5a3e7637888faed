package file

import (
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

// empty says that no file of a table has anything in it; key is one of them.
func empty(key string) error {
	const message = "the table has no content: all its files are empty"
	return &fileFault{key, message, fault.New(fault.SourceEmpty, key+": "+message)}
}
