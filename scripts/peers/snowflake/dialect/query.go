package dialect

import (
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// query reads [WITH …] select {UNION … select} [ORDER BY …] [LIMIT …].
func (t *translator) query(outer *scope) (string, []Column, error) {
	s := &scope{outer: outer, ctes: map[string]Source{}}
	var b strings.Builder
	if t.take("WITH") {
		if err := t.with(s, &b); err != nil {
			return "", nil, err
		}
	}
	columns, err := t.term(s, &b)
	if err != nil {
		return "", nil, err
	}
	for {
		op := strings.ToUpper(t.peek().Text)
		if !t.take("UNION", "INTERSECT", "EXCEPT", "MINUS") {
			break
		}
		if op == "MINUS" {
			op = "EXCEPT"
		}
		b.WriteString(" " + op)
		if t.take("ALL") {
			b.WriteString(" ALL")
		}
		b.WriteString(" ")
		more, err := t.term(&scope{outer: outer, ctes: s.ctes}, &b)
		if err != nil {
			return "", nil, err
		}
		columns = agree(columns, more)
	}
	if err := t.order(s, &b); err != nil {
		return "", nil, err
	}
	return b.String(), columns, nil
}

// agree keeps the types that both sides of a UNION have.
func agree(a, b []Column) []Column {
	if len(a) != len(b) {
		return a
	}
	out := make([]Column, len(a))
	for i := range a {
		out[i] = a[i]
		if a[i].Type == nil || b[i].Type == nil || *a[i].Type != *b[i].Type {
			out[i].Type = nil
		}
	}
	return out
}

func (t *translator) with(s *scope, b *strings.Builder) error {
	b.WriteString("WITH ")
	if t.peek().Is("RECURSIVE") {
		return refusal.Unsupported("recursive common table expressions")
	}
	for i := 0; ; i++ {
		name, err := t.name()
		if err != nil {
			return err
		}
		var renamed []string
		if t.take("(") {
			if renamed, err = t.names(); err != nil {
				return err
			}
		}
		if err := t.expect("AS"); err != nil {
			return err
		}
		if err := t.expect("("); err != nil {
			return err
		}
		sql, columns, err := t.query(s)
		if err != nil {
			return err
		}
		if err := t.expect(")"); err != nil {
			return err
		}
		head := sqltext.Ident(name)
		if renamed != nil && len(renamed) == len(columns) {
			quoted := make([]string, len(renamed))
			for i, r := range renamed {
				columns[i].Name, quoted[i] = r, sqltext.Ident(r)
			}
			head += "(" + strings.Join(quoted, ", ") + ")"
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(head + " AS (" + sql + ")")
		s.ctes[name] = Source{SQL: sqltext.Ident(name), Columns: columns}
		if !t.take(",") {
			b.WriteString(" ")
			return nil
		}
	}
}

// names reads identifiers up to the closing parenthesis.
func (t *translator) names() ([]string, error) {
	var names []string
	for {
		n, err := t.name()
		if err != nil {
			return nil, err
		}
		names = append(names, n)
		if !t.take(",") {
			return names, t.expect(")")
		}
	}
}

// term reads a SELECT, a VALUES or a query in parentheses.
func (t *translator) term(s *scope, b *strings.Builder) ([]Column, error) {
	switch {
	case t.take("("):
		sql, columns, err := t.query(s)
		if err != nil {
			return nil, err
		}
		b.WriteString("(" + sql + ")")
		return columns, t.expect(")")
	case t.take("SELECT"):
		return t.selection(s, b)
	}
	return nil, t.unexpected()
}

// selection reads a SELECT after its first word. The tables come before the
// columns here, so that the columns' types are known.
func (t *translator) selection(s *scope, b *strings.Builder) ([]Column, error) {
	distinct := t.take("DISTINCT")
	if !distinct {
		t.take("ALL")
	}
	top := ""
	if t.peek().Is("TOP") && t.ahead(1).Kind == sqltext.Number {
		t.next()
		top = t.next().Text
	}
	items := t.at
	t.skipTo("FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT", "OFFSET", "FETCH", "UNION", "INTERSECT", "EXCEPT", "MINUS")
	from := ""
	if t.take("FROM") {
		bound := t.bound
		t.bound += t.countBinds(items, t.at)
		var err error
		if from, err = t.from(s); err != nil {
			return nil, err
		}
		after, boundAfter := t.at, t.bound
		t.at, t.bound = items, bound
		defer func() { t.bound = max(t.bound, boundAfter) }()
		columns, list, err := t.items(s)
		if err != nil {
			return nil, err
		}
		t.at, t.bound = after, boundAfter
		return columns, t.finish(s, b, distinct, top, list, from)
	}
	t.at = items
	columns, list, err := t.items(s)
	if err != nil {
		return nil, err
	}
	return columns, t.finish(s, b, distinct, top, list, from)
}

func (t *translator) countBinds(from, to int) int {
	n := 0
	for _, tok := range t.tokens[from:to] {
		if tok.Kind == sqltext.Bind && tok.Text == "?" {
			n++
		}
	}
	return n
}

// skipTo moves to the first of some keywords, or the end, of this SELECT.
func (t *translator) skipTo(words ...string) {
	for depth := 0; ; t.next() {
		tok := t.peek()
		switch {
		case tok.Kind == sqltext.End, tok.Is(";") && depth == 0:
			return
		case tok.Is("("):
			depth++
		case tok.Is(")"):
			if depth == 0 {
				return
			}
			depth--
		case depth == 0 && tok.Kind == sqltext.Word:
			for _, w := range words {
				// IS DISTINCT FROM is an operator.
				if tok.Is(w) && !(w == "FROM" && t.tokens[t.at-1].Is("DISTINCT") && t.at > 1 && (t.tokens[t.at-2].Is("IS") || t.tokens[t.at-2].Is("NOT"))) {
					return
				}
			}
		}
	}
}

// finish writes a SELECT and reads the clauses after FROM.
func (t *translator) finish(s *scope, b *strings.Builder, distinct bool, top, list, from string) error {
	b.WriteString("SELECT ")
	if distinct {
		b.WriteString("DISTINCT ")
	}
	b.WriteString(list)
	if from != "" {
		b.WriteString(" FROM " + from)
	}
	for {
		var head string
		switch {
		case t.take("WHERE"):
			head = " WHERE "
		case t.take("GROUP"):
			head = " GROUP BY "
			if err := t.expect("BY"); err != nil {
				return err
			}
			if t.take("ALL") {
				b.WriteString(" GROUP BY ALL")
				continue
			}
		case t.take("HAVING"):
			head = " HAVING "
		case t.take("QUALIFY"):
			head = " QUALIFY "
		default:
			if top != "" {
				b.WriteString(" LIMIT " + top)
			}
			return nil
		}
		sql, err := t.list(s)
		if err != nil {
			return err
		}
		b.WriteString(head + sql)
	}
}

// list reads expressions with commas between them.
func (t *translator) list(s *scope) (string, error) {
	var parts []string
	for {
		e, err := t.expression(s)
		if err != nil {
			return "", err
		}
		parts = append(parts, e.sql)
		if !t.take(",") {
			return strings.Join(parts, ", "), nil
		}
	}
}

// order reads ORDER BY, LIMIT, OFFSET and FETCH.
func (t *translator) order(s *scope, b *strings.Builder) error {
	if t.take("ORDER") {
		if err := t.expect("BY"); err != nil {
			return err
		}
		sql, err := t.list(s)
		if err != nil {
			return err
		}
		b.WriteString(" ORDER BY " + sql)
	}
	for {
		switch {
		case t.take("LIMIT"):
			b.WriteString(" LIMIT ")
		case t.take("OFFSET"):
			b.WriteString(" OFFSET ")
		case t.take("FETCH"):
			t.take("FIRST", "NEXT")
			b.WriteString(" LIMIT ")
		default:
			return nil
		}
		tok := t.next()
		switch {
		case tok.Kind == sqltext.Number:
			b.WriteString(tok.Text)
		case tok.Is("NULL"):
			b.WriteString("NULL")
		case tok.Kind == sqltext.Bind:
			v, err := t.bind(tok)
			if err != nil || v.Text == nil {
				return t.unexpected()
			}
			sql, err := v.sql()
			if err != nil {
				return err
			}
			b.WriteString(sql)
		default:
			t.at--
			return t.unexpected()
		}
		t.take("ROW", "ROWS")
		t.take("ONLY")
	}
}
