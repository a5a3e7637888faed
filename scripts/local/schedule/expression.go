// Package schedule is EventBridge Scheduler on a clock that can be moved: it starts state machines at the slots of rate and
// cron expressions.
package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Expression gives the slots of a schedule.
type Expression interface {
	// Next is the first slot after a time; zero when there is none.
	Next(after time.Time) time.Time
}

// Parse reads rate(…) and cron(…), the latter in a time zone, UTC if it is empty. What it does not know it refuses by name:
// at(…), and L, W and # in cron.
func Parse(expression, timezone string) (Expression, error) {
	name, rest, ok := strings.Cut(strings.TrimSuffix(expression, ")"), "(")
	if !ok || !strings.HasSuffix(expression, ")") {
		return nil, fmt.Errorf("%q is not a schedule expression", expression)
	}
	switch name {
	case "rate":
		return parseRate(rest)
	case "cron":
		if timezone == "" {
			timezone = "UTC"
		}
		zone, err := time.LoadLocation(timezone)
		if err != nil {
			return nil, fmt.Errorf("the time zone %q is unknown", timezone)
		}
		return parseCron(rest, zone)
	default:
		return nil, fmt.Errorf("the laptop stack does not know the schedule expression %s", name)
	}
}

// rate has a slot at every multiple of its period since 1970, where AWS counts from the schedule's creation.
type rate struct{ period time.Duration }

func parseRate(text string) (Expression, error) {
	number, unit, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("rate(%s) has no positive number", text)
	}
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	period, ok := units[strings.TrimSuffix(unit, "s")]
	if !ok {
		return nil, fmt.Errorf("rate(%s) has no known unit", text)
	}
	return rate{time.Duration(n) * period}, nil
}

func (r rate) Next(after time.Time) time.Time {
	return time.Unix(0, 0).UTC().Add(after.Sub(time.Unix(0, 0)).Truncate(r.period) + r.period)
}
