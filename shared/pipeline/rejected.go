package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// The rules that reject a row here; readers have their own.
const (
	RuleCast     = "cast"
	RuleRequired = "required"
)

// Rejected is a row that goes to quarantine.
type Rejected struct {
	// RowKey finds the row again without telling whose it is: the SHA-256, in
	// lower-case hex, of the identifier as it stands after mapping (the first
	// column that the import type requires). Empty when that cannot be read.
	RowKey string
	From   string // what the row is from, as the reader names it: "profiles/part-0003.csv"; empty when it does not
	Origin int64  // position there: line or row number, from 1; 0 when the reader does not count
	Rule   string // RuleCast, RuleRequired or a reader's
	Column string // of the source; empty when the whole row is at fault
	Reason string // for people; no value of the row
}

func fromReader(batch source.Batch) []Rejected {
	var out []Rejected
	for _, r := range batch.Rejects {
		out = append(out, Rejected{From: batch.Part, Origin: r.Origin, Rule: r.Rule, Column: r.Column, Reason: r.Reason})
	}
	return out
}

func changed(column, message string) error { return fault.Field(fault.SourceChanged, column, message) }

// rejects collects the rows of one batch that have been rejected.
type rejects struct {
	rows  []bool // per row, whether it is
	found []reject
}

type reject struct {
	row    int
	column *column
	rule   string
	reason string
}

func (r *rejects) reset(rows int) {
	if len(r.found) > 0 {
		clear(r.rows[:cap(r.rows)])
		r.found = r.found[:0]
	}
	if cap(r.rows) < rows {
		r.rows = make([]bool, rows)
	}
	r.rows = r.rows[:rows]
}

// add rejects a row, unless an earlier column did.
func (r *rejects) add(row int, c *column, rule, reason string) {
	if r.rows[row] {
		return
	}
	r.rows[row] = true
	r.found = append(r.found, reject{row, c, rule, reason})
}

// take returns what was found, in the order of the rows.
func (r *rejects) take(keys arrow.Array, batch source.Batch) []Rejected {
	slices.SortFunc(r.found, func(a, b reject) int { return cmp.Compare(a.row, b.row) })
	out := make([]Rejected, len(r.found))
	for i, f := range r.found {
		out[i] = Rejected{From: batch.Part, Rule: f.rule, Column: f.column.name, Reason: f.reason, RowKey: rowKey(keys, f.row)}
		if f.row < len(batch.Origins) {
			out[i].Origin = batch.Origins[f.row]
		}
	}
	return out
}

func rowKey(keys arrow.Array, row int) string {
	text, ok := keys.(*array.String)
	if !ok || text.IsNull(row) || text.ValueLen(row) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(text.Value(row)))
	return hex.EncodeToString(sum[:])
}
