package source_test

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

func TestWindows(t *testing.T) {
	whole := schema.Column{Type: schema.Int64}
	for _, tt := range []struct {
		name            string
		column          schema.Column
		least, greatest string
		want            []string
	}{
		{"one value", whole, "7", "7", []string{"7"}},
		{"few values", whole, "-1", "2", []string{"0", "1", "2"}},
		{"a date", schema.Column{Type: schema.Date}, "1969-12-31", "1970-01-02", []string{"1970-01-01", "1970-01-02"}},
		{"a moment", schema.Column{Type: schema.Timestamp}, "2024-05-01T00:00:00Z", "2024-05-01T00:00:00.000001Z", []string{"2024-05-01T00:00:00.000001Z"}},
	} {
		got, err := source.Windows(tt.column, tt.least, tt.greatest)
		if diff := gocmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
	}
	for _, c := range []schema.Column{{Type: schema.String}, {Type: schema.Float64}, {Type: schema.Time}} {
		if source.Windowed(c) {
			t.Errorf("%s is windowed", c.Type)
		}
	}
	if _, err := source.Windows(whole, "2", "1"); err == nil {
		t.Error("no error for bounds in the wrong order")
	}
}

// TestWindowsCoverEverything: every value has one window, windows ascend, and
// they are about as wide as each other.
func TestWindowsCoverEverything(t *testing.T) {
	column := schema.Column{Type: schema.Int64}
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Custom(func(t *rapid.T) int64 {
			if rapid.Bool().Draw(t, "near") {
				return rapid.Int64Range(-50, 50).Draw(t, "number")
			}
			return rapid.Int64().Draw(t, "number")
		})
		from, to := number.Draw(t, "from"), number.Draw(t, "to")
		from, to = min(from, to), max(from, to)
		texts, err := source.Windows(column, strconv.FormatInt(from, 10), strconv.FormatInt(to, 10))
		if err != nil || len(texts) == 0 || len(texts) >= source.MaxWindows {
			t.Fatalf("bounds %q, %v", texts, err)
		}
		bounds := make([]int64, len(texts))
		for i, text := range texts {
			if bounds[i], err = strconv.ParseInt(text, 10, 64); err != nil || bounds[i] < from || bounds[i] > to {
				t.Fatalf("bound %s of %d to %d, %v", text, from, to, err)
			}
			if i > 0 && bounds[i] <= bounds[i-1] {
				t.Fatalf("bounds %q do not ascend", texts)
			}
		}
		even := (float64(to) - float64(from)) / source.MaxWindows
		for i := 1; i < len(bounds); i++ {
			if width := float64(bounds[i]) - float64(bounds[i-1]); math.Abs(width-even) > 2+even/1e6 {
				t.Fatalf("a window of %d to %d is %g wide, the even width is %g: %q", from, to, width, even, texts)
			}
		}
		value := rapid.Int64Range(from, to).Draw(t, "value")
		got, err := source.Window(column, texts, strconv.FormatInt(value, 10))
		want, at := slices.BinarySearchFunc(bounds, value, func(b, v int64) int { return cmp.Compare(b, v) })
		if at {
			want++
		}
		if err != nil || got != want {
			t.Fatalf("%d is in window %d of %q, %v; want %d", value, got, texts, err, want)
		}
	})
}

func TestWindowsOfTheWholeRangeOfTimes(t *testing.T) {
	column := schema.Column{Type: schema.Timestamp}
	bounds, err := source.Windows(column, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
	if err != nil || len(bounds) != source.MaxWindows-1 {
		t.Fatalf("%d bounds, %v", len(bounds), err)
	}
	for _, b := range bounds {
		if _, err := time.Parse(time.RFC3339Nano, b); err != nil {
			t.Error(err)
		}
	}
}
