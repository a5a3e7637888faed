package googlepeer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word of a statement in GoogleSQL.
type token struct {
	kind       tokenKind
	text       string // upper case of a word, the name inside the quotes of a quoted one, else as it stands
	start, end int    // bytes of the statement
}

type tokenKind int

const (
	word   tokenKind = iota // keyword or plain identifier
	quoted                  // identifier in backquotes
	other                   // string, number, operator
)

// tokenize cuts a statement into its words. It knows as much of GoogleSQL's
// lexical structure (https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical)
// as finding names needs: comments and strings hide what is in them.
func tokenize(sql string) []token {
	var tokens []token
	for i := 0; i < len(sql); {
		r, size := utf8.DecodeRuneInString(sql[i:])
		rest := sql[i:]
		switch {
		case unicode.IsSpace(r):
			i += size
		case strings.HasPrefix(rest, "--") || r == '#':
			i += through(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			i += through(rest, "*/")
		case r == '`':
			n := closing(rest, "`")
			tokens = append(tokens, token{quoted, strings.TrimSuffix(rest[1:n], "`"), i, i + n})
			i += n
		case r == '"' || r == '\'':
			n := stringEnd(rest)
			tokens = append(tokens, token{other, rest[:n], i, i + n})
			i += n
		case r == '_' || unicode.IsLetter(r):
			n := wordEnd(rest)
			tokens = append(tokens, token{word, strings.ToUpper(rest[:n]), i, i + n})
			i += n
		case unicode.IsDigit(r):
			n := wordEnd(rest)
			tokens = append(tokens, token{other, rest[:n], i, i + n})
			i += n
		default:
			tokens = append(tokens, token{other, rest[:size], i, i + size})
			i += size
		}
	}
	return tokens
}

// through returns how long s is up to the end of a mark, or all of it.
func through(s, mark string) int {
	if i := strings.Index(s, mark); i >= 0 {
		return i + len(mark)
	}
	return len(s)
}

// stringEnd returns the length of the string literal that s begins with. A raw
// string's prefix was read as a word; a backslash before a quote keeps it in
// the string in either kind.
func stringEnd(s string) int {
	if mark := s[:1]; strings.HasPrefix(s, strings.Repeat(mark, 3)) {
		return closing(s, strings.Repeat(mark, 3))
	}
	return closing(s, s[:1])
}

// closing returns the length of what s begins with up to its closing mark.
func closing(s, mark string) int {
	for i := len(mark); i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], mark):
			return i + len(mark)
		}
	}
	return len(s)
}

func wordEnd(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return i
		}
	}
	return len(s)
}
