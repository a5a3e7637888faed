// Package refusal holds the errors that the service answers with: a code, an
// SQLSTATE and a text.
//
// The numbers come from gosnowflake's own error table (390112, 390189, 390201,
// 390303, 390318, 000605, 333333, 333334) and from public reports of what the
// service was seen to answer; the functions name what they stand for. Where no
// report was found the function says so.
package refusal

import "fmt"

// An Error is what a request or a statement was refused with.
type Error struct {
	Code, State, Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%s): %s", e.Code, e.State, e.Message) }

// New returns an error with the given parts.
func New(code, state, format string, args ...any) *Error {
	return &Error{Code: code, State: state, Message: fmt.Sprintf(format, args...)}
}

// Syntax is a statement that does not parse.
func Syntax(line, pos int, near string) *Error {
	return New("001003", "42000", "SQL compilation error:\nsyntax error line %d at position %d unexpected '%s'.", line, pos, near)
}

// Unsupported is a statement that the real service may well understand and
// this peer does not. The text says so, lest it be taken for the service's.
func Unsupported(format string, args ...any) *Error {
	return New("000002", "0A000", "Unsupported feature (by this peer): "+format, args...)
}

// MissingObject is a table or view that does not exist or that the role has
// no privilege on; the service does not tell which.
func MissingObject(name string) *Error {
	return New("002003", "42S02", "SQL compilation error:\nObject '%s' does not exist or not authorized.", name)
}

// MissingContainer is a database or schema, in the path of a table, that does
// not exist or that the role may not use.
func MissingContainer(kind, name string) *Error {
	return New("002003", "02000", "SQL compilation error:\n%s '%s' does not exist or not authorized.", kind, name)
}

// MissingOperand is the object of a USE, SHOW or DESCRIBE that does not exist
// or that the role may not use.
func MissingOperand() *Error {
	return New("002043", "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed.")
}

// NoPrivilege is an object that the role sees but may not read.
func NoPrivilege(kind, name string) *Error {
	return New("003001", "42501", "SQL access control error:\nInsufficient privileges to operate on %s '%s'", kind, name)
}

// InvalidIdentifier is a column that no table in reach has.
func InvalidIdentifier(name string) *Error {
	return New("000904", "42000", "SQL compilation error: error line 1 at position 0\ninvalid identifier '%s'", name)
}

// NoDatabase is an unqualified name in a session without a database.
func NoDatabase(op string) *Error {
	return New("090105", "22000", "Cannot perform %s. This session does not have a current database. Call 'USE DATABASE', or use a qualified name.", op)
}

// NoWarehouse is a query that needs a warehouse in a session without one.
func NoWarehouse() *Error {
	return New("000606", "57P03", "No active warehouse selected in the current session.  Select an active warehouse with the 'use warehouse' command.\n")
}

// SuspendedWarehouse is a query on a suspended warehouse that does not resume
// by itself. No public report was found of the service's text for it.
func SuspendedWarehouse(name string) *Error {
	return New("000606", "57P03", "Warehouse '%s' is suspended and is not set to resume automatically.", name)
}

// QuotaExceeded is a warehouse that its resource monitor keeps suspended.
func QuotaExceeded(warehouse, monitor string) *Error {
	return New("090073", "22000", "Warehouse '%s' cannot be resumed because resource monitor '%s' has exceeded its quota.", warehouse, monitor)
}

// Cancelled is a statement that its client aborted.
func Cancelled() *Error { return New("000604", "57014", "SQL execution canceled") }

// TimedOut is a statement that ran longer than its timeout allows.
func TimedOut(seconds int) *Error {
	return New("000630", "57014", "Statement reached its statement or warehouse timeout of %d second(s) and was canceled.", seconds)
}

// NotExecuting is an abort of a statement that is not running.
func NotExecuting() *Error {
	return New("000605", "02000", "Identified SQL statement is not currently executing.")
}

// ResultExpired is a query whose result is kept no longer. The text is the one
// in snowflake-connector-python issue 1596.
func ResultExpired(id string) *Error {
	return New("000710", "02000", "Result for query %s has expired", id)
}

// UnknownStatement is a query id that was never given out, or to another user.
func UnknownStatement(id string) *Error { return New("000709", "02000", "Statement %s not found", id) }

// TravelUnavailable is a time before the object existed or its history begins.
func TravelUnavailable(kind, name string) *Error {
	return New("000707", "02000", "Time travel data is not available for %s %s. The requested time is either beyond the allowed time travel period or before the object creation time.", kind, name)
}

// Execution is a statement that compiled and failed while it ran.
func Execution(text string) *Error { return New("100038", "22018", "%s", text) }

// Compilation is a statement that the engine behind the peer does not accept.
func Compilation(text string) *Error {
	return New("002000", "42601", "SQL compilation error:\n%s", text)
}
