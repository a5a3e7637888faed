package dialect

import (
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// items reads the select list.
func (t *translator) items(s *scope) ([]Column, string, error) {
	var columns []Column
	var parts []string
	s.aliases = map[string]*datatype.Type{}
	for {
		start := t.peek().Start
		star, err := t.star(s)
		if err != nil {
			return nil, "", err
		}
		if star != nil {
			for _, c := range star {
				columns = append(columns, c.column)
				parts = append(parts, c.sql)
			}
		} else {
			e, err := t.expression(s)
			if err != nil {
				return nil, "", err
			}
			if e.clamped {
				return nil, "", refusal.Unsupported("a timestamp of more than six digits before 1678 or after 2261")
			}
			name := e.name
			if name == "" {
				name = strings.ToUpper(strings.TrimSpace(t.text[start:t.tokens[t.at-1].End]))
			}
			if t.take("AS") || t.peek().Identifier() && !clause(t.peek()) {
				if name, err = t.name(); err != nil {
					return nil, "", err
				}
			}
			if _, shadows := s.column("", name); !shadows {
				s.aliases[name] = e.typ
			}
			columns = append(columns, Column{Name: name, Type: e.typ, Nullable: e.nullable})
			parts = append(parts, e.sql+" AS "+sqltext.Ident(name))
		}
		if !t.take(",") {
			break
		}
	}
	if tok := t.peek(); tok.Kind != sqltext.End && !tok.Is(")") && !tok.Is(";") && !clause(tok) {
		return nil, "", t.unexpected()
	}
	return columns, strings.Join(parts, ", "), nil
}

type starred struct {
	column Column
	sql    string
}

// star reads * or alias.*, and gives nil for anything else.
func (t *translator) star(s *scope) ([]starred, error) {
	alias, n := "", 1
	switch {
	case t.peek().Is("*"):
	case t.peek().Identifier():
		for ; t.ahead(n).Is(".") && t.ahead(n+1).Identifier(); n += 2 {
		}
		if !t.ahead(n).Is(".") || !t.ahead(n+1).Is("*") {
			return nil, nil
		}
		alias = t.ahead(n - 1).Name()
		n += 2
	default:
		return nil, nil
	}
	t.at += n
	excluded := map[string]bool{}
	if t.take("EXCLUDE") {
		var names []string
		var err error
		if t.take("(") {
			names, err = t.names()
		} else {
			var one string
			one, err = t.name()
			names = []string{one}
		}
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			excluded[n] = true
		}
	}
	out := []starred{}
	for _, src := range s.sources {
		if alias != "" && src.alias != alias {
			continue
		}
		for _, c := range src.columns {
			if !excluded[c.Name] {
				out = append(out, starred{c, identifier(src.alias, c.Name) + " AS " + sqltext.Ident(c.Name)})
			}
		}
	}
	if len(out) == 0 {
		return nil, refusal.New("002050", "42601", "SQL compilation error:\nselect with no columns")
	}
	return out, nil
}
