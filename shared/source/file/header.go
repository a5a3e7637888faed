package file

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"unicode/utf8"
)

// readHeader reads the first record of a CSV file as column names. A column
// without a name is called after its position.
func readHeader(t *text, maxRecord int) (names []string, line int64, err error) {
	if t.n == 0 && !t.last {
		if err := t.fill(); err != nil {
			return nil, 0, err
		}
	}
	malformed := func(what string) error {
		return damaged(t.in.key, "the header in line 1 "+what, nil)
	}
	buf := t.buf[t.pos:t.n]
	end := recordEnd(buf)
	switch {
	case len(buf) == 0:
		return nil, 0, malformed("is missing")
	case end < 0 && t.last && len(buf) < maxRecord:
		end = len(buf)
	case end < 0, end > maxRecord:
		return nil, 0, malformed(fmt.Sprintf("does not end within %d bytes", maxRecord))
	}
	if !utf8.Valid(buf[:end]) || bytes.IndexByte(buf[:end], 0) >= 0 {
		return nil, 0, malformed("is not UTF-8 text")
	}
	r := csv.NewReader(bytes.NewReader(buf[:end]))
	r.LazyQuotes = true
	names, err = r.Read()
	if err != nil {
		return nil, 0, malformed("is not CSV")
	}
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			names[i] = fmt.Sprintf("column_%d", i+1)
		}
		if seen[names[i]] {
			return nil, 0, malformed(fmt.Sprintf("names two columns alike: column %d has the name of an earlier one", i+1))
		}
		seen[names[i]] = true
	}
	t.pos += end
	return names, 1 + int64(bytes.Count(buf[:end], []byte{'\n'})), nil
}

// recordEnd is where the first record of buf ends, with its newline; negative
// when it does not.
func recordEnd(buf []byte) int {
	state, blank := fieldStart, true
	for i, c := range buf {
		switch {
		case c != '\n':
			blank = blank && c == '\r'
			state = state.after(c)
		case state == inQuotes:
		case blank:
			state = fieldStart
		default:
			return i + 1
		}
	}
	return -1
}
