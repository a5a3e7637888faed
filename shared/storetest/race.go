package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// testRaces lets many do at once what only one may do.
func testRaces(t *testing.T, s Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"connection name": raceName,
		"import name":     raceImportName,
		"claim":           raceClaim,
		"skip":            raceSkip,
		"change":          raceChange,
		"open run":        raceOpenRun,
		"move":            raceMove,
		"reopen":          raceReopen,
		"replay":          raceReplay,
		"part":            racePart,
		"count":           raceCount,
		"settle":          raceSettle,
		"begin":           raceBegin,
		"request":         raceRequest,
		"page":            racePage,
		"run key":         raceRunKey,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

// oneOf fails the test unless exactly one racer won and all others lost as they should.
func oneOf(t *testing.T, errs []error, lost fault.Code) {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case fault.CodeOf(err) != lost:
			t.Errorf("lost with %v, want %s", err, lost)
		}
	}
	if won != 1 {
		t.Errorf("%d won, want one", won)
	}
}

// verdict is the answer of a conditional write.
type verdict struct {
	won bool
	err error
}

func oneWon(t *testing.T, verdicts []verdict) {
	t.Helper()
	won := 0
	for _, v := range verdicts {
		if v.err != nil {
			t.Errorf("lost with %v, want false", v.err)
		}
		if v.won {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d won, want one", won)
	}
}

func raceName(t *testing.T, s Store) {
	oneOf(t, race(func(int) error {
		c, v := newConnection("w")
		c.Name = "the only one"
		return s.CreateConnection(t.Context(), c, v)
	}), fault.ConnectionNameTaken)
}

func raceImportName(t *testing.T, s Store) {
	oneOf(t, race(func(int) error {
		i := newImport("w")
		i.Name = "the only one"
		return s.CreateImport(t.Context(), i)
	}), fault.ImportNameTaken)
}

func raceClaim(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	next := noon.AddDate(0, 0, 1)
	oneOf(t, race(func(int) error { return s.OpenRun(t.Context(), i, newClaim(i), next) }), fault.ImportRunOpen)
	runs, err := s.Runs(t.Context(), "w", i.ID, "", 100)
	ok(t, "Runs", err)
	got := getImport(t, s, i)
	if len(runs) != 1 || got.OpenRunID != runs[0].ID || !got.NextRunAt.Equal(ms(next)) {
		t.Errorf("after the claims: %d runs, open run %q, next at %v; want one run, open, and the next slot", len(runs), got.OpenRunID, got.NextRunAt)
	}
}

func raceSkip(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	oneWon(t, race(func(n int) verdict {
		moved, err := s.SkipSlot(t.Context(), i, noon.Add(time.Duration(n+1)*time.Hour))
		return verdict{moved, err}
	}))
}

func raceChange(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	oneWon(t, race(func(n int) verdict {
		changed := i
		changed.Precedence = i.Precedence + n + 1
		done, err := s.UpdateImport(t.Context(), changed)
		return verdict{done, err}
	}))
}

func raceOpenRun(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	oneOf(t, race(func(n int) error {
		if n%2 == 0 { // by hand, against the claim
			return s.OpenRun(t.Context(), i, newRun(i), time.Time{})
		}
		return s.OpenRun(t.Context(), i, newClaim(i), noon.AddDate(0, 0, 1))
	}), fault.ImportRunOpen)
}

func raceMove(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	r := addRun(t, s, i)
	oneWon(t, race(func(n int) verdict {
		to := r
		to.Status, to.ErrorMessage = []ingest.Status{ingest.Running, ingest.Failed}[n%2], fmt.Sprint(n)
		moved, err := s.MoveRun(t.Context(), r, to)
		return verdict{moved, err}
	}))
	got := getRun(t, s, r)
	if open := getImport(t, s, i).OpenRunID != ""; got.Revision != 1 || open != got.Status.Open() {
		t.Errorf("run at revision %d is %s while its import is held: %t", got.Revision, got.Status, open)
	}
}

func racePart(t *testing.T, s Store) {
	r := addRunning(t, s, 1)
	one := part(0, 0, "", "a", true)
	oneWon(t, race(func(n int) verdict {
		p := one
		p.FilesKey = fmt.Sprint(n)
		kept, err := s.RecordPart(t.Context(), r.Ref(), p)
		return verdict{kept, err}
	}))
	if got := getRun(t, s, r); got.Counts != one.Counts || got.SplitsDone != 1 {
		t.Errorf("counts %+v and %d splits done, want those of one part", got.Counts, got.SplitsDone)
	}
}

// raceCount is not lost by anybody: every worker records a part of its own split in the same run.
func raceCount(t *testing.T, s Store) {
	const racers = 64
	r := addRunning(t, s, racers)
	var want ingest.Counts
	for range racers {
		want = want.Add(part(0, 0, "", "a", true).Counts)
	}
	for _, v := range race(func(n int) verdict {
		kept, err := s.RecordPart(t.Context(), r.Ref(), part(n, 0, "", "a", true))
		return verdict{kept, err}
	}) {
		if v.err != nil || !v.won {
			t.Errorf("RecordPart = %t, %v", v.won, v.err)
		}
	}
	if got := getRun(t, s, r); got.Counts != want || got.SplitsDone != racers {
		t.Errorf("counts %+v and %d splits done, want %+v and all", got.Counts, got.SplitsDone, want)
	}
}

func raceRequest(t *testing.T, s Store) {
	c, first := addConnection(t, s, "w")
	oneWon(t, race(func(int) verdict {
		v := newValidation(c, id.New(id.Validation))
		begun, err := s.RequestValidation(t.Context(), first.ID, c.Status, c, v)
		return verdict{begun, err}
	}))
}

func raceSettle(t *testing.T, s Store) {
	c, v := addConnection(t, s, "w")
	oneWon(t, race(func(n int) verdict {
		ended, moved := v, c
		ended.Outcome, moved.Status = connection.Failed, connection.Inactive
		if n%2 == 0 {
			ended.Outcome, moved.Status = connection.Passed, connection.Active
		}
		settled, err := s.SettleValidation(t.Context(), ended, moved)
		return verdict{settled, err}
	}))
	ended, moved := getValidation(t, s, v.Ref()), getConnection(t, s, c)
	if (ended.Outcome == connection.Passed) != (moved.Status == connection.Active) {
		t.Errorf("the validation %s and the connection is %s", ended.Outcome, moved.Status)
	}
}

func raceBegin(t *testing.T, s Store) {
	c, _ := addConnection(t, s, "w")
	v := newValidation(c, id.New(id.Validation))
	for _, err := range race(func(int) error { return s.BeginValidation(t.Context(), v) }) {
		if err != nil {
			t.Errorf("BeginValidation: %v", err)
		}
	}
	same(t, "validation", v, getValidation(t, s, v.Ref()))
}

func racePage(t *testing.T, s Store) {
	_, v := addConnection(t, s, "w")
	oneWon(t, race(func(n int) verdict {
		kept, err := s.RecordDiscovery(t.Context(), v.Ref(), 0, connection.Discovery{Pages: 1, Cursor: fmt.Sprint(n)})
		return verdict{kept, err}
	}))
}
