package source

import (
	"context"
	"errors"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Check runs every check in order and reports each one. A check whose
// prerequisite did not pass is skipped; nothing is retried beyond the time
// limit of one check. Only a cancelled ctx is an error.
func (s *Source) Check(ctx context.Context) ([]CheckResult, error) {
	checks := s.session.Checks()
	results := make([]CheckResult, 0, len(checks))
	passed := make(map[string]bool, len(checks))
	for _, c := range checks {
		r := CheckResult{Name: c.Name, Title: c.Title, Mandatory: !c.Advisory}
		if missing := firstNot(passed, c.Requires); missing != "" {
			r.Outcome, r.Detail = Skipped, "skipped because "+missing+" did not pass"
		} else {
			s.run(ctx, c, &r)
		}
		if err := ctx.Err(); err != nil {
			return results, err
		}
		passed[c.Name] = r.Outcome == Pass || r.Outcome == Warn
		results = append(results, r)
	}
	return results, nil
}

// Passed reports whether no mandatory check failed or was skipped.
func Passed(results []CheckResult) bool {
	for _, r := range results {
		if r.Mandatory && (r.Outcome == Fail || r.Outcome == Skipped) {
			return false
		}
	}
	return true
}

func (s *Source) run(ctx context.Context, c Check, r *CheckResult) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	began := time.Now()
	found, err := call(ctx, s, "checking "+c.Name, c.Run)
	r.Millis = time.Since(began).Milliseconds()
	r.Detail = found.Detail
	switch {
	case err == nil && found.Warning == "":
		r.Outcome = Pass
	case err == nil:
		r.Outcome, r.Detail = Warn, found.Warning
		if found.Remedy != (Remedy{}) {
			r.Remedy = &found.Remedy
		}
	default:
		r.Outcome = Fail
		if c.Advisory {
			r.Outcome = Warn
		}
		s.explain(c, err, r)
	}
}

// explain fills in why a check failed and what to do about it.
func (s *Source) explain(c Check, err error, r *CheckResult) {
	r.Code = string(fault.CodeOf(err))
	if e, ok := fault.As(err); ok {
		r.Detail = e.Message
		if cause := errors.Unwrap(e); cause != nil {
			r.Provider = cause.Error()
		}
	}
	if c.Remedy != nil {
		remedy := c.Remedy(err)
		r.Remedy = &remedy
	} else if class, ok := fault.Lookup(fault.CodeOf(err)); ok {
		r.Remedy = &Remedy{Text: class.Remedy}
	}
}

func firstNot(passed map[string]bool, names []string) string {
	for _, n := range names {
		if !passed[n] {
			return n
		}
	}
	return ""
}
