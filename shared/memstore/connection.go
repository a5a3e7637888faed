package memstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

func noConnection() error {
	return fault.New(fault.ConnectionNotFound, "there is no such connection")
}

// Connection returns one connection.
func (s *Store) Connection(_ context.Context, workspaceID, id string) (connection.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.connections[owned{workspaceID, id}]
	if !ok {
		return connection.Connection{}, noConnection()
	}
	return clone(c), nil
}

// Connections returns a page of a workspace's connections, newest first.
func (s *Store) Connections(_ context.Context, workspaceID, after string, limit int) ([]connection.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newest(s.connections, after, limit, func(c connection.Connection) (string, bool) {
		return c.ID, c.WorkspaceID == workspaceID
	}), nil
}

// newest returns a page of the wanted values by their ids, downwards from after.
func newest[K comparable, T any](all map[K]T, after string, limit int, pick func(T) (id string, ok bool)) []T {
	var found []T
	for _, v := range all {
		if id, ok := pick(v); ok && (after == "" || id < after) {
			found = append(found, clone(v))
		}
	}
	slices.SortFunc(found, func(a, b T) int {
		idA, _ := pick(a)
		idB, _ := pick(b)
		return strings.Compare(idB, idA)
	})
	return found[:max(0, min(limit, len(found)))]
}

// PlatformCounts returns how many connections a workspace has to each platform.
func (s *Store) PlatformCounts(_ context.Context, workspaceID string) (map[string]int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int)
	for _, c := range s.connections {
		if c.WorkspaceID == workspaceID {
			counts[c.Platform]++
		}
	}
	return counts, nil
}

// ActiveConnections returns all active connections of every workspace in one page.
func (s *Store) ActiveConnections(_ context.Context, cursor string) ([]connection.Connection, string, error) {
	if cursor != "" {
		return nil, "", fault.New(fault.InvalidCursor, "the cursor is not one that this list returned")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []connection.Connection
	for _, c := range s.connections {
		if c.Status == connection.Active {
			found = append(found, clone(c))
		}
	}
	return found, "", nil
}

// CreateConnection writes the connection, its name and its first validation at once.
func (s *Store) CreateConnection(_ context.Context, c connection.Connection, v connection.Validation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.connections[owned{c.WorkspaceID, c.ID}]; taken {
		return errors.New("creating connection: its id is taken")
	}
	if _, taken := s.validations[v.Ref()]; taken {
		return errors.New("creating connection: its id is taken")
	}
	n := nameOf(c.WorkspaceID, "connection", c.Name)
	if _, taken := s.names[n]; taken {
		return fault.Field(fault.ConnectionNameTaken, "name", "another connection of the workspace has this name")
	}
	s.names[n] = c.ID
	s.putConnection(c)
	s.putValidation(v)
	return nil
}

func (s *Store) putConnection(c connection.Connection) {
	c = clone(c)
	c.StatusChange.At, c.SchemaRefreshed, c.CreatedAt = milli(c.StatusChange.At), milli(c.SchemaRefreshed), milli(c.CreatedAt)
	s.connections[owned{c.WorkspaceID, c.ID}] = c
}

func (s *Store) putValidation(v connection.Validation) {
	v = clone(v)
	v.StartedAt, v.Deadline, v.EndedAt = milli(v.StartedAt), milli(v.Deadline), milli(v.EndedAt)
	s.validations[v.Ref()] = v
}

// DropConnection removes what CreateConnection wrote.
func (s *Store) DropConnection(_ context.Context, c connection.Connection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.connections, owned{c.WorkspaceID, c.ID})
	delete(s.validations, connection.Ref{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, ValidationID: c.ValidationID})
	if n := nameOf(c.WorkspaceID, "connection", c.Name); s.names[n] == c.ID {
		delete(s.names, n)
	}
	return nil
}

// BeginValidation writes v and points its connection to it.
func (s *Store) BeginValidation(_ context.Context, v connection.Validation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, begun := s.validations[v.Ref()]; begun {
		return nil
	}
	c, ok := s.connections[owned{v.WorkspaceID, v.ConnectionID}]
	if !ok {
		return noConnection()
	}
	c.ValidationID = v.ID
	s.putConnection(c)
	s.putValidation(v)
	return nil
}

