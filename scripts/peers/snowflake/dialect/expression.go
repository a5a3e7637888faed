package dialect

import (
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// An expression is rewritten SQL with what is known of it.
type expression struct {
	sql      string
	typ      *datatype.Type
	nullable bool
	// name is the result column's name; empty where that is the source text.
	name string
	// text is the value of a lone string literal.
	text *string
	// clamped tells of a timestamp that the engine cannot hold: it stands for
	// one at the end of the engine's range, which compares alike.
	clamped bool
}

// instant is the expression as a moment that can be compared: timestamps with
// an offset compare by their instant alone.
func (e expression) instant() string {
	if e.typ != nil && e.typ.Base == datatype.TZ {
		return "(" + e.sql + ").ts"
	}
	return e.sql
}

var reserved = words(`FROM WHERE GROUP HAVING QUALIFY ORDER LIMIT OFFSET FETCH UNION INTERSECT EXCEPT MINUS ON USING JOIN INNER LEFT RIGHT FULL CROSS NATURAL
	AS SELECT WITH WINDOW SAMPLE TABLESAMPLE CHANGES PIVOT UNPIVOT MATCH_RECOGNIZE LATERAL SET`)

// Keywords of expressions, and whether an operand ends with them.
var operators = words(`AND OR NOT IN IS LIKE ILIKE BETWEEN CASE WHEN THEN ELSE DISTINCT ASC DESC NULLS FIRST LAST EXISTS ANY ALL OVER PARTITION BY ORDER ROWS RANGE
	PRECEDING FOLLOWING UNBOUNDED CURRENT ROW ESCAPE WITHIN GROUP`)

var operands = words(`END NULL TRUE FALSE`)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}

// clause tells whether a word ends an expression.
func clause(t sqltext.Token) bool { return t.Kind == sqltext.Word && reserved[t.Name()] }

// expression reads up to a comma, a closing parenthesis, a clause or an alias.
func (t *translator) expression(s *scope) (expression, error) {
	var pieces []expression
	operand := false // whether the last piece was a value
	for {
		tok := t.peek()
		if tok.Kind == sqltext.End || tok.Is(",") || tok.Is(")") || tok.Is(";") || tok.Is("]") {
			break
		}
		function := t.ahead(1).Is("(")
		if clause(tok) && !((tok.Is("LEFT") || tok.Is("RIGHT")) && function && !operand) {
			break
		}
		word := tok.Name()
		switch {
		case tok.Kind == sqltext.Symbol && tok.Text != "(":
			if tok.Is("::") {
				if !operand {
					return expression{}, t.unexpected()
				}
				t.next()
				typ, err := t.typeName()
				if err != nil {
					return expression{}, err
				}
				last := len(pieces) - 1
				if pieces[last], err = t.cast(pieces[last], typ, false); err != nil {
					return expression{}, err
				}
				continue
			}
			if (tok.Is(":") || tok.Is("[")) && operand {
				last := len(pieces) - 1
				var err error
				if pieces[last], err = t.element(pieces[last]); err != nil {
					return expression{}, err
				}
				continue
			}
			if strings.Contains("[]{}.;:@&^~!$->>", tok.Text) && tok.Text != "-" && tok.Text != ">" {
				return expression{}, t.unexpected()
			}
			t.next()
			pieces, operand = append(pieces, expression{sql: tok.Text}), false
		case tok.Kind == sqltext.Word && operators[word] && !(function && (word == "FIRST" || word == "LAST")):
			t.next()
			pieces, operand = append(pieces, expression{sql: word}), false
		case tok.Kind == sqltext.Word && operands[word] && (!operand || word == "END"):
			t.next()
			pieces, operand = append(pieces, expression{sql: word, nullable: true}), true
		case operand && tok.Identifier():
			return t.assemble(pieces) // an alias
		case operand:
			return expression{}, t.unexpected()
		default:
			e, err := t.operand(s)
			if err != nil {
				return expression{}, err
			}
			pieces, operand = append(pieces, e), true
		}
	}
	return t.assemble(pieces)
}

// assemble joins the pieces of an expression. One piece keeps its type.
func (t *translator) assemble(pieces []expression) (expression, error) {
	switch len(pieces) {
	case 0:
		return expression{}, t.unexpected()
	case 1:
		return pieces[0], nil
	}
	parts := make([]string, len(pieces))
	for i, p := range pieces {
		parts[i] = p.instant()
	}
	return expression{sql: strings.Join(parts, " "), nullable: true}, nil
}

// operand reads one value: a literal, a column, a function call or a query.
func (t *translator) operand(s *scope) (expression, error) {
	tok := t.peek()
	switch tok.Kind {
	case sqltext.Number:
		t.next()
		return number(tok.Text), nil
	case sqltext.String:
		t.next()
		text := tok.Text
		return expression{sql: sqltext.Literal(text), typ: &datatype.Type{Base: datatype.Text, Length: max(len([]rune(text)), 1)}, text: &text}, nil
	case sqltext.Bind:
		t.next()
		v, err := t.bind(tok)
		if err != nil {
			return expression{}, err
		}
		sql, err := v.sql()
		return expression{sql: sql, nullable: v.Text == nil, text: v.plain()}, err
	case sqltext.Symbol:
		return t.parenthesis(s)
	}
	if t.ahead(1).Is("(") {
		return t.call(s)
	}
	if tok.Kind == sqltext.Word && t.ahead(1).Kind == sqltext.String {
		if typ, err := datatype.Parse(tok.Name()); err == nil {
			t.next()
			e, err := t.operand(s)
			if err != nil {
				return e, err
			}
			return t.cast(e, typ, false)
		}
		if tok.Is("INTERVAL") {
			t.next()
			return expression{sql: "INTERVAL " + sqltext.Literal(t.next().Text)}, nil
		}
	}
	return t.column(s)
}

