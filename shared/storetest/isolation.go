package storetest

import (
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/source"
)

// testIsolation asks every method for what another workspace has.
func testIsolation(t *testing.T, s Store) {
	c, v := addConnection(t, s, "owner")
	r := addRunning(t, s, 1) // of workspace w
	i := getImport(t, s, ingest.Import{WorkspaceID: "w", ID: r.ImportID})
	kept, err := s.RecordPart(t.Context(), r.Ref(), part(0, 0, "", "a", false))
	did(t, "RecordPart", true, kept, err)
	r = getRun(t, s, r)

	foreignC, foreignV, foreignI, foreignR := c, v, i, r
	foreignC.WorkspaceID, foreignV.WorkspaceID, foreignI.WorkspaceID, foreignR.WorkspaceID = "thief", "thief", "thief", "thief"

	_, err = s.Connection(t.Context(), "thief", c.ID)
	fails(t, "Connection", err, fault.ConnectionNotFound)
	_, err = s.Validation(t.Context(), foreignV.Ref())
	fails(t, "Validation", err, fault.ValidationNotFound)
	_, err = s.Import(t.Context(), "thief", i.ID)
	fails(t, "Import", err, fault.ImportNotFound)
	_, err = s.Run(t.Context(), foreignR.Ref())
	fails(t, "Run", err, fault.RunNotFound)
	_, err = s.Split(t.Context(), foreignR.Ref(), 0)
	fails(t, "Split", err, fault.RunNotFound)

	connections, err := s.Connections(t.Context(), "thief", "", 10)
	ok(t, "Connections", err)
	imports, err := s.Imports(t.Context(), "thief", "", 10)
	ok(t, "Imports", err)
	runs, err := s.Runs(t.Context(), "thief", i.ID, "", 10)
	ok(t, "Runs", err)
	splits, err := s.Splits(t.Context(), foreignR.Ref(), 0, 10)
	ok(t, "Splits", err)
	parts, err := s.Parts(t.Context(), foreignR.Ref())
	ok(t, "Parts", err)
	if n := len(connections) + len(imports) + len(runs) + len(splits) + len(parts); n > 0 {
		t.Errorf("the lists of another workspace show %d entries, want none", n)
	}

	stranger := newValidation(foreignC, "val_stranger")
	fails(t, "BeginValidation", s.BeginValidation(t.Context(), stranger), fault.ConnectionNotFound)
	kept, err = s.RecordChecks(t.Context(), foreignV.Ref(), []source.CheckResult{{Name: "x"}})
	did(t, "RecordChecks", false, kept, err)
	kept, err = s.RecordDiscovery(t.Context(), foreignV.Ref(), 0, connection.Discovery{Pages: 1})
	did(t, "RecordDiscovery", false, kept, err)
	foreignV.Outcome, foreignC.Status = connection.Passed, connection.Active
	kept, err = s.SettleValidation(t.Context(), foreignV, foreignC)
	did(t, "SettleValidation", false, kept, err)
	ok(t, "DropConnection", s.DropConnection(t.Context(), foreignC))
	kept, err = s.SkipSlot(t.Context(), foreignI, noon.AddDate(0, 0, 1))
	did(t, "SkipSlot", false, kept, err)
	fails(t, "OpenRun", s.OpenRun(t.Context(), foreignI, foreignR, time.Time{}), fault.ImportNotFound)
	kept, err = s.MoveRun(t.Context(), foreignR, foreignR)
	did(t, "MoveRun", false, kept, err)
	foreignR.Status = ingest.Failed
	kept, err = s.RepeatRun(t.Context(), foreignR, foreignR, noon)
	did(t, "RepeatRun", false, kept, err)
	kept, err = s.Reopen(t.Context(), foreignR, foreignR)
	did(t, "Reopen", false, kept, err)
	kept, err = s.SetWatermark(t.Context(), foreignI, "", noon)
	did(t, "SetWatermark", false, kept, err)
	kept, err = s.UpdateImport(t.Context(), foreignI)
	did(t, "UpdateImport", false, kept, err)
	kept, err = s.RecordPart(t.Context(), foreignR.Ref(), part(0, 1, "a", "b", true))
	did(t, "RecordPart", false, kept, err)

	same(t, "connection", c, getConnection(t, s, c))
	same(t, "validation", v, getValidation(t, s, v.Ref()))
	same(t, "import", i, getImport(t, s, i))
	same(t, "run", r, getRun(t, s, r))

	taken, takenV := newConnection("thief")
	taken.Name = c.Name
	ok(t, "the same name in another workspace", s.CreateConnection(t.Context(), taken, takenV))
	named := newImport("thief")
	named.Name = i.Name
	ok(t, "the same import name in another workspace", s.CreateImport(t.Context(), named))
}

// testOddIDs tries ids that spell each other's keys when they are joined carelessly.
func testOddIDs(t *testing.T, s Store) {
	c, v := newConnection("a")
	c.ID, v.ConnectionID = "b#c", "b#c"
	ok(t, "CreateConnection", s.CreateConnection(t.Context(), c, v))
	_, err := s.Validation(t.Context(), connection.Ref{WorkspaceID: "a#b", ConnectionID: "c", ValidationID: v.ID})
	fails(t, "a validation under another split of the same text", err, fault.ValidationNotFound)
	same(t, "validation", v, getValidation(t, s, v.Ref()))

	for _, odd := range []string{"", "#", "%23", "con_\x00", string(make([]byte, 3000)), "\xff"} {
		_, err := s.Connection(t.Context(), "a", odd)
		fails(t, "an odd connection", err, fault.ConnectionNotFound)
		_, err = s.Connection(t.Context(), odd, c.ID)
		fails(t, "an odd workspace", err, fault.ConnectionNotFound)
		_, err = s.Run(t.Context(), ingest.Ref{WorkspaceID: "a", ImportID: odd, RunID: odd})
		fails(t, "an odd run", err, fault.RunNotFound)
	}
}

// testCopies changes what was given to the store, and what it gave, and looks at the times.
func testCopies(t *testing.T, s Store) {
	c, v := newConnection("w")
	c.Settings = map[string]any{"bucket": "original"}
	c.CreatedAt = noon.In(time.FixedZone("", 3600))
	ok(t, "CreateConnection", s.CreateConnection(t.Context(), c, v))
	c.Settings["bucket"] = "changed by the giver"
	got := getConnection(t, s, c)
	if at := got.CreatedAt; !at.Equal(ms(noon)) || at.Location() != time.UTC {
		t.Errorf("created at %v, want %v: in UTC, with milliseconds and no more", at, ms(noon))
	}
	got.Settings["bucket"] = "changed by the reader"
	if got := getConnection(t, s, c).Settings["bucket"]; got != "original" {
		t.Errorf("stored setting is %q, want it as it was given", got)
	}
}
