package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/source"
)

func testConnection(t *testing.T, s Store) {
	c, v := addConnection(t, s, "w")
	same(t, "connection", c, getConnection(t, s, c))
	same(t, "validation", v, getValidation(t, s, v.Ref()))

	_, err := s.Connection(t.Context(), "w", id.New(id.Connection))
	fails(t, "unknown connection", err, fault.ConnectionNotFound)
	_, err = s.Validation(t.Context(), connection.Ref{WorkspaceID: "w", ConnectionID: c.ID, ValidationID: id.New(id.Validation)})
	fails(t, "unknown validation", err, fault.ValidationNotFound)

	second, secondV := newConnection("w")
	second.Name = strings.ToUpper(c.Name)
	fails(t, "a name that differs in case only", s.CreateConnection(t.Context(), second, secondV), fault.ConnectionNameTaken)
	_, err = s.Connection(t.Context(), "w", second.ID)
	fails(t, "connection after its creation failed", err, fault.ConnectionNotFound)
	_, err = s.Validation(t.Context(), secondV.Ref())
	fails(t, "validation after its creation failed", err, fault.ValidationNotFound)

	sameID, sameIDV := newConnection("w")
	sameID.ID, sameIDV.ConnectionID = c.ID, c.ID
	if err := s.CreateConnection(t.Context(), sameID, sameIDV); err == nil || fault.CodeOf(err) == fault.ConnectionNameTaken {
		t.Errorf("creating a connection with a taken id: %v", err)
	}
	same(t, "connection after its id was asked for again", c, getConnection(t, s, c))

	ok(t, "DropConnection", s.DropConnection(t.Context(), c))
	_, err = s.Connection(t.Context(), "w", c.ID)
	fails(t, "dropped connection", err, fault.ConnectionNotFound)
	_, err = s.Validation(t.Context(), v.Ref())
	fails(t, "validation of a dropped connection", err, fault.ValidationNotFound)
	ok(t, "creating a connection with a freed name", s.CreateConnection(t.Context(), second, secondV))

	ok(t, "DropConnection again", s.DropConnection(t.Context(), c))
	third, thirdV := newConnection("w")
	third.Name = c.Name
	fails(t, "a name that its new owner must have kept", s.CreateConnection(t.Context(), third, thirdV), fault.ConnectionNameTaken)
}

func testValidation(t *testing.T, s Store) {
	c, first := addConnection(t, s, "w")
	daily := newValidation(c, id.New(id.Validation))
	daily.Trigger = "daily"
	ok(t, "BeginValidation", s.BeginValidation(t.Context(), daily))
	if got := getConnection(t, s, c).ValidationID; got != daily.ID {
		t.Errorf("connection points to validation %s, want %s", got, daily.ID)
	}
	same(t, "begun validation", daily, getValidation(t, s, daily.Ref()))

	again := daily
	again.Trigger, again.StartedAt = "other", noon.Add(time.Hour)
	ok(t, "BeginValidation again", s.BeginValidation(t.Context(), again))
	same(t, "validation begun twice", daily, getValidation(t, s, daily.Ref()))
	ok(t, "BeginValidation of an older one", s.BeginValidation(t.Context(), first))
	if got := getConnection(t, s, c).ValidationID; got != daily.ID {
		t.Errorf("beginning an older validation again moved the pointer to %s", got)
	}

	orphan := newValidation(c, id.New(id.Validation))
	orphan.ConnectionID = id.New(id.Connection)
	fails(t, "validation of no connection", s.BeginValidation(t.Context(), orphan), fault.ConnectionNotFound)
	_, err := s.Validation(t.Context(), orphan.Ref())
	fails(t, "validation that could not begin", err, fault.ValidationNotFound)

	checks := Full[[]source.CheckResult]()
	checks[1].Remedy = nil
	kept, err := s.RecordChecks(t.Context(), daily.Ref(), checks)
	did(t, "RecordChecks", true, kept, err)
	page := connection.Discovery{Cursor: "next", Pages: 1, Tables: 3}
	kept, err = s.RecordDiscovery(t.Context(), daily.Ref(), 0, page)
	did(t, "RecordDiscovery", true, kept, err)
	kept, err = s.RecordDiscovery(t.Context(), daily.Ref(), 0, connection.Discovery{Cursor: "other", Pages: 1})
	did(t, "RecordDiscovery of a page that stands", false, kept, err)
	last := connection.Discovery{Pages: 2, Tables: 4, Key: "key", Version: "version"}
	kept, err = s.RecordDiscovery(t.Context(), daily.Ref(), 1, last)
	did(t, "RecordDiscovery of the next page", true, kept, err)
	want := daily
	want.Checks, want.Discovery = checks, last
	same(t, "recorded validation", want, getValidation(t, s, daily.Ref()))

	kept, err = s.RecordChecks(t.Context(), orphan.Ref(), checks)
	did(t, "RecordChecks of no validation", false, kept, err)
	kept, err = s.RecordDiscovery(t.Context(), orphan.Ref(), 0, page)
	did(t, "RecordDiscovery of no validation", false, kept, err)
}

