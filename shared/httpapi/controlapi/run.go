package controlapi

import (
	"context"
	"strconv"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// StartRun begins a run by hand.
func (s server) StartRun(ctx context.Context, req StartRunRequestObject) (StartRunResponseObject, error) {
	if err := known(id.Import, req.ID, fault.ImportNotFound); err != nil {
		return nil, err
	}
	r, err := s.Imports.Start(ctx, httpapi.Caller(ctx).WorkspaceID, req.ID)
	if err != nil {
		return nil, err
	}
	return StartRun202JSONResponse{
		Headers: StartRun202ResponseHeaders{Location: pathOf(r)},
		Body:    wireRun(r, s.Now()),
	}, nil
}

// ListRuns returns a page of an import's runs.
func (s server) ListRuns(ctx context.Context, req ListRunsRequestObject) (ListRunsResponseObject, error) {
	if err := known(id.Import, req.ID, fault.ImportNotFound); err != nil {
		return nil, err
	}
	list := httpapi.List{Kind: "runs", Workspace: httpapi.Caller(ctx).WorkspaceID, Of: req.ID}
	limit, after, err := pageOf(list, req.Params.Limit, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	read, err := s.Imports.Runs(ctx, list.Workspace, req.ID, after, limit+1)
	if err != nil {
		return nil, err
	}
	runs, next := httpapi.Page(list, read, limit, func(r ingest.Run) string { return r.ID })
	now := s.Now()
	return ListRuns200JSONResponse{
		Items: each(runs, func(r ingest.Run) Run { return wireRun(r, now) }), NextCursor: next,
	}, nil
}

// GetRun returns one run.
func (s server) GetRun(ctx context.Context, req GetRunRequestObject) (GetRunResponseObject, error) {
	ref, err := runRef(ctx, req.ID, req.RunID)
	if err != nil {
		return nil, err
	}
	r, err := s.Imports.Run(ctx, ref)
	if err != nil {
		return nil, err
	}
	return GetRun200JSONResponse(wireRun(r, s.Now())), nil
}

// ListSplits returns a page of a run's splits, by number.
func (s server) ListSplits(ctx context.Context, req ListSplitsRequestObject) (ListSplitsResponseObject, error) {
	ref, err := runRef(ctx, req.ID, req.RunID)
	if err != nil {
		return nil, err
	}
	list := httpapi.List{Kind: "splits", Workspace: ref.WorkspaceID, Of: ref.ImportID + "/" + ref.RunID}
	limit, after, err := pageOf(list, req.Params.Limit, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	from := 0
	if after != "" {
		last, err := strconv.Atoi(after)
		if err != nil || last < 0 {
			return nil, fault.Field(fault.InvalidCursor, "cursor", "is not one that this list returned")
		}
		from = last + 1
	}
	read, err := s.Imports.Splits(ctx, ref, from, limit+1)
	if err != nil {
		return nil, err
	}
	splits, next := httpapi.Page(list, read, limit, func(p ingest.SplitProgress) string { return strconv.Itoa(p.Number) })
	return ListSplits200JSONResponse{Items: each(splits, wireSplit), NextCursor: next}, nil
}

func runRef(ctx context.Context, importID, runID string) (ingest.Ref, error) {
	if err := known(id.Import, importID, fault.ImportNotFound); err != nil {
		return ingest.Ref{}, err
	}
	if err := known(id.Run, runID, fault.RunNotFound); err != nil {
		return ingest.Ref{}, err
	}
	return ingest.Ref{WorkspaceID: httpapi.Caller(ctx).WorkspaceID, ImportID: importID, RunID: runID}, nil
}

func pathOf(r ingest.Run) string { return "/v1/imports/" + r.ImportID + "/runs/" + r.ID }

func wireRun(r ingest.Run, now time.Time) Run {
	w := Run{
		ID: r.ID, ImportID: r.ImportID, Trigger: RunTrigger(r.Trigger), Status: RunStatus(r.Status),
		Splits: int32(r.Splits), SplitsDone: int32(r.SplitsDone), Counts: wireCounts(r.Counts),
		SchemaVersion: r.SchemaVersion, SnapshotID: r.SnapshotID, Error: wireFailure(r.ErrorCode, r.ErrorMessage),
		CreatedAt: r.CreatedAt, StartedAt: r.StartedAt, EndedAt: r.EndedAt,
		Attempt: int32(r.Attempt), Replays: r.Replays, ReplayedBy: r.ReplayedBy, From: r.From, AsOf: r.AsOf, Watermark: r.Watermark,
		Findings: each(r.Findings, wireFinding), Proved: wireProved(r.Proved), ManifestHash: r.ManifestHash,
	}
	if r.Range != nil {
		w.Backfill = Backfill{From: r.Range.From, To: r.Range.To}
	}
	if r.Released != nil {
		w.Released = Decision{Actor: r.Released.Actor, At: r.Released.At}
	}
	if r.Status == ingest.Held {
		w.DecideBy = r.Deadline
	}
	if !r.StartedAt.IsZero() {
		end := r.EndedAt
		if end.IsZero() {
			end = now
		}
		w.DurationMs = end.Sub(r.StartedAt).Milliseconds()
	}
	return w
}

func wireSplit(p ingest.SplitProgress) Split {
	return Split{
		Split: int32(p.Number), Label: p.Label, Parts: int32(p.Parts), Done: p.Done,
		Counts: wireCounts(p.Counts), StartedAt: p.StartedAt, EndedAt: p.EndedAt,
	}
}

func wireCounts(c ingest.Counts) Counts {
	return Counts{
		RowsRead: c.RowsRead, RowsWritten: c.RowsWritten, RowsQuarantined: c.RowsQuarantined,
		RowsFiltered: c.RowsFiltered, RowsFlagged: c.RowsFlagged, RowsNameless: c.RowsNameless,
		BytesRead: c.BytesRead, BytesWritten: c.BytesWritten,
	}
}
