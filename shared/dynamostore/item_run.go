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
	Attempt       int            `dynamodbav:"attempt,omitempty"`
	Range         *rangeItem     `dynamodbav:"range,omitempty"`
	Replays       string         `dynamodbav:"replays,omitempty"`
	ReplayedBy    string         `dynamodbav:"replayed_by,omitempty"`
	From          string         `dynamodbav:"from,omitempty"`
	AsOf          moment         `dynamodbav:"as_of,omitempty"`
	Watermark     string         `dynamodbav:"watermark,omitempty"`
	Findings      []findingItem  `dynamodbav:"findings,omitempty"`
	Released      *decisionItem  `dynamodbav:"released,omitempty"`
	Proved        *provedItem    `dynamodbav:"proved,omitempty"`
	ManifestHash  string         `dynamodbav:"manifest_hash,omitempty"`
}

// runMove is what MoveRun and Reopen change.
var runMove = []string{
	"status", "started_at", "ended_at", "deadline", "revision", "plan_key", "schema_version", "splits",
	"snapshot_id", "error_code", "error_message", "attempt", "from", "as_of", "watermark", "findings", "released",
	"proved", "manifest_hash", names.WorkPartitionKey, names.WorkSortKey,
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
	item := runItem{
		header:      newHeader(runKind, runKey(r.Ref()), w),
		WorkspaceID: r.WorkspaceID, ImportID: r.ImportID, ID: r.ID, Trigger: r.Trigger, Status: r.Status,
		CreatedAt: stamp(r.CreatedAt), StartedAt: stamp(r.StartedAt), EndedAt: stamp(r.EndedAt), Deadline: stamp(r.Deadline),
		Revision: r.Revision, PlanKey: r.PlanKey, SchemaVersion: r.SchemaVersion, Splits: r.Splits, SplitsDone: r.SplitsDone,
		Counts: countsItem(r.Counts), SnapshotID: r.SnapshotID, ErrorCode: r.ErrorCode, ErrorMessage: r.ErrorMessage,
		Attempt: r.Attempt, Replays: r.Replays, ReplayedBy: r.ReplayedBy, From: r.From, AsOf: stamp(r.AsOf),
		Watermark: r.Watermark, Proved: newProvedItem(r.Proved), ManifestHash: r.ManifestHash,
	}
	if r.Range != nil {
		between := rangeItem(*r.Range)
		item.Range = &between
	}
	if r.Released != nil {
		item.Released = &decisionItem{Actor: r.Released.Actor, At: stamp(r.Released.At)}
	}
	for _, f := range r.Findings {
		item.Findings = append(item.Findings, findingItem(f))
	}
	return item
}

func decodeRun(from attributes) (ingest.Run, error) {
	i, err := decode[runItem](runKind, from)
	r := ingest.Run{
		WorkspaceID: i.WorkspaceID, ImportID: i.ImportID, ID: i.ID, Trigger: i.Trigger, Status: i.Status,
		CreatedAt: i.CreatedAt.time(), StartedAt: i.StartedAt.time(), EndedAt: i.EndedAt.time(), Deadline: i.Deadline.time(),
		Revision: i.Revision, PlanKey: i.PlanKey, SchemaVersion: i.SchemaVersion, Splits: i.Splits, SplitsDone: i.SplitsDone,
		Counts: ingest.Counts(i.Counts), SnapshotID: i.SnapshotID, ErrorCode: i.ErrorCode, ErrorMessage: i.ErrorMessage,
		Attempt: i.Attempt, Replays: i.Replays, ReplayedBy: i.ReplayedBy, From: i.From, AsOf: i.AsOf.time(),
		Watermark: i.Watermark, Proved: i.Proved.proved(), ManifestHash: i.ManifestHash,
	}
	if i.Range != nil {
		between := ingest.Range(*i.Range)
		r.Range = &between
	}
	if i.Released != nil {
		r.Released = &ingest.Decision{Actor: i.Released.Actor, At: i.Released.At.time()}
	}
	for _, f := range i.Findings {
		r.Findings = append(r.Findings, ingest.Finding(f))
	}
	return r, err
}