// RequestValidation writes v and moves its connection, at once, if nobody else has.
func (s *Store) RequestValidation(_ context.Context, seen string, was connection.Status, c connection.Connection, v connection.Validation) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	moved, ok := s.connections[owned{c.WorkspaceID, c.ID}]
	if !ok {
		return false, noConnection()
	}
	if _, taken := s.validations[v.Ref()]; taken || moved.ValidationID != seen || moved.Status != was {
		return false, nil
	}
	moved.ValidationID, moved.Status, moved.StatusChange = v.ID, c.Status, c.StatusChange
	s.putConnection(moved)
	s.putValidation(v)
	return true, nil
}

// Validation returns one validation.
func (s *Store) Validation(_ context.Context, ref connection.Ref) (connection.Validation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.validations[ref]
	if !ok {
		return connection.Validation{}, fault.New(fault.ValidationNotFound, "there is no such validation")
	}
	return clone(v), nil
}

// running returns a validation that has not ended.
func (s *Store) running(ref connection.Ref) (connection.Validation, bool) {
	v, ok := s.validations[ref]
	return v, ok && v.Outcome == connection.Running
}

// RecordChecks keeps the report if the validation is running.
func (s *Store) RecordChecks(_ context.Context, ref connection.Ref, checks []source.CheckResult) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.running(ref)
	if !ok {
		return false, nil
	}
	v.Checks = checks
	s.putValidation(v)
	return true, nil
}

// RecordDiscovery keeps progress if the validation has not failed and its discovery still stands at page from.
func (s *Store) RecordDiscovery(_ context.Context, ref connection.Ref, from int, d connection.Discovery) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.validations[ref]
	if !ok || v.Outcome == connection.Failed || v.Discovery.Pages != from {
		return false, nil
	}
	v.Discovery = d
	s.putValidation(v)
	return true, nil
}

// SettleValidation ends a running validation and moves its connection, at once, if it is the connection's newest.
func (s *Store) SettleValidation(_ context.Context, v connection.Validation, c connection.Connection) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, ok := s.running(v.Ref())
	moved, exists := s.connections[owned{c.WorkspaceID, c.ID}]
	if !ok || !exists {
		return false, nil
	}
	stored.Outcome, stored.EndedAt, stored.ErrorCode, stored.ErrorMessage = v.Outcome, v.EndedAt, v.ErrorCode, v.ErrorMessage
	s.putValidation(stored)
	if moved.ValidationID == v.ID {
		moved.Status, moved.StatusChange = c.Status, c.StatusChange
		moved.SchemaKey, moved.SchemaVersion, moved.SchemaRefreshed = c.SchemaKey, c.SchemaVersion, c.SchemaRefreshed
		s.putConnection(moved)
	}
	return true, nil
}

// AdoptSchema points the connection to c's schema, if the validation is still its newest.
func (s *Store) AdoptSchema(_ context.Context, c connection.Connection, validationID string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	moved, ok := s.connections[owned{c.WorkspaceID, c.ID}]
	if !ok || moved.ValidationID != validationID {
		return false, nil
	}
	moved.SchemaKey, moved.SchemaVersion, moved.SchemaRefreshed = c.SchemaKey, c.SchemaVersion, c.SchemaRefreshed
	s.putConnection(moved)
	return true, nil
}

// OverdueValidations returns running validations whose deadline is before now.
func (s *Store) OverdueValidations(_ context.Context, now time.Time, limit int) ([]connection.Validation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return earliest(s.validations, limit, func(v connection.Validation) (time.Time, bool) {
		return v.Deadline, v.Outcome == connection.Running && v.Deadline.Before(milli(now))
	}), nil
}

// earliest returns the wanted values, at most limit, by time.
func earliest[K comparable, T any](all map[K]T, limit int, pick func(T) (at time.Time, ok bool)) []T {
	var found []T
	for _, v := range all {
		if _, ok := pick(v); ok {
			found = append(found, clone(v))
		}
	}
	slices.SortFunc(found, func(a, b T) int {
		atA, _ := pick(a)
		atB, _ := pick(b)
		return cmp.Compare(atA.UnixNano(), atB.UnixNano())
	})
	return found[:max(0, min(limit, len(found)))]
}
