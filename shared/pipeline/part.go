package pipeline

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// part takes what a path leads to out of each JSON text, as text: a string's
// characters, anything else as it stands. What is missing or null there is null.
type part struct {
	steps []ingest.Step
	json  bool   // strings keep their quotes: JSON is wanted
	name  string // of the source and the path
	whole *wellFormed
	out   texts
	nulls []int // rows of the batch at hand that have no such part
}

// wellFormed says which texts of a source column are JSON: all parts of the column look into one.
type wellFormed struct {
	rows  []bool
	known bool // for the batch at hand
}

// of returns it for the batch at hand; what it says of a null means nothing.
func (w *wellFormed) of(in *array.String) []bool {
	if w.known {
		return w.rows
	}
	w.rows = slices.Grow(w.rows[:0], in.Len())[:in.Len()]
	for i := range w.rows {
		w.rows[i] = in.IsValid(i) && json.Valid(bytesOf(in.Value(i)))
	}
	w.known = true
	return w.rows
}

func newPart(c ingest.Column, from arrow.DataType, whole *wellFormed) (*part, error) {
	if from.ID() != arrow.STRING {
		return nil, changed(c.Source, "the column is not JSON")
	}
	steps, err := ingest.ParsePath(c.Path)
	if err != nil {
		return nil, changed(c.Source, err.Error())
	}
	name := c.Source + "." + c.Path
	if strings.HasPrefix(c.Path, "[") {
		name = c.Source + c.Path
	}
	return &part{steps: steps, json: c.Type == schema.JSON, name: name, whole: whole}, nil
}

func (p *part) apply(c *call) arrow.Array {
	in := c.in.(*array.String)
	p.out.reset(in.Len())
	p.nulls = p.nulls[:0]
	for i, ok := range p.whole.of(in) {
		switch {
		case ok:
			p.one(i, in.Value(i))
		case in.IsValid(i):
			c.reject(i, "not a JSON value")
		}
		p.out.end()
	}
	return p.out.sparse(in, p.nulls, c.alloc)
}

func (p *part) one(row int, text string) {
	value, ok := follow(strings.TrimLeft(text, jsonSpace), p.steps)
	switch {
	case !ok || value == "null":
		p.nulls = append(p.nulls, row)
	case p.json || value[0] != '"':
		p.out.bytes = append(p.out.bytes, value...)
	default:
		p.out.bytes = append(p.out.bytes, unquote(value)...)
	}
}

// jsonSpace is the white space of RFC 8259.
const jsonSpace = " \t\r\n"

// text is what the path leads to in a JSON text; all of one that is not JSON, nothing where it leads to nothing.
func (p *part) text(text string) string {
	if !json.Valid(bytesOf(text)) {
		return text
	}
	value, ok := follow(strings.TrimLeft(text, jsonSpace), p.steps)
	switch {
	case !ok || value == "null":
		return ""
	case p.json || value[0] != '"':
		return value
	}
	return unquote(value)
}

// follow returns the text of what steps lead to from the value that s, which is
// valid JSON, begins with. Of members with one name the first counts.
func follow(s string, steps []ingest.Step) (string, bool) {
	for _, step := range steps {
		opening := byte('{')
		if step.Index >= 0 {
			opening = '['
		}
		if s[0] != opening {
			return "", false
		}
		var ok bool
		if s, ok = enter(s[1:], step); !ok {
			return "", false
		}
	}
	return s[:end(s)], true
}

// enter returns what begins with the step's member or element, in what follows
// the opening of an object or array.
func enter(s string, step ingest.Step) (string, bool) {
	for n := 0; ; n++ {
		s = strings.TrimLeft(s, jsonSpace)
		if s[0] == '}' || s[0] == ']' {
			return "", false
		}
		found := n == step.Index
		if step.Index < 0 {
			quoted := s[:end(s)]
			found = unquote(quoted) == step.Key
			s = strings.TrimLeft(s[len(quoted):], jsonSpace)
			s = strings.TrimLeft(s[len(":"):], jsonSpace)
		}
		if found {
			return s, true
		}
		s = strings.TrimLeft(s[end(s):], jsonSpace)
		if s[0] == ',' {
			s = s[1:]
		}
	}
}

// end is where the value ends that s begins with.
func end(s string) int {
	switch s[0] {
	case '"':
		for i := 1; ; i++ {
			switch s[i] {
			case '"':
				return i + 1
			case '\\':
				i++
			}
		}
	case '{', '[':
		depth := 0
		for i := 0; ; i++ {
			switch s[i] {
			case '"':
				i += end(s[i:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	if i := strings.IndexAny(s, ",]} \t\r\n"); i >= 0 {
		return i
	}
	return len(s)
}

// unquote is the text of a JSON string.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	_ = json.Unmarshal([]byte(quoted), &text) // valid, as a part of what is
	return text
}
