package file

import (
	"bytes"
	"context"
	"io"
)

// csvState is a state of the CSV tokenizer between two bytes, as a bit, so
// that a csvState can also be a set of states.
type csvState uint8

const (
	fieldStart csvState = 1 << iota
	unquoted
	inQuotes
	afterQuote // after a quote that closes the field unless another follows
)

const anyState = fieldStart | unquoted | inQuotes | afterQuote

// after returns the state, or set of states, after a byte. In quotes, a newline
// may also end a record that has grown too long, so both can be.
func (s csvState) after(c byte) csvState {
	var next csvState
	switch c {
	case '"':
		if s&(fieldStart|afterQuote) != 0 {
			next |= inQuotes
		}
		if s&unquoted != 0 {
			next |= unquoted
		}
		if s&inQuotes != 0 {
			next |= afterQuote
		}
	case ',':
		if s&^inQuotes != 0 {
			next |= fieldStart
		}
		next |= s & inQuotes
	case '\n':
		next = fieldStart | s&inQuotes
	default:
		if s&^inQuotes != 0 {
			next |= unquoted
		}
		next |= s & inQuotes
	}
	return next
}

// recordFinder looks for the end of a record in chunks of a file that begin anywhere.
type recordFinder struct {
	format    string
	maxRecord int64
	states    csvState
	lastQuote int64 // offset of the last quote, or of the first byte seen
}

// find returns the offset behind the first newline that surely ends a record.
// chunk stands at offset in the file.
func (r *recordFinder) find(chunk []byte, offset int64) (at int64, ok bool) {
	if r.format == formatNDJSON {
		i := bytes.IndexByte(chunk, '\n')
		return offset + int64(i) + 1, i >= 0
	}
	for i, c := range chunk {
		at := offset + int64(i)
		r.states = r.states.after(c)
		if c == '"' {
			r.lastQuote = at
		}
		if c == '\n' && (r.states == fieldStart || at-r.lastQuote >= r.maxRecord) {
			return at + 1, true
		}
	}
	return 0, false
}

// boundary finds the beginning of a record at or after offset in a plain text
// file, from some bytes there alone and never by a guess; 0 when it cannot.
//
// In NDJSON every newline ends a record. In CSV it does unless it stands in
// quotes, which depends on everything before. So all states that the tokenizer
// could be in at offset are followed at once; real text soon leaves only one,
// since text after a closing quote ends the quoting for good. In text without
// quotes the rule that a record ends at the first newline after maxRecord bytes
// decides.
func (f *Files) boundary(ctx context.Context, obj Object, format string, offset int64) (at int64, err error) {
	maxRecord := int64(f.limits.recordBytes)
	pos := offset - 1 // so that a newline just before offset counts
	end := min(obj.Size, offset+2*maxRecord)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := openStream(ctx, f.store, obj, pos, end)
	if err != nil {
		return 0, err
	}
	defer func() { _ = in.Close() }() // what was read is good, whatever Close says
	finder := recordFinder{format: format, maxRecord: maxRecord, states: anyState, lastQuote: pos}
	chunk := make([]byte, 64*kib)
	for {
		n, err := in.Read(chunk)
		if at, ok := finder.find(chunk[:n], pos); ok {
			return at, nil
		}
		pos += int64(n)
		if err == io.EOF { //nolint:errorlint // a wrapped EOF is no end
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
	}
}
