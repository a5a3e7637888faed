package bigquery_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/bigquery"
)

func filterFields() []*bq.TableFieldSchema {
	return []*bq.TableFieldSchema{
		field("s", "STRING"),
		{Name: "ci", Type: "STRING", Collation: "und:ci"},
		field("i", "INTEGER"), field("f", "FLOAT"), field("n", "NUMERIC"),
		field("big", "BIGNUMERIC"), field("b", "BOOLEAN"), field("y", "BYTES"), field("d", "DATE"), field("t", "TIME"), field("dt", "DATETIME"),
		field("ts", "TIMESTAMP"), field("g", "GEOGRAPHY"), field("iv", "INTERVAL"), field("j", "JSON"), list("a", "STRING"), field("odd ` name", "INTEGER"),
	}
}

func TestRestriction(t *testing.T) {
	for _, test := range []struct {
		column string
		op     source.Op
		values []string
		want   string
	}{
		{"s", source.Equal, []string{`it's \ "x"`}, `'it\'s \\ "x"'`},
		{"s", source.Equal, []string{"a\n\x00\x7fé"}, `'a\u000a\u0000\u007fé'`},
		{"s", source.In, []string{"a", "b"}, "`s` IN ('a', 'b')"},
		{"s", source.IsNull, nil, "`s` IS NULL"},
		{"i", source.NotNull, nil, "`i` IS NOT NULL"},
		{"a", source.NotNull, nil, "TRUE"},
		{"a", source.IsNull, nil, "FALSE"},
		{"ci", source.Less, []string{"A"}, "COLLATE(`ci`, '') < 'A'"},
		{"odd ` name", source.Equal, []string{"1"}, "`odd \\` name` = 1"},
		{"i", source.Equal, []string{"-9223372036854775808"}, "`i` = CAST('-9223372036854775808' AS INT64)"},
		{"i", source.Greater, []string{"9007199254740993"}, "`i` > 9007199254740993"},
		{"b", source.NotEqual, []string{"true"}, "`b` != true"},
		{"y", source.Equal, []string{"AP8="}, "`y` = FROM_HEX('00ff')"},
		{"y", source.Equal, []string{""}, "`y` = b''"},
		{"n", source.Equal, []string{"12.34"}, "`n` = BIGNUMERIC '12.34000000000000000000000000000000000000'"},
		{"big", source.Equal, []string{"12.34"}, "CAST(`big` AS STRING) = '12.34'"},
		{"g", source.Equal, []string{"POINT(1 2)"}, "ST_ASTEXT(`g`) = 'POINT(1 2)'"},
		{"iv", source.Equal, []string{"0-1 0 0:0:0"}, "CAST(`iv` AS STRING) = '0-1 0 0:0:0'"},
		{"d", source.LessOrEqual, []string{"0001-01-01"}, "`d` <= DATE '0001-01-01'"},
		{"t", source.Equal, []string{"10:00:00.25"}, "`t` = TIME '10:00:00.250000'"},
		{"ts", source.Equal, []string{"2024-05-01T12:00:00+02:00"}, "`ts` = TIMESTAMP '2024-05-01 10:00:00.000000+00'"},
		{"dt", source.Equal, []string{"1969-12-31T23:59:59.999999Z"}, "`dt` = DATETIME '1969-12-31 23:59:59.999999'"},

		{"f", source.Equal, []string{"0.1"}, "`f` = CAST('0.1' AS FLOAT64)"},
		{"f", source.Less, []string{"Infinity"}, "`f` < CAST('inf' AS FLOAT64)"},
		{"f", source.Greater, []string{"-Infinity"}, "(`f` > CAST('-inf' AS FLOAT64) OR IS_NAN(`f`))"},
		{"f", source.GreaterOrEqual, []string{"1"}, "(`f` >= CAST('1' AS FLOAT64) OR IS_NAN(`f`))"},
		{"f", source.Equal, []string{"NaN"}, "IS_NAN(`f`)"},
		{"f", source.NotEqual, []string{"NaN"}, "NOT IS_NAN(`f`)"},
		{"f", source.Less, []string{"NaN"}, "NOT IS_NAN(`f`)"},
		{"f", source.LessOrEqual, []string{"NaN"}, "`f` IS NOT NULL"},
		{"f", source.Greater, []string{"NaN"}, "FALSE"},
		{"f", source.GreaterOrEqual, []string{"NaN"}, "IS_NAN(`f`)"},
		{"f", source.In, []string{"1", "NaN"}, "(`f` IN (CAST('1' AS FLOAT64)) OR IS_NAN(`f`))"},
		{"f", source.In, []string{"NaN"}, "IS_NAN(`f`)"},

		// A value with more digits than the column can have lies between two that it has.
		{"ts", source.Equal, []string{"1969-12-31T23:59:59.9999995Z"}, "FALSE"},
		{"ts", source.NotEqual, []string{"1969-12-31T23:59:59.9999995Z"}, "`ts` IS NOT NULL"},
		{"ts", source.Less, []string{"1969-12-31T23:59:59.9999995Z"}, "`ts` <= TIMESTAMP '1969-12-31 23:59:59.999999+00'"},
		{"ts", source.GreaterOrEqual, []string{"1969-12-31T23:59:59.9999995Z"}, "`ts` > TIMESTAMP '1969-12-31 23:59:59.999999+00'"},
		{"ts", source.In, []string{"1969-12-31T23:59:59.9999995Z"}, "FALSE"},
		{"t", source.LessOrEqual, []string{"00:00:00.0000005"}, "`t` <= TIME '00:00:00.000000'"},
		{"n", source.Less, []string{"-0." + strings.Repeat("0", 38) + "1"}, "`n` <= BIGNUMERIC '-0." + strings.Repeat("0", 37) + "1'"},
		{"n", source.Greater, []string{"0." + strings.Repeat("0", 38) + "1"}, "`n` > BIGNUMERIC '0." + strings.Repeat("0", 38) + "'"},
	} {
		got, err := bigquery.Restriction(source.Filter{{Column: test.column, Op: test.op, Values: test.values}}, filterFields())
		want := test.want
		if test.column == "s" && test.op == source.Equal {
			want = "`s` = " + want
		}
		if err != nil || got != want {
			t.Errorf("%s %s %q: %s, %v; want %s", test.column, test.op, test.values, got, err, want)
		}
	}
}

