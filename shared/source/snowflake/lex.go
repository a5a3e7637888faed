package snowflake

import (
	"iter"
	"strings"
)

// token is a word, quoted name, text, comment or symbol of SQL.
type token struct {
	kind kind
	text string
	at   int
}

type kind int

const (
	symbol kind = iota
	word
	quoted
	literal
	comment
	unclosed
)

// lex takes Snowflake's SQL apart as far as is needed to know what is text,
// name or comment and what is not. Source: "Lexical elements" of the Snowflake
// documentation.
func lex(sql string) iter.Seq[token] {
	return func(yield func(token) bool) {
		for i := 0; i < len(sql); {
			k, n := cutToken(sql[i:])
			if k == unclosed {
				yield(token{unclosed, sql[i:], i})
				return
			}
			if n > 0 && !strings.ContainsRune(" \t\r\n", rune(sql[i])) && !yield(token{k, sql[i : i+n], i}) {
				return
			}
			i += n
		}
	}
}

// cutToken returns the kind and the length of the token that sql begins with.
func cutToken(sql string) (kind, int) {
	switch {
	case strings.HasPrefix(sql, "--"), strings.HasPrefix(sql, "//"):
		if n := strings.IndexByte(sql, '\n'); n >= 0 {
			return comment, n + 1
		}
		return comment, len(sql)
	case strings.HasPrefix(sql, "/*"):
		return closed(comment, sql, 2, "*/")
	case strings.HasPrefix(sql, "$$"):
		return closed(literal, sql, 2, "$$")
	case sql[0] == '\'':
		for i := 1; i < len(sql); i++ {
			switch {
			case sql[i] == '\\':
				i++
			case sql[i] == '\'' && strings.HasPrefix(sql[i+1:], "'"):
				i++
			case sql[i] == '\'':
				return literal, i + 1
			}
		}
		return unclosed, 0
	case sql[0] == '"':
		for i := 1; i < len(sql); i++ {
			switch {
			case sql[i] == '"' && strings.HasPrefix(sql[i+1:], `"`):
				i++
			case sql[i] == '"':
				return quoted, i + 1
			}
		}
		return unclosed, 0
	case letter(sql[0]):
		n := 1
		for n < len(sql) && (letter(sql[n]) || sql[n] == '$' || sql[n] >= '0' && sql[n] <= '9') {
			n++
		}
		return word, n
	}
	return symbol, 1
}

func closed(k kind, sql string, from int, by string) (kind, int) {
	if n := strings.Index(sql[from:], by); n >= 0 {
		return k, from + n + len(by)
	}
	return unclosed, 0
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
