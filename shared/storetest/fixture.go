package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// newConnection returns a processing connection in which no field is zero, and its first validation.
func newConnection(workspaceID string) (connection.Connection, connection.Validation) {
	c := Full[connection.Connection]()
	c.WorkspaceID, c.ID, c.ValidationID = workspaceID, id.New(id.Connection), id.New(id.Validation)
	c.Name = "Connection " + c.ID
	c.Status, c.CreatedAt = connection.Processing, noon
	return c, newValidation(c, c.ValidationID)
}

func newValidation(c connection.Connection, validationID string) connection.Validation {
	return connection.Validation{
		WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, ID: validationID, Trigger: "created", Outcome: connection.Running,
		StartedAt: noon, Deadline: noon.Add(connection.Deadline),
	}
}

func addConnection(t *testing.T, s Store, workspaceID string) (connection.Connection, connection.Validation) {
	t.Helper()
	c, v := newConnection(workspaceID)
	ok(t, "CreateConnection", s.CreateConnection(t.Context(), c, v))
	return c, v
}

// newImport returns an import in which no field is zero but those of its runs. It is due at noon.
func newImport(workspaceID string) ingest.Import {
	i := Full[ingest.Import]()
	i.WorkspaceID, i.ID = workspaceID, id.New(id.Import)
	i.Name = "Import " + i.ID
	i.EveryHours, i.NextRunAt, i.OpenRunID, i.LastRunID = 24, noon, "", ""
	i.ResetAt = noon.Add(-time.Hour)
	return i
}

func addImport(t *testing.T, s Store, workspaceID string) ingest.Import {
	t.Helper()
	i := newImport(workspaceID)
	ok(t, "CreateImport", s.CreateImport(t.Context(), i))
	return i
}

func newRun(i ingest.Import) ingest.Run {
	return ingest.Run{
		WorkspaceID: i.WorkspaceID, ImportID: i.ID, ID: id.New(id.Run), Trigger: ingest.Manual, Status: ingest.Queued,
		CreatedAt: noon, Deadline: noon.Add(24 * time.Hour),
	}
}

// newClaim returns a run that takes its import's slot.
func newClaim(i ingest.Import) ingest.Run {
	r := newRun(i)
	r.Trigger = ingest.Scheduled
	return r
}

func addRun(t *testing.T, s Store, i ingest.Import) ingest.Run {
	t.Helper()
	r := newRun(i)
	ok(t, "OpenRun", s.OpenRun(t.Context(), i, r, time.Time{}))
	return r
}

// move moves a run and returns it as it is then.
func move(t *testing.T, s Store, seen ingest.Run, change func(*ingest.Run)) ingest.Run {
	t.Helper()
	r := seen
	change(&r)
	moved, err := s.MoveRun(t.Context(), seen, r)
	did(t, "MoveRun", true, moved, err)
	return getRun(t, s, seen)
}

// addRunning returns a running run with splits.
func addRunning(t *testing.T, s Store, splits int) ingest.Run {
	t.Helper()
	r := addRun(t, s, addImport(t, s, "w"))
	progress := make([]ingest.SplitProgress, splits)
	for n := range progress {
		progress[n] = ingest.SplitProgress{Number: n, Label: "file"}
	}
	ok(t, "CreateSplits", s.CreateSplits(t.Context(), r.Ref(), progress))
	return move(t, s, r, func(r *ingest.Run) { r.Status, r.Splits = ingest.Running, splits })
}

func getConnection(t *testing.T, s connection.Reader, c connection.Connection) connection.Connection {
	t.Helper()
	got, err := s.Connection(t.Context(), c.WorkspaceID, c.ID)
	ok(t, "Connection", err)
	return got
}

func getValidation(t *testing.T, s Store, ref connection.Ref) connection.Validation {
	t.Helper()
	got, err := s.Validation(t.Context(), ref)
	ok(t, "Validation", err)
	return got
}

func getImport(t *testing.T, s Store, i ingest.Import) ingest.Import {
	t.Helper()
	got, err := s.Import(t.Context(), i.WorkspaceID, i.ID)
	ok(t, "Import", err)
	return got
}

func getRun(t *testing.T, s Store, r ingest.Run) ingest.Run {
	t.Helper()
	got, err := s.Run(t.Context(), r.Ref())
	ok(t, "Run", err)
	return got
}

// allActive reads every page of the active connections' ids.
func allActive(ctx context.Context, s Store) (ids []string, err error) {
	for cursor, more := "", true; more; more = cursor != "" {
		var page []connection.Connection
		if page, cursor, err = s.ActiveConnections(ctx, cursor); err != nil {
			return nil, err
		}
		for _, c := range page {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}
