package pipeline

import (
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
)

const secondsPerDay = 24 * 60 * 60

// cursor keeps the greatest value of an import's cursor.
type cursor struct {
	source int
	of     ingest.Cursor
	seen   bool
	number int64 // of a timestamp, date or int64
	text   string
}

func newCursor(c ingest.Cursor, in *arrow.Schema) (*cursor, error) {
	want, err := arrowType(c.Type)
	if err != nil {
		return nil, err
	}
	index, err := find(in, c.Column, want)
	return &cursor{source: index, of: c}, err
}

func (c *cursor) reset() { c.seen, c.number, c.text = false, 0, "" }

// read takes in a batch's values.
func (c *cursor) read(values arrow.Array) error {
	if c.of.Nulls == ingest.NullsFail && values.NullN() > 0 {
		return fault.Field(fault.RunCursorNull, c.of.Column, "a row has no value in the cursor's column")
	}
	switch v := values.(type) {
	case *array.Int64:
		greatest(c, v.Int64Values(), v)
	case *array.Timestamp:
		greatest(c, v.TimestampValues(), v)
	case *array.Date32:
		greatest(c, v.Date32Values(), v)
	case *array.String:
		c.readText(v)
	}
	return nil
}

func greatest[T ~int32 | ~int64](c *cursor, values []T, of arrow.Array) {
	nulls := of.NullN() > 0
	for i, v := range values {
		if (!c.seen || int64(v) > c.number) && (!nulls || of.IsValid(i)) {
			c.seen, c.number = true, int64(v)
		}
	}
}

func (c *cursor) readText(values *array.String) {
	found := ""
	for i := range values.Len() {
		if values.IsValid(i) {
			c.seen = true
			found = max(found, values.Value(i))
		}
	}
	if found > c.text {
		c.text = strings.Clone(found) // it lies in the batch's memory
	}
}

// The first and last moments that source.Literal can take, in microseconds.
var (
	firstMoment = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	lastMoment  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC).UnixMicro()
)

// greatest is the greatest value as a literal; one beyond the years that literals have is the nearest of them.
func (c *cursor) greatest() string {
	switch {
	case !c.seen:
		return ""
	case c.of.Type == schema.Timestamp:
		return time.UnixMicro(min(max(c.number, firstMoment), lastMoment)).UTC().Format(time.RFC3339Nano)
	case c.of.Type == schema.Date:
		day := min(max(c.number*secondsPerDay, firstMoment/1_000_000), lastMoment/1_000_000)
		return time.Unix(day, 0).UTC().Format(time.DateOnly)
	case c.of.Type == schema.Int64:
		return strconv.FormatInt(c.number, 10)
	}
	return c.text
}
