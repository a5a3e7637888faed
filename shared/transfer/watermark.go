package transfer

import (
	"time"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// watermark is where the next run is to begin once this one has succeeded, empty to
// leave the import's as it is.
//
// It is the greatest cursor that was read, and never what was not: that the source was
// read as of a moment does not say that no row with an older cursor comes after it, when cursors are in
// local time, or older than their rows. Of a time the moment is only the most that it can be,
// since a single row from the future would hide all that comes before it.
func watermark(made plan, run ingest.Run, parts []ingest.Part) string {
	c := made.Import.Cursor
	if c == nil || readsThePast(run) {
		return ""
	}
	next := ""
	for _, p := range parts {
		next = c.Later(next, p.Cursor)
	}
	if c.Type == schema.Timestamp || c.Type == schema.Date {
		if most := moment(c.Type, made.looked()); c.Later(next, most) == next {
			next = most
		}
	}
	return c.Later(made.Import.Watermark, next)
}

// looked is when the source was read, as far as it is known: no later.
func (p plan) looked() time.Time {
	if p.AsOf.IsZero() {
		return p.At
	}
	return p.AsOf
}

// moment is a time as source.Literal takes it, cut to what the type can hold.
func moment(t schema.Type, at time.Time) string {
	if t == schema.Date {
		return at.UTC().Format(time.DateOnly)
	}
	return at.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}
