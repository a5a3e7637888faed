package transfer

import (
	"time"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

// watermark is where the next run is to begin once this one has succeeded, empty to
// leave the import's as it is.
//
// Of a time it is the moment that was read, if the source has one: a row that gets
// its cursor later is at or above it, whatever was the greatest when the
// run looked. Else it is the greatest that was read, but not beyond the time of
// planning: a single row from the future would hide all that comes before it.
func watermark(made plan, run ingest.Run, parts []ingest.Part) string {
	c := made.Import.Cursor
	if c == nil || readsThePast(run) {
		return ""
	}
	next := ""
	for _, p := range parts {
		next = c.Later(next, p.Cursor)
	}
	switch {
	case c.Type != schema.Timestamp && c.Type != schema.Date:
	case !made.AsOf.IsZero():
		next = moment(c.Type, made.AsOf)
	default:
		if now := moment(c.Type, made.At); c.Later(next, now) == next {
			next = now
		}
	}
	return c.Later(made.Import.Watermark, next)
}

// moment is a time as source.Literal takes it, cut to what the type can hold.
func moment(t schema.Type, at time.Time) string {
	if t == schema.Date {
		return at.UTC().Format(time.DateOnly)
	}
	return at.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}
