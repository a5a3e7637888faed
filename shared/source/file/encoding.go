package file

import (
	"bytes"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// encoding is a character encoding of a CSV file; "" is UTF-8.
type encoding string

const (
	utf8Text    encoding = ""
	utf16LE     encoding = "utf-16le"
	utf16BE     encoding = "utf-16be"
	latin1      encoding = "latin1"
	windows1252 encoding = "windows-1252"
)

// encodingOf is the encoding of a file that begins with head, when a setting says given.
func encodingOf(given string, head []byte) encoding {
	switch given {
	case "utf-8":
		return utf8Text
	case string(latin1), string(windows1252), string(utf16LE), string(utf16BE):
		return encoding(given)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return utf16LE
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return utf16BE
	case given == "utf-16":
		return utf16LE
	}
	return utf8Text
}

// width is the number of bytes of a code unit.
func (e encoding) width() int64 {
	if e == utf16LE || e == utf16BE {
		return 2
	}
	return 1
}

// unit is the code unit at the beginning of b.
func (e encoding) unit(b []byte) uint16 {
	if e == utf16LE {
		return uint16(b[0]) | uint16(b[1])<<8
	}
	return uint16(b[1]) | uint16(b[0])<<8
}

// ascii makes a byte of every code unit, itself when it is ASCII, so that the
// bytes that separate records can be looked for. It works in place.
func (e encoding) ascii(b []byte) []byte {
	if e.width() == 1 {
		return b
	}
	out := b[:0]
	for ; len(b) > 1; b = b[2:] {
		if u := e.unit(b); u < utf8.RuneSelf {
			out = append(out, byte(u))
		} else {
			out = append(out, 0xff)
		}
	}
	return out
}

// transcoder reads text of another encoding as UTF-8. What is no text in that
// encoding becomes bytes that are no UTF-8 either, so that the row is rejected
// instead of changed.
type transcoder struct {
	in       io.Reader
	encoding encoding
	raw      []byte
	held     int    // bytes of raw that wait for more
	out      []byte // not handed over yet
	buf      []byte
	err      error
}

func newTranscoder(in io.Reader, e encoding) *transcoder {
	return &transcoder{in: in, encoding: e, raw: make([]byte, 32*kib)}
}

func (t *transcoder) Read(p []byte) (int, error) {
	for len(t.out) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		var n int
		n, t.err = t.in.Read(t.raw[t.held:])
		t.transcode(t.held+n, t.err == io.EOF) //nolint:errorlint // a wrapped EOF is no end
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	return n, nil
}

// transcode turns raw[:n] into out and keeps what is not whole; with last,
// nothing can follow that makes it whole.
func (t *transcoder) transcode(n int, last bool) {
	t.buf = t.buf[:0]
	rest := t.raw[:n]
	if t.encoding.width() == 1 {
		for _, c := range rest {
			t.buf = utf8.AppendRune(t.buf, t.encoding.single(c))
		}
		rest = nil
	}
	for len(rest) > 1 {
		u := t.encoding.unit(rest)
		switch {
		case !utf16.IsSurrogate(rune(u)):
			t.buf = utf8.AppendRune(t.buf, rune(u))
		case len(rest) < 4 && !last:
			t.keep(rest)
			return
		default:
			if len(rest) >= 4 {
				if r := utf16.DecodeRune(rune(u), rune(t.encoding.unit(rest[2:]))); r != utf8.RuneError {
					t.buf = utf8.AppendRune(t.buf, r)
					rest = rest[4:]
					continue
				}
			}
			t.buf = append(t.buf, 0xff) // half a character
		}
		rest = rest[2:]
	}
	if last && len(rest) > 0 {
		t.buf, rest = append(t.buf, 0xff), nil // half a code unit
	}
	t.keep(rest)
}

func (t *transcoder) keep(rest []byte) {
	t.held = copy(t.raw, rest)
	t.out = t.buf
}

// single is the character of a byte.
func (e encoding) single(c byte) rune {
	if e == windows1252 && c >= 0x80 && c < 0xa0 {
		return cp1252[c-0x80]
	}
	return rune(c)
}

// cp1252 is where windows-1252 differs from Latin-1; the five bytes without a
// character stand for themselves, as the WHATWG Encoding Standard has it.
var cp1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}