func testRequested(t *testing.T, s Store) {
	c, first := addConnection(t, s, "w")
	request := func(c connection.Connection, seen string, was, to connection.Status) (connection.Validation, bool) {
		t.Helper()
		v := newValidation(c, id.New(id.Validation))
		v.Trigger = "requested"
		c.Status, c.StatusChange = to, connection.Change{Reason: "asked", Actor: "ada", At: noon.Add(time.Hour)}
		c.SchemaKey, c.Name = "stale", "stale" // what is not the request's to change
		begun, err := s.RequestValidation(t.Context(), seen, was, c, v)
		ok(t, "RequestValidation", err)
		return v, begun
	}
	first.Outcome, c.Status = connection.Passed, connection.Active
	settled, err := s.SettleValidation(t.Context(), first, c)
	did(t, "SettleValidation", true, settled, err)

	for what, stale := range map[string]struct {
		seen string
		was  connection.Status
	}{
		"after another one has begun": {"val_other", connection.Active},
		"after the status has moved":  {first.ID, connection.Inactive},
	} {
		v, begun := request(c, stale.seen, stale.was, connection.Processing)
		did(t, "RequestValidation "+what, false, begun, nil)
		_, err := s.Validation(t.Context(), v.Ref())
		fails(t, "validation requested "+what, err, fault.ValidationNotFound)
		same(t, "connection whose validation was requested "+what, c, getConnection(t, s, c))
	}

	second, begun := request(c, first.ID, connection.Active, connection.Processing)
	did(t, "RequestValidation", true, begun, nil)
	same(t, "requested validation", second, getValidation(t, s, second.Ref()))
	want := c
	want.ValidationID, want.Status = second.ID, connection.Processing
	want.StatusChange = connection.Change{Reason: "asked", Actor: "ada", At: noon.Add(time.Hour)}
	same(t, "connection whose validation was requested", want, getConnection(t, s, c))
	active, err := allActive(t.Context(), s)
	ok(t, "ActiveConnections", err)
	same(t, "active connections while it is processing", nil, active)

	stranger, _ := newConnection("w")
	_, err = s.RequestValidation(t.Context(), stranger.ValidationID, connection.Active, stranger, newValidation(stranger, id.New(id.Validation)))
	fails(t, "RequestValidation of no connection", err, fault.ConnectionNotFound)
}

func testPlatformCounts(t *testing.T, s Store) {
	for n, platform := range []string{"s3", "s3", "bigquery", "s3", "gcs"} {
		c, v := newConnection([]string{"w", "other"}[n/4])
		c.Platform = platform
		ok(t, "CreateConnection", s.CreateConnection(t.Context(), c, v))
	}
	for workspace, want := range map[string]map[string]int{"w": {"s3": 3, "bigquery": 1}, "other": {"gcs": 1}, "none": {}} {
		got, err := s.PlatformCounts(t.Context(), workspace)
		ok(t, "PlatformCounts", err)
		same(t, "connections of "+workspace, want, got)
	}
}

