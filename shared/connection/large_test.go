package connection_test

import (
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// large returns a connection whose validation has passed before its discovery was complete.
func large(t *testing.T) (*world, connection.Ref) {
	t.Helper()
	w := newWorld()
	_, ref := w.created(t)
	w.driver.pages = [][]schema.Table{tables("a"), tables("b"), tables("c"), tables("d")}
	_, err := w.validator().Check(t.Context(), ref)
	ok(t, err)
	w.clock.step = 25 * time.Second // so that a call is worth a few pages
	done, err := w.validator().Discover(t.Context(), ref)
	if ok(t, err); done {
		t.Fatal("the discovery was complete at once")
	}
	w.clock.step = 0
	_, err = w.settler().Settle(t.Context(), ref, nil)
	ok(t, err)
	if c := w.connection(t, ref.ConnectionID); c.Status != connection.Active || c.SchemaKey != "" {
		t.Fatalf("connection %+v, want it active without a schema yet", c)
	}
	return w, ref
}

func TestALargeSchemaFollowsTheVerdict(t *testing.T) {
	w, ref := large(t)
	ended := w.validation(t, ref).EndedAt
	done, err := w.validator().Discover(t.Context(), ref)
	if ok(t, err); !done {
		t.Fatal("the discovery did not go on")
	}
	w.clock.now = w.clock.now.Add(time.Hour)
	for _, want := range []bool{true, false} {
		settled, err := w.settler().Settle(t.Context(), ref, nil)
		if ok(t, err); settled != want {
			t.Errorf("settled %t, want %t", settled, want)
		}
	}
	c, index, err := w.service().Schema(t.Context(), "w", ref.ConnectionID)
	ok(t, err)
	same(t, "tables", []string{"a", "b", "c", "d"}, tableNames(t, index))
	if v := w.validation(t, ref); !c.SchemaRefreshed.Equal(w.clock.now) || c.SchemaVersion != v.Discovery.Version || !v.EndedAt.Equal(ended) {
		t.Errorf("connection %+v, validation ended at %v; want the schema refreshed now", c, v.EndedAt)
	}
}

func TestALargeDiscoveryThatDies(t *testing.T) {
	w, ref := large(t)
	before := w.connection(t, ref.ConnectionID)
	settled, err := w.settler().Settle(t.Context(), ref, fault.New(fault.SourcePermission, "no more"))
	if ok(t, err); !settled {
		t.Error("nothing was settled")
	}
	v := w.validation(t, ref)
	if v.Outcome != connection.Passed || v.Discovery.ErrorCode != string(fault.SourcePermission) || v.Discovery.ErrorMessage != "no more" {
		t.Errorf("validation %+v, want it passed, and why the discovery ended", v)
	}
	same(t, "connection", before, w.connection(t, ref.ConnectionID))
	_, err = w.validator().Discover(t.Context(), ref)
	fails(t, err, fault.ValidationNotOpen)
	settled, err = w.settler().Settle(t.Context(), ref, fault.New(fault.ValidationTimedOut, "late"))
	if ok(t, err); settled {
		t.Error("it ended twice")
	}
}

// A validation that began meanwhile discovers for itself.
func TestALargeSchemaOfAnOlderValidationIsLeft(t *testing.T) {
	w, ref := large(t)
	newer, err := w.service().Validate(t.Context(), "w", ref.ConnectionID, "bob")
	ok(t, err)
	_, err = w.validator().Discover(t.Context(), ref)
	ok(t, err)
	w.clock.now = w.clock.now.Add(time.Hour)
	settled, err := w.settler().Settle(t.Context(), ref, nil)
	if ok(t, err); settled {
		t.Error("an older validation's schema was taken")
	}
	w.pass(t, newer.Ref())
	if c := w.connection(t, ref.ConnectionID); c.SchemaKey == "" {
		t.Error("the newer one left no schema")
	}
}
