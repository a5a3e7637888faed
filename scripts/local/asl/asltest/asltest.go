// Package asltest gives tests the parts that an interpreter needs.
package asltest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/asl"
)

// JSONata loads the library, which it fetches if the checkout does not have it yet.
func JSONata(t testing.TB) *asl.JSONata {
	t.Helper()
	root := checkout(t)
	if out, err := exec.Command(filepath.Join(root, "scripts/tools/fetch-jsonata.sh")).CombinedOutput(); err != nil {
		t.Fatalf("fetching the jsonata library: %v\n%s", err, out)
	}
	js, err := asl.LoadJSONata(filepath.Join(root, ".local/tools/jsonata/jsonata.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// checkout is the folder that has the go.mod.
func checkout(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			t.Fatal("no go.mod above the test")
		}
		folder = filepath.Dir(folder)
	}
}

// Functions is an Invoker of Go functions by the last part of their ARN.
type Functions map[string]func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error)

var _ asl.Invoker = Functions(nil)

// Invoke runs the function.
func (f Functions) Invoke(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error) {
	run, ok := f[function[strings.LastIndexByte(function, ':')+1:]]
	if !ok {
		return nil, &asl.Error{Name: "Lambda.ResourceNotFoundException", Cause: "Function not found: " + function}
	}
	return run(ctx, payload)
}

// Journal keeps a history and the histories of the children of map runs.
type Journal struct {
	mu     sync.Mutex
	events []asl.Event
	runs   []*MapRun
}

var _ asl.Journal = (*Journal)(nil)

// Record keeps an event.
func (j *Journal) Record(e asl.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
}

// Events are the events so far.
func (j *Journal) Events() []asl.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.events)
}

// Types are the types of the events so far.
func (j *Journal) Types() []string {
	var types []string
	for _, e := range j.Events() {
		types = append(types, e.Type)
	}
	return types
}

// OpenMapRun begins the record of a map run.
func (j *Journal) OpenMapRun(spec asl.MapRun) asl.MapRunJournal {
	j.mu.Lock()
	defer j.mu.Unlock()
	run := &MapRun{Spec: spec}
	j.runs = append(j.runs, run)
	return run
}

// MapRuns are the map runs so far.
func (j *Journal) MapRuns() []*MapRun {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.runs)
}

// MapRun is the record of a map run.
type MapRun struct {
	Spec asl.MapRun

	mu       sync.Mutex
	Total    int
	Status   asl.Status
	Written  int
	Children []*Journal
	Outcomes []asl.Outcome
}

// Expect keeps the number of children.
func (m *MapRun) Expect(total int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Total = total
}

// OpenChild begins a child's history.
func (m *MapRun) OpenChild(asl.Execution) asl.Journal {
	m.mu.Lock()
	defer m.mu.Unlock()
	child := &Journal{}
	m.Children = append(m.Children, child)
	return child
}

// CloseChild keeps a child's outcome.
func (m *MapRun) CloseChild(_ asl.Execution, outcome asl.Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Outcomes = append(m.Outcomes, outcome)
}

// Close keeps the run's end.
func (m *MapRun) Close(status asl.Status, written int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Status, m.Written = status, written
}
