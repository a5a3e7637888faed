package connection_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

func TestCreate(t *testing.T) {
	w := newWorld()
	c, ref := w.created(t)
	if c.Status != connection.Processing || c.Name != "Orders" || c.AuthMethod != "key" || c.CreatedBy != "ada" {
		t.Errorf("created %+v", c)
	}
	same(t, "stored connection", c, w.connection(t, c.ID))
	same(t, "validation", connection.Validation{
		WorkspaceID: "w", ConnectionID: c.ID, ID: c.ValidationID, Trigger: "created",
		Outcome: connection.Running, StartedAt: noon, Deadline: noon.Add(230 * time.Second),
	}, w.validation(t, ref))
	same(t, "started", []connection.Ref{ref}, w.starter.started)
	cred, err := w.secrets.Credential(t.Context(), "w", c.ID)
	ok(t, err)
	if cred.Fields["secret_key"].Reveal() != "canary" {
		t.Error("another credential was stored")
	}
}

func TestCreateRefuses(t *testing.T) {
	type problem struct {
		code  fault.Code
		field string
	}
	for name, test := range map[string]struct {
		change func(*connection.NewConnection)
		want   []problem
	}{
		"no name":         {func(n *connection.NewConnection) { n.Name = " \t" }, []problem{{fault.MissingField, "name"}}},
		"a long name":     {func(n *connection.NewConnection) { n.Name = strings.Repeat("ü", 101) }, []problem{{fault.InvalidRequest, "name"}}},
		"no platform":     {func(n *connection.NewConnection) { n.Platform = "" }, []problem{{fault.MissingField, "platform"}}},
		"not a platform":  {func(n *connection.NewConnection) { n.Platform = "mysql" }, []problem{{fault.PlatformUnknown, "platform"}}},
		"nothing at all":  {func(n *connection.NewConnection) { *n = connection.NewConnection{} }, []problem{{fault.MissingField, "name"}, {fault.MissingField, "platform"}}},
		"a missing field": {func(n *connection.NewConnection) { n.Settings = nil }, []problem{{fault.MissingField, "settings.bucket"}}},
		"a secret among the settings": {
			func(n *connection.NewConnection) { n.Settings["secret_key"] = "canary" }, []problem{{fault.SecretMisplaced, "settings.secret_key"}},
		},
		"several": {
			func(n *connection.NewConnection) {
				n.Name, n.Settings["buckett"], n.Credential.Method = "", "x", "canary"
			},
			[]problem{{fault.MissingField, "name"}, {fault.UnknownField, "settings.buckett"}, {fault.InvalidRequest, "credentials.method"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, n := newWorld(), newConnection()
			test.change(&n)
			_, err := w.service().Create(t.Context(), "w", "ada", n)
			var got []problem
			var list fault.List
			if one, ok := fault.As(err); ok && !errors.As(err, &list) {
				list = fault.List{one}
			}
			for _, e := range list {
				got = append(got, problem{e.Code, e.Field})
			}
			if len(got) != len(test.want) {
				t.Fatalf("problems %v, want %v", got, test.want)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Errorf("problem %v, want %v", got[i], test.want[i])
				}
			}
			if strings.Contains(err.Error(), "canary") {
				t.Error("the error says a value")
			}
			if all, _ := w.store.Connections(t.Context(), "w", "", 10); len(all)+len(w.starter.started) > 0 {
				t.Error("something was created")
			}
		})
	}
}

func TestCreateWithATakenName(t *testing.T) {
	w := newWorld()
	c, _ := w.created(t)
	n := newConnection()
	n.Name = "ORDERS"
	_, err := w.service().Create(t.Context(), "w", "bob", n)
	fails(t, err, fault.ConnectionNameTaken)
	if len(w.starter.started) != 1 {
		t.Error("a validation was started for what was not created")
	}
	same(t, "the connection that has the name", c, w.connection(t, c.ID))
}

// brokenSecrets fails, and ends the request with it.
type brokenSecrets struct{ end context.CancelFunc }

func (b brokenSecrets) PutCredential(context.Context, string, string, source.Credential) error {
	b.end()
	return fault.New(fault.Unavailable, "the secret store did not answer")
}

func (brokenSecrets) DropCredential(ctx context.Context, _, _ string) error { return ctx.Err() }

// contextStore fails like a real store when the request has ended.
type contextStore struct{ connection.Store }

func (s contextStore) DropConnection(ctx context.Context, c connection.Connection) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Store.DropConnection(ctx, c)
}

func TestCreateWithoutSecretStoreLeavesNothing(t *testing.T) {
	w := newWorld()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := w.service()
	s.Store, s.Secrets = contextStore{w.store}, brokenSecrets{cancel}
	_, err := s.Create(ctx, "w", "ada", newConnection())
	fails(t, err, fault.Unavailable)
	if len(w.starter.started) > 0 {
		t.Error("a validation was started without a credential")
	}
	w.created(t) // the name is free
	all, err := w.store.Connections(t.Context(), "w", "", 10)
	ok(t, err)
	if len(all) != 1 {
		t.Errorf("%d connections, want the second one only", len(all))
	}
}

func TestCreateWhoseStartFailsLeavesNothing(t *testing.T) {
	w := newWorld()
	w.starter.err = fault.New(fault.Throttled, "throttled")
	_, err := w.service().Create(t.Context(), "w", "ada", newConnection())
	fails(t, err, fault.Throttled)
	if len(w.starter.started) != 1 {
		t.Fatalf("%d starts, want one", len(w.starter.started))
	}
	started := w.starter.started[0] // for the answer was lost
	_, err = w.secrets.Credential(t.Context(), "w", started.ConnectionID)
	fails(t, err, fault.CredentialMissing)
	ended, err := w.settler().Settle(t.Context(), started, fault.New(fault.ConnectionNotFound, "gone"))
	if ok(t, err); ended {
		t.Error("settled what was taken back")
	}
	w.starter.err = nil
	w.created(t) // the name is free
	all, err := w.store.Connections(t.Context(), "w", "", 10)
	ok(t, err)
	if len(all) != 1 {
		t.Errorf("%d connections, want the second one only", len(all))
	}
}

// Somebody dies before the execution was started.
func TestACreationThatWasCutOffIsSwept(t *testing.T) {
	w := newWorld()
	c, _ := w.created(t)
	w.clock.now = noon.Add(connection.Deadline + time.Second)
	n, err := w.settler().Sweep(t.Context())
	ok(t, err)
	if got := w.connection(t, c.ID); n != 1 || got.Status != connection.Inactive || got.StatusChange.Reason == "" {
		t.Errorf("after a sweep that settled %d it is %s because %q, want inactive and a reason", n, got.Status, got.StatusChange.Reason)
	}
}

func TestSchemaBeforeDiscovery(t *testing.T) {
	w := newWorld()
	c, _ := w.created(t)
	_, _, err := w.service().Schema(t.Context(), "w", c.ID)
	fails(t, err, fault.SchemaNotFound)
	_, _, err = w.service().Schema(t.Context(), "thief", c.ID)
	fails(t, err, fault.ConnectionNotFound)
}
