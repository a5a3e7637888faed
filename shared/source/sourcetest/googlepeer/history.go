package googlepeer

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// KeepHistory makes a table remember what it held before each Exec that changes
// it, so that it can be read as of a moment: by snapshot_time, and by FOR
// SYSTEM_TIME AS OF. Without it, a table reads as it is now, whatever the moment.
func (p *Peer) KeepHistory(name string) error {
	ref, err := p.ref(name)
	if err != nil {
		return err
	}
	if _, _, ok := p.warehouse.catalog.table(ref); !ok {
		return fmt.Errorf("table %s is not there", ref)
	}
	p.warehouse.catalog.change(ref, func(t *table) { t.kept = true })
	return nil
}

// keep copies a table before it changes.
func (b *warehouse) keep(ctx context.Context, ref tableRef) error {
	_, t, ok := b.catalog.table(ref)
	if !ok || !t.kept {
		return nil
	}
	copied := tableRef{ref.datasetRef, fmt.Sprintf("%s__as_of_%d", ref.table, len(t.history))}
	if _, refused := b.run(ctx, "CREATE TABLE "+copied.sql()+" AS SELECT * FROM "+ref.sql(), nil); refused != nil {
		return fmt.Errorf("keeping the history of %s: %w", ref, refused)
	}
	b.catalog.change(ref, func(t *table) { t.history = append(t.history, version{time.Now(), copied}) })
	return nil
}

// asOf returns the table that holds what ref held at a moment.
func (t *table) asOf(ref tableRef, at time.Time) (tableRef, *problem) {
	if at.After(time.Now().Add(skew)) {
		return ref, &problem{
			status: http.StatusBadRequest, reason: "invalidQuery",
			message: "Invalid snapshot time " + at.UTC().Format(time.RFC3339Nano) + " for table " + ref.String() + ". Cannot read later than now.",
		}
	}
	if t.meta != nil && t.kept && at.Before(time.UnixMilli(t.meta.CreationTime)) {
		return ref, &problem{
			status: http.StatusBadRequest, reason: "invalidQuery",
			message: "Invalid snapshot time " + at.UTC().Format(time.RFC3339Nano) + " for table " + ref.String() + ". Cannot read before the table was created.",
		}
	}
	for _, v := range t.history {
		if at.Before(v.until) {
			return v.copy, nil
		}
	}
	return ref, nil
}

var momentSQL = regexp.MustCompile(`^(?i)\s*TIMESTAMP\s*\(?\s*["']([^"']+)["']\s*\)?`)

// systemTime reads FOR SYSTEM_TIME AS OF TIMESTAMP '…' from a token on, and
// returns the moment and where the clause ends.
func (s *statement) systemTime(i int) (at time.Time, end int, ok bool) {
	for j, want := range []string{"FOR", "SYSTEM_TIME", "AS", "OF"} {
		if i+j >= len(s.tokens) || s.tokens[i+j].text != want {
			return at, 0, false
		}
	}
	from := s.tokens[i+3].end
	found := momentSQL.FindStringSubmatchIndex(s.sql[from:])
	if found == nil {
		return at, 0, false
	}
	text := s.sql[from+found[2] : from+found[3]]
	for _, layout := range []string{"2006-01-02 15:04:05.999999999Z07", time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 UTC", "2006-01-02 15:04:05.999999999"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, from + found[1], true
		}
	}
	return at, 0, false
}
