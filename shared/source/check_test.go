package source_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// checked is a driver whose sessions have only checks.
type checked struct {
	source.Driver
	checks []source.Check
}

func (c checked) Open(context.Context, source.Config) (source.Session, error) {
	return checkedSession{checks: c.checks}, nil
}

type checkedSession struct {
	source.Session
	checks []source.Check
}

func (s checkedSession) Checks() []source.Check { return s.checks }
func (s checkedSession) Close() error           { return nil }

func TestChecksAreSkippedWhenWhatTheyNeedDidNotPass(t *testing.T) {
	ok := func(context.Context) (source.Finding, error) { return source.Finding{Detail: "fine"}, nil }
	warn := func(context.Context) (source.Finding, error) {
		return source.Finding{Warning: "hm", Remedy: source.Remedy{Text: "look"}}, nil
	}
	deny := func(context.Context) (source.Finding, error) {
		return source.Finding{}, fault.Wrap(fault.SourcePermission, "no", errors.New("AccessDenied"))
	}
	grant := func(error) source.Remedy { return source.Remedy{Text: "grant it", Snippet: "GRANT"} }
	for name, tt := range map[string]struct {
		checks []source.Check
		want   []source.CheckResult
		passed bool
	}{
		"all pass": {
			[]source.Check{{Name: "a", Run: ok}, {Name: "b", Requires: []string{"a"}, Run: ok}},
			[]source.CheckResult{{Name: "a", Mandatory: true, Outcome: source.Pass, Detail: "fine"}, {Name: "b", Mandatory: true, Outcome: source.Pass, Detail: "fine"}},
			true,
		},
		"a failure skips what needs it, and what needs that": {
			[]source.Check{
				{Name: "a", Run: deny, Remedy: grant},
				{Name: "b", Requires: []string{"a"}, Run: ok},
				{Name: "c", Requires: []string{"b"}, Run: ok},
				{Name: "d", Run: ok},
			},
			[]source.CheckResult{
				{Name: "a", Mandatory: true, Outcome: source.Fail, Code: "source.permission_denied", Detail: "no", Provider: "checking a: source.permission_denied: no: AccessDenied", Remedy: &source.Remedy{Text: "grant it", Snippet: "GRANT"}},
				{Name: "b", Mandatory: true, Outcome: source.Skipped, Detail: "skipped because a did not pass"},
				{Name: "c", Mandatory: true, Outcome: source.Skipped, Detail: "skipped because b did not pass"},
				{Name: "d", Mandatory: true, Outcome: source.Pass, Detail: "fine"},
			},
			false,
		},
		"a warning lets others go on": {
			[]source.Check{{Name: "a", Run: warn}, {Name: "b", Requires: []string{"a"}, Run: ok}},
			[]source.CheckResult{
				{Name: "a", Mandatory: true, Outcome: source.Warn, Detail: "hm", Remedy: &source.Remedy{Text: "look"}},
				{Name: "b", Mandatory: true, Outcome: source.Pass, Detail: "fine"},
			},
			true,
		},
		"an advisory failure only warns": {
			[]source.Check{{Name: "a", Advisory: true, Run: deny, Remedy: grant}},
			[]source.CheckResult{{Name: "a", Outcome: source.Warn, Code: "source.permission_denied", Detail: "no", Provider: "checking a: source.permission_denied: no: AccessDenied", Remedy: &source.Remedy{Text: "grant it", Snippet: "GRANT"}}},
			true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, checked{driver(nil), tt.checks})
			got, err := s.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].Millis = 0
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if source.Passed(got) != tt.passed {
				t.Errorf("passed: %v", !tt.passed)
			}
		})
	}
}

func TestCheckStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := open(t, checked{driver(nil), []source.Check{
		{Name: "a", Run: func(context.Context) (source.Finding, error) { cancel(); return source.Finding{}, nil }},
		{Name: "b", Run: func(context.Context) (source.Finding, error) {
			t.Error("ran after the cancellation")
			return source.Finding{}, nil
		}},
	}})
	if _, err := s.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
