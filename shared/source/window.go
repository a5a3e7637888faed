package source

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/headwaterhq/headwater/shared/schema"
)

// Windowed reports whether rows can be counted by windows of a column.
func Windowed(c schema.Column) bool {
	return slices.Contains([]schema.Type{schema.Timestamp, schema.Date, schema.Int64}, c.Type)
}

// Windows chooses the bounds of a Tally between the least and the greatest value
// of a column, both as Literal takes them: windows of about equal width, at most
// MaxWindows. Of one value it is a bound itself, of whole numbers no two windows
// are the same.
func Windows(c schema.Column, least, greatest string) ([]string, error) {
	from, err := ordinal(c, least)
	if err != nil {
		return nil, err
	}
	to, err := ordinal(c, greatest)
	if err != nil {
		return nil, err
	}
	if to < from {
		return nil, fmt.Errorf("the greatest value of %s is less than the least", c.Type)
	}
	width := uint64(to) - uint64(from) // the difference of any two, also where it is no int64
	bounds := make([]string, 0, MaxWindows-1)
	last := from
	for i := range uint64(MaxWindows - 1) {
		high, low := bits.Mul64(width, i+1)
		step, _ := bits.Div64(high, low, MaxWindows)
		if bound := int64(uint64(from) + step); bound > last {
			bounds, last = append(bounds, ordinalText(c, bound)), bound
		}
	}
	if last < to && width < MaxWindows { // few values: the greatest has a window of its own
		bounds = append(bounds, ordinalText(c, to))
	}
	if len(bounds) == 0 {
		bounds = append(bounds, ordinalText(c, from))
	}
	return bounds, nil
}

// Window is the window of a Tally with these bounds that a value is in: the
// first for one below all of them.
func Window(c schema.Column, bounds []string, value string) (int, error) {
	v, err := ordinal(c, value)
	if err != nil {
		return 0, err
	}
	for i, text := range bounds {
		bound, err := ordinal(c, text)
		if err != nil {
			return 0, err
		}
		if v < bound {
			return i, nil
		}
	}
	return len(bounds), nil
}

// ordinal is a literal as a number: microseconds or days since 1970, or itself.
func ordinal(c schema.Column, text string) (int64, error) {
	parsed, err := Literal(c, text)
	if err != nil {
		return 0, fmt.Errorf("reading a bound: %w", err)
	}
	switch v := parsed.(type) {
	case int64:
		return v, nil
	case time.Time:
		if c.Type == schema.Timestamp {
			return v.UnixMicro(), nil
		}
		if c.Type == schema.Date {
			return v.Unix() / secondsOfDay, nil // a midnight
		}
	}
	return 0, fmt.Errorf("rows are not counted by windows of a %s", c.Type)
}

const secondsOfDay = 24 * 60 * 60

func ordinalText(c schema.Column, n int64) string {
	switch c.Type {
	case schema.Timestamp:
		return time.UnixMicro(n).UTC().Format(time.RFC3339Nano)
	case schema.Date:
		return time.Unix(n*secondsOfDay, 0).UTC().Format(time.DateOnly)
	}
	return strconv.FormatInt(n, 10)
}
