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
	// Counts is how far the platform counts rows by its own means.
	Counts Counts
	// Mutations returns the calls that arrived so far and that could have changed the source.
	Mutations func() []string

	// Queries are SELECTs and what they give; a platform with the capability Queries has some.
	Queries []Query
	// Interrupt makes the read under way break once, as a network does.
	Interrupt func(t *testing.T)
	// Expire makes the tokens and sessions that the driver has got so far expire.
	Expire func(t *testing.T)
	// Change adds a row to the biggest table, behind the driver's back.
	Change func(t *testing.T)

	// Skips says why a part of the suite is left out, by the part's name. What the
	// platform has the capability for cannot be left out.
	Skips map[string]string
}

// Query is a SELECT and what it gives.
type Query struct {
	SQL   string
	Rows  []string    // as in Table
	Fails *fault.Code // of Plan, instead of rows
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

// part is one part of the suite: a row of the conformance matrix.
type part struct {
	name  string
	needs source.Capability // empty: every platform
	given func(Harness) bool
	run   func(*testing.T, Harness)
}

func parts() []part {
	always := func(Harness) bool { return true }
	return []part{
		{"Spec", "", always, testSpec},
		{"Config", "", always, testConfig},
		{"Check", "", always, testChecks},
		{"CheckInTime", "", always, testCheckTime},
		{"Grants", source.Grants, always, testGrants},
		{"Discover", "", always, testDiscover},
		{"DiscoverResumes", "", always, testDiscoverResumes},
		{"Nested", source.NestedColumns, always, testNested},
		{"Views", source.Views, always, testViews},
		{"Read", "", always, testRead},
		{"Project", "", always, testProject},
		{"Filter", source.RowFilter, always, testFilter},
		{"Count", "", always, testCount},
		{"Query", source.Queries, func(h Harness) bool { return len(h.Queries) > 0 }, testQuery},
		{"Estimate", source.CostEstimate, always, testEstimate},
		{"Resume", "", always, testResume},
		{"Interrupted", "", func(h Harness) bool { return h.Interrupt != nil }, testInterrupted},
		{"Refresh", "", func(h Harness) bool { return h.Expire != nil }, testRefresh},
		{"Cancel", "", always, testCancel},
		{"Close", "", always, testClose},
		{"Secrets", "", always, testSecrets},
		{"Changed", "", func(h Harness) bool { return h.Change != nil }, testChanged},
		{"ReadOnly", "", always, testReadOnly},
	}
}

// Parts are the names of the suite's parts, in order.
func Parts() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

// Run runs the suite. A part that a platform cannot show is skipped with a
// reason: that it lacks the capability, or the harness's own.
func Run(t *testing.T, h Harness) {
	spec := h.Driver.Spec()
	known := map[string]bool{}
	for _, p := range parts() {
		known[p.name] = true
		t.Run(p.name, func(t *testing.T) {
			reason := h.Skips[p.name]
			switch {
			case p.needs != "" && !spec.Can(p.needs):
				t.Skipf("the platform does not have the capability %s", p.needs)
			case reason != "" && p.needs != "":
				t.Fatalf("the platform has the capability %s: this part cannot be skipped", p.needs)
			case reason != "":
				t.Skip(reason)
			case !p.given(h):
				t.Fatal("the harness has nothing for this part, and does not say why")
			}
			p.run(t, h)
		})
	}
	for name := range h.Skips {
		if !known[name] {
			t.Errorf("there is no part %q to skip", name)
		}
	}
}

// testReadOnly: nothing that arrived could have changed the source.
func testReadOnly(t *testing.T, h Harness) {
	if got := h.Mutations(); len(got) > 0 {
		t.Errorf("the source was written to: %q", got)
	}
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
