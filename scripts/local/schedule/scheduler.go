package schedule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/headwaterhq/headwater/scripts/local/template"
)

// Start starts an execution of a state machine.
type Start func(machineARN, name string, input json.RawMessage) error

// Config is what a Scheduler runs with.
type Config struct {
	Schedules []template.Schedule
	Start     Start
	Path      string // the file of what survives a restart: how far the clock is ahead, which slots have been fired
	Hold      bool   // passing time fires nothing; only Advance does
}

// Scheduler fires the slots of its schedules. A schedule whose slots were missed, because the clock was moved or because
// the stack was down, fires once, for the latest of them; AWS would fire each. A fresh scheduler begins with the next slots.
type Scheduler struct {
	cfg       Config
	clock     Clock
	schedules []planned
	moved     chan struct{}
	stop      chan struct{}
	stopped   chan struct{}

	mu    sync.Mutex
	fired map[string]time.Time // by schedule: the last slot fired, or when it became known
}

type planned struct {
	template.Schedule
	expression Expression
}

// Fired is a slot that started an execution.
type Fired struct {
	Schedule  string
	Slot      time.Time
	Execution string // its name
}

// Open parses the schedules and begins to fire.
func Open(cfg Config) (*Scheduler, error) {
	s := &Scheduler{
		cfg: cfg, fired: map[string]time.Time{},
		moved: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	for _, declared := range cfg.Schedules {
		expression, err := Parse(declared.Expression, declared.Timezone)
		if err != nil {
			return nil, fmt.Errorf("schedule %s: %w", declared.Name, err)
		}
		if _, err := input(declared, time.Time{}, ""); err != nil {
			return nil, fmt.Errorf("schedule %s: %w", declared.Name, err)
		}
		s.schedules = append(s.schedules, planned{declared, expression})
		if _, known := s.fired[declared.Name]; !known {
			s.fired[declared.Name] = s.clock.Now()
		}
	}
	if err := s.save(); err != nil {
		return nil, err
	}
	go s.run()
	return s, nil
}

// Now is the time by which the schedules go.
func (s *Scheduler) Now() time.Time { return s.clock.Now() }

// Advance moves the clock forward and fires what became due before it returns.
func (s *Scheduler) Advance(d time.Duration) ([]Fired, error) {
	if d < 0 {
		return nil, errors.New("the clock only moves forward")
	}
	s.clock.advance(d)
	fired, err := s.fire()
	select {
	case s.moved <- struct{}{}:
	default:
	}
	return fired, err
}

// Close stops firing.
func (s *Scheduler) Close() {
	close(s.stop)
	<-s.stopped
}

func (s *Scheduler) run() {
	defer close(s.stopped)
	for {
		var due <-chan time.Time
		if wait, ok := s.untilNext(); ok && !s.cfg.Hold {
			due = time.After(wait)
		}
		select {
		case <-due:
			_, _ = s.fire() // what could not be started is due again with the next slot
		case <-s.moved:
		case <-s.stop:
			return
		}
	}
}

func (s *Scheduler) untilNext() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first time.Time
	for _, p := range s.schedules {
		next := p.expression.Next(s.fired[p.Name])
		if !next.IsZero() && (first.IsZero() || next.Before(first)) {
			first = next
		}
	}
	return first.Sub(s.clock.Now()), !first.IsZero()
}

// fire starts, once each, the schedules that have a slot that is due.
func (s *Scheduler) fire() ([]Fired, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	var out []Fired
	var problems []error
	for _, p := range s.schedules {
		slot := latest(p.expression, s.fired[p.Name], now)
		if slot.IsZero() {
			continue
		}
		s.fired[p.Name] = slot
		name := strings.ToLower(ulid.Make().String())
		payload, err := input(p.Schedule, slot, name)
		if err == nil {
			err = s.cfg.Start(p.TargetARN, name, payload)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("firing schedule %s: %w", p.Name, err))
			continue
		}
		out = append(out, Fired{Schedule: p.Name, Slot: slot, Execution: name})
	}
	return out, errors.Join(append(problems, s.save())...)
}

// latest is the last slot after one time and not after another; zero when there is none.
func latest(e Expression, after, now time.Time) time.Time {
	var slot time.Time
	for next := e.Next(after); !next.IsZero() && !next.After(now); next = e.Next(next) {
		slot = next
	}
	return slot
}

// input fills the context attributes into a schedule's input; one that is not known is refused.
func input(s template.Schedule, slot time.Time, execution string) (json.RawMessage, error) {
	const attribute = "<aws.scheduler."
	text := strings.NewReplacer(
		attribute+"scheduled-time>", slot.UTC().Format(time.RFC3339),
		attribute+"execution-id>", execution,
		attribute+"attempt-number>", "1",
	).Replace(s.Input)
	if _, rest, found := strings.Cut(text, attribute); found {
		name, _, _ := strings.Cut(rest, ">")
		return nil, fmt.Errorf("the laptop stack does not know %s%s>", attribute, name)
	}
	if text == "" {
		text = "{}"
	}
	return json.RawMessage(text), nil
}

// state is what survives a restart.
type state struct {
	Ahead time.Duration        `json:"ahead"`
	Fired map[string]time.Time `json:"fired"`
}

func (s *Scheduler) load() error {
	text, err := os.ReadFile(s.cfg.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the schedules' state: %w", err)
	}
	var st state
	if err := json.Unmarshal(text, &st); err != nil {
		return fmt.Errorf("decoding the schedules' state: %w", err)
	}
	s.clock.advance(st.Ahead)
	if st.Fired != nil {
		s.fired = st.Fired
	}
	return nil
}

func (s *Scheduler) save() error {
	text, err := json.Marshal(state{Ahead: s.clock.Ahead(), Fired: s.fired})
	if err != nil {
		return fmt.Errorf("encoding the schedules' state: %w", err)
	}
	temp := s.cfg.Path + ".new"
	if err := os.WriteFile(temp, text, 0o600); err != nil {
		return fmt.Errorf("writing the schedules' state: %w", err)
	}
	if err := os.Rename(temp, s.cfg.Path); err != nil {
		return fmt.Errorf("writing the schedules' state: %w", err)
	}
	return nil
}
