package ingest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// earliest is the first moment that the lake's dates have.
var earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

// Lower returns a watermark less the lookback: what a run reads from, inclusive.
// Below the first value of the type it is that. "" stays "": everything is read.
func (c Cursor) Lower(watermark string) (string, error) {
	if watermark == "" || c.Lookback == 0 || c.Type == schema.String {
		return watermark, nil
	}
	value, err := c.parse(watermark)
	if err != nil {
		return "", fmt.Errorf("lowering the watermark: %w", err)
	}
	switch v := value.(type) {
	case int64:
		if v < math.MinInt64+c.Lookback {
			return fmt.Sprint(int64(math.MinInt64)), nil
		}
		return fmt.Sprint(v - c.Lookback), nil
	case time.Time:
		if c.Type == schema.Date {
			return later(v.AddDate(0, 0, -int(c.Lookback)), earliest).Format(time.DateOnly), nil
		}
		return later(v.Add(-time.Duration(c.Lookback)*time.Second), earliest).UTC().Format(time.RFC3339Nano), nil
	}
	return watermark, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// Later returns the greater of two values of the cursor, in the order that filters
// compare in. "" and what is no value of it are the least.
func (c Cursor) Later(a, b string) string {
	if c.compare(a, b) < 0 {
		return b
	}
	return a
}

func (c Cursor) compare(a, b string) int {
	if a == "" || b == "" || c.Type == schema.String {
		return strings.Compare(a, b)
	}
	x, errX := c.parse(a)
	y, errY := c.parse(b)
	switch {
	case errX != nil && errY != nil:
		return 0
	case errX != nil:
		return -1
	case errY != nil:
		return 1
	}
	switch x := x.(type) {
	case time.Time:
		return x.Compare(y.(time.Time))
	case int64:
		return cmp.Compare(x, y.(int64))
	}
	return strings.Compare(a, b)
}

// beyond reports whether a value of the cursor is a time, and later than the moment.
func (c Cursor) beyond(text string, at time.Time) bool {
	value, err := c.parse(text)
	moment, isTime := value.(time.Time)
	return err == nil && isTime && moment.After(at)
}

func (c Cursor) parse(text string) (any, error) {
	return source.Literal(schema.Column{Type: c.Type}, text)
}

// maxLookback is the largest lookback by type: ten years of a timestamp or a date.
func maxLookback(t schema.Type) int64 {
	switch t {
	case schema.Timestamp:
		return 3660 * 24 * 60 * 60
	case schema.Date:
		return 3660
	case schema.Int64:
		return math.MaxInt64
	}
	return 0
}

// Reads returns the filter of what a run of the import reads from its source: the
// import's own, and what cursor, watermark, range and nulls add to it. The import
// is as it was when the run was planned.
func (i Import) Reads(r Run) (source.Filter, error) {
	filter := append(source.Filter(nil), i.Filter...)
	switch {
	case i.Cursor == nil || r.Trigger == Replay: // a replay reads rows that were read so before
		return filter, nil
	case r.Range != nil:
		return append(filter,
			source.Condition{Column: i.Cursor.Column, Op: source.GreaterOrEqual, Values: []string{r.Range.From}},
			source.Condition{Column: i.Cursor.Column, Op: source.Less, Values: []string{r.Range.To}},
		), nil
	}
	lower, err := i.Cursor.Lower(i.Watermark)
	withNulls := i.Cursor.Nulls == NullsIncluded || i.Cursor.Nulls == NullsFail
	switch {
	case err != nil:
		return nil, err
	case lower != "":
		filter = append(filter, source.Condition{
			Column: i.Cursor.Column, Op: source.GreaterOrEqual, Values: []string{lower}, OrNull: withNulls,
		})
	case !withNulls:
		filter = append(filter, source.Condition{Column: i.Cursor.Column, Op: source.NotNull})
	}
	return filter, nil
}

// Sources are the source columns that a run reads, each once: those of the mapping, those
// that tell rows apart, mapped still or not, and the cursor.
func (i Import) Sources() []string {
	names := i.Mapping.Sources()
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range i.Fingerprint {
		add(name)
	}
	if i.Cursor != nil {
		add(i.Cursor.Column)
	}
	return names
}

// fingerprint is what tells the rows of a new import apart: all that it reads. Nil where nothing needs it.
func (i Import) fingerprint() []string {
	if i.Cursor == nil || i.Mode != Append {
		return nil
	}
	names := i.Sources()
	slices.Sort(names)
	return names
}

// Tells refuses a table that lacks a column of Fingerprint: without it what is read again cannot be told from what is new.
func (i Import) Tells(table schema.Table) error {
	for _, name := range i.Fingerprint {
		if _, ok := table.Column(name); !ok {
			return fault.Field(fault.RunSchemaGate, name, "the column is gone, and is one of those that tell the rows of this import apart: bring it back, or create another import")
		}
	}
	return nil
}
