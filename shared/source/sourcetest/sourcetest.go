// Package sourcetest holds every driver to the contract of package source. A
// driver's test fills in a Harness and calls Run.
package sourcetest

import (
	"slices"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// Harness is one platform with known content.
type Harness struct {
	Driver source.Driver
	// Config opens a connection that may do what it needs.
	Config source.Config
	// Broken are configurations that are well formed and do not work.
	Broken []Broken
	// Tables is everything there is, by name.
	Tables []Table
	// Types are the logical types that the platform can hold: the tables show each of them.
	Types []schema.Type
	// TargetBytes makes at least one table have several splits.
	TargetBytes int64
	// Mutations returns the calls that arrived so far and that could have changed the source.
	Mutations func() []string
}

// Broken is a configuration with one mistake, and the one check that must find it.
type Broken struct {
	Name   string
	Config source.Config
	Check  string
	Code   fault.Code
}

// Table is a table and what reading it must give.
type Table struct {
	Name    string
	Columns []schema.Column // nil takes any; an unset Native does too
	// Rows are JSON objects as array.RecordToJSON writes them, in any order.
	Rows []string
	// Count is the number of rows, and of rejects, when Rows is not given.
	Count   int
	Rejects int
	Problem bool // it cannot be imported
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Run("Spec", func(t *testing.T) { testSpec(t, h) })
	t.Run("Config", func(t *testing.T) { testConfig(t, h) })
	t.Run("Check", func(t *testing.T) { testChecks(t, h) })
	t.Run("Discover", func(t *testing.T) { testDiscover(t, h) })
	t.Run("Read", func(t *testing.T) { testRead(t, h) })
	t.Run("Project", func(t *testing.T) { testProject(t, h) })
	t.Run("Resume", func(t *testing.T) { testResume(t, h) })
	t.Run("Cancel", func(t *testing.T) { testCancel(t, h) })
	t.Run("Close", func(t *testing.T) { testClose(t, h) })
	t.Run("Secrets", func(t *testing.T) { testSecrets(t, h) })
	t.Run("ReadOnly", func(t *testing.T) {
		if got := h.Mutations(); len(got) > 0 {
			t.Errorf("the source was written to: %q", got)
		}
	})
}

// open opens a connection for the time of the test.
func open(t *testing.T, h Harness, cfg source.Config) *source.Source {
	t.Helper()
	settings, err := h.Driver.Spec().Validate(cfg.Settings, cfg.Credential)
	if err != nil {
		t.Fatalf("the harness's configuration is not valid: %v", err)
	}
	cfg.Settings = settings
	s, err := source.Open(t.Context(), h.Driver, cfg)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// importable are the tables that can be read.
func (h Harness) importable() []Table {
	var tables []Table
	for _, table := range h.Tables {
		if !table.Problem {
			tables = append(tables, table)
		}
	}
	return tables
}

// biggest is the table with the most rows.
func (h Harness) biggest() Table {
	return slices.MaxFunc(h.importable(), func(a, b Table) int { return max(len(a.Rows), a.Count) - max(len(b.Rows), b.Count) })
}
