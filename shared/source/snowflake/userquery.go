package snowflake

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// prepareQuery proves that a query is one statement that only reads, and
// learns its columns, without running it: its words allow nothing else, it
// stands in parentheses where only a query can stand, and the service, asked to
// compile it, calls it a SELECT.
func (s *session) prepareQuery(ctx context.Context, sql string) (query, []nativeField, error) {
	body, err := onlyReads(sql)
	if err != nil {
		return query{}, nil, err
	}
	q := query{from: "(\n" + body + "\n)", columns: []string{"*"}}
	r, err := s.describe(ctx, q.text(nil), nil)
	if err != nil {
		return query{}, nil, invalid(err)
	}
	if r.Statement != statementSelect {
		return query{}, nil, fault.New(fault.SourceInvalidQuery, "the query must be one SELECT")
	}
	fields := make([]nativeField, len(r.Columns))
	seen := make(map[string]bool, len(r.Columns))
	q.table = schema.Table{Columns: make([]schema.Column, len(r.Columns))}
	for i, c := range r.Columns {
		if seen[c.Name] {
			return query{}, nil, fault.New(fault.SourceInvalidQuery, "two columns of the query have the same name: give one another by AS")
		}
		seen[c.Name] = true
		fields[i] = c.field()
		q.table.Columns[i] = fields[i].column(s.config.nanoText)
	}
	q.columns = nil
	return q, fields, nil
}

// invalid makes a refusal to compile one about the query, but for those that
// are about privileges or about the service.
func invalid(err error) error {
	class := (Driver{}).Classify(err)
	var refusal *sf.SnowflakeError
	if !errors.As(err, &refusal) || stopped(refusal) || class != nil && class.Code != fault.SourceChanged && class.Code != fault.SourceUnsupported {
		return fmt.Errorf("compiling the query: %w", err)
	}
	return fault.Wrap(fault.SourceInvalidQuery, messages[fault.SourceInvalidQuery], err)
}

// onlyReads checks the words of a query and returns it without a semicolon at its end.
func onlyReads(sql string) (string, error) {
	refuse := func(why string) (string, error) { return "", fault.New(fault.SourceInvalidQuery, why) }
	depth, first, end := 0, "", -1
	var before token
	for t := range lex(sql) {
		if end >= 0 && t.kind != comment {
			return refuse("the query must be one statement")
		}
		switch {
		case t.kind == unclosed:
			return refuse("a quote or a comment of the query does not end")
		case t.kind == symbol && t.text == "(":
			if before.kind == word && strings.EqualFold(before.text, "IDENTIFIER") {
				return refuse("the query must name what it reads: IDENTIFIER(…) is not allowed in it")
			}
			depth++
		case t.kind == symbol && t.text == ")":
			depth--
		case t.kind == symbol && t.text == ";":
			end = t.at
		case t.kind == word:
			if first == "" {
				first = strings.ToUpper(t.text)
			}
		}
		if (t.kind == word || t.kind == quoted) && acts(strings.Trim(t.text, `"`)) {
			return refuse("the query must only read: system functions and sequences are not allowed in it")
		}
		if t.kind != comment {
			before = t
		}
		if depth < 0 {
			return refuse("the parentheses of the query do not match")
		}
	}
	switch {
	case depth != 0:
		return refuse("the parentheses of the query do not match")
	case first != "SELECT" && first != "WITH":
		return refuse("the query must be one SELECT")
	case end >= 0:
		return sql[:end], nil
	}
	return sql, nil
}

// acts reports whether a name is that of something that does more than read
// even in a SELECT: system functions, and the next value of a sequence, which
// uses it up.
func acts(name string) bool {
	upper := strings.ToUpper(name)
	return strings.HasPrefix(upper, "SYSTEM$") || upper == "NEXTVAL" || upper == "GETNEXTVAL"
}
