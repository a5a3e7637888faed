package file

import (
	"slices"

	"github.com/headwaterhq/headwater/shared/source"
)

// A span is where a field stands: in the block's buffer, or in its scratch
// space when the field had to be unescaped. start == end is NULL, so an empty
// text must carry the text mark.
type span struct{ start, end uint32 }

const (
	inScratch = 1 << 31 // on start: the field stands in scratch
	isText    = 1 << 31 // on end: quoted in CSV, a string in NDJSON
)

func (s span) null() bool { return s.start == s.end }
func (s span) text() bool { return s.end&isText != 0 }
func (s span) len() int   { return int(s.end&^isText) - int(s.start&^inScratch) }

// block holds the fields of some records as views on a buffer, column by
// column, so that what is done with them are loops over one column.
type block struct {
	limit   int // most records
	buf     []byte
	scratch []byte
	rows    int
	fields  [][]span // by slot, then row
	lines   []int64  // by row: the line where the record begins
	rejects []source.Reject
}

func newBlock(slots, limit int) *block {
	b := &block{limit: limit, fields: make([][]span, slots), lines: make([]int64, limit)}
	for i := range b.fields {
		b.fields[i] = make([]span, limit)
	}
	return b
}

// grow adds a slot.
func (b *block) grow() { b.fields = append(b.fields, make([]span, b.limit)) }

// reset empties the block for records of buf.
func (b *block) reset(buf []byte) {
	b.buf, b.scratch, b.rows, b.rejects = buf, b.scratch[:0], 0, nil
}

// nullify makes NULLs of the fields that are one of some texts, unless they are
// marked as text.
func (b *block) nullify(nulls []string) {
	if len(nulls) == 0 {
		return
	}
	for _, fields := range b.fields {
		for row, f := range fields[:b.rows] {
			if !f.text() && slices.Contains(nulls, string(b.bytes(f))) {
				fields[row] = span{}
			}
		}
	}
}

func (b *block) empty() bool { return b.rows == 0 && len(b.rejects) == 0 }
func (b *block) full() bool  { return b.rows == b.limit || len(b.rejects) >= b.limit }

func (b *block) reject(line int64, rule, reason string) {
	b.rejects = append(b.rejects, source.Reject{Origin: line, Rule: rule, Reason: reason})
}

// bytes returns the field's bytes, valid until the block is reset.
func (b *block) bytes(s span) []byte {
	end := s.end &^ isText
	if s.start&inScratch != 0 {
		return b.scratch[s.start&^inScratch : end]
	}
	return b.buf[s.start:end]
}

// A tokenizer cuts text into the records of a block.
type tokenizer interface {
	// tokenize appends the records of buf[pos:] to b until it is full or the
	// rest of buf is not a whole record, and returns where it stopped. With
	// last, buf ends where the text ends.
	tokenize(b *block, buf []byte, pos int, last bool) int
	// moved says that the buffer was filled anew.
	moved()
	// line is the number of the line that comes next.
	line() int64
}
