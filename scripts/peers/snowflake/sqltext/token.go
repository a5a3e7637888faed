// Package sqltext splits Snowflake's SQL into tokens and knows how its
// identifiers fold.
package sqltext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
)

// A Kind tells tokens apart.
type Kind int

const (
	End    Kind = iota
	Word        // an unquoted identifier or a keyword
	Quoted      // a quoted identifier
	String      // a literal, its escapes resolved
	Number
	Symbol // an operator or punctuation
	Bind   // ? or :1
)

// A Token is a piece of a statement. Text is the source for words, numbers and
// symbols, and the value for quoted identifiers and strings.
type Token struct {
	Kind       Kind
	Text       string
	Start, End int
}

// Is tells whether the token is the given keyword or symbol.
func (t Token) Is(text string) bool {
	return t.Kind == Word && strings.EqualFold(t.Text, text) || t.Kind == Symbol && t.Text == text
}

// Name is the identifier that the token stands for: an unquoted one in upper case.
func (t Token) Name() string {
	if t.Kind == Word {
		return strings.ToUpper(t.Text)
	}
	return t.Text
}

// Identifier tells whether the token can be a name.
func (t Token) Identifier() bool { return t.Kind == Word || t.Kind == Quoted }

var symbols = []string{"->>", "::", "=>", "<>", "!=", "<=", ">=", "||", "->"}

// Split cuts a statement into tokens, the last of which is End. Comments are
// dropped.
func Split(s string) ([]Token, error) {
	var tokens []Token
	for i := 0; ; {
		i = skip(s, i)
		if i >= len(s) {
			return append(tokens, Token{Kind: End, Start: len(s), End: len(s)}), nil
		}
		t, err := next(s, i)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		i = t.End
	}
}

// skip passes over white space and comments.
func skip(s string, i int) int {
	for i < len(s) {
		switch {
		case strings.IndexByte(" \t\r\n\f\v", s[i]) >= 0:
			i++
		case strings.HasPrefix(s[i:], "--"), strings.HasPrefix(s[i:], "//"):
			if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
				i += n
			} else {
				return len(s)
			}
		case strings.HasPrefix(s[i:], "/*"):
			n := strings.Index(s[i+2:], "*/")
			if n < 0 {
				return len(s)
			}
			i += n + 4
		default:
			return i
		}
	}
	return i
}

func next(s string, i int) (Token, error) {
	c := s[i]
	switch {
	case c == '\'':
		return literal(s, i)
	case c == '"':
		return quoted(s, i)
	case strings.HasPrefix(s[i:], "$$"):
		n := strings.Index(s[i+2:], "$$")
		if n < 0 {
			return Token{}, unexpected(s, i)
		}
		return Token{String, s[i+2 : i+2+n], i, i + n + 4}, nil
	case c >= '0' && c <= '9', c == '.' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9':
		return number(s, i), nil
	case c == '?':
		return Token{Bind, "?", i, i + 1}, nil
	case c == ':' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9':
		j := i + 1
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		return Token{Bind, s[i+1 : j], i, j}, nil
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	if r == '_' || unicode.IsLetter(r) {
		j := i
		for j < len(s) {
			r, n := utf8.DecodeRuneInString(s[j:])
			if r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				break
			}
			j += n
		}
		return Token{Word, s[i:j], i, j}, nil
	}
	for _, sym := range symbols {
		if strings.HasPrefix(s[i:], sym) {
			return Token{Symbol, sym, i, i + len(sym)}, nil
		}
	}
	if strings.IndexByte("()[]{},.;:+-*/%<>=@|&^~!$", c) >= 0 {
		return Token{Symbol, string(c), i, i + 1}, nil
	}
	return Token{}, unexpected(s, i)
}

func number(s string, i int) Token {
	j := i
	for j < len(s) {
		c := s[j]
		exponent := (c == 'e' || c == 'E') && j > i
		sign := (c == '+' || c == '-') && j > i && (s[j-1] == 'e' || s[j-1] == 'E')
		if c != '.' && (c < '0' || c > '9') && !exponent && !sign {
			break
		}
		j++
	}
	return Token{Number, s[i:j], i, j}
}

func quoted(s string, i int) (Token, error) {
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		if s[j] == '"' {
			if j+1 < len(s) && s[j+1] == '"' {
				j++
			} else {
				return Token{Quoted, b.String(), i, j + 1}, nil
			}
		}
		b.WriteByte(s[j])
	}
	return Token{}, unexpected(s, i)
}

var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f', '0': 0}

func literal(s string, i int) (Token, error) {
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		switch {
		case s[j] == '\'' && j+1 < len(s) && s[j+1] == '\'':
			j++
			b.WriteByte('\'')
		case s[j] == '\'':
			return Token{String, b.String(), i, j + 1}, nil
		case s[j] == '\\' && j+1 < len(s):
			j++
			if e, ok := escapes[s[j]]; ok {
				b.WriteByte(e)
			} else {
				b.WriteByte(s[j])
			}
		default:
			b.WriteByte(s[j])
		}
	}
	return Token{}, unexpected(s, i)
}

// unexpected is the syntax error at an offset of a statement.
func unexpected(s string, at int) *refusal.Error {
	end := min(at+12, len(s))
	for end < len(s) && !utf8.RuneStart(s[end]) {
		end++
	}
	return Unexpected(s, Token{Start: at, Text: s[at:end]})
}

// Unexpected is the syntax error at a token.
func Unexpected(s string, t Token) *refusal.Error {
	line := 1 + strings.Count(s[:t.Start], "\n")
	text := t.Text
	if t.Kind == End && text == "" {
		text = "<EOF>"
	}
	return refusal.Syntax(line, t.Start-strings.LastIndexByte(s[:t.Start], '\n')-1, text)
}
