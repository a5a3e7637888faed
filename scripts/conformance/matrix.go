package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/headwaterhq/headwater/shared/source/sourcetest"
)

// Matrix is how each part of the suite ended, by driver. A driver that never
// ran the suite has a column of holes.
type Matrix struct {
	drivers []string                   // that there are
	cells   map[string]map[string]cell // by column, then part
}

type cell struct {
	outcome string // "pass", "fail", "skip"
	said    []string
}

// event is a line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
}

// Read makes a matrix of the drivers from the events of `go test -json`. Tests
// called TestConformance… hold the suite's parts as subtests, at any depth.
func Read(events io.Reader, drivers []string) (*Matrix, error) {
	m := &Matrix{drivers: drivers, cells: map[string]map[string]cell{}}
	for decoder := json.NewDecoder(events); ; {
		var e event
		switch err := decoder.Decode(&e); {
		case errors.Is(err, io.EOF):
			return m, nil
		case err != nil:
			return nil, fmt.Errorf("reading the tests' events: %w", err)
		}
		m.see(e)
	}
}

func (m *Matrix) see(e event) {
	at := slices.IndexFunc(strings.Split(e.Test, "/"), func(name string) bool { return slices.Contains(sourcetest.Parts(), name) })
	if at < 0 || at != strings.Count(e.Test, "/") {
		return // not a part, or inside one
	}
	part, column := path.Base(e.Test), column(e)
	if m.cells[column] == nil {
		m.cells[column] = map[string]cell{}
	}
	c := m.cells[column][part]
	switch e.Action {
	case "pass", "fail", "skip":
		c.outcome = e.Action
	case "output":
		c.said = append(c.said, e.Output)
	}
	m.cells[column][part] = c
}

// column names the driver, and the peer or auth method when a driver has several tests.
func column(e event) string {
	test, _, _ := strings.Cut(e.Test, "/")
	variant := strings.TrimPrefix(strings.TrimPrefix(test, "TestConformance"), "On")
	if variant == "" {
		return path.Base(e.Package)
	}
	return path.Base(e.Package) + " " + strings.ToLower(variant)
}

// columns are those of what ran, and one for each driver of which nothing did.
func (m *Matrix) columns() []string {
	columns := slices.Collect(maps.Keys(m.cells))
	for _, driver := range m.drivers {
		ran := func(column string) bool { return column == driver || strings.HasPrefix(column, driver+" ") }
		if !slices.ContainsFunc(columns, ran) {
			columns = append(columns, driver)
		}
	}
	slices.Sort(columns)
	return columns
}

// Write prints the matrix and the reasons for what was skipped, and returns how
// many parts are neither shown nor explained.
func (m *Matrix) Write(out io.Writer) (holes int) {
	columns := m.columns()
	var reasons []string
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "part\t"+strings.Join(columns, "\t"))
	for _, part := range sourcetest.Parts() {
		row := []string{part}
		for _, column := range columns {
			text, reason := m.cells[column][part].show()
			if reason != "" {
				at := slices.Index(reasons, reason)
				if at < 0 {
					at = len(reasons)
					reasons = append(reasons, reason)
				}
				text = fmt.Sprintf("skip [%d]", at+1)
			}
			if text == hole {
				holes++
			}
			row = append(row, text)
		}
		_, _ = fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	_ = table.Flush() // like any print to standard output
	for i, reason := range reasons {
		_, _ = fmt.Fprintf(out, "[%d] %s\n", i+1, reason)
	}
	return holes
}

const hole = "MISSING"

// show is the text of a cell, and the reason of one that was skipped.
func (c cell) show() (text, reason string) {
	switch c.outcome {
	case "pass":
		return "pass", ""
	case "fail":
		return "FAIL", ""
	case "skip":
		if reason := reasonOf(c.said); reason != "" {
			return "", reason
		}
	}
	return hole, ""
}

// reasonOf finds what t.Skip said: "    file.go:12: the reason".
func reasonOf(said []string) string {
	for _, line := range said {
		if _, reason, ok := strings.Cut(strings.TrimSpace(line), ".go:"); ok {
			_, reason, _ = strings.Cut(reason, ": ")
			return strings.TrimSpace(reason)
		}
	}
	return ""
}
