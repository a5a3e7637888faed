// Package bus is EventBridge's default bus: rules with event patterns, functions as their targets, and PutEvents on the wire.
package bus

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Pattern decides which events a rule is for.
type Pattern struct{ root node }

// node is one field of a pattern: further fields below it, or alternatives for its value.
type node struct {
	fields       map[string]node
	alternatives []matcher
}

type matcher func(value any, present bool) bool

// Compile reads an event pattern. It knows plain values, prefix and anything-but, and refuses every other matcher by name.
func Compile(text []byte) (Pattern, error) {
	var raw map[string]any
	if err := json.Unmarshal(text, &raw); err != nil {
		return Pattern{}, fmt.Errorf("reading an event pattern: %w", err)
	}
	root, err := compile(raw)
	return Pattern{root}, err
}

func compile(raw map[string]any) (node, error) {
	out := node{fields: map[string]node{}}
	for name, value := range raw {
		switch v := value.(type) {
		case map[string]any:
			below, err := compile(v)
			if err != nil {
				return node{}, err
			}
			out.fields[name] = below
		case []any:
			var leaf node
			for _, item := range v {
				m, err := compileMatcher(item)
				if err != nil {
					return node{}, fmt.Errorf("field %s of an event pattern: %w", name, err)
				}
				leaf.alternatives = append(leaf.alternatives, m)
			}
			out.fields[name] = leaf
		default:
			return node{}, fmt.Errorf("field %s of an event pattern is neither a list nor an object", name)
		}
	}
	return out, nil
}

func compileMatcher(item any) (matcher, error) {
	spec, ok := item.(map[string]any)
	if !ok {
		return equals(item), nil
	}
	if len(spec) != 1 {
		return nil, fmt.Errorf("a matcher has %d names", len(spec))
	}
	for name, argument := range spec {
		switch name {
		case "prefix":
			prefix, ok := argument.(string)
			if !ok {
				return nil, fmt.Errorf("the laptop stack only knows prefix with a string")
			}
			return func(value any, _ bool) bool {
				text, ok := value.(string)
				return ok && strings.HasPrefix(text, prefix)
			}, nil
		case "anything-but":
			return anythingBut(argument)
		default:
			return nil, fmt.Errorf("the laptop stack does not know the matcher %s", name)
		}
	}
	return nil, fmt.Errorf("a matcher has no name")
}

func equals(want any) matcher {
	return func(value any, present bool) bool { return present && value == want }
}

func anythingBut(argument any) (matcher, error) {
	list, ok := argument.([]any)
	if !ok {
		list = []any{argument}
	}
	for _, item := range list {
		if _, nested := item.(map[string]any); nested {
			return nil, fmt.Errorf("the laptop stack only knows anything-but with values")
		}
	}
	return func(value any, present bool) bool {
		return present && !slices.Contains(list, value)
	}, nil
}

// Match says whether the event, a whole one with source and detail, fits.
func (p Pattern) Match(event map[string]any) bool { return p.root.match(event) }

func (n node) match(event map[string]any) bool {
	for name, field := range n.fields {
		value, present := event[name]
		if field.fields != nil {
			below, ok := value.(map[string]any)
			if !ok || !field.match(below) {
				return false
			}
			continue
		}
		if !field.any(value, present) {
			return false
		}
	}
	return true
}

// any says whether one alternative fits the value, or one of its elements when it is a list.
func (n node) any(value any, present bool) bool {
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	for _, m := range n.alternatives {
		for _, v := range values {
			if m(v, present) {
				return true
			}
		}
	}
	return false
}
