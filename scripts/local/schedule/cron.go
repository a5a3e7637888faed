package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cron has six fields: minutes, hours, day of month, month, day of week (1 is Sunday), year. One of the days is "?".
type cron struct {
	zone                                          *time.Location
	minutes, hours, days, months, weekdays, years field
}

// field is the set of values that a field allows; nil is every value.
type field map[int]bool

func (f field) has(v int) bool { return f == nil || f[v] }

const (
	firstYear = 1970
	lastYear  = 2199
)

func parseCron(text string, zone *time.Location) (Expression, error) {
	parts := strings.Fields(text)
	if len(parts) != 6 {
		return nil, fmt.Errorf("cron(%s) does not have six fields", text)
	}
	if (parts[2] == "?") == (parts[4] == "?") {
		return nil, fmt.Errorf("cron(%s) must have ? for either the day of month or the day of week", text)
	}
	c := &cron{zone: zone}
	for i, target := range []struct {
		into     *field
		from, to int
		names    string
	}{
		{&c.minutes, 0, 59, ""},
		{&c.hours, 0, 23, ""},
		{&c.days, 1, 31, ""},
		{&c.months, 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
		{&c.weekdays, 1, 7, "SUNMONTUEWEDTHUFRISAT"},
		{&c.years, firstYear, lastYear, ""},
	} {
		f, err := parseField(parts[i], target.from, target.to, target.names)
		if err != nil {
			return nil, fmt.Errorf("field %d of cron(%s): %w", i+1, text, err)
		}
		*target.into = f
	}
	return c, nil
}

func parseField(text string, from, to int, names string) (field, error) {
	if text == "*" || text == "?" {
		return nil, nil
	}
	out := field{}
	for item := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(item, "/")
		step := 1
		if stepped {
			var err error
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return nil, fmt.Errorf("%q is not a step", stepText)
			}
		}
		low, high := from, to
		if span != "*" {
			lowText, highText, ranged := strings.Cut(span, "-")
			var err error
			if low, err = parseValue(lowText, from, to, names); err != nil {
				return nil, err
			}
			switch {
			case ranged:
				if high, err = parseValue(highText, from, to, names); err != nil {
					return nil, err
				}
			case !stepped:
				high = low
			}
		}
		for v := low; v <= high; v += step {
			out[v] = true
		}
	}
	return out, nil
}

func parseValue(text string, from, to int, names string) (int, error) {
	if i := strings.Index(names, strings.ToUpper(text)); len(text) == 3 && i >= 0 && i%3 == 0 {
		return from + i/3, nil
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < from || v > to {
		return 0, fmt.Errorf("the laptop stack does not know the value %q", text)
	}
	return v, nil
}

// Next looks for the day first, then for hour and minute within it.
func (c *cron) Next(after time.Time) time.Time {
	t := after.In(c.zone).Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= lastYear {
		switch {
		case !c.years.has(t.Year()):
			t = time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, c.zone)
		case !c.months.has(int(t.Month())):
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, c.zone)
		case !c.days.has(t.Day()) || !c.weekdays.has(int(t.Weekday())+1):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, c.zone)
		case !c.hours.has(t.Hour()):
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+1, 0, 0, 0, c.zone)
		case !c.minutes.has(t.Minute()):
			t = t.Add(time.Minute)
		default:
			return t.UTC()
		}
	}
	return time.Time{}
}
