package dialect

import (
	"fmt"
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// from reads the tables of a SELECT and puts their columns in scope.
func (t *translator) from(s *scope) (string, error) {
	var b strings.Builder
	for {
		if err := t.joined(s, &b); err != nil {
			return "", err
		}
		if !t.take(",") {
			return b.String(), nil
		}
		b.WriteString(", ")
	}
}

// joined reads a table and what is joined to it.
func (t *translator) joined(s *scope, b *strings.Builder) error {
	if err := t.table(s, b); err != nil {
		return err
	}
	for {
		start, word := t.at, ""
		for word != "JOIN" {
			word = strings.ToUpper(t.peek().Text)
			if !t.take("INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "NATURAL", "JOIN") {
				break
			}
			b.WriteString(" " + word)
		}
		if t.at == start {
			return nil
		}
		if word != "JOIN" {
			return t.unexpected()
		}
		b.WriteString(" ")
		if err := t.table(s, b); err != nil {
			return err
		}
		switch {
		case t.take("ON"):
			e, err := t.expression(s)
			if err != nil {
				return err
			}
			b.WriteString(" ON " + e.sql)
		case t.take("USING"):
			if err := t.expect("("); err != nil {
				return err
			}
			names, err := t.names()
			if err != nil {
				return err
			}
			for i, n := range names {
				names[i] = sqltext.Ident(n)
			}
			b.WriteString(" USING (" + strings.Join(names, ", ") + ")")
		}
	}
}

// table reads one table, subquery or table function with its alias.
func (t *translator) table(s *scope, b *strings.Builder) error {
	var src Source
	alias := ""
	switch {
	case t.peek().Is("(") && (t.ahead(1).Is("SELECT") || t.ahead(1).Is("WITH") || t.ahead(1).Is("(")):
		t.next()
		sql, columns, err := t.query(s)
		if err != nil {
			return err
		}
		if err := t.expect(")"); err != nil {
			return err
		}
		src = Source{"(" + sql + ")", columns}
	case t.peek().Is("("):
		t.next()
		b.WriteString("(")
		if err := t.joined(s, b); err != nil {
			return err
		}
		b.WriteString(")")
		return t.expect(")")
	case t.peek().Is("TABLE") && t.ahead(1).Is("("):
		var err error
		if src, err = t.tableFunction(); err != nil {
			return err
		}
	case t.peek().Is("LATERAL"), t.peek().Is("VALUES"):
		return refusal.Unsupported("%s in FROM", strings.ToUpper(t.peek().Text))
	default:
		path, err := t.path()
		if err != nil {
			return err
		}
		if t.peek().Is("(") {
			return refusal.Unsupported("table function %s", strings.Join(path, "."))
		}
		alias = path[len(path)-1]
		if src, err = t.resolve(s, path); err != nil {
			return err
		}
	}
	if t.peek().Is("SAMPLE") || t.peek().Is("TABLESAMPLE") || t.peek().Is("PIVOT") || t.peek().Is("UNPIVOT") || t.peek().Is("CHANGES") || t.peek().Is("MATCH_RECOGNIZE") {
		return refusal.Unsupported("%s", strings.ToUpper(t.peek().Text))
	}
	if t.take("AS") || t.peek().Identifier() && !clause(t.peek()) {
		var err error
		if alias, err = t.name(); err != nil {
			return err
		}
	}
	if alias == "" {
		// Not a name that a query can say.
		alias = fmt.Sprintf("#%d", t.at)
	}
	b.WriteString(src.SQL + " AS " + sqltext.Ident(alias))
	s.sources = append(s.sources, named{alias, src.Columns})
	return nil
}

// resolve finds a table, with what AT or BEFORE says after its name.
func (t *translator) resolve(s *scope, path []string) (Source, error) {
	if len(path) == 1 {
		if src, ok := s.cte(path[0]); ok {
			return src, nil
		}
	}
	t.tables = true
	before := t.peek().Is("BEFORE")
	if !before && !t.peek().Is("AT") || !t.ahead(1).Is("(") {
		return t.session.Table(path, nil)
	}
	t.next()
	t.next()
	kind, err := t.name()
	if err != nil {
		return Source{}, err
	}
	if err := t.expect("=>"); err != nil {
		return Source{}, err
	}
	var at Instant
	switch kind {
	case "STATEMENT":
		id, err := t.literal()
		if err != nil {
			return Source{}, err
		}
		if at, err = t.session.StatementTime(id); err != nil {
			return Source{}, err
		}
	case "TIMESTAMP", "OFFSET":
		e, err := t.expression(nil)
		if err != nil {
			return Source{}, err
		}
		sql := "(" + e.instant() + ")::TIMESTAMP_NS"
		if kind == "OFFSET" {
			sql = "(now() AT TIME ZONE 'UTC' + to_microseconds(((" + e.sql + ") * 1000000)::BIGINT))::TIMESTAMP_NS"
		}
		if at, err = t.session.Evaluate(sql); err != nil {
			return Source{}, err
		}
	default:
		return Source{}, refusal.Unsupported("time travel by %s", kind)
	}
	if before {
		at--
	}
	if err := t.expect(")"); err != nil {
		return Source{}, err
	}
	return t.session.Table(path, &at)
}

// tableFunction reads TABLE(RESULT_SCAN(…)).
func (t *translator) tableFunction() (Source, error) {
	t.next()
	t.next()
	path, err := t.path()
	if err != nil {
		return Source{}, err
	}
	if len(path) != 1 || path[0] != "RESULT_SCAN" {
		return Source{}, refusal.Unsupported("table function %s", strings.Join(path, "."))
	}
	if err := t.expect("("); err != nil {
		return Source{}, err
	}
	id := ""
	if t.take("LAST_QUERY_ID") {
		err = t.expect("(")
		if err == nil {
			err = t.expect(")")
		}
	} else {
		id, err = t.literal()
	}
	if err != nil {
		return Source{}, err
	}
	if err := t.expect(")"); err != nil {
		return Source{}, err
	}
	if err := t.expect(")"); err != nil {
		return Source{}, err
	}
	return t.session.ResultScan(id)
}
