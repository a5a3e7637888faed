package transfer_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source/memsource"
)

// record is a row of a feed. Changed is in hours since the first day, and the
// cursor's value is made of it.
type record struct {
	ID      string // "" is null, and goes to quarantine
	Name    string
	Changed int
	Null    bool // it has no cursor
	Gone    bool
}

// kind is a type of cursor.
type kind struct {
	name     string
	typ      schema.Type
	unit     int                    // hours that make another value
	lookback int64                  // as a cursor has it
	below    int                    // the same in values
	literal  func(value int) string // as the source and filters have it, and as text of the lake
	clock    bool                   // it is a time
}

var day1 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func kinds() []kind {
	return []kind{
		{"timestamp", schema.Timestamp, 1, 6 * 3600, 6, func(v int) string { return day1.Add(time.Duration(v) * time.Hour).Format(time.RFC3339) }, true},
		{"date", schema.Date, 24, 1, 1, func(v int) string { return day1.AddDate(0, 0, v).Format(time.DateOnly) }, true},
		{"int64", schema.Int64, 1, 6, 6, func(v int) string { return fmt.Sprint(v) }, false},
		{"string", schema.String, 1, 0, 0, func(v int) string { return fmt.Sprintf("%08d", v) }, false},
	}
}

// value is the record's cursor, false when it has none.
func (k kind) value(r record) (int, bool) { return r.Changed / k.unit, !r.Null }

func (k kind) text(r record) string {
	if r.Null {
		return ""
	}
	v, _ := k.value(r)
	return k.literal(v)
}

// table is a feed as the source describes it.
func (k kind) table() schema.Table {
	return schema.Table{Name: tableName, Columns: []schema.Column{
		{Name: "id", Type: schema.String, Nullable: true},
		{Name: "name", Type: schema.String, Nullable: true},
		{Name: "changed", Type: k.typ, Nullable: true},
		{Name: "gone", Type: schema.Bool, Nullable: true},
	}}
}

// feed replaces the source's rows.
func (w *world) feed(t *testing.T, k kind, rows []record) {
	t.Helper()
	encoded := make([]map[string]any, len(rows))
	for n, r := range rows {
		encoded[n] = map[string]any{"name": r.Name, "gone": r.Gone}
		if r.ID != "" {
			encoded[n]["id"] = r.ID
		}
		if !r.Null {
			v, _ := k.value(r)
			if encoded[n]["changed"] = any(k.literal(v)); k.typ == schema.Int64 {
				encoded[n]["changed"] = v
			}
		}
	}
	body, err := json.Marshal(encoded)
	if err != nil {
		t.Fatal(err)
	}
	w.driver.Datasets = map[string][]memsource.Table{"crm": {{Table: k.table(), Rows: string(body)}}}
}

// ofFeed is an import of a feed. Its guards pass everything: what they hold has tests of its own.
func ofFeed(n *ingest.NewImport) {
	ignore := ingest.Guard{Action: ingest.Ignore}
	all := 1.0
	n.Mapping = ingest.Mapping{
		{Source: "id", Target: "identifier"},
		{Source: "name", Target: "name"},
		{Source: "changed", Target: "changed", Type: schema.String},
		{Source: "gone", Target: "gone"},
	}
	n.Guards = ingest.Guards{MaximumRejectedShare: &all, Volume: ignore, Deletes: ignore, MissingIdentifiers: ignore}
}

// model is what an import must have landed of a feed, in memory and in plain words.
type model struct {
	kind      kind
	mode      ingest.Mode
	cursor    *ingest.Cursor
	watermark *int
	rows      []record
}

