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

// csvTokenizer reads a dialect of CSV: quotes around a field protect delimiters,
// newlines and doubled quotes; an escape takes the next byte as it is, in quotes
// and outside; records end with LF or CRLF; empty lines are skipped. It is
// lenient where nothing is lost by it: a quote inside an unquoted field is text.
// Text after a closing quote makes the record malformed, and the record goes on
// as if it were unquoted. A record that does not end within maxRecord bytes is
// rejected and ends at the first newline after them, whatever the quotes say, so
// that one stray quote cannot swallow a file.
//
// dialect.after and boundary.go rely on exactly these rules.
type csvTokenizer struct {
	dialect
	slots     []int // by field of the file: the block's slot, -1 when nobody wants it
	maxRecord int
	at        int64 // number of the next line
	marks     marks
	into      [][]span // by field of the file: the block's column, nil when nobody wants it
	quotes    int      // well-formed quoted fields seen
	skip      skip
}

func newCSV(d dialect, slots []int, maxRecord int, line int64) *csvTokenizer {
	return &csvTokenizer{dialect: d, slots: slots, maxRecord: maxRecord, at: line, marks: newMarks(d)}
}

func (t *csvTokenizer) moved()      { t.marks.reset() }
func (t *csvTokenizer) line() int64 { return t.at }

func (t *csvTokenizer) tokenize(b *block, buf []byte, pos int, last bool) int {
	if t.skip.active {
		pos = t.skip.resume(b, buf, pos, last, &t.at)
	}
	t.into = t.into[:0]
	for _, slot := range t.slots {
		if slot < 0 {
			t.into = append(t.into, nil)
		} else {
			t.into = append(t.into, b.fields[slot])
		}
	}
	for pos < len(buf) && !b.full() {
		t.marks.seek(pos)
		if pos = t.regular(b, buf, pos); pos == len(buf) || b.full() {
			return pos
		}
		// Something is special about the record at pos.
		if last && pos == len(buf)-1 && buf[pos] == '\r' {
			t.at++
			return len(buf)
		}
		fields, newlines, next, wellFormed, ok := t.record(b, buf, pos, last)
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
		t.take(b, fields, wellFormed)
		t.at += int64(newlines)
		pos = min(next, len(buf))
	}
	return pos
}

// take makes a row of a record, or a reject.
func (t *csvTokenizer) take(b *block, fields int, wellFormed bool) {
	switch {
	case !wellFormed:
		b.reject(t.at, ruleQuotes, "a quoted field is not closed, or has text after its closing quote")
	case fields != len(t.slots):
		b.reject(t.at, ruleRagged, fmt.Sprintf("has %d fields where the header has %d", fields, len(t.slots)))
	default:
		b.lines[b.rows] = t.at
		b.rows++
	}
}

// regular splits the records from pos on that are whole, not too long, and whose
// quoted fields have nothing to be undone. It returns where it stopped: at the
// end, when the block is full, or at a record that is special in any way.
func (t *csvTokenizer) regular(b *block, buf []byte, pos int) int {
	m, into, delimiter := &t.marks, t.into, t.Delimiter
	for pos < len(buf) && !b.full() {
		fields, newlines, quotes, start, row := 0, 1, 0, pos, b.rows
		coming := m.coming()
		for {
			if len(coming) == 0 {
				if !m.more(buf) {
					return pos
				}
				coming = m.coming()
			}
			at := int(coming[0])
			coming = coming[1:]
			c, f := buf[at], span{uint32(start), uint32(at)}
			switch {
			case c == delimiter:
			case c == '\n':
				if at > start && buf[at-1] == '\r' {
					f.end--
				}
			case c != t.Quote:
				return pos // an escape
			case at > start:
				continue // in an unquoted field a quote is text
			default:
				m.left(coming)
				end, after, lines := t.quoted(buf)
				if after < 0 {
					return pos
				}
				coming = m.coming()
				f, at, c = span{uint32(start + 1), uint32(end) | isText}, after, buf[after]
				newlines += lines
				quotes++
			}
			if fields < len(into) {
				if column := into[fields]; column != nil {
					column[row] = f
				}
			}
			fields++
			if start = at + 1; c != '\n' {
				continue
			}
			if start-1-pos >= t.maxRecord {
				return pos
			}
			if fields > 1 || !f.null() { // else the line is empty
				t.take(b, fields, true)
			}
			break
		}
		m.left(coming)
		t.at += int64(newlines)
		t.quotes += quotes
		pos = start
	}
	return pos
}

