package dynamostore

import (
	"context"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/source"
)

// running is the condition of everything that changes a validation.
const running = "#outcome = :running"

// BeginValidation writes v and points its connection to it.
func (s *Store) BeginValidation(ctx context.Context, v connection.Validation) error {
	const validationAt = 0
	refused, err := s.transact(ctx, "beginning validation",
		put(newValidationItem(v), absent),
		update(connectionKey(v.WorkspaceID, v.ConnectionID), "SET #validation_id = :id", exists, values{":id": v.ID}),
	)
	if err != nil || refused == nil || refused.at(validationAt) {
		return err
	}
	return noConnection()
}

// RequestValidation writes v and moves its connection, at once, if nobody else has.
func (s *Store) RequestValidation(ctx context.Context, seen string, was connection.Status, c connection.Connection, v connection.Validation) (bool, error) {
	const connectionAt = 1
	c.ValidationID = v.ID
	begin := values{":seen": seen, ":was": was}
	change, err := assign(newConnectionItem(c), connectionRequest, begin)
	if err != nil {
		return false, err
	}
	refused, err := s.transact(ctx, "requesting validation",
		put(newValidationItem(v), absent),
		update(connectionKey(c.WorkspaceID, c.ID), change, "#validation_id = :seen AND #status = :was", begin),
	)
	if err == nil && refused != nil && refused.at(connectionAt) && !refused.found(connectionAt) {
		return false, noConnection()
	}
	return err == nil && refused == nil, err
}

// Validation returns one validation, or fault.ValidationNotFound.
func (s *Store) Validation(ctx context.Context, ref connection.Ref) (connection.Validation, error) {
	missing := fault.New(fault.ValidationNotFound, "there is no such validation")
	return one(ctx, s, "reading validation", validationKey(ref), missing, decodeValidation)
}

// RecordChecks keeps the report if the validation is running. Texts so long that they could
// fill the item are cut.
func (s *Store) RecordChecks(ctx context.Context, ref connection.Ref, checks []source.CheckResult) (bool, error) {
	return s.write(ctx, "recording checks", update(validationKey(ref), "SET #checks = :checks", running,
		values{":checks": newCheckItems(checks), ":running": connection.Running}))
}

// RecordDiscovery keeps progress if the validation has not failed and its discovery still stands at page from.
func (s *Store) RecordDiscovery(ctx context.Context, ref connection.Ref, from int, d connection.Discovery) (bool, error) {
	return s.write(ctx, "recording discovery", update(validationKey(ref), "SET #discovery = :discovery",
		"#outcome IN (:running, :passed) AND #discovery.#pages = :from",
		values{":discovery": discoveryItem(d), ":running": connection.Running, ":passed": connection.Passed, ":from": from}))
}

// AdoptSchema points the connection to c's schema, if the validation is still its newest.
func (s *Store) AdoptSchema(ctx context.Context, c connection.Connection, validationID string) (bool, error) {
	adopted := values{":newest": validationID}
	change, err := assign(newConnectionItem(c), connectionSchema, adopted)
	if err != nil {
		return false, err
	}
	return s.write(ctx, "adopting schema", update(connectionKey(c.WorkspaceID, c.ID), change, "#validation_id = :newest", adopted))
}

// SettleValidation ends a running validation and moves its connection, at once, if it is the connection's newest.
func (s *Store) SettleValidation(ctx context.Context, v connection.Validation, c connection.Connection) (bool, error) {
	const doing = "settling validation"
	end := values{":running": connection.Running}
	endChange, err := assign(newValidationItem(v), validationEnd, end)
	if err != nil {
		return false, err
	}
	standing := values{":settled": v.ID}
	standingChange, err := assign(newConnectionItem(c), connectionStanding, standing)
	if err != nil {
		return false, err
	}
	const validationAt, connectionAt = 0, 1
	ending := update(validationKey(v.Ref()), endChange, running, end)
	refused, err := s.transact(ctx, doing, ending,
		update(connectionKey(c.WorkspaceID, c.ID), standingChange, exists+" AND #validation_id = :settled", standing))
	if err == nil && refused != nil && !refused.at(validationAt) && refused.found(connectionAt) { // a newer one has begun
		refused, err = s.transact(ctx, doing, ending)
	}
	return err == nil && refused == nil, err
}

// OverdueValidations returns running validations whose deadline is before now.
func (s *Store) OverdueValidations(ctx context.Context, now time.Time, limit int) ([]connection.Validation, error) {
	if limit < 1 {
		return nil, nil
	}
	overdue := search{index: names.WorkOpen, before: string(stamp(now)), of: names.ConnectionPartition}
	return find(ctx, s, "finding overdue validations", overdue, limit, decodeValidation, func(v connection.Validation) bool {
		return v.Outcome == connection.Running && stamp(v.Deadline) < stamp(now)
	})
}