func (m *model) run(source []record, now int) {
	var read []record
	var greatest *int
	for _, r := range source {
		v, has := m.kind.value(r)
		switch {
		case m.cursor == nil:
		case !has && m.cursor.Nulls != ingest.NullsIncluded:
			continue
		case has && m.watermark != nil && v < *m.watermark-m.below():
			continue
		}
		if read = append(read, r); has && (greatest == nil || v > *greatest) {
			greatest = &v
		}
	}
	m.land(read, false)
	now /= m.kind.unit
	switch {
	case m.cursor == nil:
		return
	case m.kind.clock && greatest != nil && *greatest > now:
		greatest = &now
	}
	if greatest != nil && (m.watermark == nil || *greatest > *m.watermark) {
		m.watermark = greatest
	}
}

func (m *model) below() int {
	if m.cursor.Lookback == 0 {
		return 0
	}
	return m.kind.below
}

// backfill reads the records from one value to below another.
func (m *model) backfill(source []record, from, to int) {
	var read []record
	for _, r := range source {
		if v, has := m.kind.value(r); has && v >= from && v < to {
			read = append(read, r)
		}
	}
	m.land(read, true)
}

// land does what the mode says with what was read.
func (m *model) land(read []record, past bool) {
	read = slices.DeleteFunc(slices.Clone(read), func(r record) bool { return r.ID == "" })
	switch {
	case m.mode == ingest.FullRefresh:
		m.rows = read
	case m.mode == ingest.Append && m.cursor == nil:
		m.rows = append(m.rows, read...)
	case m.mode == ingest.Append:
		again := make(map[record]bool)
		for _, r := range read {
			again[m.seen(r)] = true
		}
		m.rows = append(slices.DeleteFunc(m.rows, func(r record) bool { return again[m.seen(r)] }), read...)
	default:
		m.merge(read, past)
	}
}

// seen is a record as its fingerprint sees it.
func (m *model) seen(r record) record {
	v, _ := m.kind.value(r)
	if r.Changed = v; r.Null {
		r.Changed = 0
	}
	return r
}

func (m *model) merge(read []record, past bool) {
	last := make(map[string]record)
	for _, r := range read {
		if l, ok := last[r.ID]; !ok || m.compare(l, r) < 0 {
			last[r.ID] = r
		}
	}
	if past {
		for _, r := range m.rows {
			if l, ok := last[r.ID]; ok && m.cursor != nil && m.order(r) > m.order(l) {
				delete(last, r.ID)
			}
		}
	}
	m.rows = slices.DeleteFunc(m.rows, func(r record) bool { _, ok := last[r.ID]; return ok })
	for _, id := range slices.Sorted(maps.Keys(last)) {
		if !last[id].Gone {
			m.rows = append(m.rows, last[id])
		}
	}
}

func (m *model) order(r record) int {
	if v, has := m.kind.value(r); has {
		return v
	}
	return -1 << 40
}

// compare is the order of two records with one key: cursor, flag, then the other columns.
func (m *model) compare(a, b record) int {
	flag := func(r record) int {
		if r.Gone {
			return 1
		}
		return 0
	}
	byCursor := 0
	if m.cursor != nil {
		byCursor = cmp.Compare(m.order(a), m.order(b))
	}
	return cmp.Or(byCursor, cmp.Compare(flag(a), flag(b)), strings.Compare(a.Name, b.Name), strings.Compare(m.kind.text(a), m.kind.text(b)))
}

// want is the model's rows, as landed returns the lake's.
func (m *model) want() []string {
	rows := make([]string, len(m.rows))
	for n, r := range m.rows {
		rows[n] = fmt.Sprintf("%s %s %s %t", r.ID, r.Name, m.kind.text(r), r.Gone)
	}
	slices.Sort(rows)
	return rows
}

// landed is the lake's rows of a feed, in a fixed order.
func (w *world) landed(t *testing.T) []string {
	t.Helper()
	found, err := w.lake.Rows(t.Context(), lake.TableOf(w.imp), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]string, len(found))
	for n, row := range found {
		value := func(column string) any {
			v, _ := row.Value(column)
			if v == nil {
				return ""
			}
			return v
		}
		rows[n] = fmt.Sprintf("%v %v %v %v", value("identifier"), value("name"), value("changed"), value("gone"))
	}
	slices.Sort(rows)
	return rows
}
