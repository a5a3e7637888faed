package connection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// Settler ends validations.
type Settler struct {
	Store Store
	Now   func() time.Time
}

// actor is who changes a status when no person does.
const actor = "headwater"

// Settle ends a validation. With a nil cause the report decides: passed when the
// checks passed and the discovery is complete, or under way; then it is called
// again at the discovery's end. It reports false when nothing was left to end,
// or the connection is gone.
func (s *Settler) Settle(ctx context.Context, ref Ref, cause *fault.Error) (bool, error) {
	v, err := s.Store.Validation(ctx, ref)
	if gone(err) || err == nil && v.Outcome == Failed {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c, err := s.Store.Connection(ctx, ref.WorkspaceID, ref.ConnectionID)
	if gone(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if v.Outcome == Passed {
		return s.settleSchema(ctx, v, c, cause)
	}
	v.end(cause, s.Now().UTC())
	c.follow(v)
	return s.Store.SettleValidation(ctx, v, c)
}

// settleSchema ends the discovery of a validation that has passed before it.
func (s *Settler) settleSchema(ctx context.Context, v Validation, c Connection, cause *fault.Error) (bool, error) {
	d := v.Discovery
	switch {
	case d.Done() && c.SchemaRefreshed.Before(v.EndedAt): // so it was not complete then
		c.SchemaKey, c.SchemaVersion, c.SchemaRefreshed = d.Key, d.Version, s.Now().UTC()
		return s.Store.AdoptSchema(ctx, c, v.ID)
	case cause != nil && v.discovering():
		d.ErrorCode, d.ErrorMessage = string(cause.Code), cause.Message
		return s.Store.RecordDiscovery(ctx, v.Ref(), d.Pages, d)
	}
	return false, nil
}

// sweepLimit is how many a sweep looks up at once.
const sweepLimit = 100

// Sweep ends all that is overdue, whatever died before it could end by itself.
// One that cannot be ended does not keep the others from it.
func (s *Settler) Sweep(ctx context.Context) (settled int, err error) {
	late := fault.New(fault.ValidationTimedOut, "the validation did not end in time and was ended by the sweep")
	for {
		overdue, err := s.Store.OverdueValidations(ctx, s.Now(), sweepLimit)
		if err != nil {
			return settled, err
		}
		before, failures := settled, []error(nil)
		for _, v := range overdue {
			ended, err := s.Settle(ctx, v.Ref(), late)
			if err != nil {
				failures = append(failures, fmt.Errorf("settling %s: %w", v.ID, err))
			}
			if ended {
				settled++
			}
		}
		if len(overdue) < sweepLimit || settled == before {
			return settled, errors.Join(failures...)
		}
	}
}

func (v *Validation) end(cause *fault.Error, now time.Time) {
	v.EndedAt, v.Outcome = now, Failed
	switch {
	case cause != nil:
		v.ErrorCode, v.ErrorMessage = string(cause.Code), cause.Message
	case len(v.Checks) == 0:
		v.ErrorCode, v.ErrorMessage = string(fault.Internal), "the checks left no report"
	case !source.Passed(v.Checks):
		// The failing check says it.
	case v.Discovery.Pages == 0:
		v.ErrorCode, v.ErrorMessage = string(fault.Internal), "the discovery left no schema"
	default:
		v.Outcome = Passed
	}
}

// follow moves the connection to where its validation ended.
func (c *Connection) follow(v Validation) {
	was := c.Status
	switch {
	case v.Outcome == Passed:
		c.Status = Active
		if v.Discovery.Done() {
			c.SchemaKey, c.SchemaVersion, c.SchemaRefreshed = v.Discovery.Key, v.Discovery.Version, v.EndedAt
		}
	case was != Active || v.disproved():
		c.Status = Inactive
	}
	if c.Status != was {
		c.StatusChange = Change{Reason: v.reason(), Actor: actor, At: v.EndedAt}
	}
}

// disproved reports whether the source itself said no. A validation that died,
// or met a source that was down, out of reach or not understood, leaves an
// active connection active: a night without a network must not end them all.
func (v Validation) disproved() bool {
	return slices.ContainsFunc(v.Checks, func(r source.CheckResult) bool {
		return r.Mandatory && r.Outcome == source.Fail && slices.Contains(refusals(), fault.Code(r.Code))
	})
}

// refusals are the answers of a source that say that a connection is no good as it is.
func refusals() []fault.Code {
	return []fault.Code{
		fault.SourceAuthentication, fault.SourceExpired, fault.SourcePermission,
		fault.SourceNotFound, fault.SourceWrongRegion, fault.SourceInvalidConfig,
	}
}

func (v Validation) reason() string {
	if v.Outcome == Passed {
		return "all mandatory checks passed"
	}
	for _, r := range v.Checks {
		if r.Mandatory && r.Outcome == source.Fail {
			return "check " + r.Name + " failed"
		}
	}
	return v.ErrorMessage
}

func gone(err error) bool {
	code := fault.CodeOf(err)
	return code == fault.ConnectionNotFound || code == fault.ValidationNotFound
}
