package dataset

import "time"

// Type is the logical type of a column.
type Type string

// The types.
const (
	String    Type = "string"
	Int       Type = "int64"
	Float     Type = "float64"
	Bool      Type = "bool"
	Timestamp Type = "timestamp" // UTC, microseconds
	Date      Type = "date"
)

// Column is a column of a table.
type Column struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// cell is one value; which field holds it follows from the column's type. Bool, Timestamp (microseconds since 1970) and
// Date (days since 1970) are in num.
type cell struct {
	null bool
	text []byte
	num  int64
	real float64
}

// row is filled from left to right and used again for the next row. Text lives in the row's own buffer.
type row struct {
	cells []cell
	text  []byte
}

func (r *row) reset() { r.cells, r.text = r.cells[:0], r.text[:0] }

func (r *row) null()          { r.cells = append(r.cells, cell{null: true}) }
func (r *row) num(v int64)    { r.cells = append(r.cells, cell{num: v}) }
func (r *row) real(v float64) { r.cells = append(r.cells, cell{real: v}) }

func (r *row) flag(v bool) {
	var n int64
	if v {
		n = 1
	}
	r.num(n)
}

func (r *row) time(t time.Time) { r.num(t.UnixMicro()) }

func (r *row) str(s string) {
	start := len(r.text)
	r.text = append(r.text, s...)
	r.since(start)
}

// since makes what was appended to r.text from start on the next cell.
func (r *row) since(start int) {
	r.cells = append(r.cells, cell{text: r.text[start:len(r.text):len(r.text)]})
}
