package asl

import (
	"encoding/json"
	"regexp"
)

// action is what a state does between entering and leaving.
type action interface {
	// run gives the state's result, nil if its type has none, and the way out if it is not the state's own.
	run(*step) (result json.RawMessage, chosen *exit, failure *Error)
}

// kinds are the state types, each with what reads its own fields.
func kinds() map[string]func(*parser, *object, *names) action {
	return map[string]func(*parser, *object, *names) action{
		"Pass":     parsePass,
		"Succeed":  parseSucceed,
		"Fail":     parseFail,
		"Wait":     parseWait,
		"Choice":   parseChoice,
		"Task":     parseTask,
		"Parallel": parseParallel,
		"Map":      parseMap,
	}
}

func (p *parser) state(o *object, name string, variables *names) *state {
	s := &state{name: name, kind: o.text("Type")}
	parse, ok := kinds()[s.kind]
	if !ok {
		o.problem("Type", "the state type %q is not supported", s.kind)
		return s
	}
	o.text("Comment")
	language := p.language
	if o.has("QueryLanguage") {
		language = o.choice("QueryLanguage", languageJSONPath, languageJSONata)
	}
	if language == languageJSONPath {
		return p.plain(o, s)
	}
	s.exit = p.exit(o, s, variables)
	if s.kind == "Task" || s.kind == "Parallel" || s.kind == "Map" {
		s.retry = p.retriers(o)
		s.catch = p.catchers(o, variables)
	}
	s.action = parse(p, o, variables)
	o.close()
	return s
}

// plain reads a state in the JSONPath query language, which is supported only where it makes no difference: a state that
// passes its input on, or ends.
func (p *parser) plain(o *object, s *state) *state {
	switch s.kind {
	case "Pass":
		s.action = pass{}
		s.exit = p.transition(o)
	case "Succeed":
		s.action = pass{}
		s.exit = &exit{}
	case "Fail":
		s.action = &fail{name: p.literalText(o, "Error"), cause: p.literalText(o, "Cause")}
	default:
		o.problem("Type", "the JSONPath query language is not supported in a %s state", s.kind)
		return s
	}
	o.close()
	return s
}

func (p *parser) literalText(o *object, field string) *template {
	if !o.has(field) {
		return nil
	}
	return &template{location: field, path: o.at(field), literal: quote(o.text(field))}
}

// exit takes the way out that a state itself names. A Fail has none, a Succeed always ends.
func (p *parser) exit(o *object, s *state, variables *names) *exit {
	var e *exit
	switch s.kind {
	case "Fail":
		return nil
	case "Succeed":
		e = &exit{}
	case "Choice":
		e = &exit{next: o.text("Default")}
	default:
		e = p.transition(o)
	}
	if s.kind != "Succeed" {
		e.assign = p.assign(o, variables)
	}
	e.output = o.template("Output")
	return e
}

// transition takes Next or End.
func (p *parser) transition(o *object) *exit {
	e := &exit{next: o.text("Next")}
	raw, ends := o.take("End")
	switch {
	case ends && string(raw) != "true":
		o.problem("End", "must be true")
	case ends && e.next != "":
		o.problem("End", "a state has Next or End, not both")
	case !ends && e.next == "":
		o.problem("", "a state needs Next or End")
	}
	return e
}

var variableName = regexp.MustCompile(`^[\pL_][\pL\pN_]{0,79}$`)

// assign takes Assign and notes the names it assigns.
func (p *parser) assign(o *object, variables *names) *template {
	if !o.has("Assign") {
		return nil
	}
	t := o.template("Assign")
	if t.fields == nil {
		o.problem("Assign", "must be an object")
	}
	for _, field := range t.fields {
		if field.name == "states" || !variableName.MatchString(field.name) {
			p.problems.add(field.value.path, "%q cannot be the name of a variable", field.name)
		}
		variables.assigned[field.name] = append(variables.assigned[field.name], field.value.path)
	}
	return t
}

// numeric takes a number that may also be an expression; absent gives nil.
func (o *object) numeric(field string, least, most float64) *template {
	t := o.scalar(field)
	if t != nil && t.literal != nil {
		literal := &object{parser: o.parser, path: o.path, fields: map[string]json.RawMessage{field: t.literal}}
		literal.number(field, 0, least, most)
	}
	return t
}

// scalar takes a field that is one literal or one expression, not an object or an array.
func (o *object) scalar(field string) *template {
	t := o.template(field)
	if t != nil && (t.fields != nil || t.items != nil) {
		o.problem(field, "must be one value")
	}
	return t
}