func testSettlement(t *testing.T, s Store) {
	c, v := addConnection(t, s, "w")
	_, err := s.RecordChecks(t.Context(), v.Ref(), []source.CheckResult{{Name: "a", Outcome: source.Pass}})
	ok(t, "RecordChecks", err)

	ended, moved := v, c // as they were read before the check
	ended.Outcome, ended.ErrorCode, ended.ErrorMessage, ended.EndedAt = connection.Failed, "code", "message", noon.Add(time.Minute)
	moved.Status, moved.StatusChange = connection.Active, connection.Change{Reason: "r", Actor: "a", At: noon.Add(time.Minute)}
	moved.SchemaKey, moved.SchemaVersion, moved.SchemaRefreshed = "key", "version", noon.Add(time.Minute)
	settled, err := s.SettleValidation(t.Context(), ended, moved)
	did(t, "SettleValidation", true, settled, err)

	wantV := ended
	wantV.Checks = []source.CheckResult{{Name: "a", Outcome: source.Pass}}
	same(t, "settled validation", wantV, getValidation(t, s, v.Ref()))
	same(t, "settled connection", moved, getConnection(t, s, c))

	ended.Outcome, c.Status = connection.Passed, connection.Inactive
	settled, err = s.SettleValidation(t.Context(), ended, c)
	did(t, "SettleValidation again", false, settled, err)
	same(t, "validation settled twice", wantV, getValidation(t, s, v.Ref()))
	same(t, "connection settled twice", moved, getConnection(t, s, c))

	kept, err := s.RecordChecks(t.Context(), v.Ref(), nil)
	did(t, "RecordChecks after the end", false, kept, err)
	kept, err = s.RecordDiscovery(t.Context(), v.Ref(), 0, connection.Discovery{Pages: 1})
	did(t, "RecordDiscovery after the end", false, kept, err)

	testSchemaAfterwards(t, s)

	older, newest := newValidation(c, id.New(id.Validation)), newValidation(c, id.New(id.Validation))
	ok(t, "BeginValidation", s.BeginValidation(t.Context(), older))
	ok(t, "BeginValidation of a newer one", s.BeginValidation(t.Context(), newest))
	cleared := moved
	cleared.Status, cleared.SchemaKey, cleared.SchemaVersion, cleared.SchemaRefreshed = connection.Inactive, "", "", time.Time{}
	cleared.ValidationID = newest.ID
	newest.Outcome, newest.EndedAt = connection.Failed, noon
	settled, err = s.SettleValidation(t.Context(), newest, cleared)
	did(t, "SettleValidation of the newest", true, settled, err)
	same(t, "connection without a schema", cleared, getConnection(t, s, c))

	older.Outcome, older.EndedAt = connection.Passed, noon.Add(time.Minute)
	settled, err = s.SettleValidation(t.Context(), older, moved)
	did(t, "SettleValidation of an older one", true, settled, err)
	same(t, "older validation", older, getValidation(t, s, older.Ref()))
	same(t, "connection after an older validation ended", cleared, getConnection(t, s, c))
	settled, err = s.SettleValidation(t.Context(), older, moved)
	did(t, "SettleValidation of an older one again", false, settled, err)

	gone, goneV := addConnection(t, s, "w")
	late := newValidation(gone, id.New(id.Validation))
	ok(t, "BeginValidation", s.BeginValidation(t.Context(), late))
	ok(t, "DropConnection", s.DropConnection(t.Context(), gone))
	for _, v := range []connection.Validation{goneV, late} {
		v.Outcome = connection.Failed
		settled, err = s.SettleValidation(t.Context(), v, gone)
		did(t, "SettleValidation of a dropped connection", false, settled, err)
	}
}

// testSchemaAfterwards lets a discovery go on after its validation has passed.
func testSchemaAfterwards(t *testing.T, s Store) {
	t.Helper()
	c, v := addConnection(t, s, "w")
	v.Outcome, v.EndedAt, c.Status = connection.Passed, noon, connection.Active
	settled, err := s.SettleValidation(t.Context(), v, c)
	did(t, "SettleValidation", true, settled, err)
	page := connection.Discovery{Cursor: "next", Pages: 1, Tables: 3}
	kept, err := s.RecordDiscovery(t.Context(), v.Ref(), 0, page)
	did(t, "RecordDiscovery after it has passed", true, kept, err)
	v.Discovery = page
	same(t, "validation whose discovery goes on", v, getValidation(t, s, v.Ref()))

	found := c
	found.SchemaKey, found.SchemaVersion, found.SchemaRefreshed = "key", "version", noon.Add(time.Hour)
	stale := found
	stale.Status, stale.Name = connection.Inactive, "stale" // what is not the schema's to change
	kept, err = s.AdoptSchema(t.Context(), stale, id.New(id.Validation))
	did(t, "AdoptSchema of an older validation", false, kept, err)
	same(t, "connection after it", c, getConnection(t, s, c))
	kept, err = s.AdoptSchema(t.Context(), stale, v.ID)
	did(t, "AdoptSchema", true, kept, err)
	same(t, "connection with its schema", found, getConnection(t, s, c))
	stale.WorkspaceID = "other"
	kept, err = s.AdoptSchema(t.Context(), stale, v.ID)
	did(t, "AdoptSchema of another workspace's", false, kept, err)
}

