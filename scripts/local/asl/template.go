package asl

import (
	"encoding/json"
	"fmt"
	"strings"
)

// template is a JSON value in which a string "{% … %}" stands for the result of a JSONata expression.
type template struct {
	// location is the field as AWS names it in a cause: Output/result.
	location string
	// path is the same place in the definition, for a problem.
	path string

	expression string          // of "{% … %}"
	literal    json.RawMessage // of anything without expressions
	fields     []templateField // of an object
	items      []*template     // of an array
}

type templateField struct {
	name  string
	value *template
}

func (p *parser) template(path, location string, raw json.RawMessage) *template {
	t := &template{location: location, path: path}
	switch first(raw) {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			p.problems.add(path, "%v", err)
		}
		expression, ok := expressionIn(s)
		if !ok {
			t.literal = compact(raw)
			break
		}
		if expression == "" {
			p.problems.add(path, "the expression is empty")
		}
		t.expression = expression
		p.expressions = append(p.expressions, t)
	case '{':
		all, err := members(raw)
		if err != nil {
			p.problems.add(path, "%v", err)
		}
		t.fields = make([]templateField, len(all))
		for i, m := range all {
			t.fields[i] = templateField{m.name, p.template(path+"."+m.name, location+"/"+m.name, m.value)}
		}
	case '[':
		all, err := elements(raw)
		if err != nil {
			p.problems.add(path, "%v", err)
		}
		t.items = make([]*template, len(all))
		for i, item := range all {
			at := fmt.Sprintf("[%d]", i)
			t.items[i] = p.template(path+at, location+at, item)
		}
	default:
		t.literal = compact(raw)
	}
	return t
}

// expressionIn finds the JSONata in "{% … %}".
func expressionIn(s string) (string, bool) {
	inner, opened := strings.CutPrefix(s, "{%")
	inner, closed := strings.CutSuffix(inner, "%}")
	return strings.TrimSpace(inner), opened && closed
}

// render gives the value, with every expression replaced by what evaluate makes of it.
func (t *template) render(evaluate func(*template) (json.RawMessage, *Error)) (json.RawMessage, *Error) {
	switch {
	case t.expression != "":
		return evaluate(t)
	case t.fields != nil:
		out := []byte{'{'}
		for i, field := range t.fields {
			value, err := field.value.render(evaluate)
			if err != nil {
				return nil, err
			}
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(append(out, quote(field.name)...), ':'), value...)
		}
		return append(out, '}'), nil
	case t.items != nil:
		out := []byte{'['}
		for i, item := range t.items {
			value, err := item.render(evaluate)
			if err != nil {
				return nil, err
			}
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, value...)
		}
		return append(out, ']'), nil
	default:
		return t.literal, nil
	}
}
