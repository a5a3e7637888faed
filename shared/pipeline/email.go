package pipeline

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits of RFC 5321, in bytes.
const (
	maxAddress = 254
	maxLocal   = 64
	maxLabel   = 63
)

// email normalises an address: white space around it goes, all of it becomes
// lower case, and a domain beyond ASCII is written in ASCII (IDNA). It is an
// address when it is a dot-atom (RFC 5322, beyond ASCII letters, marks and
// digits as RFC 6531 allows), one @, and a domain name of two labels or more.
// Dots and +tags stay, as only the domain's owner knows what they mean.
func (t *transform) email(s string) (string, bool) {
	s = t.lower(strings.TrimSpace(s))
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > maxLocal || len(s) > maxAddress || !isDotAtom(s[:at]) {
		return "", false
	}
	if isDomain(s[at+1:]) {
		return s, true
	}
	if isASCII(s[at+1:]) {
		return "", false
	}
	domain, err := idna.Lookup.ToASCII(s[at+1:])
	if err != nil || !isDomain(domain) || at+1+len(domain) > maxAddress {
		return "", false
	}
	return s[:at+1] + domain, true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isDotAtom takes words of one character or more with single dots between.
func isDotAtom(s string) bool {
	previous := '.'
	for _, r := range s {
		if r == '.' && previous == '.' || r != '.' && !isAtom(r) {
			return false
		}
		previous = r
	}
	return previous != '.'
}

// isAtom takes the characters of RFC 5322's atext, in lower case. A byte that is no UTF-8 comes
// as utf8.RuneError, which is none of them.
func isAtom(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return true
	case r < utf8.RuneSelf:
		return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", byte(r)) >= 0
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)
}

// isDomain takes two or more labels of lower-case letters, digits and hyphens,
// the last of which is not a number: that would be an address of another kind.
func isDomain(s string) bool {
	labels, digits := 0, true
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		digits = true
		for i := range len(label) {
			switch c := label[i]; {
			case '0' <= c && c <= '9':
			case 'a' <= c && c <= 'z', c == '-':
				digits = false
			default:
				return false
			}
		}
		labels++
	}
	return labels > 1 && !digits
}
