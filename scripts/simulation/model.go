package simulation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Import is an import of the table, by what matters to what it lands.
type Import struct {
	Name     string
	Mode     string // full_refresh, append or merge
	Cursor   string // column; empty: every run reads everything
	Lookback int64  // as the API takes it
	Nulls    string // exclude or include
	Deleted  string // column of the flag in merge; empty: none
}

// Imports are imports in every mode, by every kind of cursor that the table has.
func Imports() []Import {
	const seconds = int64(LateTime / time.Second)
	return []Import{
		{Name: "full refresh", Mode: "full_refresh"},
		{Name: "append everything", Mode: "append"},
		{Name: "append by version", Mode: "append", Cursor: "version", Lookback: Late, Nulls: "include"},
		{Name: "append by time", Mode: "append", Cursor: "changed_at", Lookback: seconds},
		{Name: "merge everything", Mode: "merge"},
		{Name: "merge by version", Mode: "merge", Cursor: "version", Lookback: Late, Nulls: "exclude", Deleted: "gone"},
		{Name: "merge by time", Mode: "merge", Cursor: "changed_at", Lookback: seconds, Deleted: "gone"},
		{Name: "merge by day", Mode: "merge", Cursor: "changed_on", Lookback: 1},
		{Name: "merge by text", Mode: "merge", Cursor: "tag"},
	}
}

// Model is what an import's table in the lake must hold.
type Model struct {
	Import
	rows map[string]int // landed rows, as Row.Landed has them, and how often; in merge by identifier in keys
	keys map[string]string
	seen map[string]bool // rows that the table had at the last run
}

// NewModel is the model of an import that has not run yet.
func NewModel(i Import) *Model {
	return &Model{Import: i, rows: map[string]int{}, keys: map[string]string{}, seen: map[string]bool{}}
}

// Run does what a run does that reads the table from a lower boundary on, which is "" when there is none. It returns
// the rows that are read, landed and quarantined.
func (m *Model) Run(table []Row, from string) (read, landed, quarantined int) {
	var good []Row
	clear(m.seen)
	for _, r := range table {
		m.seen[r.Landed()] = true
		if !m.reads(r, from) {
			continue
		}
		read++
		if r.Good() {
			good = append(good, r)
		}
	}
	switch m.Mode {
	case "full_refresh":
		clear(m.rows)
		m.add(good)
	case "append":
		if m.Cursor != "" {
			for _, r := range good {
				delete(m.rows, r.Landed()) // what is read again replaces what was
			}
		}
		m.add(good)
	case "merge":
		m.merge(good)
	}
	return read, len(good), read - len(good)
}

// Overlooked are the rows of the table that have come or changed since the last run and that a run from a lower boundary on would not
// read: none, whoever sets the boundary.
func (m *Model) Overlooked(table []Row, from string) (rows []string) {
	for _, r := range table {
		if !m.seen[r.Landed()] && !m.reads(r, from) && (r.Version != nil || m.Cursor != "version") {
			rows = append(rows, r.Landed())
		}
	}
	return rows
}

func (m *Model) add(rows []Row) {
	for _, r := range rows {
		m.rows[r.Landed()]++
	}
}

// merge keeps the last row of each key, and none where that deletes it.
func (m *Model) merge(rows []Row) {
	slices.SortFunc(rows, m.order)
	for _, r := range rows {
		if m.Deleted != "" && r.Gone {
			delete(m.keys, r.ID)
		} else {
			m.keys[r.ID] = r.Landed()
		}
	}
}

// order is which of two rows is the later one: by the cursor, then by the other columns.
func (m *Model) order(a, b Row) int {
	by := 0
	switch m.Cursor {
	case "changed_at":
		by = a.Changed.Compare(b.Changed)
	case "changed_on":
		by = cmp.Compare(a.day(), b.day())
	case "tag":
		by = cmp.Compare(a.Tag, b.Tag)
	}
	return cmp.Or(by, versions(a, b), a.Changed.Compare(b.Changed), cmp.Compare(a.Landed(), b.Landed()))
}

func versions(a, b Row) int {
	switch {
	case a.Version == nil && b.Version == nil:
		return 0
	case a.Version == nil:
		return -1
	case b.Version == nil:
		return 1
	}
	return cmp.Compare(*a.Version, *b.Version)
}

// reads reports whether a run from a lower boundary on reads the row.
func (m *Model) reads(r Row, from string) bool {
	switch m.Cursor {
	case "version":
		if r.Version == nil {
			return m.Nulls == "include"
		}
		least, err := strconv.ParseInt(from, 10, 64)
		return err != nil || *r.Version >= least
	case "changed_at":
		least, err := time.Parse(time.RFC3339Nano, from)
		return err != nil || !r.Changed.Before(least)
	case "changed_on":
		return r.day() >= from
	case "tag":
		return r.Tag >= from
	}
	return true
}

// Tells reports whether From tells the lower boundary of a run: of a time it depends on the moment of the source's snapshot.
func (m *Model) Tells() bool { return m.Cursor == "" || m.Cursor == "version" || m.Cursor == "tag" }

// From is the lower boundary of the next run, where it follows from the table alone: that of a whole number or a text
// that the last run read, less the lookback.
func (m *Model) From(read []Row, before string) string {
	greatest, found := int64(0), before != ""
	if found {
		greatest, _ = strconv.ParseInt(before, 10, 64)
		greatest += m.Lookback
	}
	text := before
	for _, r := range read {
		if !m.reads(r, before) {
			continue
		}
		text = max(text, r.Tag)
		if r.Version != nil && (!found || *r.Version > greatest) {
			greatest, found = *r.Version, true
		}
	}
	switch {
	case m.Cursor == "tag":
		return text
	case m.Cursor == "version" && found:
		return fmt.Sprint(greatest - m.Lookback)
	}
	return ""
}

// Rows are the rows that the lake must hold, sorted.
func (m *Model) Rows() []string {
	if m.Mode == "merge" {
		return slices.Sorted(maps.Values(m.keys))
	}
	var rows []string
	for row, n := range m.rows {
		for range n {
			rows = append(rows, row)
		}
	}
	slices.Sort(rows)
	return rows
}
