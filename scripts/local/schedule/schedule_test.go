package schedule_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/headwaterhq/headwater/scripts/local/schedule"
	"github.com/headwaterhq/headwater/scripts/local/template"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNext(t *testing.T) {
	for _, tc := range []struct{ expression, zone, after, want string }{
		{"rate(5 minutes)", "", "2026-11-22T10:03:00Z", "2026-11-22T10:05:00Z"},
		{"rate(5 minutes)", "", "2026-11-22T10:05:00Z", "2026-11-22T10:10:00Z"},
		{"rate(1 hour)", "", "2026-11-22T10:59:59Z", "2026-11-22T11:00:00Z"},
		{"rate(1 day)", "", "2026-11-22T10:59:59Z", "2026-11-23T00:00:00Z"},
		{"cron(0 3 * * ? *)", "UTC", "2026-11-22T02:59:59Z", "2026-11-22T03:00:00Z"},
		{"cron(0 3 * * ? *)", "", "2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z"},
		{"cron(0 3 * * ? *)", "Europe/Berlin", "2026-07-01T00:00:00Z", "2026-07-01T01:00:00Z"},
		{"cron(0/15 8-17 ? * MON-FRI *)", "", "2026-11-20T17:45:00Z", "2026-11-23T08:00:00Z"},
		{"cron(0 0 1 1 ? 2030)", "", "2026-11-22T00:00:00Z", "2030-01-01T00:00:00Z"},
		{"cron(30 12 29 FEB ? *)", "", "2026-11-22T00:00:00Z", "2028-02-29T12:30:00Z"},
		{"cron(0 9,18 ? * 1 *)", "", "2026-11-22T10:00:00Z", "2026-11-22T18:00:00Z"},
	} {
		e, err := schedule.Parse(tc.expression, tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		after, err := time.Parse(time.RFC3339, tc.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Next(after).Format(time.RFC3339); got != tc.want {
			t.Errorf("%s after %s: got %s, want %s", tc.expression, tc.after, got, tc.want)
		}
	}
}

func TestNextIsLaterAndNothingIsBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := schedule.Parse(rapid.SampledFrom([]string{"rate(7 minutes)", "cron(5,35 2-4 * * ? *)", "cron(0/20 * ? * TUE *)"}).Draw(t, "expression"), "")
		if err != nil {
			t.Fatal(err)
		}
		after := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "after"), 0).UTC()
		next := e.Next(after)
		if !next.After(after) {
			t.Fatalf("%s is not after %s", next, after)
		}
		between := after.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(after))-1).Draw(t, "between")))
		if got := e.Next(between); !got.Equal(next) {
			t.Fatalf("next after %s is %s, but after %s it is %s", after, next, between, got)
		}
	})
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	for _, expression := range []string{
		"at(2026-11-22T00:00:00)", "rate(5 fortnights)", "rate(0 minutes)", "cron(0 3 * * *)", "cron(0 3 L * ? *)", "cron(0 3 ? * 6#3 *)",
		"cron(0 3 * * * *)", "cron(61 3 * * ? *)", "every day", "cron(0/0 3 * * ? *)",
	} {
		if _, err := schedule.Parse(expression, ""); err == nil {
			t.Errorf("%s was accepted", expression)
		}
	}
	if _, err := schedule.Parse("cron(0 3 * * ? *)", "Mars/Olympus"); err == nil {
		t.Error("an unknown time zone was accepted")
	}
}

type started struct {
	Machine string
	Input   string
}

func open(t *testing.T, path string, schedules ...template.Schedule) (*schedule.Scheduler, *[]started) {
	t.Helper()
	var log []started
	s, err := schedule.Open(schedule.Config{
		Schedules: schedules, Path: path, Hold: true,
		Start: func(machine, name string, input json.RawMessage) error {
			if name == "" {
				return errors.New("an execution without a name")
			}
			log = append(log, started{machine, string(input)})
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, &log
}

var (
	often = template.Schedule{Name: "often", Expression: "rate(5 minutes)", TargetARN: "dispatch", Input: `{"at":"<aws.scheduler.scheduled-time>"}`}
	daily = template.Schedule{Name: "daily", Expression: "cron(0 3 * * ? *)", TargetARN: "upkeep"}
)

func TestAdvanceFiresEachScheduleOnceForItsLatestSlot(t *testing.T) {
	s, log := open(t, filepath.Join(t.TempDir(), "state"), often, daily)
	defer s.Close()
	before := s.Now()
	fired, err := s.Advance(48 * time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	slot := before.Add(48 * time.Hour).Truncate(5 * time.Minute)
	if len(fired) != 2 || fired[0].Slot.Sub(slot).Abs() > 5*time.Minute {
		t.Errorf("got %+v, want a slot near %s", fired, slot)
	}
	want := []started{{"dispatch", `{"at":"` + fired[0].Slot.Format(time.RFC3339) + `"}`}, {"upkeep", "{}"}}
	if d := cmp.Diff(want, *log); d != "" {
		t.Error(d)
	}
	if ahead := s.Now().Sub(before); ahead < 48*time.Hour || ahead > 48*time.Hour+time.Minute {
		t.Errorf("the clock is ahead by %s", ahead)
	}
	if fired, err := s.Advance(0); err != nil || len(fired) > 1 { // one slot may have come in the meantime
		t.Errorf("again: %+v, %v", fired, err)
	}
	if _, err := s.Advance(-time.Hour); err == nil {
		t.Error("the clock went back")
	}
}

func TestTheClockAndTheSlotsSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	first, _ := open(t, path, daily)
	if _, err := first.Advance(72 * time.Hour); err != nil {
		t.Fatal(err)
	}
	now := first.Now()
	first.Close()
	second, log := open(t, path, daily)
	defer second.Close()
	if d := second.Now().Sub(now); d < 0 || d > time.Minute {
		t.Errorf("the clock is off by %s after the restart", d)
	}
	if fired, err := second.Advance(24 * time.Hour); err != nil || len(fired) != 1 || len(*log) != 1 {
		t.Errorf("got %+v, %v", fired, err)
	}
}

func TestTimePassesByItself(t *testing.T) {
	at := time.Now().UTC().Add(2 * time.Second).Truncate(time.Minute).Add(time.Minute)
	fired := make(chan string, 1)
	s, err := schedule.Open(schedule.Config{
		Path: filepath.Join(t.TempDir(), "state"), Schedules: []template.Schedule{{Name: "soon", Expression: "rate(1 minute)", TargetARN: "m"}},
		Start: func(machine, _ string, _ json.RawMessage) error { fired <- machine; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// Just before the next slot; what Advance itself fires is taken off first.
	if _, err := s.Advance(time.Until(at) - 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	select {
	case <-fired:
	default:
	}
	select {
	case <-fired:
	case <-time.After(10 * time.Second):
		t.Error("the slot passed and nothing was started")
	}
}

func TestAnUnknownContextAttributeIsRefused(t *testing.T) {
	_, err := schedule.Open(schedule.Config{
		Path: filepath.Join(t.TempDir(), "state"), Schedules: []template.Schedule{{Name: "s", Expression: "rate(1 day)", Input: `{"x":"<aws.scheduler.colour>"}`}},
	})
	if err == nil || !strings.Contains(err.Error(), "<aws.scheduler.colour>") {
		t.Errorf("got %v", err)
	}
}
