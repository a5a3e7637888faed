package connection_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/schema"
)

// inactive returns a connection whose first validation was refused.
func (w *world) inactive(t *testing.T) connection.Connection {
	t.Helper()
	c, ref := w.created(t)
	w.driver.pages = [][]schema.Table{tables("a")}
	w.driver.check = fault.New(fault.SourcePermission, "no")
	_, err := w.validator().Check(t.Context(), ref)
	ok(t, err)
	_, err = w.settler().Settle(t.Context(), ref, nil)
	ok(t, err)
	w.driver.check = nil
	w.starter.started = nil
	return w.connection(t, c.ID)
}

func TestValidateAgain(t *testing.T) {
	w := newWorld()
	c := w.inactive(t)
	w.clock.now = noon.Add(time.Hour)
	v, err := w.service().Validate(t.Context(), "w", c.ID, "bob")
	ok(t, err)
	same(t, "validation", connection.Validation{
		WorkspaceID: "w", ConnectionID: c.ID, ID: v.ID, Trigger: "requested",
		Outcome: connection.Running, StartedAt: w.clock.now, Deadline: w.clock.now.Add(connection.Deadline),
	}, w.validation(t, v.Ref()))
	same(t, "started", []connection.Ref{v.Ref()}, w.starter.started)
	got := w.connection(t, c.ID)
	want := connection.Change{Reason: "validation requested", Actor: "bob", At: w.clock.now}
	if got.Status != connection.Processing || got.StatusChange != want || got.ValidationID != v.ID {
		t.Errorf("connection %+v, want it processing", got)
	}
	w.pass(t, v.Ref())
	if got := w.connection(t, c.ID); got.Status != connection.Active || got.SchemaKey == "" {
		t.Errorf("connection %+v, want it active with a schema", got)
	}
}

// An active connection's imports go on while it is validated again.
func TestValidateAnActiveOne(t *testing.T) {
	w := newWorld()
	c, ref := w.created(t)
	w.driver.pages = [][]schema.Table{tables("a")}
	w.pass(t, ref)
	before := w.connection(t, c.ID)
	v, err := w.service().Validate(t.Context(), "w", c.ID, "bob")
	ok(t, err)
	before.ValidationID = v.ID
	same(t, "connection", before, w.connection(t, c.ID))
	_, err = w.settler().Settle(t.Context(), v.Ref(), fault.New(fault.ValidationAborted, "it died"))
	ok(t, err)
	same(t, "connection whose validation died", before, w.connection(t, c.ID))
}

func TestValidateJoinsTheOpenOne(t *testing.T) {
	w := newWorld()
	c, ref := w.created(t)
	v, err := w.service().Validate(t.Context(), "w", c.ID, "bob")
	if ok(t, err); v.ID != ref.ValidationID {
		t.Errorf("began %s beside %s", v.ID, ref.ValidationID)
	}

	w = newWorld()
	c = w.inactive(t)
	w.starter.mu = &sync.Mutex{}
	s := w.service()
	s.Now = func() time.Time { return noon }
	ids := make([]string, 32)
	var group sync.WaitGroup
	for n := range ids {
		group.Go(func() {
			v, err := s.Validate(t.Context(), "w", c.ID, "bob")
			if err != nil {
				t.Error(err)
			}
			ids[n] = v.ID
		})
	}
	group.Wait()
	for _, got := range ids {
		if got != w.connection(t, c.ID).ValidationID {
			t.Errorf("answered with %s, want all the same", got)
		}
	}
	if len(w.starter.started) != 1 {
		t.Errorf("%d started, want one", len(w.starter.started))
	}
}

func TestValidateThatCannotStartEnds(t *testing.T) {
	w := newWorld()
	c := w.inactive(t)
	w.starter.err = fault.New(fault.Throttled, "throttled")
	_, err := w.service().Validate(t.Context(), "w", c.ID, "bob")
	fails(t, err, fault.Throttled)
	got := w.connection(t, c.ID)
	v := w.validation(t, connection.Ref{WorkspaceID: "w", ConnectionID: c.ID, ValidationID: got.ValidationID})
	if got.Status != connection.Inactive || v.Outcome != connection.Failed || v.ErrorCode != string(fault.ValidationAborted) {
		t.Errorf("connection %s, validation %s with %q; want both ended", got.Status, v.Outcome, v.ErrorCode)
	}
	w.starter.err = nil
	again, err := w.service().Validate(t.Context(), "w", c.ID, "bob")
	if ok(t, err); again.ID == v.ID {
		t.Error("it joined one that has ended")
	}
}

// movingStore lets somebody else be first once.
type movingStore struct {
	connection.Store
	first func()
}

func (s *movingStore) RequestValidation(ctx context.Context, seen string, was connection.Status, c connection.Connection, v connection.Validation) (bool, error) {
	if first := s.first; first != nil {
		s.first = nil
		first()
	}
	return s.Store.RequestValidation(ctx, seen, was, c, v)
}

func TestValidateLooksAgain(t *testing.T) {
	w := newWorld()
	c := w.inactive(t)
	daily := connection.Ref{WorkspaceID: "w", ConnectionID: c.ID, ValidationID: id.New(id.Validation)}
	s := w.service()
	s.Store = &movingStore{Store: w.store, first: func() {
		_, err := w.validator().Check(t.Context(), daily)
		ok(t, err)
	}}
	v, err := s.Validate(t.Context(), "w", c.ID, "bob")
	if ok(t, err); v.ID != daily.ValidationID || len(w.starter.started) > 0 {
		t.Errorf("answered with %s, want the daily one that began meanwhile", v.ID)
	}
}

func TestValidateOfAnothers(t *testing.T) {
	w := newWorld()
	c, ref := w.created(t)
	_, err := w.service().Validate(t.Context(), "thief", c.ID, "eve")
	fails(t, err, fault.ConnectionNotFound)
	ref.WorkspaceID = "thief"
	_, err = w.service().Validation(t.Context(), ref)
	fails(t, err, fault.ConnectionNotFound)
}
