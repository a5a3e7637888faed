package connection

import (
	"context"
	"errors"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
)

// Validate begins another validation of a connection, or joins the one that is
// under way. An inactive connection is processing until it has ended; an active
// one stays active, unless the source itself then says no.
func (s *Service) Validate(ctx context.Context, workspaceID, connectionID, actor string) (Validation, error) {
	for {
		c, err := s.Store.Connection(ctx, workspaceID, connectionID)
		if err != nil {
			return Validation{}, err
		}
		last, err := s.LastValidation(ctx, c)
		if err != nil || last.Outcome == Running {
			return last, err
		}
		now, seen, was := s.Now().UTC(), c.ValidationID, c.Status
		v := c.newValidation(id.New(id.Validation), "requested", now)
		c.ValidationID = v.ID
		if was != Active {
			c.Status, c.StatusChange = Processing, Change{Reason: "validation requested", Actor: actor, At: now}
		}
		first, err := s.Store.RequestValidation(ctx, seen, was, c, v)
		if err != nil {
			return Validation{}, err
		}
		if first {
			return v, s.start(ctx, c, v)
		}
		// Somebody else has begun or ended one meanwhile.
	}
}

// start starts a validation that has begun, or ends it at once, so that nobody
// joins one that nothing carries out. If that fails too, the sweep ends it.
func (s *Service) start(ctx context.Context, c Connection, v Validation) error {
	err := s.Workflow.StartValidation(ctx, v.Ref())
	if err == nil {
		return nil
	}
	v.end(fault.New(fault.ValidationAborted, "the validation could not be started"), s.Now().UTC())
	c.follow(v)
	_, failed := s.Store.SettleValidation(context.WithoutCancel(ctx), v, c)
	return errors.Join(err, failed)
}

// Validation returns one validation of a connection.
func (s *Service) Validation(ctx context.Context, ref Ref) (Validation, error) {
	if _, err := s.Store.Connection(ctx, ref.WorkspaceID, ref.ConnectionID); err != nil {
		return Validation{}, err
	}
	return s.Store.Validation(ctx, ref)
}
