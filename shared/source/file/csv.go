package file

import (
	"bytes"
	"fmt"
)

// Rules that a row can break while it is read.
const (
	ruleRagged    = "ragged_row"
	ruleQuotes    = "malformed_csv"
	ruleTooLong   = "line_too_long"
	ruleJSON      = "malformed_json"
	ruleNotUTF8   = "not_utf8"
	ruleWrongType = "type_mismatch"
)

// csvTokenizer reads RFC 4180: quotes around a field protect commas, newlines
// and doubled quotes; records end with LF or CRLF; empty lines are skipped. It
// is lenient where nothing is lost by it: a quote inside an unquoted field is
// text. Text after a closing quote makes the record malformed, and the record
// goes on as if it were unquoted. A record that does not end within maxRecord
// bytes is rejected and ends at the first newline after them, whatever the
// quotes say, so that one stray quote cannot swallow a file.
//
// boundary.go relies on exactly these rules.
type csvTokenizer struct {
	slots     []int // by field of the file: the block's slot, -1 when nobody wants it
	maxRecord int
	at        int64 // number of the next line
	quote     int   // position of the next quote in the buffer; -1 when unknown
	skip      skip
}

func newCSV(slots []int, maxRecord int, line int64) *csvTokenizer {
	return &csvTokenizer{slots: slots, maxRecord: maxRecord, at: line, quote: -1}
}

func (t *csvTokenizer) moved()      { t.quote = -1 }
func (t *csvTokenizer) line() int64 { return t.at }

func (t *csvTokenizer) tokenize(b *block, buf []byte, pos int, last bool) int {
	if t.skip.active {
		pos = t.skip.resume(b, buf, pos, last, &t.at)
	}
	for pos < len(buf) && !b.full() {
		end, next, ok := lineEnd(buf, pos, last)
		var fields, newlines int
		wellFormed := true
		switch {
		case ok && !t.quoteBefore(buf, pos, end):
			newlines = 1
			if end > pos && buf[end-1] == '\r' {
				end--
			}
			if end == pos {
				t.at++
				pos = min(next, len(buf))
				continue
			}
			fields = t.plain(b, buf, pos, end)
		case t.quoteBefore(buf, pos, len(buf)):
			fields, newlines, next, wellFormed, ok = t.quoted(b, buf, pos, last)
		}
		// A record counts as too long by where its newline stands.
		if tooLong := next-1-pos >= t.maxRecord; !ok || tooLong {
			if !tooLong && len(buf)-pos < t.maxRecord {
				return pos
			}
			if next = t.skip.begin(b, buf, pos, t.maxRecord, last, &t.at); next == pos {
				return pos
			}
			pos = next
			continue
		}
		switch {
		case !wellFormed:
			b.reject(t.at, ruleQuotes, "a quoted field is not closed, or has text after its closing quote")
		case fields != len(t.slots):
			b.reject(t.at, ruleRagged, fmt.Sprintf("has %d fields where the header has %d", fields, len(t.slots)))
		default:
			b.lines[b.rows] = t.at
			b.rows++
		}
		t.at += int64(newlines)
		pos = min(next, len(buf))
	}
	return pos
}

// lineEnd finds the end of the line at pos, and the beginning of the next one.
func lineEnd(buf []byte, pos int, last bool) (end, next int, ok bool) {
	if i := bytes.IndexByte(buf[pos:], '\n'); i >= 0 {
		return pos + i, pos + i + 1, true
	}
	return len(buf), len(buf) + 1, last
}

func (t *csvTokenizer) quoteBefore(buf []byte, pos, end int) bool {
	if t.quote < pos {
		if i := bytes.IndexByte(buf[pos:], '"'); i >= 0 {
			t.quote = pos + i
		} else {
			t.quote = len(buf)
		}
	}
	return t.quote < end
}

// plain splits a record without quotes, and returns how many fields it has.
func (t *csvTokenizer) plain(b *block, buf []byte, pos, end int) int {
	row, slots := b.rows, t.slots
	n, start := 0, pos
	for {
		i := bytes.IndexByte(buf[start:end], ',')
		stop := end
		if i >= 0 {
			stop = start + i
		}
		if n < len(slots) && slots[n] >= 0 {
			b.fields[slots[n]][row] = span{uint32(start), uint32(stop)}
		}
		n++
		if i < 0 {
			return n
		}
		start = stop + 1
	}
}

// quoted splits a record that may have quotes. ok is false when it does not end in buf.
func (t *csvTokenizer) quoted(b *block, buf []byte, pos int, last bool) (fields, newlines, next int, wellFormed, ok bool) {
	wellFormed = true
	p := pos
	for {
		var f span
		if p < len(buf) && buf[p] == '"' {
			var closed bool
			f, p, newlines, closed = t.quotedField(b, buf, p+1, newlines)
			if p >= len(buf) && !last { // what follows the quote decides
				return fields, newlines, next, wellFormed, false
			}
			wellFormed = wellFormed && closed
			if p < len(buf) && buf[p] != ',' && buf[p] != '\n' {
				isEnd, known := carriageReturn(buf, p, last)
				if !known {
					return fields, newlines, next, wellFormed, false
				}
				if isEnd {
					p++
				} else {
					wellFormed = false
				}
			}
			if p < len(buf) {
				p += unquotedLen(buf[p:])
			}
		} else {
			n := unquotedLen(buf[p:])
			f = span{uint32(p), uint32(p + n)}
			p += n
			if (p == len(buf) || buf[p] == '\n') && n > 0 && buf[p-1] == '\r' {
				f.end--
			}
		}
		if p == len(buf) && !last {
			return fields, newlines, next, wellFormed, false
		}
		if fields < len(t.slots) && t.slots[fields] >= 0 {
			b.fields[t.slots[fields]][b.rows] = f
		}
		fields++
		if p == len(buf) || buf[p] == '\n' {
			return fields, newlines + 1, p + 1, wellFormed, true
		}
		p++
	}
}

// quotedField reads from after the opening quote to after the closing one.
func (t *csvTokenizer) quotedField(b *block, buf []byte, p, newlines int) (f span, after, lines int, closed bool) {
	start, unescaped := p, -1
	for {
		i := bytes.IndexByte(buf[p:], '"')
		if i < 0 {
			return span{uint32(start), uint32(len(buf)) | isText}, len(buf), newlines, false
		}
		newlines += bytes.Count(buf[p:p+i], []byte{'\n'})
		p += i + 1
		if p < len(buf) && buf[p] == '"' {
			if unescaped < 0 {
				unescaped = len(b.scratch)
			}
			b.scratch = append(b.scratch, buf[start:p]...)
			p++
			start = p
			continue
		}
		if unescaped < 0 {
			return span{uint32(start), uint32(p-1) | isText}, p, newlines, true
		}
		b.scratch = append(b.scratch, buf[start:p-1]...)
		return span{uint32(unescaped) | inScratch, uint32(len(b.scratch)) | isText}, p, newlines, true
	}
}

// carriageReturn reports whether a CR at p ends the record, and whether that can be told yet.
func carriageReturn(buf []byte, p int, last bool) (isEnd, known bool) {
	switch {
	case buf[p] != '\r':
		return false, true
	case p+1 < len(buf):
		return buf[p+1] == '\n', true
	}
	return last, last
}

// unquotedLen is the distance to the next comma or newline.
func unquotedLen(buf []byte) int {
	for i, c := range buf {
		if c == ',' || c == '\n' {
			return i
		}
	}
	return len(buf)
}
