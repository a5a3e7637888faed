package controlapi

import (
	"context"
	"encoding/json"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// nullable is a text or null that must be given: left out it is not null.
type nullable struct {
	given bool
	text  *string
}

// UnmarshalJSON is called for null too.
func (n *nullable) UnmarshalJSON(text []byte) error {
	n.given, n.text = true, nil
	return json.Unmarshal(text, &n.text)
}

// literal is the text, and "" for null. An empty text is neither: who sends one may have meant another.
func (n nullable) literal(field string) (string, error) {
	switch {
	case !n.given || n.text != nil && *n.text == "":
		return "", fault.Field(fault.MissingField, field, "give a value of the cursor, or null")
	case n.text == nil:
		return "", nil
	}
	return *n.text, nil
}

// SetWatermark says where the next run begins to read.
func (s server) SetWatermark(ctx context.Context, req SetWatermarkRequestObject) (SetWatermarkResponseObject, error) {
	if err := known(id.Import, req.ID, fault.ImportNotFound); err != nil {
		return nil, err
	}
	literal, err := req.Body.Watermark.literal("watermark")
	if err != nil {
		return nil, err
	}
	i, err := s.Imports.ResetCursor(ctx, httpapi.Caller(ctx).WorkspaceID, req.ID, literal)
	if err != nil {
		return nil, err
	}
	return SetWatermark200JSONResponse(wireImport(i)), nil
}

// StartBackfill begins a run that reads a range of the cursor.
func (s server) StartBackfill(ctx context.Context, req StartBackfillRequestObject) (StartBackfillResponseObject, error) {
	if err := known(id.Import, req.ID, fault.ImportNotFound); err != nil {
		return nil, err
	}
	between := ingest.Range{From: req.Body.From, To: req.Body.To}
	r, err := s.Imports.StartBackfill(ctx, httpapi.Caller(ctx).WorkspaceID, req.ID, between)
	if err != nil {
		return nil, err
	}
	return StartBackfill202JSONResponse{
		Headers: StartBackfill202ResponseHeaders{Location: pathOf(r)}, Body: wireRun(r, s.Now()),
	}, nil
}

// ReplayRun begins a run that reads another one's quarantine.
func (s server) ReplayRun(ctx context.Context, req ReplayRunRequestObject) (ReplayRunResponseObject, error) {
	ref, err := runRef(ctx, req.ID, req.RunID)
	if err != nil {
		return nil, err
	}
	r, err := s.Imports.Replay(ctx, ref)
	if err != nil {
		return nil, err
	}
	return ReplayRun202JSONResponse{
		Headers: ReplayRun202ResponseHeaders{Location: pathOf(r)}, Body: wireRun(r, s.Now()),
	}, nil
}

// RedriveRun queues a failed run again.
func (s server) RedriveRun(ctx context.Context, req RedriveRunRequestObject) (RedriveRunResponseObject, error) {
	ref, err := runRef(ctx, req.ID, req.RunID)
	if err != nil {
		return nil, err
	}
	r, err := s.Imports.Redrive(ctx, ref)
	if err != nil {
		return nil, err
	}
	return RedriveRun202JSONResponse(wireRun(r, s.Now())), nil
}

// ReleaseRun lets a held run go on.
func (s server) ReleaseRun(ctx context.Context, req ReleaseRunRequestObject) (ReleaseRunResponseObject, error) {
	ref, err := runRef(ctx, req.ID, req.RunID)
	if err != nil {
		return nil, err
	}
	r, err := s.Imports.Release(ctx, ref, httpapi.Caller(ctx).Subject)
	if err != nil {
		return nil, err
	}
	return ReleaseRun202JSONResponse(wireRun(r, s.Now())), nil
}

// DiscardRun ends a held run.
func (s server) DiscardRun(ctx context.Context, req DiscardRunRequestObject) (DiscardRunResponseObject, error) {
	ref, err := runRef(ctx, req.ID, req.RunID)
	if err != nil {
		return nil, err
	}
	r, err := s.Imports.Discard(ctx, ref, httpapi.Caller(ctx).Subject)
	if err != nil {
		return nil, err
	}
	return DiscardRun200JSONResponse(wireRun(r, s.Now())), nil
}
