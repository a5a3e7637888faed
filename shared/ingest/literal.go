package ingest

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// maxLiteral bounds a constant and a default, in bytes: a constant stands in
// memory once for each row of a batch.
const maxLiteral = 256

// forms are what the text of a value looks like, by its type. They say what
// source.Literal and the casts of text both take.
var forms = map[schema.Type]*regexp.Regexp{
	schema.Int64:     regexp.MustCompile(`^-?[0-9]+$`),
	schema.Float64:   regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$`),
	schema.Decimal:   regexp.MustCompile(`^-?[0-9]{1,29}(\.[0-9]{1,9})?$`),
	schema.Bool:      regexp.MustCompile(`^(true|false)$`),
	schema.Date:      regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`),
	schema.Timestamp: regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`),
	schema.Time:      regexp.MustCompile(`^[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$`),
}

// yearZero is before the first year that the lake's dates have.
const yearZero = "0000"

// IsLiteral reports whether text is a value of a type, in the form of
// source.Literal and exact in the lake: a finite float64, a decimal(38, 9), no
// digits beyond microseconds. A json is its JSON text.
func IsLiteral(t schema.Type, text string) bool {
	if form, ok := forms[t]; ok && !form.MatchString(text) {
		return false
	}
	switch t {
	case schema.JSON:
		return json.Valid([]byte(text))
	case schema.Float64:
		v, err := strconv.ParseFloat(text, 64)
		return err == nil && !math.IsInf(v, 0)
	case schema.Date, schema.Timestamp:
		if text[:len(yearZero)] == yearZero {
			return false
		}
	}
	_, err := source.Literal(schema.Column{Type: t}, text)
	return err == nil
}

// boundLiterals refuses a constant or a default that is too long, and returns
// what they take of the import's item.
func (c Column) boundLiterals(field string, problems *fault.List) (size int) {
	for _, given := range []struct {
		name string
		text *string
	}{{".constant", c.Constant}, {".default", c.Default}} {
		if given.text == nil {
			continue
		}
		size += len(given.name) + len(*given.text)
		if len(*given.text) > maxLiteral {
			problems.Add(fault.InvalidRequest, field+given.name, fmt.Sprintf("must be at most %d bytes long", maxLiteral))
		}
	}
	return size
}

// resolveConstant checks a column without a source.
func (c *Column) resolveConstant(field string, t Type, problems *fault.List) {
	canonical, _ := t.Canonical(c.Target)
	c.Required = c.Required || canonical.Required
	if c.Source != "" {
		problems.Add(fault.ImportMapping, field+".source", "goes without a constant: give one of them")
	}
	if c.Path != "" {
		problems.Add(fault.ImportMapping, field+".path", "goes with a source")
	}
	if len(c.Transforms) > 0 {
		problems.Add(fault.ImportMapping, field+".transforms", "a constant is not transformed: give the result")
	}
	c.resolveInvalid(field, problems)
	if c.Default != nil {
		problems.Add(fault.ImportMapping, field+".default", "a constant is never null")
	}
	if c.resolveType(field, canonical, schema.String, problems) {
		c.resolveLiteral(field+".constant", *c.Constant, t, problems)
	}
}

func (c *Column) resolveDefault(field string, t Type, problems *fault.List) {
	if c.Default != nil {
		c.resolveLiteral(field+".default", *c.Default, t, problems)
	}
}

// resolveLiteral checks a value that many rows will have.
func (c *Column) resolveLiteral(at, text string, t Type, problems *fault.List) {
	canonical, _ := t.Canonical(c.Target)
	switch {
	case t.finds(c.Target):
		problems.Add(fault.ImportMapping, at, fmt.Sprintf("rows are told apart by %s: it comes from the source alone", c.Target))
	case !IsLiteral(c.Type, text):
		problems.Add(fault.ImportMapping, at, fmt.Sprintf("is not a %s", c.Type))
	case canonical.Required && text == "":
		problems.Add(fault.ImportMapping, at, fmt.Sprintf("%s must not be empty", c.Target))
	}
}

// finds reports whether look-ups find rows by this column.
func (t Type) finds(target string) bool {
	columns := t.Canonicals()
	return len(columns) > 0 && columns[0].Name == target
}
