package file

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// readHeader reads the first record of a CSV file as column names, or without a
// header makes names for as many columns as the record has. A column without a
// name is called after its position.
func readHeader(t *text, d dialect, maxRecord int) (names []string, line int64, err error) {
	if err := t.begin(); err != nil {
		return nil, 0, err
	}
	malformed := func(line int64, what string) error {
		return damaged(t.in.key, fmt.Sprintf("the header in line %d %s", line, what), nil)
	}
	buf := t.buf[:t.n]
	pos, line := skipBlank(buf, t.pos)
	if pos == len(buf) {
		return nil, 0, malformed(1, "is missing")
	}
	fields, newlines, next, wellFormed, ended := firstRecord(d, buf, pos, t.last)
	switch {
	case !ended && t.last, ended && !wellFormed:
		return nil, 0, malformed(line, "is not CSV")
	case !ended, next-1-pos >= maxRecord:
		return nil, 0, malformed(line, fmt.Sprintf("does not end within %d bytes", maxRecord))
	}
	if d.Headless {
		return positions(len(fields)), 1, nil
	}
	if end := min(next, len(buf)); !utf8.Valid(buf[pos:end]) || bytes.IndexByte(buf[pos:end], 0) >= 0 {
		return nil, 0, malformed(line, "is not UTF-8 text; the setting csv_encoding names another encoding")
	}
	names = positions(len(fields))
	seen := make(map[string]bool, len(names))
	for i, name := range fields {
		if name != "" {
			names[i] = name
		}
		if seen[names[i]] {
			return nil, 0, malformed(line, fmt.Sprintf("names two columns alike: column %d has the name of an earlier one", i+1))
		}
		seen[names[i]] = true
	}
	t.pos = min(next, len(buf))
	return names, line + int64(newlines), nil
}

// positions are the names of n columns that have none.
func positions(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("column_%d", i+1)
	}
	return names
}

// skipBlank passes over empty lines. line is the number of the line there.
func skipBlank(buf []byte, pos int) (at int, line int64) {
	for line = 1; ; line++ {
		switch {
		case bytes.HasPrefix(buf[pos:], []byte{'\n'}):
			pos++
		case bytes.HasPrefix(buf[pos:], []byte{'\r', '\n'}):
			pos += 2
		default:
			return pos, line
		}
	}
}

// firstRecord reads the fields of the record at pos; ok is false when it does not end in buf.
func firstRecord(d dialect, buf []byte, pos int, last bool) (fields []string, newlines, next int, wellFormed, ok bool) {
	tok := newCSV(d, nil, len(buf), 1)
	n, newlines, next, wellFormed, ok := tok.record(newBlock(0, 1), buf, pos, last)
	if !ok {
		return nil, 0, 0, false, false
	}
	b := newBlock(n, 1)
	b.reset(buf)
	for i := range n {
		tok.slots = append(tok.slots, i)
	}
	tok.record(b, buf, pos, last)
	for i := range n {
		fields = append(fields, string(b.bytes(b.fields[i][0])))
	}
	return fields, newlines, next, wellFormed, true
}
