package googlepeer

import (
	"slices"
	"strings"
)

// statement is what the guard must know of a statement before the emulator runs it.
type statement struct {
	sql    string
	tokens []token
	kind   string    // "SELECT", or the first word of anything else
	reads  []mention // tables after FROM and JOIN
	writes []mention // tables that it creates, changes or drops
	ctes   []string  // names of WITH
}

// mention is a name of a table in a statement, and where it stands.
type mention struct {
	path       []string
	start, end int
	next       int // the token after it
}

// parse finds the tables of a statement. It is no parser of SQL: a name counts
// as a table's by the keyword before it, which is how GoogleSQL uses these keywords.
func parse(sql string) statement {
	s := statement{sql: sql, tokens: tokenize(sql)}
	s.kind = s.firstWord()
	depth, from := 0, map[int]bool{} // whether a comma at this depth goes on with a FROM clause
	for i, t := range s.tokens {
		switch {
		case t.text == "(" && t.kind == other:
			depth++
			from[depth] = false
		case t.text == ")" && t.kind == other:
			depth--
		case t.kind == word && (t.text == "FROM" || t.text == "JOIN"), t.kind == other && t.text == "," && from[depth]:
			if t.text == "FROM" && s.isFunctionFrom(i) {
				continue
			}
			from[depth] = true
			if m, ok := s.pathAt(i + 1); ok {
				s.reads = append(s.reads, m)
			}
		case t.kind == word && slices.Contains([]string{"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "WINDOW", "QUALIFY", "UNION", "SELECT"}, t.text):
			from[depth] = false
		case t.kind == word && slices.Contains([]string{"INTO", "UPDATE", "MERGE", "TABLE", "VIEW"}, t.text):
			if m, ok := s.pathAt(s.skipWords(i+1, "INTO", "IF", "NOT", "EXISTS")); ok {
				s.writes = append(s.writes, m)
			}
		case s.isCTE(i):
			s.ctes = append(s.ctes, strings.ToUpper(t.text))
		}
	}
	if s.kind == "DELETE" && len(s.reads) > 0 {
		s.writes = append(s.writes, s.reads[0])
	}
	return s
}

// firstWord is the kind of statement; a script counts as whatever comes after its first statement.
func (s *statement) firstWord() string {
	kind := ""
	for i, t := range s.tokens {
		first := i == 0 || s.tokens[i-1].text == ";"
		if !first || t.text == ";" || t.text == "(" && t.kind == other {
			if kind == "" && t.kind == word {
				kind = t.text
			}
			continue
		}
		if kind != "" && kind != "SELECT" && kind != "WITH" {
			break
		}
		kind = t.text
	}
	if kind == "WITH" {
		return "SELECT"
	}
	return kind
}

// isFunctionFrom tells EXTRACT(DAY FROM x), TRIM(… FROM …) and IS DISTINCT FROM from a FROM clause.
func (s *statement) isFunctionFrom(i int) bool {
	if i > 0 && s.tokens[i-1].text == "DISTINCT" {
		return true
	}
	depth := 0
	for j := i - 1; j >= 0; j-- {
		switch t := s.tokens[j]; {
		case t.kind == other && t.text == ")":
			depth++
		case t.kind == other && t.text == "(" && depth == 0:
			return j > 0 && s.tokens[j-1].kind == word && s.tokens[j-1].text == "EXTRACT"
		case t.kind == other && t.text == "(":
			depth--
		}
	}
	return false
}

// isCTE reports whether a token is a name of WITH: name AS (.
func (s *statement) isCTE(i int) bool {
	if i == 0 || i+2 >= len(s.tokens) || s.tokens[i].kind == other || s.tokens[i+1].text != "AS" || s.tokens[i+2].text != "(" {
		return false
	}
	before := s.tokens[i-1].text
	return before == "WITH" || before == "RECURSIVE" || before == ","
}

func (s *statement) skipWords(i int, words ...string) int {
	for i < len(s.tokens) && s.tokens[i].kind == word && slices.Contains(words, s.tokens[i].text) {
		i++
	}
	return i
}

// pathAt reads a.b.c, `a.b.c`, or a mix, with a dash in the first part (my-project.d.t).
// What a parenthesis follows is a function.
func (s *statement) pathAt(i int) (mention, bool) {
	if i >= len(s.tokens) || s.tokens[i].kind == other {
		return mention{}, false
	}
	m := mention{start: s.tokens[i].start, end: s.tokens[i].end}
	for ; i < len(s.tokens); i++ {
		t := s.tokens[i]
		if t.kind == quoted {
			m.path = append(m.path, strings.Split(t.text, ".")...)
		} else {
			m.path = append(m.path, s.sql[t.start:t.end])
		}
		m.end, m.next = t.end, i+1
		for s.joined(i+1, "-") && len(m.path) == 1 { // a dash belongs to the project only
			m.path[0] += "-" + s.sql[s.tokens[i+2].start:s.tokens[i+2].end]
			i += 2
			m.end, m.next = s.tokens[i].end, i+1
		}
		if !s.joined(i+1, ".") {
			break
		}
		i++
	}
	return m, m.next >= len(s.tokens) || s.tokens[m.next].text != "("
}

// joined reports whether a mark stands at i, without space on either side.
func (s *statement) joined(i int, mark string) bool {
	return i+1 < len(s.tokens) && s.tokens[i].kind == other && s.tokens[i].text == mark &&
		s.tokens[i-1].end == s.tokens[i].start && s.tokens[i].end == s.tokens[i+1].start
}

// mentions reports whether a column is named after a word (WHERE), or anywhere when it is empty.
func (s *statement) mentions(column, after string) bool {
	seen := after == ""
	for _, t := range s.tokens {
		if t.kind == word && t.text == after {
			seen = true
		}
		if seen && t.kind != other && strings.EqualFold(t.text, column) {
			return true
		}
	}
	return false
}
