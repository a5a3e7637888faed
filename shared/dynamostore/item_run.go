package dynamostore

import (
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
)

type runItem struct {
	header
	WorkspaceID   string         `dynamodbav:"workspace_id"`
	ImportID      string         `dynamodbav:"import_id"`
	ID            string         `dynamodbav:"id"`
	Trigger       ingest.Trigger `dynamodbav:"trigger"`
	Status        ingest.Status  `dynamodbav:"status"`
	CreatedAt     moment         `dynamodbav:"created_at,omitempty"`
	StartedAt     moment         `dynamodbav:"started_at,omitempty"`
	EndedAt       moment         `dynamodbav:"ended_at,omitempty"`
	Deadline      moment         `dynamodbav:"deadline,omitempty"`
	Revision      int64          `dynamodbav:"revision"`
	PlanKey       string         `dynamodbav:"plan_key,omitempty"`
	SchemaVersion string         `dynamodbav:"schema_version,omitempty"`
	Splits        int            `dynamodbav:"splits"`
	SplitsDone    int            `dynamodbav:"splits_done"`
	Counts        countsItem     `dynamodbav:"counts"`
	SnapshotID    string         `dynamodbav:"snapshot_id,omitempty"`
	ErrorCode     string         `dynamodbav:"error_code,omitempty"`
	ErrorMessage  string         `dynamodbav:"error_message,omitempty"`
}

// runMove is what MoveRun changes.
var runMove = []string{
	"status", "started_at", "ended_at", "deadline", "revision", "plan_key", "schema_version", "splits",
	"snapshot_id", "error_code", "error_message", names.WorkPartitionKey, names.WorkSortKey,
}

type countsItem struct {
	RowsRead        int64 `dynamodbav:"rows_read"`
	RowsWritten     int64 `dynamodbav:"rows_written"`
	RowsQuarantined int64 `dynamodbav:"rows_quarantined"`
	RowsFiltered    int64 `dynamodbav:"rows_filtered"`
	RowsFlagged     int64 `dynamodbav:"rows_flagged"`
	RowsNameless    int64 `dynamodbav:"rows_nameless"`
	BytesRead       int64 `dynamodbav:"bytes_read"`
	BytesWritten    int64 `dynamodbav:"bytes_written"`
}

func newRunItem(r ingest.Run) runItem {
	var w work
	if r.Status.Open() {
		w = workAt(names.WorkOpen, r.ID, r.Deadline)
	}
	return runItem{
		header:      newHeader(runKind, runKey(r.Ref()), w),
		WorkspaceID: r.WorkspaceID, ImportID: r.ImportID, ID: r.ID, Trigger: r.Trigger, Status: r.Status,
		CreatedAt: stamp(r.CreatedAt), StartedAt: stamp(r.StartedAt), EndedAt: stamp(r.EndedAt), Deadline: stamp(r.Deadline),
		Revision: r.Revision, PlanKey: r.PlanKey, SchemaVersion: r.SchemaVersion, Splits: r.Splits, SplitsDone: r.SplitsDone,
		Counts: countsItem(r.Counts), SnapshotID: r.SnapshotID, ErrorCode: r.ErrorCode, ErrorMessage: r.ErrorMessage,
	}
}

func decodeRun(from attributes) (ingest.Run, error) {
	i, err := decode[runItem](runKind, from)
	return ingest.Run{
		WorkspaceID: i.WorkspaceID, ImportID: i.ImportID, ID: i.ID, Trigger: i.Trigger, Status: i.Status,
		CreatedAt: i.CreatedAt.time(), StartedAt: i.StartedAt.time(), EndedAt: i.EndedAt.time(), Deadline: i.Deadline.time(),
		Revision: i.Revision, PlanKey: i.PlanKey, SchemaVersion: i.SchemaVersion, Splits: i.Splits, SplitsDone: i.SplitsDone,
		Counts: ingest.Counts(i.Counts), SnapshotID: i.SnapshotID, ErrorCode: i.ErrorCode, ErrorMessage: i.ErrorMessage,
	}, err
}
