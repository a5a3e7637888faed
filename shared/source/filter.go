package source

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// Filter is a row filter: conditions that must all hold. It is small on
// purpose, so that every platform can apply it, and always with the same
// result: a comparison with NULL holds for no row, text compares by bytes,
// NaN is equal to itself and greater than any other number.
type Filter []Condition

// Condition is a test of one column.
type Condition struct {
	Column string `json:"column"`
	Op     Op     `json:"op"`
	// Values are what the column is compared with: one, several for In, none for
	// IsNull and NotNull. Each is text in the form of Literal.
	Values []string `json:"values,omitempty"`
	// OrNull makes a comparison hold for NULL too. It does not go with IsNull and NotNull.
	OrNull bool `json:"or_null,omitempty"`
}

// Op is a comparison.
type Op string

// The comparisons.
const (
	Equal          Op = "eq"
	NotEqual       Op = "ne"
	Less           Op = "lt"
	LessOrEqual    Op = "le"
	Greater        Op = "gt"
	GreaterOrEqual Op = "ge"
	In             Op = "in"
	IsNull         Op = "is_null"
	NotNull        Op = "not_null"
)

// MaxConditions is how many conditions people may give. What a run adds of its cursor comes beside them.
const MaxConditions = 50

const (
	maxAdded  = 2
	maxValues = 1000
)

// Validate holds a filter against a table. It reports every problem at once, by
// the condition's place in field; no message holds a value.
func (f Filter) Validate(field string, t schema.Table) error {
	var problems fault.List
	if len(f) > MaxConditions+maxAdded {
		problems.Add(fault.SourceInvalidFilter, field, fmt.Sprintf("must have at most %d conditions", MaxConditions+maxAdded))
	}
	for i, c := range f {
		at := fmt.Sprintf("%s[%d]", field, i)
		column, ok := t.Column(c.Column)
		if !ok {
			problems.Add(fault.SourceInvalidFilter, at+".column", "the table has no such column")
			continue
		}
		c.validate(at, column, &problems)
	}
	return problems.Err()
}

func (c Condition) validate(at string, column schema.Column, problems *fault.List) {
	want := 1
	switch c.Op {
	case IsNull, NotNull:
		want = 0
		if c.OrNull {
			problems.Add(fault.SourceInvalidFilter, at+".or_null", "goes with a comparison")
		}
	case In:
		want = min(max(len(c.Values), 1), maxValues)
	case Equal, NotEqual:
	case Less, LessOrEqual, Greater, GreaterOrEqual:
		if column.Type == schema.Bool {
			problems.Add(fault.SourceInvalidFilter, at+".op", "true and false have no order")
		}
	default:
		problems.Add(fault.SourceInvalidFilter, at+".op", "must be one of: eq, ne, lt, le, gt, ge, in, is_null, not_null")
		return
	}
	if len(c.Values) != want {
		problems.Add(fault.SourceInvalidFilter, at+".values", fmt.Sprintf("must be %d long", want))
	}
	if want > 0 && slices.Contains([]schema.Type{schema.JSON, schema.Unsupported}, column.Type) {
		problems.Add(fault.SourceInvalidFilter, at+".op", "this column can only be tested for null")
		return
	}
	for i, v := range c.Values {
		if _, err := Literal(column, v); err != nil {
			problems.Add(fault.SourceInvalidFilter, fmt.Sprintf("%s.values[%d]", at, i), "is not a "+string(column.Type))
		}
	}
}

// Literal parses a value of a column, and returns by the column's type:
//
//	string    string    any text
//	int64     int64     "-7"
//	float64   float64   "0.25", "NaN", "Infinity", "-Infinity"
//	decimal   *big.Rat  "12.34": digits with one point, no exponent
//	bool      bool      "true", "false"
//	date      time.Time "2024-05-01"
//	timestamp time.Time "2024-05-01T10:00:00.25Z": RFC 3339, any offset
//	time      time.Time "10:00:00.25", on 0000-01-01
//	bytes     []byte    base64
func Literal(c schema.Column, text string) (any, error) {
	switch c.Type {
	case schema.String:
		return text, nil
	case schema.Int64:
		return strconv.ParseInt(text, 10, 64)
	case schema.Float64:
		return strconv.ParseFloat(text, 64)
	case schema.Decimal:
		return decimal(text)
	case schema.Bool:
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("parsing a boolean: %w", strconv.ErrSyntax)
		}
		return text == "true", nil
	case schema.Date:
		return time.Parse(time.DateOnly, text)
	case schema.Timestamp:
		return time.Parse(time.RFC3339Nano, text)
	case schema.Time:
		return time.Parse("15:04:05.999999999", text)
	case schema.Bytes:
		return base64.StdEncoding.DecodeString(text)
	}
	return nil, fmt.Errorf("a %s has no literals", c.Type)
}

// decimal parses digits with at most one point: big.Rat alone takes fractions
// and exponents too, of any size.
func decimal(text string) (*big.Rat, error) {
	digits, points := 0, 0
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '.':
			points++
		case (r == '-' || r == '+') && i == 0:
		default:
			return nil, fmt.Errorf("parsing a decimal: %w", strconv.ErrSyntax)
		}
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok || digits == 0 || digits > 76 || points > 1 {
		return nil, fmt.Errorf("parsing a decimal: %w", strconv.ErrSyntax)
	}
	return value, nil
}
