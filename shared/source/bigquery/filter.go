package bigquery

import (
	"strconv"
	"strings"

	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// maxRestriction is the length of a row restriction that BigQuery takes.
// Source: ReadSession.TableReadOptions.row_restriction.
const maxRestriction = 1 << 20

var operators = map[source.Op]string{
	source.Equal: "=", source.NotEqual: "!=",
	source.Less: "<", source.LessOrEqual: "<=", source.Greater: ">", source.GreaterOrEqual: ">=",
}

// restriction renders a filter as a GoogleSQL condition, "" when it is empty.
// fields are the table's, as BigQuery has them now.
func restriction(filter source.Filter, fields []*bigquery.TableFieldSchema) (string, error) {
	conditions := make([]string, len(filter))
	for i, c := range filter {
		sql, err := condition(c, fields)
		if err != nil {
			err.Field = "filter[" + strconv.Itoa(i) + "]" + err.Field
			return "", err
		}
		conditions[i] = sql
	}
	sql := strings.Join(conditions, " AND ")
	if len(sql) > maxRestriction {
		return "", fault.Field(fault.SourceInvalidFilter, "filter", "is longer than the 1 MiB of SQL that BigQuery takes")
	}
	return sql, nil
}

func condition(c source.Condition, fields []*bigquery.TableFieldSchema) (string, *fault.Error) {
	field := fieldOf(fields, c.Column)
	if field == nil {
		return "", fault.Field(fault.SourceInvalidFilter, ".column", "the table has no such column")
	}
	name := quote(c.Column)
	if c.Op == source.IsNull || c.Op == source.NotNull {
		return nullTest(c.Op, name, repeated(field)), nil
	}
	sql, err := comparison(c, field, name)
	if err == nil && c.OrNull {
		sql = "(" + sql + " OR " + name + " IS NULL)"
	}
	return sql, err
}

// comparison renders a condition that compares, which holds for no NULL.
func comparison(c source.Condition, field *bigquery.TableFieldSchema, name string) (string, *fault.Error) {
	literals := make([]literal, len(c.Values))
	for i, v := range c.Values {
		l, err := literalOf(field, v)
		if err != nil {
			err.Field = ".values[" + strconv.Itoa(i) + "]"
			return "", err
		}
		literals[i] = l
	}
	operand := operandOf(field, name)
	if c.Op == source.In {
		return oneOf(operand, literals), nil
	}
	if len(literals) != 1 || operators[c.Op] == "" {
		return "", fault.Field(fault.SourceInvalidFilter, ".op", "does not go with these values")
	}
	return compare(c.Op, operand, literals[0]), nil
}

// nullTest renders a test for NULL. An array that is NULL while a query runs
// arrives as an empty one, so none is NULL.
func nullTest(op source.Op, name string, array bool) string {
	switch {
	case array && op == source.IsNull:
		return "FALSE"
	case array:
		return "TRUE"
	case op == source.IsNull:
		return name + " IS NULL"
	}
	return name + " IS NOT NULL"
}

func fieldOf(fields []*bigquery.TableFieldSchema, name string) *bigquery.TableFieldSchema {
	for _, f := range fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// operandOf is what a condition compares: the column as it is delivered. What
// is delivered as text compares as that text, and all text by its bytes,
// whatever collation the column has.
func operandOf(f *bigquery.TableFieldSchema, name string) string {
	if t, _, _ := logical(f); t != schema.String {
		return name
	}
	switch typeOf(f) {
	case typeGeography:
		return "ST_ASTEXT(" + name + ")"
	case typeString:
		if f.Collation != "" {
			return "COLLATE(" + name + ", '')"
		}
		return name
	}
	return "CAST(" + name + " AS STRING)"
}

// compare renders one comparison. BigQuery takes no NaN for equal to or greater
// than anything, and rounds no literal, so both are spelled out.
func compare(op source.Op, operand string, l literal) string {
	if l.nan {
		return compareNaN(op, operand)
	}
	if l.between { // the value lies between l.sql and the next one that the column can hold
		switch op {
		case source.Equal:
			return "FALSE"
		case source.NotEqual:
			return operand + " IS NOT NULL"
		case source.Less, source.LessOrEqual:
			return operand + " <= " + l.sql
		}
		return operand + " > " + l.sql
	}
	sql := operand + " " + operators[op] + " " + l.sql
	if l.float && (op == source.Greater || op == source.GreaterOrEqual) {
		return "(" + sql + " OR IS_NAN(" + operand + "))"
	}
	return sql
}

func compareNaN(op source.Op, operand string) string {
	switch op {
	case source.Equal, source.GreaterOrEqual:
		return "IS_NAN(" + operand + ")"
	case source.NotEqual, source.Less:
		return "NOT IS_NAN(" + operand + ")"
	case source.LessOrEqual:
		return operand + " IS NOT NULL"
	}
	return "FALSE"
}

func oneOf(operand string, literals []literal) string {
	var listed []string
	nan := false
	for _, l := range literals {
		switch {
		case l.nan:
			nan = true
		case !l.between:
			listed = append(listed, l.sql)
		}
	}
	var alternatives []string
	if len(listed) > 0 {
		alternatives = append(alternatives, operand+" IN ("+strings.Join(listed, ", ")+")")
	}
	if nan {
		alternatives = append(alternatives, "IS_NAN("+operand+")")
	}
	switch len(alternatives) {
	case 0:
		return "FALSE"
	case 1:
		return alternatives[0]
	}
	return "(" + strings.Join(alternatives, " OR ") + ")"
}
