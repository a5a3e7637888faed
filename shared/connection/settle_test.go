package connection_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/source"
)

func check(outcome source.Outcome, code fault.Code) source.CheckResult {
	return source.CheckResult{Name: "mem.list", Mandatory: true, Outcome: outcome, Code: string(code)}
}

func TestSettle(t *testing.T) {
	const was, found = "old schema", "new schema"
	done := connection.Discovery{Pages: 1, Key: found, Version: "v"}
	died := fault.New(fault.ValidationAborted, "it died")
	advisory := source.CheckResult{Name: "mem.write", Outcome: source.Warn, Code: string(fault.SourcePermission)}
	for name, test := range map[string]struct {
		status    connection.Status // of the connection before
		checks    []source.CheckResult
		discovery connection.Discovery
		cause     *fault.Error

		outcome connection.Outcome
		code    fault.Code
		after   connection.Status
		reason  string // "" when the status did not change
		schema  string
	}{
		"first, all well":          {connection.Processing, []source.CheckResult{check(source.Pass, "")}, done, nil, connection.Passed, "", connection.Active, "all mandatory checks passed", found},
		"first, with a warning":    {connection.Processing, []source.CheckResult{check(source.Warn, ""), advisory}, done, nil, connection.Passed, "", connection.Active, "all mandatory checks passed", found},
		"first, refused":           {connection.Processing, []source.CheckResult{check(source.Fail, fault.SourcePermission)}, connection.Discovery{}, nil, connection.Failed, "", connection.Inactive, "check mem.list failed", was},
		"first, source is down":    {connection.Processing, []source.CheckResult{check(source.Fail, fault.SourceUnavailable)}, connection.Discovery{}, nil, connection.Failed, "", connection.Inactive, "check mem.list failed", was},
		"first, no report":         {connection.Processing, nil, connection.Discovery{}, nil, connection.Failed, fault.Internal, connection.Inactive, "the checks left no report", was},
		"first, no schema":         {connection.Processing, []source.CheckResult{check(source.Pass, "")}, connection.Discovery{}, nil, connection.Failed, fault.Internal, connection.Inactive, "the discovery left no schema", was},
		"first, large schema":      {connection.Processing, []source.CheckResult{check(source.Pass, "")}, connection.Discovery{Pages: 3, Cursor: "3"}, nil, connection.Passed, "", connection.Active, "all mandatory checks passed", was},
		"first, died":              {connection.Processing, nil, connection.Discovery{}, died, connection.Failed, fault.ValidationAborted, connection.Inactive, "it died", was},
		"first, died at its end":   {connection.Processing, []source.CheckResult{check(source.Pass, "")}, done, died, connection.Failed, fault.ValidationAborted, connection.Inactive, "it died", was},
		"daily, all well":          {connection.Active, []source.CheckResult{check(source.Pass, "")}, done, nil, connection.Passed, "", connection.Active, "", found},
		"daily, grant revoked":     {connection.Active, []source.CheckResult{check(source.Fail, fault.SourcePermission)}, connection.Discovery{}, nil, connection.Failed, "", connection.Inactive, "check mem.list failed", was},
		"daily, source is down":    {connection.Active, []source.CheckResult{check(source.Fail, fault.SourceUnavailable)}, connection.Discovery{}, nil, connection.Failed, "", connection.Active, "", was},
		"daily, out of reach":      {connection.Active, []source.CheckResult{check(source.Fail, fault.SourceNetwork)}, connection.Discovery{}, nil, connection.Failed, "", connection.Active, "", was},
		"daily, not understood":    {connection.Active, []source.CheckResult{check(source.Fail, fault.Internal)}, connection.Discovery{}, nil, connection.Failed, "", connection.Active, "", was},
		"daily, bucket is gone":    {connection.Active, []source.CheckResult{check(source.Fail, fault.SourceNotFound)}, connection.Discovery{}, nil, connection.Failed, "", connection.Inactive, "check mem.list failed", was},
		"daily, died":              {connection.Active, nil, connection.Discovery{}, died, connection.Failed, fault.ValidationAborted, connection.Active, "", was},
		"daily, died after a no":   {connection.Active, []source.CheckResult{check(source.Fail, fault.SourceExpired)}, connection.Discovery{}, died, connection.Failed, fault.ValidationAborted, connection.Inactive, "check mem.list failed", was},
		"daily, discovery failed":  {connection.Active, []source.CheckResult{check(source.Pass, "")}, connection.Discovery{Pages: 1}, died, connection.Failed, fault.ValidationAborted, connection.Active, "", was},
		"daily, only advisory no":  {connection.Active, []source.CheckResult{check(source.Pass, ""), advisory}, done, nil, connection.Passed, "", connection.Active, "", found},
		"daily, died, advisory no": {connection.Active, []source.CheckResult{check(source.Pass, ""), {Name: "mem.write", Outcome: source.Fail, Code: string(fault.SourcePermission)}}, connection.Discovery{}, died, connection.Failed, fault.ValidationAborted, connection.Active, "", was},
		"again, all well":          {connection.Inactive, []source.CheckResult{check(source.Pass, "")}, done, nil, connection.Passed, "", connection.Active, "all mandatory checks passed", found},
		"again, still refused":     {connection.Inactive, []source.CheckResult{check(source.Fail, fault.SourcePermission)}, connection.Discovery{}, nil, connection.Failed, "", connection.Inactive, "", was},
		"again, died":              {connection.Inactive, nil, connection.Discovery{}, died, connection.Failed, fault.ValidationAborted, connection.Inactive, "", was},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			before := connection.Change{Reason: "before", Actor: "ada", At: noon.Add(-time.Hour)}
			c := connection.Connection{WorkspaceID: "w", ID: id.New(id.Connection), Name: "n", Status: test.status, StatusChange: before, SchemaKey: was}
			v := connection.Validation{WorkspaceID: "w", ConnectionID: c.ID, ID: id.New(id.Validation), Outcome: connection.Running, Checks: test.checks, Discovery: test.discovery}
			c.ValidationID = v.ID
			ok(t, w.store.CreateConnection(t.Context(), c, v))

			ended, err := w.settler().Settle(t.Context(), v.Ref(), test.cause)
			if err != nil || !ended {
				t.Fatalf("Settle = %t, %v", ended, err)
			}
			gotV, gotC := w.validation(t, v.Ref()), w.connection(t, c.ID)
			if gotV.Outcome != test.outcome || gotV.ErrorCode != string(test.code) || !gotV.EndedAt.Equal(noon) {
				t.Errorf("validation %s with %q at %v, want %s with %q at noon", gotV.Outcome, gotV.ErrorCode, gotV.EndedAt, test.outcome, test.code)
			}
			if (gotV.ErrorCode == "") != (gotV.ErrorMessage == "") {
				t.Errorf("code %q and message %q, want both or neither", gotV.ErrorCode, gotV.ErrorMessage)
			}
			want := before
			if test.reason != "" {
				want = connection.Change{Reason: test.reason, Actor: "headwater", At: noon}
			}
			same(t, "status change", want, gotC.StatusChange)
			if gotC.Status != test.after || gotC.SchemaKey != test.schema {
				t.Errorf("connection %s with %s, want %s with %s", gotC.Status, gotC.SchemaKey, test.after, test.schema)
			}

			again, err := w.settler().Settle(t.Context(), v.Ref(), nil)
			ok(t, err)
			if again {
				t.Error("it ended twice")
			}
			same(t, "validation settled again", gotV, w.validation(t, v.Ref()))
		})
	}
}

