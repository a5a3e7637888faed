package file_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/shared/source/file"
)

// FuzzParse holds the parsers against the standard library: what they take
// has the same value there.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"0", "-1", "007", "1.5", "-0.25e10", "1e400", "9223372036854775807", "-9223372036854775808", "123456789012345678901234567890",
		"0.1", "5e-324", "1.7976931348623157e308", "2024-02-29", "0000-01-01", "9999-12-31", "2024-05-01T10:00:00.123456+05:30", "0000-02-29 23:59:59",
		"0.00000000000000000000000001", "100000000000000000000000", "9007199254740993", "-0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, ok := file.ParseInt([]byte(text)); ok {
			if want, err := strconv.ParseInt(text, 10, 64); err != nil || want != got || strconv.FormatInt(got, 10) != text {
				t.Errorf("int %q: %d", text, got)
			}
		}
		if got, ok := file.ParseFloat([]byte(text)); ok {
			var valid float64
			if want, err := strconv.ParseFloat(text, 64); err != nil || want != got || math.Signbit(want) != math.Signbit(got) || json.Unmarshal([]byte(text), &valid) != nil {
				t.Errorf("float %q: %v, want %v", text, got, want)
			}
		}
		if got, ok := file.ParseDate([]byte(text)); ok {
			if want, err := time.Parse(time.DateOnly, text); err != nil || want.Unix() != int64(got)*86400 {
				t.Errorf("date %q: %d", text, got)
			}
		}
		if got, ok := file.ParseTimestamp([]byte(text)); ok {
			if want, err := parseTime(text); err != nil || want.UnixMicro() != got {
				t.Errorf("timestamp %q: %d, want %v (%v)", text, got, want, err)
			}
		}
	})
}

func parseTime(text string) (time.Time, error) {
	text = strings.Replace(text, " ", "T", 1)
	if t, err := time.Parse("2006-01-02T15:04:05", text); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, text)
}

func TestEveryTimeIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, last := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
		at := time.UnixMicro(rapid.Int64Range(first.UnixMicro(), last.UnixMicro()).Draw(t, "micros")).UTC()
		days, ok := file.ParseDate([]byte(at.Format(time.DateOnly)))
		if want := at.Truncate(24*time.Hour).Unix() / 86400; !ok || int64(days) != want {
			t.Fatalf("date of %v: %d, want %d", at, days, want)
		}
		for _, layout := range []string{"2006-01-02T15:04:05.999999Z", "2006-01-02 15:04:05.000000", "2006-01-02T15:04:05.999999Z07:00"} {
			if got, ok := file.ParseTimestamp([]byte(at.Format(layout))); !ok || got != at.UnixMicro() {
				t.Fatalf("%s: %d, want %d", at.Format(layout), got, at.UnixMicro())
			}
		}
	})
}

func TestEveryExactFloatIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Float64().Draw(t, "f")
		text := strconv.FormatFloat(want, 'g', -1, 64)
		if !json.Valid([]byte(text)) || strings.HasPrefix(strings.TrimPrefix(text, "-"), ".") {
			t.Skip("not a JSON number")
		}
		if got, ok := file.ParseFloat([]byte(text)); !ok || got != want {
			if want == math.Trunc(want) && math.Abs(want) > 1<<53 {
				return // a whole number beyond what float64 holds exactly is no float
			}
			t.Fatalf("%s: %v, %v", text, got, ok)
		}
	})
}
