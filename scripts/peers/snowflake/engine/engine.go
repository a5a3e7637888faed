// Package engine is what the peer wants of the database that computes its
// answers. DuckDB stands behind it; nothing else of the peer links it.
package engine

import "context"

// An Engine runs SQL of the engine's own dialect. It is safe for concurrent use.
type Engine interface {
	// Exec runs statements, separated by semicolons, for their effect.
	Exec(ctx context.Context, sql string) error
	// Query runs one statement. Texts without a zone become instants in the
	// named time zone. When ctx ends, the statement is interrupted.
	Query(ctx context.Context, zone, sql string) (Rows, error)
	Close()
}

// Rows are the rows of a result, in batches. Close must be called.
type Rows interface {
	Columns() []Column
	// Next returns the next rows, or nil after the last. The batch is valid
	// until the next call.
	Next() *Batch
	Close()
}

// A Column is a result column with its type as the engine spells it.
type Column struct{ Name, Type string }

// A Batch is some rows.
type Batch struct {
	Rows    int
	Columns []Vector
}

// A Vector holds one column of a batch, in the slice that its type uses.
type Vector struct {
	// Valid tells which rows are not null; nil means all.
	Valid []bool
	// Ints holds integers, the unscaled value of decimals, booleans as 0 and 1,
	// days since 1970, and times and timestamps in the unit of their type.
	Ints []int64
	// High holds the upper halves of numbers of 128 bits, whose lower halves
	// are the bits of Ints; nil where numbers have 64.
	High   []int64
	Floats []float64
	Texts  []string
	// Children are the members of a struct, or the one vector of the elements
	// of all arrays.
	Children []Vector
}

// Null tells whether a row has no value.
func (v *Vector) Null(row int) bool { return v.Valid != nil && !v.Valid[row] }

// A Failure is what the engine said of a statement.
type Failure struct {
	// Compile tells that the statement was refused before it ran.
	Compile bool
	Text    string
}

func (f *Failure) Error() string { return f.Text }
