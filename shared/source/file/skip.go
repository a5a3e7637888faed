package file

import (
	"bytes"
	"fmt"
)

// skip passes over a record that is too long: from its first byte to the first
// newline after the limit. It may take several buffers.
type skip struct {
	active bool
	line   int64 // where the record began
	reason string
}

// begin starts to skip the record at pos. It returns pos, and does nothing,
// while the block holds records and the end of the skip is out of sight: no
// batch may end in the middle of a skip.
func (s *skip) begin(b *block, buf []byte, pos, limit int, last bool, line *int64) int {
	from := pos + limit
	inSight := last || bytes.IndexByte(buf[min(from, len(buf)):], '\n') >= 0
	if !inSight && !b.empty() {
		return pos
	}
	*s = skip{active: true, line: *line, reason: fmt.Sprintf("is longer than %d bytes", limit)}
	*line += int64(bytes.Count(buf[pos:from], []byte{'\n'}))
	return s.resume(b, buf, from, last, line)
}

// resume goes on skipping at pos and returns where it stopped.
func (s *skip) resume(b *block, buf []byte, pos int, last bool, line *int64) int {
	i := bytes.IndexByte(buf[pos:], '\n')
	if i < 0 && !last {
		return len(buf)
	}
	next := len(buf)
	if i >= 0 {
		next = pos + i + 1
	}
	*line++
	b.reject(s.line, ruleTooLong, s.reason)
	s.active = false
	return next
}
