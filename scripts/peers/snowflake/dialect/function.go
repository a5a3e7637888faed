package dialect

import (
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// Functions that DuckDB has with the same arguments, under the name given if
// it differs.
var functions = map[string]string{
	"COUNT": "", "SUM": "", "AVG": "", "MIN": "", "MAX": "", "ANY_VALUE": "", "MEDIAN": "", "STDDEV": "", "VARIANCE": "", "LISTAGG": "string_agg",
	"ROW_NUMBER": "", "RANK": "", "DENSE_RANK": "", "LAG": "", "LEAD": "", "FIRST_VALUE": "", "LAST_VALUE": "", "NTILE": "",
	"COALESCE": "", "NVL": "coalesce", "IFNULL": "coalesce", "NULLIF": "", "GREATEST": "", "LEAST": "", "IFF": "if", "EQUAL_NULL": "",
	"ABS": "", "SIGN": "", "FLOOR": "", "CEIL": "", "ROUND": "", "MOD": "", "SQRT": "", "EXP": "", "LN": "", "POWER": "", "SIN": "", "COS": "",
	"UPPER": "", "LOWER": "", "LENGTH": "", "LEN": "length", "TRIM": "", "LTRIM": "", "RTRIM": "", "SUBSTR": "", "SUBSTRING": "", "REPLACE": "", "REVERSE": "", "REPEAT": "",
	"CONCAT": "", "LEFT": "", "RIGHT": "", "LPAD": "", "RPAD": "", "STARTSWITH": "starts_with", "ENDSWITH": "ends_with", "CONTAINS": "", "MD5": "", "SHA2": "sha256",
	"HEX_ENCODE": "hex", "YEAR": "", "MONTH": "", "DAY": "", "HOUR": "", "MINUTE": "", "SECOND": "", "DATE_TRUNC": "", "DATEDIFF": "",
	"APPROX_COUNT_DISTINCT": "", "PARSE_JSON": "json", "ARRAY_SIZE": "json_array_length", "TYPEOF": "json_type", "SPLIT_PART": "", "ST_ASGEOJSON": "json",
}

// Functions whose value has the type of an argument.
var transparent = words(`MIN MAX ANY_VALUE COALESCE NVL IFNULL NULLIF GREATEST LEAST LAG LEAD FIRST_VALUE LAST_VALUE`)

// Functions of fixed type.
var typed = map[string]datatype.Type{
	"COUNT": {Base: datatype.Fixed, Precision: 18}, "APPROX_COUNT_DISTINCT": {Base: datatype.Fixed, Precision: 18}, "ROW_NUMBER": {Base: datatype.Fixed, Precision: 18},
	"ST_ASGEOJSON": {Base: datatype.Object}, "RANK": {Base: datatype.Fixed, Precision: 18}, "DENSE_RANK": {Base: datatype.Fixed, Precision: 18}, "LENGTH": {Base: datatype.Fixed, Precision: 18},
}

// Functions that cast.
var conversions = map[string]string{
	"TO_VARCHAR": "VARCHAR", "TO_CHAR": "VARCHAR", "TO_NUMBER": "NUMBER", "TO_DECIMAL": "NUMBER", "TO_NUMERIC": "NUMBER", "TO_DOUBLE": "FLOAT", "TO_BOOLEAN": "BOOLEAN",
	"TO_DATE": "DATE", "DATE": "DATE", "TO_TIME": "TIME", "TO_TIMESTAMP": "TIMESTAMP_NTZ", "TO_TIMESTAMP_NTZ": "TIMESTAMP_NTZ", "TO_TIMESTAMP_LTZ": "TIMESTAMP_LTZ",
	"TO_TIMESTAMP_TZ": "TIMESTAMP_TZ", "TO_VARIANT": "VARIANT", "TO_BINARY": "BINARY", "TO_OBJECT": "OBJECT", "TO_ARRAY": "ARRAY",
}

// context is a function of the session, such as CURRENT_ROLE, with or without
// its parentheses.
func (t *translator) context(name string) (expression, bool, error) {
	empty := func() error {
		if t.take("(") {
			return t.expect(")")
		}
		return nil
	}
	switch name {
	case "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "SYSDATE", "GETDATE":
		typ := datatype.Type{Base: datatype.LTZ, Scale: 9}
		return expression{sql: "timezone('UTC', now())::TIMESTAMP_NS", typ: &typ}, true, empty()
	case "CURRENT_DATE":
		return expression{sql: "current_date", typ: &datatype.Type{Base: datatype.Date}}, true, empty()
	}
	value, ok := t.session.Context(name)
	if !ok {
		return expression{}, false, nil
	}
	if err := empty(); err != nil {
		return expression{}, true, err
	}
	typ := datatype.Type{Base: datatype.Text, Length: 16777216}
	if value == nil {
		return expression{sql: "NULL::VARCHAR", typ: &typ, nullable: true}, true, nil
	}
	return expression{sql: sqltext.Literal(*value), typ: &typ, nullable: true, name: ""}, true, nil
}

// call reads a function and its arguments.
func (t *translator) call(s *scope) (expression, error) {
	tok := t.next()
	name := tok.Name()
	if tok.Kind == sqltext.Word {
		e, ok, err := t.context(name)
		if ok || err != nil {
			return e, err
		}
	}
	if err := t.expect("("); err != nil {
		return expression{}, err
	}
	switch name {
	case "CAST", "TRY_CAST":
		e, err := t.expression(s)
		if err != nil {
			return e, err
		}
		if err := t.expect("AS"); err != nil {
			return e, err
		}
		typ, err := t.typeName()
		if err != nil {
			return e, err
		}
		if e, err = t.cast(e, typ, name == "TRY_CAST"); err != nil {
			return e, err
		}
		e.name = ""
		return e, t.expect(")")
	case "EXTRACT":
		part, err := t.name()
		if err != nil {
			return expression{}, err
		}
		if err := t.expect("FROM"); err != nil {
			return expression{}, err
		}
		e, err := t.expression(s)
		if err != nil {
			return e, err
		}
		return expression{sql: "extract(" + strings.ToLower(part) + " FROM " + e.instant() + ")", nullable: true}, t.expect(")")
	case "TO_JSON":
		e, err := t.expression(s)
		if err != nil {
			return e, err
		}
		typ := datatype.Type{Base: datatype.Text, Length: 16777216}
		return expression{sql: "CAST(json(" + e.sql + ") AS VARCHAR)", typ: &typ, nullable: true}, t.expect(")")
	case "CONVERT_TIMEZONE":
		return t.convertZone(s)
	case "DATEADD", "TIMESTAMPADD":
		return t.dateAdd(s)
	case "DATEDIFF":
		unit, err := t.name()
		if err != nil {
			return expression{}, err
		}
		if err := t.expect(","); err != nil {
			return expression{}, err
		}
		sql, err := t.list(s)
		if err != nil {
			return expression{}, err
		}
		return expression{sql: "datediff('" + strings.ToLower(unit) + "', " + sql + ")", nullable: true}, t.expect(")")
	}
	if to, ok := conversions[name]; ok {
		typ, err := datatype.Parse(to)
		if err != nil {
			return expression{}, err
		}
		e, err := t.expression(s)
		if err != nil {
			return e, err
		}
		if t.take(",") {
			if e, err = t.format(e, name); err != nil {
				return e, err
			}
			return e, t.expect(")")
		}
		if e, err = t.cast(e, typ, false); err != nil {
			return e, err
		}
		e.name = ""
		return e, t.expect(")")
	}
	return t.apply(s, name)
}

// apply reads the arguments of a function that DuckDB has, and its window.
func (t *translator) apply(s *scope, name string) (expression, error) {
	target, ok := functions[name]
	if !ok {
		return expression{}, refusal.Unsupported("function %s", name)
	}
	if target == "" {
		target = strings.ToLower(name)
	}
	out := expression{nullable: name != "COUNT"}
	if typ, ok := typed[name]; ok {
		out.typ = &typ
	}
	var arguments string
	if t.peek().Is("*") && t.ahead(1).Is(")") {
		t.next()
		arguments = "*"
	} else {
		distinct := t.take("DISTINCT")
		var parts []string
		for !t.peek().Is(")") {
			e, err := t.expression(s)
			if err != nil {
				return e, err
			}
			if len(parts) == 0 && transparent[name] {
				out.typ = e.typ
			}
			if t.peek().Kind == sqltext.End {
				return e, t.unexpected()
			}
			parts = append(parts, e.sql)
			if !t.take(",") && !t.peek().Is(")") {
				return e, t.unexpected()
			}
		}
		arguments = strings.Join(parts, ", ")
		if distinct {
			arguments = "DISTINCT " + arguments
		}
	}
	out.sql = target + "(" + arguments + ")"
	switch name {
	case "EQUAL_NULL":
		return out, refusal.Unsupported("function %s", name)
	case "SUM":
		// A sum keeps its scale; DuckDB's of decimals does as well.
		out.typ = nil
	}
	if err := t.expect(")"); err != nil {
		return out, err
	}
	if out.typ != nil && out.typ.Base != datatype.TZ {
		out.sql = "CAST(" + out.sql + " AS " + out.typ.DuckDB() + ")"
	}
	if t.take("OVER") {
		if err := t.expect("("); err != nil {
			return out, err
		}
		window, _, err := t.group(s)
		if err != nil {
			return out, err
		}
		out.sql = target + "(" + arguments + ") OVER (" + window + ")"
		if out.typ != nil && out.typ.Base != datatype.TZ {
			out.sql = "CAST(" + out.sql + " AS " + out.typ.DuckDB() + ")"
		}
		return out, t.expect(")")
	}
	return out, nil
}

// dateAdd reads the arguments of DATEADD(unit, n, value).
func (t *translator) dateAdd(s *scope) (expression, error) {
	unit, err := t.name()
	if err != nil {
		return expression{}, err
	}
	if err := t.expect(","); err != nil {
		return expression{}, err
	}
	n, err := t.expression(s)
	if err != nil {
		return n, err
	}
	if err := t.expect(","); err != nil {
		return n, err
	}
	e, err := t.expression(s)
	if err != nil {
		return e, err
	}
	unit = strings.TrimSuffix(strings.ToLower(unit), "s") + "s"
	// DuckDB adds intervals to microseconds only.
	sql := "(CAST(" + e.instant() + " AS TIMESTAMP) + to_" + unit + "(CAST(" + n.sql + " AS BIGINT)))"
	typ := datatype.Type{Base: datatype.NTZ, Scale: 9}
	if e.typ != nil && e.typ.Base == datatype.LTZ {
		typ.Base = datatype.LTZ
	}
	return expression{sql: "CAST(" + sql + " AS TIMESTAMP_NS)", typ: &typ, nullable: true}, t.expect(")")
}

// convertZone reads the arguments of CONVERT_TIMEZONE('UTC', timestamp).
func (t *translator) convertZone(s *scope) (expression, error) {
	zone, err := t.literal()
	if err != nil {
		return expression{}, err
	}
	if err := t.expect(","); err != nil {
		return expression{}, err
	}
	e, err := t.expression(s)
	if err != nil {
		return e, err
	}
	if zone != "UTC" || e.typ == nil || e.typ.Base != datatype.LTZ && e.typ.Base != datatype.TZ {
		return e, refusal.Unsupported("CONVERT_TIMEZONE other than from an instant to UTC")
	}
	typ := datatype.Type{Base: datatype.TZ, Scale: e.typ.Scale}
	return expression{sql: "{'ts': " + e.instant() + ", 'tz': 0::INTEGER}", typ: &typ, nullable: true}, t.expect(")")
}

// The elements of the service's formats and what strftime has for them. Its
// own element for nanoseconds garbles what follows it in DuckDB 1.4.3.
var elements = []struct{ from, to string }{
	{"YYYY", "%Y"}, {"HH24", "%H"}, {"MM", "%m"}, {"DD", "%d"}, {"MI", "%M"}, {"SS", "%S"},
}

// format reads the format of TO_VARCHAR(value, format).
func (t *translator) format(e expression, function string) (expression, error) {
	text, err := t.literal()
	if err != nil {
		return e, err
	}
	if function != "TO_VARCHAR" && function != "TO_CHAR" || e.typ == nil {
		return e, refusal.Unsupported("%s with a format or a size", function)
	}
	var sql string
	switch e.typ.Base {
	case datatype.Time:
		sql = "make_timestamp_ns(epoch_ns(" + e.sql + "))"
	case datatype.NTZ, datatype.Date:
		sql = "CAST(" + e.sql + " AS TIMESTAMP_NS)"
	case datatype.TZ:
		sql = "make_timestamp_ns(epoch_ns((" + e.sql + ").ts) + (" + e.sql + ").tz::BIGINT * 60000000000)"
	default:
		return e, refusal.Unsupported("a %s in a format", e.typ.Base)
	}
	var parts []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			parts = append(parts, "strftime("+sql+", "+sqltext.Literal(b.String())+")")
			b.Reset()
		}
	}
	for len(text) > 0 {
		if inner, rest, ok := strings.Cut(text[1:], `"`); text[0] == '"' && ok {
			b.WriteString(strings.ReplaceAll(inner, "%", "%%"))
			text = rest
			continue
		}
		if len(text) > 2 && text[:2] == "FF" && text[2] >= '0' && text[2] <= '9' {
			flush()
			parts = append(parts, "left(lpad((((epoch_ns("+sql+") % 1000000000) + 1000000000) % 1000000000)::VARCHAR, 9, '0'), "+text[2:3]+")")
			text = text[3:]
			continue
		}
		known := false
		for _, x := range elements {
			if strings.HasPrefix(text, x.from) {
				b.WriteString(x.to)
				text, known = text[len(x.from):], true
				break
			}
		}
		switch {
		case known:
		case strings.IndexByte(" -:./,", text[0]) >= 0:
			b.WriteByte(text[0])
			text = text[1:]
		default:
			return e, refusal.Unsupported("the format element at %q", text)
		}
	}
	flush()
	typ := datatype.Type{Base: datatype.Text, Length: 16777216}
	return expression{sql: "(" + strings.Join(parts, " || ") + ")", typ: &typ, nullable: true}, nil
}
