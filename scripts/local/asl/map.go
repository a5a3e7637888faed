package asl

import (
	"encoding/json"
	"strings"
	"unicode"
)

// inlineConcurrency is how many iterations an inline Map runs at once at most; a distributed Map runs childConcurrency.
const (
	inlineConcurrency = 40
	childConcurrency  = 10000
)

// mapState is Map.
type mapState struct {
	items          *template
	selector       *template
	processor      *graph
	maxConcurrency *template
	toleratedCount *template
	toleratedShare *template
	distributed    *distributed // nil: inline
}

// distributed is what only a Map with ProcessorConfig.Mode DISTRIBUTED has.
type distributed struct {
	label  string
	reader *itemReader
	writer *resultWriter
}

func parseMap(p *parser, o *object, variables *names) action {
	m := &mapState{
		items:          o.template("Items"),
		selector:       o.template("ItemSelector"),
		maxConcurrency: o.numeric("MaxConcurrency", 0, childConcurrency),
		toleratedCount: o.numeric("ToleratedFailureCount", 0, 1<<31),
		toleratedShare: o.numeric("ToleratedFailurePercentage", 0, 100),
	}
	if t := m.items; t != nil && (t.fields != nil || t.literal != nil) {
		o.problem("Items", "must be an array or an expression")
	}
	raw := o.require("ItemProcessor")
	if raw == nil {
		return m
	}
	processor := p.object(o.at("ItemProcessor"), raw)
	processor.text("Comment")
	mode := "INLINE"
	if config, ok := processor.take("ProcessorConfig"); ok {
		c := p.object(processor.at("ProcessorConfig"), config)
		if mode = c.choice("Mode", "INLINE", "DISTRIBUTED"); mode == "DISTRIBUTED" {
			if c.choice("ExecutionType", "", "STANDARD") == "" {
				c.problem("ExecutionType", "must be STANDARD")
			}
		}
		c.close()
	}
	if mode == "DISTRIBUTED" {
		m.distributed = p.distributed(o)
		m.processor = p.graph(processor, newNames())
		p.checkTolerance(m)
	} else {
		m.processor = p.graph(processor, variables.inner(o.path))
	}
	processor.close()
	return m
}

func (p *parser) distributed(o *object) *distributed {
	d := &distributed{label: o.text("Label")}
	if len(d.label) > 40 {
		o.problem("Label", "has at most 40 characters")
	}
	if strings.ContainsFunc(d.label, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune("?*<>{}[]:;,\\|^~$#%&`\"", r)
	}) {
		o.problem("Label", "contains an invalid character")
	}
	if d.label == "" {
		d.label = derivedUUID(o.path)
	}
	d.reader = p.itemReader(o)
	d.writer = p.resultWriter(o)
	return d
}

// checkTolerance refuses failures that are tolerated without a ResultWriter: what such a Map puts in the place of a failed
// item is not documented.
func (p *parser) checkTolerance(m *mapState) {
	for _, t := range []*template{m.toleratedCount, m.toleratedShare} {
		if t != nil && m.distributed.writer == nil && (t.expression != "" || literalNumber(t) > 0) {
			p.problems.add(t.path, "tolerated failures are supported only with a ResultWriter")
		}
	}
}

// plan is a Map's settings, evaluated.
type plan struct {
	maxConcurrency int
	toleratedCount *float64 // nil: not set
	toleratedShare *float64
}

func (m *mapState) plan(s *step) (plan, *Error) {
	var p plan
	n, failure := s.number(m.maxConcurrency, 0, 0, childConcurrency)
	if failure != nil {
		return p, failure
	}
	p.maxConcurrency = int(n)
	for _, setting := range []struct {
		from *template
		most float64
		to   **float64
	}{{m.toleratedCount, 1 << 31, &p.toleratedCount}, {m.toleratedShare, 100, &p.toleratedShare}} {
		if setting.from == nil {
			continue
		}
		n, failure := s.number(setting.from, 0, 0, setting.most)
		if failure != nil {
			return p, failure
		}
		*setting.to = &n
	}
	return p, nil
}

// values gives the items of Items, or of the input.
func (m *mapState) values(s *step) ([]json.RawMessage, *Error) {
	raw := s.input
	switch {
	case m.items != nil && m.items.expression != "":
		value, failure := s.expect("array", m.items)
		if failure != nil {
			return nil, failure
		}
		raw = value
	case m.items != nil:
		value, failure := s.render(m.items, "", results{})
		if failure != nil {
			return nil, failure
		}
		raw = value
	}
	all, err := elements(raw)
	if err != nil {
		return nil, s.evaluationFailed("", "Map state input must be an array but was: %s", raw)
	}
	return all, nil
}

func (m *mapState) run(s *step) (json.RawMessage, *exit, *Error) {
	if m.distributed != nil {
		result, failure := m.runDistributed(s)
		return result, nil, failure
	}
	items, failure := m.values(s)
	if failure != nil {
		return nil, nil, failure
	}
	p, failure := m.plan(s)
	if failure != nil {
		return nil, nil, failure
	}
	result, failure := m.runInline(s, items, p)
	return result, nil, failure
}

// runInline runs the iterations within the execution. Any failure is the Map's: AWS documents tolerated failures for a
// distributed Map only.
func (m *mapState) runInline(s *step, items []json.RawMessage, p plan) (json.RawMessage, *Error) {
	t := s.thread
	started := t.emit("MapStateStarted", func(e *Event) { e.MapStateStarted = &MapStartedDetails{Length: len(items)} })
	limit := inlineConcurrency
	if p.maxConcurrency != 0 {
		limit = min(limit, p.maxConcurrency)
	}
	last := started
	all := &fanout{
		step: s, count: len(items), limit: limit,
		begin: func(index int, previous int64) (*thread, *graph, json.RawMessage, *Error) {
			iteration := t.branch(t.run.emit(previous, "MapIterationStarted", func(e *Event) {
				e.MapIterationStarted = &MapIterationDetails{Name: s.state.name, Index: index}
			}))
			iteration.item = &mapItem{Index: index, Value: items[index]}
			input, failure := m.itemInput(s, iteration.item)
			return iteration, m.processor, input, failure
		},
		ended: func(index int, previous int64, how Status) {
			last = s.iterationEnded(index, previous, how)
		},
	}
	outputs, failure := all.run()
	if failure != nil {
		return nil, failure
	}
	t.previous = last
	t.run.emit(last, "MapStateSucceeded", nil)
	return array(outputs), nil
}

// itemInput makes the input of an iteration: the item, or what ItemSelector makes of it.
func (m *mapState) itemInput(s *step, item *mapItem) (json.RawMessage, *Error) {
	if m.selector == nil {
		return item.Value, nil
	}
	selecting := *s
	selecting.item = item
	return selecting.render(m.selector, "", results{})
}

func (s *step) iterationEnded(index int, previous int64, how Status) int64 {
	details := &MapIterationDetails{Name: s.state.name, Index: index}
	switch how {
	case Succeeded:
		return s.thread.run.emit(previous, "MapIterationSucceeded", func(e *Event) { e.MapIterationSucceeded = details })
	case Failed:
		return s.thread.run.emit(previous, "MapIterationFailed", func(e *Event) { e.MapIterationFailed = details })
	default:
		return s.thread.run.emit(previous, "MapIterationAborted", func(e *Event) { e.MapIterationAborted = details })
	}
}