func testActive(t *testing.T, s Store) {
	var want []string
	for n := range 40 {
		c, v := addConnection(t, s, []string{"w1", "w2"}[n%2])
		c.Status = []connection.Status{connection.Active, connection.Inactive, connection.Processing}[n%3]
		if c.Status == connection.Processing {
			continue
		}
		v.Outcome = connection.Passed
		settled, err := s.SettleValidation(t.Context(), v, c)
		did(t, "SettleValidation", true, settled, err)
		if c.Status == connection.Active {
			want = append(want, c.ID)
		}
	}
	got, err := allActive(t.Context(), s)
	ok(t, "ActiveConnections", err)
	slices.Sort(got)
	slices.Sort(want)
	same(t, "active connections", want, got)

	revoked := slices.IndexFunc(got, func(string) bool { return true })
	for _, workspace := range []string{"w1", "w2"} {
		c, err := s.Connection(t.Context(), workspace, got[revoked])
		if err != nil {
			continue
		}
		v := newValidation(c, id.New(id.Validation))
		ok(t, "BeginValidation", s.BeginValidation(t.Context(), v))
		v.Outcome, c.Status = connection.Failed, connection.Inactive
		settled, err := s.SettleValidation(t.Context(), v, c)
		did(t, "SettleValidation", true, settled, err)
	}
	got, err = allActive(t.Context(), s)
	ok(t, "ActiveConnections", err)
	slices.Sort(got)
	same(t, "active connections after one was revoked", want[1:], got)

	for _, cursor := range []string{"x", "99#", "-1#", "con_1"} {
		_, _, err := s.ActiveConnections(t.Context(), cursor)
		fails(t, "cursor "+cursor, err, fault.InvalidCursor)
	}
}

func testOverdue(t *testing.T, s Store) {
	deadline := noon.Add(connection.Deadline)
	var late []string
	for n := range 20 {
		_, v := addConnection(t, s, []string{"w1", "w2"}[n%2])
		late = append(late, v.ID)
	}
	addRun(t, s, addImport(t, s, "w1")) // shares the index

	overdue := func(now time.Time, limit int) []string {
		t.Helper()
		found, err := s.OverdueValidations(t.Context(), now, limit)
		ok(t, "OverdueValidations", err)
		var ids []string
		for _, v := range found {
			same(t, "overdue validation", getValidation(t, s, v.Ref()), v)
			ids = append(ids, v.ID)
		}
		slices.Sort(ids)
		return ids
	}
	same(t, "overdue at the deadline", nil, overdue(deadline, 100))
	same(t, "overdue after the deadline", late, overdue(deadline.Add(time.Millisecond), 100))
	same(t, "overdue a year later", late, overdue(deadline.AddDate(1, 0, 0), 100))
	if got := overdue(deadline.Add(time.Second), 7); len(got) != 7 {
		t.Errorf("%d overdue validations, want the limit of 7", len(got))
	}

	found, err := s.OverdueValidations(t.Context(), deadline.Add(time.Second), 1)
	ok(t, "OverdueValidations", err)
	v := found[0]
	c, err := s.Connection(t.Context(), v.WorkspaceID, v.ConnectionID)
	ok(t, "Connection", err)
	v.Outcome = connection.Failed
	settled, err := s.SettleValidation(t.Context(), v, c)
	did(t, "SettleValidation", true, settled, err)
	same(t, "overdue after one was settled", slices.DeleteFunc(late, func(id string) bool { return id == v.ID }), overdue(deadline.Add(time.Second), 100))
}
