package ingest

import (
	"errors"
	"strconv"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// Limits of a path.
const (
	maxPath       = 512 // bytes
	maxIndexWidth = 9   // digits of an index
)

// Step leads from a JSON value to one inside it: the member of an object, or the
// element of an array.
type Step struct {
	Key   string
	Index int // from 0; -1 when the step is a Key
}

var errPath = errors.New(`must be keys with dots between and indices in brackets, as lines[0].price; a key with a dot, bracket or quote in it is in double quotes, doubled inside`)

// ParsePath parses a path into a JSON value: lines[0]."unit price".amount.
func ParsePath(path string) ([]Step, error) {
	var steps []Step
	for rest := path; rest != "" || len(steps) == 0; {
		var step Step
		var ok bool
		if strings.HasPrefix(rest, "[") {
			step, rest, ok = cutIndex(rest[1:])
		} else {
			if len(steps) > 0 {
				if rest, ok = strings.CutPrefix(rest, "."); !ok {
					return nil, errPath
				}
			}
			step, rest, ok = cutKey(rest)
		}
		if !ok {
			return nil, errPath
		}
		steps = append(steps, step)
	}
	return steps, nil
}

func cutIndex(s string) (step Step, rest string, ok bool) {
	digits, rest, ok := strings.Cut(s, "]")
	if !ok || digits == "" || len(digits) > maxIndexWidth || strings.Trim(digits, "0123456789") != "" {
		return Step{}, "", false
	}
	index, err := strconv.Atoi(digits)
	return Step{Index: index}, rest, err == nil
}

func cutKey(s string) (step Step, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, `.["]`)
		if end < 0 {
			end = len(s)
		}
		return Step{Key: s[:end], Index: -1}, s[end:], end > 0
	}
	var key strings.Builder
	for s = s[1:]; ; {
		before, after, found := strings.Cut(s, `"`)
		if !found {
			return Step{}, "", false
		}
		key.WriteString(before)
		if !strings.HasPrefix(after, `"`) {
			return Step{Key: key.String(), Index: -1}, after, true
		}
		key.WriteByte('"')
		s = after[1:]
	}
}

// resolvePath checks a path into a column, and returns the type of what it
// leads to as far as the schema says, text otherwise.
func (c *Column) resolvePath(at string, column schema.Column, problems *fault.List) schema.Type {
	steps, err := ParsePath(c.Path)
	switch {
	case err != nil:
		problems.Add(fault.ImportMapping, at, err.Error())
		return schema.String
	case column.Type != schema.JSON && column.Type != schema.String:
		problems.Add(fault.ImportMapping, at, "only json and text columns have parts")
		return schema.String
	}
	for _, step := range steps {
		if column.Repeated {
			if step.Index < 0 {
				problems.Add(fault.ImportMapping, at, "leads into an array without an index")
				return schema.String
			}
			column.Repeated = false
			continue
		}
		if len(column.Fields) == 0 && (column.Type == schema.JSON || column.Type == schema.String) {
			return schema.String // anything may be inside
		}
		inner, ok := schema.Table{Columns: column.Fields}.Column(step.Key)
		if step.Index >= 0 || !ok {
			problems.Add(fault.ImportMapping, at, "leads to nothing that the column has")
			return schema.String
		}
		column = inner
	}
	opaque := column.Type == schema.JSON && !column.Repeated && len(column.Fields) == 0
	if opaque || !Castable(schema.String, column.Type) {
		return schema.String
	}
	return column.Type
}
