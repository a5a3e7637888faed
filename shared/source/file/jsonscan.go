package file

import (
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The scan functions read one JSON token at buf[p:end], held to RFC 8259, and
// return where it ends; negative when it is malformed. They do not look at
// whether strings are UTF-8: that is a rule of its own.

// maxDepth bounds nesting, and with it the stack.
const maxDepth = 1000

func skipSpace(buf []byte, p, end int) int {
	for p < end && buf[p] <= ' ' && (buf[p] == ' ' || buf[p] == '\t' || buf[p] == '\r' || buf[p] == '\n') {
		p++
	}
	return p
}

func scanLiteral(buf []byte, p, end int, want string) int {
	if stop := p + len(want); stop <= end && string(buf[p:stop]) == want {
		return stop
	}
	return -1
}

func scanDigits(buf []byte, p, end int) int {
	for p < end && buf[p]-'0' <= 9 {
		p++
	}
	return p
}

func scanNumber(buf []byte, p, end int) int {
	if after := scanShortNumber(buf, p, end); after > 0 {
		return after
	}
	return scanAnyNumber(buf, p, end)
}

func scanAnyNumber(buf []byte, p, end int) int {
	if p < end && buf[p] == '-' {
		p++
	}
	digits := p
	p = scanDigits(buf, p, end)
	if p == digits || (buf[digits] == '0' && p > digits+1) {
		return -1
	}
	if p < end && buf[p] == '.' {
		fraction := p + 1
		if p = scanDigits(buf, fraction, end); p == fraction {
			return -1
		}
	}
	if p < end && (buf[p] == 'e' || buf[p] == 'E') {
		p++
		if p < end && (buf[p] == '+' || buf[p] == '-') {
			p++
		}
		exponent := p
		if p = scanDigits(buf, p, end); p == exponent {
			return -1
		}
	}
	return p
}

// scanShortNumber reads a number of up to seven digits before the point and behind
// it, when a comma or a brace follows. Anything else it leaves to scanNumber: 0.
func scanShortNumber(buf []byte, p, end int) int {
	if p+1 < end && buf[p] == '-' {
		p++
	}
	n := digits(buf, p, end)
	if n == 0 || n > 1 && buf[p] == '0' {
		return 0
	}
	if p += n; buf[p] == '.' {
		if n = digits(buf, p+1, end); n == 0 {
			return 0
		}
		p += 1 + n
	}
	if buf[p] != ',' && buf[p] != '}' {
		return 0
	}
	return p
}

// digits is how many digits stand at p before something else does: 1 to 7, and 0 when that cannot be told at once.
func digits(buf []byte, p, end int) int {
	if p+8 > end {
		return 0
	}
	x := word(buf, p) ^ ones*'0'
	return bits.TrailingZeros64((x+ones*(0x7f-9)|x)&highs) >> 3 & 7
}

// scanString reads a string. With want it returns the content, in scratch if
// it had to be unescaped.
func scanString(b *block, buf []byte, p, end int, want bool) (f span, after int) {
	p++
	start, unescaped := p, -1
	for p = plainText(buf, p, end); p < end; p = plainText(buf, p, end) {
		switch c := buf[p]; {
		case c == '"':
			if unescaped < 0 {
				return span{uint32(start), uint32(p) | isText}, p + 1
			}
			b.scratch = append(b.scratch, buf[start:p]...)
			return span{uint32(unescaped) | inScratch, uint32(len(b.scratch)) | isText}, p + 1
		case c == '\\':
			r, n := scanEscape(buf, p, end)
			if n < 0 {
				return span{}, -1
			}
			if want {
				if unescaped < 0 {
					unescaped = len(b.scratch)
				}
				b.scratch = utf8.AppendRune(append(b.scratch, buf[start:p]...), r)
			}
			p += n
			start = p
		case c < ' ':
			return span{}, -1
		default:
			p++
		}
	}
	return span{}, -1
}

// plainText passes over what may stand in a string as it is, eight bytes at a time
// where there are as many, and returns where something else may stand.
func plainText(buf []byte, p, end int) int {
	for p+8 <= end {
		w := word(buf, p)
		quote, escape := w^ones*'"', w^ones*'\\'
		// The highest bit of the first byte that is less than a space, a quote or an escape; of later ones it may be set as well.
		if found := ((w-ones*' ')&^w | (quote-ones)&^quote | (escape-ones)&^escape) & highs; found != 0 {
			return p + bits.TrailingZeros64(found)>>3
		}
		p += 8
	}
	return p
}

// scanEscape reads an escape sequence and returns its length, negative when it
// is malformed. Half a surrogate pair becomes U+FFFD, as in encoding/json.
func scanEscape(buf []byte, p, end int) (r rune, n int) {
	if p+1 >= end {
		return 0, -1
	}
	switch buf[p+1] {
	case '"', '\\', '/':
		return rune(buf[p+1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r, ok := hex4(buf, p+2, end)
		if !ok {
			return 0, -1
		}
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if p+7 < end && buf[p+6] == '\\' && buf[p+7] == 'u' {
			if low, ok := hex4(buf, p+8, end); ok {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return pair, 12
				}
			}
		}
		return utf8.RuneError, 6
	}
	return 0, -1
}

func hex4(buf []byte, p, end int) (rune, bool) {
	if p+4 > end {
		return 0, false
	}
	var r rune
	for _, c := range buf[p : p+4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c-'a' <= 5:
			c -= 'a' - 10
		case c-'A' <= 5:
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// scanNested passes over an object or an array.
func scanNested(b *block, buf []byte, p, end, depth int) int {
	if depth == maxDepth {
		return -1
	}
	closing := byte('}')
	object := buf[p] == '{'
	if !object {
		closing = ']'
	}
	p = skipSpace(buf, p+1, end)
	if p < end && buf[p] == closing {
		return p + 1
	}
	for {
		if object {
			if p == end || buf[p] != '"' {
				return -1
			}
			if _, p = scanString(b, buf, p, end, false); p < 0 {
				return -1
			}
			if p = skipSpace(buf, p, end); p == end || buf[p] != ':' {
				return -1
			}
			p = skipSpace(buf, p+1, end)
		}
		if p = scanValue(b, buf, p, end, depth); p < 0 {
			return -1
		}
		if p = skipSpace(buf, p, end); p == end {
			return -1
		}
		switch buf[p] {
		case closing:
			return p + 1
		case ',':
			p = skipSpace(buf, p+1, end)
		default:
			return -1
		}
	}
}

func scanValue(b *block, buf []byte, p, end, depth int) int {
	if p == end {
		return -1
	}
	switch buf[p] {
	case '"':
		_, after := scanString(b, buf, p, end, false)
		return after
	case '{', '[':
		return scanNested(b, buf, p, end, depth+1)
	case 't':
		return scanLiteral(buf, p, end, "true")
	case 'f':
		return scanLiteral(buf, p, end, "false")
	case 'n':
		return scanLiteral(buf, p, end, "null")
	}
	return scanNumber(buf, p, end)
}
