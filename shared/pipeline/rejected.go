package pipeline

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// The rules that reject a row here, beside those with the name of a transform; readers have their own.
const (
	RuleCast     = "cast"
	RuleRequired = "required"
	RuleSelfLink = "self_link"
)

// maxValue bounds Rejected.Value, in bytes: the whole of a long one is in its row.
const maxValue = 4 << 10

// Rejected is a row that goes to quarantine.
type Rejected struct {
	RowKey string // RowKey of the first column that the import type requires; empty when that cannot be read
	From   string // what the row is from, as the reader names it: "profiles/part-0003.csv"; empty when it does not
	Origin int64  // position there: line or row number, from 1; 0 when the reader does not count
	Rule   string // RuleCast, RuleRequired, RuleSelfLink, a transform's or a reader's
	Column string // of the source; empty when the whole row is at fault
	Reason string // for people; no value of the row
	// Value is the text of what the source has in Column, base64 of bytes, cut at
	// 4 KiB; empty for NULL and for what the reader rejected. It is as secret as the row.
	Value  string
	HasRow bool // Result.Rejected has the row
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
	rows     []bool // per row, whether it is
	found    []reject
	nameless int64
	runs     []run
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
	r.nameless = 0
}

// add rejects a row, unless an earlier column did.
func (r *rejects) add(row int, c *column, rule, reason string) {
	if r.rows[row] {
		return
	}
	r.rows[row] = true
	r.found = append(r.found, reject{row, c, rule, reason})
}

// left is how many rows have not been rejected.
func (r *rejects) left() int { return len(r.rows) - len(r.found) }

// sort brings what was found into the order of the rows.
func (r *rejects) sort() {
	slices.SortFunc(r.found, func(a, b reject) int { return cmp.Compare(a.row, b.row) })
}

// kept lists the runs of rows between the rejected ones, once they are sorted. It is valid until the next call.
func (r *rejects) kept() []run {
	r.runs = r.runs[:0]
	first := 0
	for _, f := range r.found {
		if f.row > first {
			r.runs = append(r.runs, run{first, f.row})
		}
		first = f.row + 1
	}
	if first < len(r.rows) {
		r.runs = append(r.runs, run{first, len(r.rows)})
	}
	return r.runs
}

// rejected returns the source's columns of the rejected rows, once they are sorted. It is a
// copy: the few that go to quarantine wait there for more, and must not keep whole batches in memory.
func (r *rejects) rejected(record arrow.RecordBatch, alloc memory.Allocator) arrow.RecordBatch {
	r.runs = r.runs[:0]
	for _, f := range r.found {
		if last := len(r.runs) - 1; last >= 0 && r.runs[last].end == f.row {
			r.runs[last].end++
			continue
		}
		r.runs = append(r.runs, run{f.row, f.row + 1})
	}
	columns := make([]arrow.Array, record.NumCols())
	for i, column := range record.Columns() {
		columns[i] = gather(column, r.runs, len(r.found), alloc)
		defer columns[i].Release()
	}
	return array.NewRecordBatch(record.Schema(), columns, int64(len(r.found)))
}

// describe returns what was found in the rows, once it is sorted.
func (r *rejects) describe(identifiers arrow.Array, key []byte, rows source.Batch) []Rejected {
	out := make([]Rejected, len(r.found))
	for i, f := range r.found {
		out[i] = Rejected{
			From: rows.Part, Rule: f.rule, Column: f.column.name, Reason: f.reason,
			RowKey: rowKey(identifiers, key, f.row), Value: f.value(rows.Record), HasRow: true,
		}
		if f.row < len(rows.Origins) {
			out[i].Origin = rows.Origins[f.row]
		}
	}
	return out
}

func rowKey(identifiers arrow.Array, key []byte, row int) string {
	text, ok := identifiers.(*array.String)
	if !ok || text.IsNull(row) {
		return ""
	}
	return RowKey(key, text.Value(row))
}

// value is the text that the column at fault has in the source: of a path, the part that it leads to, if any.
func (f reject) value(record arrow.RecordBatch) string {
	if f.column.source < 0 {
		return ""
	}
	in := record.Column(f.column.source)
	if in.IsNull(f.row) {
		return ""
	}
	switch in := in.(type) {
	case *array.String:
		text := in.Value(f.row)
		if f.column.part != nil {
			text = f.column.part.text(text)
		}
		return strings.Clone(cut(text))
	case *array.Binary:
		return cut(base64.StdEncoding.EncodeToString(in.Value(f.row)))
	}
	format, err := toText(in.DataType())
	if err != nil {
		return ""
	}
	one := array.NewSlice(in, int64(f.row), int64(f.row)+1)
	defer one.Release()
	text := format(&call{in: one, alloc: memory.DefaultAllocator})
	defer text.Release()
	return strings.Clone(text.(*array.String).Value(0))
}

// cut shortens a text to maxValue, and not within a character.
func cut(s string) string {
	if len(s) <= maxValue {
		return s
	}
	end := maxValue
	for end > maxValue-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