// quoted goes on behind an opening quote, to the closing one and to the delimiter
// or newline right behind that. After is negative when something else comes first: it is not
// there yet, or the field has an escape or a doubled quote, or text follows it.
func (t *csvTokenizer) quoted(buf []byte) (end, after, newlines int) {
	m := &t.marks
	for {
		if m.next == m.found && !m.more(buf) {
			return 0, -1, 0
		}
		end = int(m.at[m.next])
		m.next++
		c := buf[end]
		if c == t.Quote {
			break
		}
		if c == '\n' {
			newlines++
		} else if c != t.Delimiter {
			return 0, -1, 0
		}
	}
	after = end + 1
	if after+1 < len(buf) && buf[after] == '\r' && buf[after+1] == '\n' {
		after++
	}
	if after >= len(buf) || buf[after] != t.Delimiter && buf[after] != '\n' {
		return 0, -1, 0
	}
	if m.next == m.found {
		m.more(buf)
	}
	m.next++ // it is the next mark
	return end, after, newlines
}

// lineEnd finds the end of the line at pos, and the beginning of the next one.
func lineEnd(buf []byte, pos int, last bool) (end, next int, ok bool) {
	if i := bytes.IndexByte(buf[pos:], '\n'); i >= 0 {
		return pos + i, pos + i + 1, true
	}
	return len(buf), len(buf) + 1, last
}

// record splits any record. ok is false when it does not end in buf.
func (t *csvTokenizer) record(b *block, buf []byte, pos int, last bool) (fields, newlines, next int, wellFormed, ok bool) {
	wellFormed = true
	p := pos
	for {
		var f span
		if p < len(buf) && t.Quote != 0 && buf[p] == t.Quote {
			var closed bool
			f, p, newlines, closed = t.quotedField(b, buf, p+1, newlines)
			if p >= len(buf) && !last { // what follows the quote decides
				return fields, newlines, next, wellFormed, false
			}
			if p < len(buf) && buf[p] != t.Delimiter && buf[p] != '\n' {
				isEnd, known := carriageReturn(buf, p, last)
				if !known {
					return fields, newlines, next, wellFormed, false
				}
				if isEnd {
					p++
				} else {
					closed = false
				}
			}
			if closed {
				t.quotes++
			} else {
				wellFormed = false
				p, newlines = t.skipField(buf, p, newlines)
			}
		} else {
			f, p, newlines = t.bareField(b, buf, p, newlines)
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
		var i int
		if t.Escape == 0 {
			i = bytes.IndexByte(buf[p:], t.Quote)
		} else {
			i = t.nextInQuotes(buf[p:])
		}
		if i < 0 {
			return span{uint32(start), uint32(len(buf)) | isText}, len(buf), newlines, false
		}
		newlines += bytes.Count(buf[p:p+i], []byte{'\n'})
		p += i + 1
		if escaped := buf[p-1] != t.Quote; escaped || p < len(buf) && buf[p] == t.Quote {
			if unescaped < 0 {
				unescaped = len(b.scratch)
			}
			if !escaped {
				b.scratch = append(b.scratch, buf[start:p]...)
				p++
				start = p
				continue
			}
			b.scratch = append(b.scratch, buf[start:p-1]...)
			start = p
			if p < len(buf) {
				if buf[p] == '\n' {
					newlines++
				}
				p++
			}
			continue
		}
		if unescaped < 0 {
			return span{uint32(start), uint32(p-1) | isText}, p, newlines, true
		}
		b.scratch = append(b.scratch, buf[start:p-1]...)
		return span{uint32(unescaped) | inScratch, uint32(len(b.scratch)) | isText}, p, newlines, true
	}
}

// nextInQuotes is the distance to the next quote or escape; negative without one.
func (t *csvTokenizer) nextInQuotes(buf []byte) int {
	quote := bytes.IndexByte(buf, t.Quote)
	if quote >= 0 {
		buf = buf[:quote]
	}
	if escape := bytes.IndexByte(buf, t.Escape); escape >= 0 {
		return escape
	}
	return quote
}

// bareField reads a field without quotes, up to its delimiter or newline.
func (t *csvTokenizer) bareField(b *block, buf []byte, p, newlines int) (f span, after, lines int) {
	start := p
	p, lines = t.skipField(buf, p, newlines)
	end := p
	if (p == len(buf) || buf[p] == '\n') && end > start && buf[end-1] == '\r' {
		end--
	}
	if t.Escape == 0 || bytes.IndexByte(buf[start:end], t.Escape) < 0 {
		return span{uint32(start), uint32(end)}, p, lines
	}
	if end == start+2 && buf[start+1] == 'N' { // the NULL of those who write with escapes
		return span{}, p, lines
	}
	unescaped := len(b.scratch)
	for i := start; i < end; i++ {
		if buf[i] == t.Escape && i+1 < end {
			i++
		}
		b.scratch = append(b.scratch, buf[i])
	}
	return span{uint32(unescaped) | inScratch, uint32(len(b.scratch))}, p, lines
}

// skipField goes to the next delimiter or newline that is not escaped.
func (t *csvTokenizer) skipField(buf []byte, p, newlines int) (after, lines int) {
	for p < len(buf) {
		switch c := buf[p]; {
		case c == t.Delimiter, c == '\n':
			return p, newlines
		case t.Escape != 0 && c == t.Escape && p+1 < len(buf):
			p++
			if buf[p] == '\n' {
				newlines++
			}
		}
		p++
	}
	return p, newlines
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
