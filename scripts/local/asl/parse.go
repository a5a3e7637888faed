package asl

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	languageJSONata  = "JSONata"
	languageJSONPath = "JSONPath"
)

// parser collects what a definition says and everything that is wrong with it.
type parser struct {
	problems    Problems
	expressions []*template
	language    string // of states that name none
	names       map[string]string
}

var substitution = regexp.MustCompile(`\$\{[A-Za-z0-9_]+\}`)

// Parse reads a definition after putting the values in the place of ${Name}, as CloudFormation does. It returns Problems
// when it refuses: all of them, each with its JSON path.
func Parse(definition []byte, substitutions map[string]string) (*Machine, error) {
	p := &parser{names: map[string]string{}}
	text := substitution.ReplaceAllStringFunc(string(definition), func(reference string) string {
		value, ok := substitutions[reference[2:len(reference)-1]]
		if !ok {
			p.problems.add("$", "the substitution %s has no value", reference)
			return reference
		}
		return value
	})
	var raw json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		p.problems.add("$", "is not JSON: %v", err)
		return nil, p.problems
	}
	o := p.object("$", raw)
	p.language = o.choice("QueryLanguage", languageJSONPath, languageJSONata)
	o.choice("Version", "1.0")
	m := &Machine{Comment: o.text("Comment")}
	m.Timeout = time.Duration(o.whole("TimeoutSeconds", 0, 1, 99999999)) * time.Second
	m.graph = p.graph(o, newNames())
	o.close()
	if err := p.problems.orNil(); err != nil {
		return nil, err
	}
	m.expressions = p.expressions
	return m, nil
}

// names are the variables that the states of one graph assign. A graph sees those of the graphs around it and may not
// assign them: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
type names struct {
	around   *names
	owner    string              // the path of the state that the graph belongs to
	assigned map[string][]string // name → where
	within   []*names
}

func newNames() *names { return &names{assigned: map[string][]string{}} }

func (n *names) inner(owner string) *names {
	inner := newNames()
	inner.around, inner.owner = n, owner
	n.within = append(n.within, inner)
	return inner
}

// check refuses an assignment to a variable of an outer scope. What the state around the graph itself assigns, it assigns
// after the graph has ended: AWS accepts that.
func (n *names) check(p *parser) {
	for _, name := range slices.Sorted(maps.Keys(n.assigned)) {
		for inner := n; inner.around != nil; inner = inner.around {
			elsewhere := func(where string) bool { return !strings.HasPrefix(where, inner.owner+".") }
			if slices.ContainsFunc(inner.around.assigned[name], elsewhere) {
				p.problems.add(n.assigned[name][0], "the variable %s belongs to an outer scope and cannot be assigned here", name)
			}
		}
	}
	for _, inner := range n.within {
		inner.check(p)
	}
}

// graph takes StartAt and States.
func (p *parser) graph(o *object, variables *names) *graph {
	g := &graph{states: map[string]*state{}}
	if o.needs("StartAt") {
		g.startAt = o.text("StartAt")
	}
	raw := o.require("States")
	if raw == nil {
		return g
	}
	all := p.object(o.at("States"), raw)
	for _, name := range all.order {
		path := all.at(name)
		if first, twice := p.names[name]; twice {
			p.problems.add(path, "the state's name is used already, at %s", first)
		}
		if len(name) > 80 {
			p.problems.add(path, "a state's name has at most 80 characters")
		}
		p.names[name] = path
		stateRaw, _ := all.take(name)
		g.states[name] = p.state(p.object(path, stateRaw), name, variables)
	}
	p.checkTransitions(g, o)
	if variables.around == nil {
		variables.check(p)
	}
	return g
}

// checkTransitions refuses targets that do not exist and states that nothing leads to.
func (p *parser) checkTransitions(g *graph, o *object) {
	if _, ok := g.states[g.startAt]; !ok {
		o.problem("StartAt", "the state %q does not exist", g.startAt)
		return
	}
	for _, s := range g.states {
		if s.action == nil { // refused: where it leads is not known
			return
		}
	}
	reached := map[string]bool{}
	queue := []string{g.startAt}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if reached[name] {
			continue
		}
		reached[name] = true
		for _, target := range g.states[name].targets() {
			if _, ok := g.states[target]; !ok {
				o.problem("States."+name, "the next state %q does not exist", target)
				continue
			}
			queue = append(queue, target)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g.states)) {
		if !reached[name] {
			o.problem("States."+name, "no state leads here")
		}
	}
}

// targets are the states that a state may lead to.
func (s *state) targets() []string {
	exits := []*exit{s.exit}
	for _, c := range s.catch {
		exits = append(exits, c.exit)
	}
	if several, ok := s.action.(interface{ exits() []*exit }); ok {
		exits = append(exits, several.exits()...)
	}
	var targets []string
	for _, e := range exits {
		if e != nil && e.next != "" {
			targets = append(targets, e.next)
		}
	}
	return targets
}