func TestSettleOfNothing(t *testing.T) {
	w := newWorld()
	c, ref := w.created(t)
	ended, err := w.settler().Settle(t.Context(), connection.Ref{WorkspaceID: "w", ConnectionID: c.ID, ValidationID: id.New(id.Validation)}, nil)
	if ended || err != nil {
		t.Errorf("Settle of no validation = %t, %v", ended, err)
	}
	late := connection.Validation{WorkspaceID: "w", ConnectionID: c.ID, ID: id.New(id.Validation), Outcome: connection.Running}
	ok(t, w.store.BeginValidation(t.Context(), late))
	ok(t, w.store.DropConnection(t.Context(), c))
	for _, ref := range []connection.Ref{ref, late.Ref()} {
		ended, err = w.settler().Settle(t.Context(), ref, nil)
		if ended || err != nil {
			t.Errorf("Settle of a dropped connection = %t, %v", ended, err)
		}
	}
}

// stuckStore cannot settle one validation.
type stuckStore struct {
	connection.Store
	stuck string
}

func (s stuckStore) SettleValidation(ctx context.Context, v connection.Validation, c connection.Connection) (bool, error) {
	if v.ID == s.stuck {
		return false, errors.New("stuck")
	}
	return s.Store.SettleValidation(ctx, v, c)
}

func TestSweep(t *testing.T) {
	w := newWorld()
	var refs []connection.Ref
	for n := range 3 {
		n3 := newConnection()
		n3.Name = string(rune('a' + n))
		c, err := w.service().Create(t.Context(), "w", "ada", n3)
		ok(t, err)
		refs = append(refs, connection.Ref{WorkspaceID: "w", ConnectionID: c.ID, ValidationID: c.ValidationID})
		w.clock.now = w.clock.now.Add(time.Minute)
	}
	w.clock.now = noon.Add(connection.Deadline + time.Minute + time.Second) // the first two are late
	s := w.settler()
	s.Store = stuckStore{w.store, refs[0].ValidationID}
	n, err := s.Sweep(t.Context())
	if n != 1 || err == nil {
		t.Errorf("Sweep = %d, %v; want one settled and the failure of the other", n, err)
	}
	n, err = w.settler().Sweep(t.Context())
	if n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v; want the one that was stuck", n, err)
	}
	for i, want := range []connection.Outcome{connection.Failed, connection.Failed, connection.Running} {
		v := w.validation(t, refs[i])
		if v.Outcome != want || want == connection.Failed && v.ErrorCode != string(fault.ValidationTimedOut) {
			t.Errorf("validation %d %s with %q, want %s", i, v.Outcome, v.ErrorCode, want)
		}
	}
}

// After an outage more is overdue than one look shows; all of it has waited long enough.
func TestSweepOfMany(t *testing.T) {
	w := newWorld()
	for n := range 250 {
		c := connection.Connection{WorkspaceID: "w", ID: id.New(id.Connection), Name: strconv.Itoa(n), ValidationID: id.New(id.Validation)}
		v := connection.Validation{WorkspaceID: "w", ConnectionID: c.ID, ID: c.ValidationID, Outcome: connection.Running, Deadline: noon.Add(-time.Hour)}
		ok(t, w.store.CreateConnection(t.Context(), c, v))
	}
	n, err := w.settler().Sweep(t.Context())
	if n != 250 || err != nil {
		t.Errorf("Sweep = %d, %v; want all 250", n, err)
	}
}
