package file

import (
	"bytes"
	"context"
	"io"
)

// recordFinder looks for the end of a record in chunks of a file that begin anywhere.
type recordFinder struct {
	dialect   *dialect // nil for NDJSON
	maxRecord int64
	states    csvState
	lastQuote int64 // offset of the last quote, or of the first byte seen
	escaped   bool  // the last byte was an escape
}

// find returns the offset behind the first newline that surely ends a record.
// chunk stands at offset in the text.
func (r *recordFinder) find(chunk []byte, offset int64) (at int64, ok bool) {
	if r.dialect == nil {
		i := bytes.IndexByte(chunk, '\n')
		return offset + int64(i) + 1, i >= 0
	}
	d := *r.dialect
	for i, c := range chunk {
		at := offset + int64(i)
		r.states = d.after(r.states, c)
		if c == d.Quote && d.Quote != 0 {
			r.lastQuote = at
		}
		if c == '\n' && (r.states == fieldStart || !r.escaped && at-r.lastQuote >= r.maxRecord) {
			return at + 1, true
		}
		r.escaped = c == d.Escape && d.Escape != 0
	}
	return 0, false
}

// boundary finds the beginning of a record at or after offset in a plain text
// file, from some bytes there alone and never by a guess; 0 when it cannot. csv
// is nil for NDJSON.
//
// In NDJSON every newline ends a record. In CSV it does unless it is quoted or
// escaped, which depends on everything before. So all states that the tokenizer
// could be in at offset are followed at once; real text soon leaves only one,
// since text after a closing quote ends the quoting for good. In text without
// quotes the rule that a record ends at the first newline after maxRecord bytes
// decides. Of another encoding than UTF-8 a code unit counts as one byte, which
// is never more than what the tokenizer gets to see of it.
func (f *Files) boundary(ctx context.Context, obj Object, csv *dialect, enc encoding, offset int64) (at int64, err error) {
	maxRecord := int64(f.limits.recordBytes)
	width := enc.width()
	pos := max(offset-offset%width-width, 0) // so that a newline just before offset counts
	end := min(obj.Size, offset+2*maxRecord*width)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := openStream(ctx, f.store, obj, pos, end)
	if err != nil {
		return 0, err
	}
	defer func() { _ = in.Close() }() // what was read is good, whatever Close says
	at, found, err := newFinder(csv, maxRecord).search(in, enc, end-pos)
	if err != nil || !found {
		return 0, err
	}
	return pos + at*width, nil
}

func newFinder(csv *dialect, maxRecord int64) *recordFinder {
	r := &recordFinder{dialect: csv, maxRecord: maxRecord}
	if csv != nil {
		r.states = csv.anyState()
	}
	return r
}

// search looks in the first most bytes of a text, and returns the number of code
// units before the record that it found.
func (r *recordFinder) search(in io.Reader, enc encoding, most int64) (units int64, found bool, err error) {
	in = io.LimitReader(in, most)
	chunk := make([]byte, min(64*kib, (most+1)&^1))
	for {
		n, err := io.ReadFull(in, chunk)
		text := enc.ascii(chunk[:n])
		if at, ok := r.find(text, units); ok {
			return at, true, nil
		}
		units += int64(len(text))
		if err == io.EOF || err == io.ErrUnexpectedEOF { // ReadFull's own; wrapped ones are damage
			return 0, false, nil
		}
		if err != nil {
			return 0, false, err
		}
	}
}