// number is a numeric literal, which is exact unless it has an exponent.
func number(text string) expression {
	if strings.ContainsAny(text, "eE") {
		return expression{sql: text, typ: &datatype.Type{Base: datatype.Real}}
	}
	whole, fraction, _ := strings.Cut(text, ".")
	typ := datatype.Type{Base: datatype.Fixed, Precision: max(len(whole)+len(fraction), 1), Scale: len(fraction)}
	if typ.Precision > 38 {
		return expression{sql: text}
	}
	// Left bare, for it may be a position after ORDER BY.
	return expression{sql: text, typ: &typ}
}

// parenthesis reads a group, a list or a scalar query.
func (t *translator) parenthesis(s *scope) (expression, error) {
	if err := t.expect("("); err != nil {
		return expression{}, err
	}
	if t.peek().Is("SELECT") || t.peek().Is("WITH") {
		sql, columns, err := t.query(s)
		if err != nil {
			return expression{}, err
		}
		e := expression{sql: "(" + sql + ")", nullable: true}
		if len(columns) == 1 {
			e.typ = columns[0].Type
		}
		return e, t.expect(")")
	}
	sql, one, err := t.group(s)
	if err != nil {
		return expression{}, err
	}
	one.sql, one.name, one.text = "("+sql+")", "", nil
	return one, t.expect(")")
}

// group reads what is between parentheses, keywords such as ORDER BY among it.
// It gives the one expression that it is, too.
func (t *translator) group(s *scope) (string, expression, error) {
	var whole, single strings.Builder
	only := expression{nullable: true}
	count := 0
	put := func(text string) {
		whole.WriteString(text)
		single.WriteString(text)
	}
	for !t.peek().Is(")") {
		switch tok := t.peek(); {
		case tok.Is(","):
			t.next()
			put(", ")
		case tok.Is("ORDER"):
			t.next()
			put(" ORDER ")
		case clause(tok), tok.Kind == sqltext.End:
			return "", only, t.unexpected()
		default:
			e, err := t.expression(s)
			if err != nil {
				return "", only, err
			}
			if t.peek().Identifier() && !clause(t.peek()) {
				return "", only, t.unexpected()
			}
			whole.WriteString(e.sql)
			single.WriteString(e.instant())
			only = e
			count++
		}
	}
	if count == 1 {
		return whole.String(), only, nil
	}
	// The values of a list are compared, so that they are instants.
	return single.String(), expression{nullable: true}, nil
}

// column reads the name of a column. Names of more than two parts lose those
// before the table.
func (t *translator) column(s *scope) (expression, error) {
	tok := t.peek()
	path, err := t.path()
	if err != nil {
		return expression{}, err
	}
	if len(path) == 1 && tok.Kind == sqltext.Word {
		if e, ok, err := t.context(path[0]); ok || err != nil {
			return e, err
		}
	}
	alias, name := "", path[len(path)-1]
	if len(path) > 1 {
		alias = path[len(path)-2]
	}
	c, ok := s.column(alias, name)
	if !ok {
		return expression{}, refusal.InvalidIdentifier(sqltext.Path(path...))
	}
	return expression{sql: identifier(path[max(0, len(path)-2):]...), typ: c.Type, nullable: c.Nullable, name: name}, nil
}

// element reads the path into a semi-structured value: :a.b[0]['c'].
func (t *translator) element(of expression) (expression, error) {
	var path strings.Builder
	path.WriteString("$")
	key := func(name string) { path.WriteString(`."` + strings.ReplaceAll(name, `"`, `\"`) + `"`) }
	first := true
	for {
		switch {
		case first && t.peek().Is(":") || !first && t.peek().Is("."):
			t.next()
			tok := t.next()
			if !tok.Identifier() {
				t.at--
				return of, t.unexpected()
			}
			key(tok.Text)
		case t.peek().Is("["):
			t.next()
			tok := t.next()
			switch tok.Kind {
			case sqltext.Number:
				path.WriteString("[" + tok.Text + "]")
			case sqltext.String:
				key(tok.Text)
			default:
				return of, refusal.Unsupported("a computed path into a semi-structured value")
			}
			if err := t.expect("]"); err != nil {
				return of, err
			}
		default:
			return expression{sql: "json_extract(" + of.sql + ", " + sqltext.Literal(path.String()) + ")", typ: &datatype.Type{Base: datatype.Variant}, nullable: true}, nil
		}
		first = false
	}
}

// typeName reads a type after :: or AS.
func (t *translator) typeName() (datatype.Type, error) {
	start := t.peek().Start
	if _, err := t.name(); err != nil {
		return datatype.Type{}, err
	}
	t.take("PRECISION", "VARYING")
	for depth := 0; depth > 0 || t.peek().Is("("); {
		switch tok := t.next(); {
		case tok.Is("("):
			depth++
		case tok.Is(")"):
			depth--
		case tok.Kind == sqltext.End:
			return datatype.Type{}, t.unexpected()
		}
	}
	typ, err := datatype.Parse(t.text[start:t.tokens[t.at-1].End])
	if err != nil {
		return typ, refusal.Unsupported("%v", err)
	}
	return typ, nil
}
