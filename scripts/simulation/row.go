// Package simulation holds imports to a plain model of what they must land: a
// table of people that changes from day to day in the ways that tables of users
// do, and for each mode what the lake then has.
package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/shared/lake"
)

// Row is a row of the source's table.
type Row struct {
	ID      string    // "" is NULL, which no mode lands
	Version *int64    // an integer cursor; nil is NULL
	Changed time.Time // a timestamp cursor; its day is a date cursor
	Tag     string    // a cursor of text, in the order of Version
	Plan    string
	Email   string // one that is no address sends the row to quarantine
	Gone    bool   // deletes its key, where the import says so
}

// Good reports whether the row's mapping rejects nothing.
func (r Row) Good() bool { return r.ID != "" && strings.Contains(r.Email, "@") }

// Columns are the table's, with their logical types in package schema.
var Columns = [][2]string{
	{"user_id", "string"},
	{"version", "int64"},
	{"changed_at", "timestamp"},
	{"changed_on", "date"},
	{"tag", "string"},
	{"plan", "string"},
	{"email", "string"},
	{"gone", "bool"},
}

// Mapping is the import's mapping, as the API takes it.
const Mapping = `[
	{"source": "user_id", "target": "identifier"},
	{"source": "version", "target": "version"},
	{"source": "changed_at", "target": "changed_at"},
	{"source": "plan", "target": "plan", "transforms": ["trim", "lower"]},
	{"source": "email", "target": "email", "transforms": ["email"]},
	{"source": "gone", "target": "gone"}
]`

// Landed is the row as the lake shows it, on one line.
func (r Row) Landed() string {
	version := "null"
	if r.Version != nil {
		version = fmt.Sprint(*r.Version)
	}
	return strings.Join([]string{
		r.ID, version, r.Changed.UTC().Format("2006-01-02T15:04:05.000000Z"),
		strings.ToLower(strings.TrimSpace(r.Plan)), strings.ToLower(strings.TrimSpace(r.Email)), fmt.Sprint(r.Gone),
	}, "|")
}

func (r Row) day() string { return r.Changed.UTC().Format(time.DateOnly) }

// NDJSON renders rows as a file.
func NDJSON(rows []Row) []byte {
	var b strings.Builder
	for _, r := range rows {
		line, err := json.Marshal(r.values())
		if err != nil {
			panic("encoding texts and numbers: " + err.Error())
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// values are the row's, by column; nil is NULL.
func (r Row) values() map[string]any {
	v := map[string]any{
		"user_id": r.ID, "version": nil, "changed_at": r.Changed.UTC().Format("2006-01-02T15:04:05.000000Z"),
		"changed_on": r.day(), "tag": r.Tag, "plan": r.Plan, "email": r.Email, "gone": r.Gone,
	}
	if r.ID == "" {
		v["user_id"] = nil
	}
	if r.Version != nil {
		v["version"] = *r.Version
	}
	return v
}

// landed renders rows of the lake as Row.Landed does, sorted.
func landed(rows []lake.Row) []string {
	lines := make([]string, len(rows))
	for n, row := range rows {
		var cells []string
		for _, column := range []string{"identifier", "version", "changed_at", "plan", "email", "gone"} {
			value, _ := row.Value(column)
			if value == nil {
				value = "null"
			}
			cells = append(cells, fmt.Sprint(value))
		}
		lines[n] = strings.Join(cells, "|")
	}
	slices.Sort(lines)
	return lines
}