func TestRestrictionsThatHoldForNULL(t *testing.T) {
	for _, test := range []struct {
		c    source.Condition
		want string
	}{
		{source.Condition{Column: "d", Op: source.GreaterOrEqual, Values: []string{"2024-05-01"}}, "(`d` >= DATE '2024-05-01' OR `d` IS NULL)"},
		{source.Condition{Column: "f", Op: source.GreaterOrEqual, Values: []string{"1"}}, "((`f` >= CAST('1' AS FLOAT64) OR IS_NAN(`f`)) OR `f` IS NULL)"},
		{source.Condition{Column: "f", Op: source.Less, Values: []string{"NaN"}}, "(NOT IS_NAN(`f`) OR `f` IS NULL)"},
		{source.Condition{Column: "f", Op: source.Greater, Values: []string{"NaN"}}, "(FALSE OR `f` IS NULL)"},
		{source.Condition{Column: "s", Op: source.In, Values: []string{"a", "b"}}, "(`s` IN ('a', 'b') OR `s` IS NULL)"},
		{source.Condition{Column: "ci", Op: source.Less, Values: []string{"A"}}, "(COLLATE(`ci`, '') < 'A' OR `ci` IS NULL)"},
		{source.Condition{Column: "ts", Op: source.NotEqual, Values: []string{"1969-12-31T23:59:59.9999995Z"}}, "(`ts` IS NOT NULL OR `ts` IS NULL)"},
	} {
		test.c.OrNull = true
		got, err := bigquery.Restriction(source.Filter{test.c}, filterFields())
		if err != nil || got != test.want {
			t.Errorf("%s %s %q: %s, %v; want %s", test.c.Column, test.c.Op, test.c.Values, got, err, test.want)
		}
	}
}

func TestRestrictionRefuses(t *testing.T) {
	for name, filter := range map[string]source.Filter{
		"unknown column": {{Column: "none", Op: source.IsNull}},
		"array":          {{Column: "a", Op: source.Equal, Values: []string{"x"}}},
		"JSON":           {{Column: "j", Op: source.Equal, Values: []string{"{}"}}},
		"not a number":   {{Column: "i", Op: source.Equal, Values: []string{"1 OR TRUE"}}},
		"year 0":         {{Column: "ts", Op: source.Less, Values: []string{"0000-12-31T00:00:00Z"}}},
		"year 10000":     {{Column: "ts", Op: source.Less, Values: []string{"9999-12-31T23:59:59-14:00"}}},
		"too big":        {{Column: "n", Op: source.Less, Values: []string{strings.Repeat("9", 40)}}},
		"no value":       {{Column: "i", Op: source.Equal}},
		"unknown test":   {{Column: "i", Op: "like", Values: []string{"1"}}},
		"too long":       {{Column: "s", Op: source.In, Values: []string{strings.Repeat("x", 1<<20)}}},
	} {
		sql, err := bigquery.Restriction(filter, filterFields())
		if fault.CodeOf(err) != fault.SourceInvalidFilter {
			t.Errorf("%s: got %q, %v", name, sql, err)
		}
		if e, ok := fault.As(err); ok && !strings.HasPrefix(e.Field, "filter") {
			t.Errorf("%s: the field is %q", name, e.Field)
		}
	}
}

// Whatever a name or a value holds, its literal ends where it should and can be
// read back.
func FuzzQuoting(f *testing.F) {
	for _, s := range []string{"", "a", "`", "'", `\`, `\'`, "\\`", "\n", "\x00", "é", "' OR 1=1 --", "ends in \\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip("names and values are UTF-8")
		}
		for _, l := range []struct {
			literal   string
			delimiter byte
		}{{bigquery.Quote(s), '`'}, {bigquery.Text(s), '\''}} {
			if got, ok := unquote(l.literal, l.delimiter); !ok || got != s {
				t.Errorf("%q is written %s and read %q, %t", s, l.literal, got, ok)
			}
		}
	})
}

// unquote reads a literal as GoogleSQL does.
func unquote(literal string, delimiter byte) (string, bool) {
	if len(literal) < 2 || literal[0] != delimiter || literal[len(literal)-1] != delimiter {
		return "", false
	}
	var b strings.Builder
	for body := literal[1 : len(literal)-1]; body != ""; {
		switch c := body[0]; {
		case c == delimiter || c == '\n' || c == '\r':
			return "", false
		case c != '\\':
			b.WriteByte(c)
			body = body[1:]
		case len(body) < 2:
			return "", false
		case body[1] == 'u' && len(body) >= 6:
			const hex = "0123456789abcdef"
			b.WriteByte(byte(strings.IndexByte(hex, body[4])<<4 | strings.IndexByte(hex, body[5])))
			body = body[6:]
		default:
			b.WriteByte(body[1])
			body = body[2:]
		}
	}
	return b.String(), true
}
