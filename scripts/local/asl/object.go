package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// member is one field of a JSON object, in the order of the text.
type member struct {
	name  string
	value json.RawMessage
}

// members splits a JSON object and refuses a name that comes twice.
func members(raw json.RawMessage) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("must be an object")
	}
	var all []member
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("must be an object")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(m member) bool { return m.name == name }) {
			return nil, fmt.Errorf("has the field %q twice", name)
		}
		all = append(all, member{name, value})
	}
	return all, nil
}

// elements splits a JSON array.
func elements(raw json.RawMessage) ([]json.RawMessage, error) {
	var all []json.RawMessage
	if first(raw) != '[' {
		return nil, errors.New("must be an array")
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	return all, nil
}

// first is the first character of a JSON text: { [ " t f n or a number's.
func first(raw json.RawMessage) byte {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}

// object reads one JSON object of a definition. Each field is taken once, by whoever understands it; close refuses what
// nobody took, which is how an unknown field is found.
type object struct {
	parser *parser
	path   string
	fields map[string]json.RawMessage
	order  []string
}

func (p *parser) object(path string, raw json.RawMessage) *object {
	o := &object{parser: p, path: path, fields: map[string]json.RawMessage{}}
	all, err := members(raw)
	if err != nil {
		p.problems.add(path, "%v", err)
		return o
	}
	for _, m := range all {
		o.fields[m.name] = m.value
		o.order = append(o.order, m.name)
	}
	return o
}

func (o *object) problem(field, format string, arguments ...any) {
	o.parser.problems.add(o.at(field), format, arguments...)
}

func (o *object) at(field string) string {
	if field == "" {
		return o.path
	}
	return o.path + "." + field
}

func (o *object) take(field string) (json.RawMessage, bool) {
	raw, ok := o.fields[field]
	delete(o.fields, field)
	return raw, ok
}

func (o *object) has(field string) bool {
	_, ok := o.fields[field]
	return ok
}

// needs reports a field that is missing.
func (o *object) needs(field string) bool {
	if !o.has(field) {
		o.problem("", "the field %s is missing", field)
		return false
	}
	return true
}

// require takes a field that must be there; nil if it is missing.
func (o *object) require(field string) json.RawMessage {
	if !o.needs(field) {
		return nil
	}
	raw, _ := o.take(field)
	return raw
}

// text takes a string; absent gives "".
func (o *object) text(field string) string {
	raw, ok := o.take(field)
	if !ok {
		return ""
	}
	var s string
	if first(raw) != '"' || json.Unmarshal(raw, &s) != nil {
		o.problem(field, "must be a string")
	}
	return s
}

// choice takes a string that must be one of the values; absent gives the first.
func (o *object) choice(field string, values ...string) string {
	if !o.has(field) {
		return values[0]
	}
	s := o.text(field)
	if !slices.Contains(values, s) {
		o.problem(field, "%q is not supported: %s", s, strings.Join(values, " or "))
		return values[0]
	}
	return s
}

// number takes a number within limits; absent gives otherwise.
func (o *object) number(field string, otherwise, least, most float64) float64 {
	raw, ok := o.take(field)
	if !ok {
		return otherwise
	}
	var n float64
	if json.Unmarshal(raw, &n) != nil || first(raw) == 'n' {
		o.problem(field, "must be a number")
		return otherwise
	}
	if n < least || n > most {
		o.problem(field, "must be between %v and %v", least, most)
		return otherwise
	}
	return n
}

// whole takes an integer within limits; absent gives otherwise.
func (o *object) whole(field string, otherwise, least, most int) int {
	n := o.number(field, float64(otherwise), float64(least), float64(most))
	if n != float64(int(n)) {
		o.problem(field, "must be an integer")
		return otherwise
	}
	return int(n)
}

// template takes a field that may hold JSONata; absent gives nil.
func (o *object) template(field string) *template {
	raw, ok := o.take(field)
	if !ok {
		return nil
	}
	return o.parser.template(o.at(field), field, raw)
}

// close refuses the fields that nobody took.
func (o *object) close() {
	for _, field := range o.order {
		if o.has(field) {
			o.problem(field, "the field %s is not supported here", field)
		}
	}
}
