// Package dialect rewrites Snowflake queries for DuckDB. It parses the shape of
// a query, resolves the tables in it and follows the types of its columns as
// far as they come from tables or casts; what is left of expressions is
// rewritten token by token. What it does not know it refuses.
package dialect

import (
	"strconv"
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// A Column is a result column; Type is nil where it is computed.
type Column struct {
	Name     string
	Type     *datatype.Type
	Nullable bool
}

// A Source is a table or view in a query.
type Source struct {
	// SQL is what stands for it after FROM, without an alias.
	SQL     string
	Columns []Column
}

// An Instant is a moment in nanoseconds since 1970, for time travel.
type Instant int64

// A Session is what a query is read in.
type Session interface {
	// Table finds a table by its path of one to three names, as it was before
	// or at an instant, or now if that is nil.
	Table(path []string, at *Instant) (Source, error)
	// ResultScan is the result of an earlier query; the last one for "".
	ResultScan(id string) (Source, error)
	// StatementTime is when a statement started.
	StatementTime(id string) (Instant, error)
	// Evaluate computes an expression in the engine's dialect, a timestamp in UTC.
	Evaluate(expression string) (Instant, error)
	// Context is the value of a function such as CURRENT_ROLE, NULL for nil.
	Context(function string) (value *string, ok bool)
	// Zone is the session's time zone.
	Zone() string
}

// A Query is a rewritten query.
type Query struct {
	SQL     string
	Columns []Column
	// Tables tells that it reads tables, and so needs a warehouse.
	Tables bool
}

// A Value is a bind variable: a type as the client names it and a text, nil
// for NULL.
type Value struct {
	Type string
	Text *string
}

// Translate rewrites the query that the tokens of a statement are.
func Translate(session Session, statement string, tokens []sqltext.Token, binds map[string]Value) (Query, error) {
	t := &translator{session: session, text: statement, tokens: tokens, binds: binds}
	sql, columns, err := t.query(nil)
	if err != nil {
		return Query{}, err
	}
	if t.peek().Is(";") {
		t.at++
	}
	if t.peek().Kind != sqltext.End {
		return Query{}, t.unexpected()
	}
	return Query{SQL: sql, Columns: columns, Tables: t.tables}, nil
}

type translator struct {
	session Session
	text    string
	tokens  []sqltext.Token
	at      int
	binds   map[string]Value
	bound   int
	tables  bool
}

func (t *translator) peek() sqltext.Token { return t.ahead(0) }

func (t *translator) ahead(n int) sqltext.Token { return t.tokens[min(t.at+n, len(t.tokens)-1)] }

func (t *translator) next() sqltext.Token {
	tok := t.peek()
	t.at = min(t.at+1, len(t.tokens)-1)
	return tok
}

// take passes over the next token if it is one of the given ones.
func (t *translator) take(texts ...string) bool {
	for _, s := range texts {
		if t.peek().Is(s) {
			t.next()
			return true
		}
	}
	return false
}

func (t *translator) expect(text string) error {
	if !t.take(text) {
		return t.unexpected()
	}
	return nil
}

func (t *translator) unexpected() error { return sqltext.Unexpected(t.text, t.peek()) }

// name reads an identifier.
func (t *translator) name() (string, error) {
	if !t.peek().Identifier() {
		return "", t.unexpected()
	}
	return t.next().Name(), nil
}

// path reads names joined by dots.
func (t *translator) path() ([]string, error) {
	first, err := t.name()
	if err != nil {
		return nil, err
	}
	path := []string{first}
	for t.peek().Is(".") && t.ahead(1).Identifier() {
		t.next()
		path = append(path, t.next().Name())
	}
	return path, nil
}

// literal reads a string, or a bind variable that holds one.
func (t *translator) literal() (string, error) {
	switch tok := t.next(); tok.Kind {
	case sqltext.String:
		return tok.Text, nil
	case sqltext.Bind:
		v, err := t.bind(tok)
		if err == nil && v.Text != nil {
			return *v.Text, nil
		}
	}
	t.at--
	return "", t.unexpected()
}

// bind is the variable that a token stands for.
func (t *translator) bind(tok sqltext.Token) (Value, error) {
	key := tok.Text
	if key == "?" {
		t.bound++
		key = strconv.Itoa(t.bound)
	}
	v, ok := t.binds[key]
	if !ok {
		return v, refusal.New("002049", "42601", "SQL compilation error: error line 1 at position %d\nBind variable %s not set.", tok.Start, tok.Text)
	}
	return v, nil
}

// A scope is what the names in a SELECT can mean.
type scope struct {
	outer   *scope
	ctes    map[string]Source
	sources []named
	aliases map[string]*datatype.Type
}

type named struct {
	alias   string
	columns []Column
}

func (s *scope) cte(name string) (Source, bool) {
	for ; s != nil; s = s.outer {
		if src, ok := s.ctes[name]; ok {
			return src, true
		}
	}
	return Source{}, false
}

// column finds a column by name, of the source with the given alias if that is
// not empty.
func (s *scope) column(alias, name string) (Column, bool) {
	for ; s != nil; s = s.outer {
		for _, src := range s.sources {
			if alias != "" && src.alias != alias {
				continue
			}
			for _, c := range src.columns {
				if c.Name == name {
					return c, true
				}
			}
		}
		if typ, ok := s.aliases[name]; ok && alias == "" {
			return Column{Name: name, Type: typ, Nullable: true}, true
		}
	}
	return Column{}, false
}

// identifier is the engine's name for a column.
func identifier(parts ...string) string {
	quoted := make([]string, len(parts))
	for i, p := range parts {
		quoted[i] = sqltext.Ident(p)
	}
	return strings.Join(quoted, ".")
}
