package lookupapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lookup"
)

// maxLines is how many bytes a page of lines has. It travels in base64, and a Lambda answers with at most 6 MB.
const maxLines = 4_000_000

const ndjson = "application/x-ndjson"

type acceptKey struct{}

// withAccept keeps what the caller accepts for the one operation that asks for it.
func withAccept(next StrictHandlerFunc, _ string) StrictHandlerFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, request any) (any, error) {
		return next(context.WithValue(ctx, acceptKey{}, r.Header.Values("Accept")), w, r, request)
	}
}

// acceptsLines reports whether the caller names the media type of lines.
func acceptsLines(ctx context.Context) bool {
	accept, _ := ctx.Value(acceptKey{}).([]string)
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		if media, parameters, err := mime.ParseMediaType(part); err == nil && media == ndjson && parameters["q"] != "0" {
			return true
		}
	}
	return false
}

func runOf(ctx context.Context, importID, runID string) (ingest.Ref, error) {
	if !id.Is(id.Import, importID) {
		return ingest.Ref{}, fault.New(fault.ImportNotFound, "")
	}
	if !id.Is(id.Run, runID) {
		return ingest.Ref{}, fault.New(fault.RunNotFound, "")
	}
	return ingest.Ref{WorkspaceID: httpapi.Caller(ctx).WorkspaceID, ImportID: importID, RunID: runID}, nil
}

// quarantinePage is a page of a run's quarantine: where it began and where the next one does.
type quarantinePage struct {
	list   httpapi.List
	wanted lookup.Wanted
	from   lookup.Place
}

func (s server) newQuarantinePage(ctx context.Context, req ListQuarantineRequestObject) (ingest.Ref, quarantinePage, error) {
	ref, err := runOf(ctx, req.ID, req.RunID)
	if err != nil {
		return ref, quarantinePage{}, err
	}
	wanted := lookup.Wanted{Rule: req.Params.Rule, Column: req.Params.Column}
	p := quarantinePage{
		list:   httpapi.List{Kind: "quarantine", Workspace: ref.WorkspaceID, Of: url.Values{"run": {ref.RunID}, "rule": {wanted.Rule}, "column": {wanted.Column}}.Encode()},
		wanted: wanted,
	}
	for name, value := range map[string]string{"rule": wanted.Rule, "column": wanted.Column} {
		if len(value) > maxFilter {
			return ref, p, fault.Field(fault.InvalidRequest, name, fmt.Sprintf("must be at most %d bytes long", maxFilter))
		}
	}
	after, err := p.list.After(req.Params.Cursor)
	if err != nil || after == "" {
		return ref, p, err
	}
	place, ok := lookup.ParsePlace(after)
	if !ok {
		return ref, p, fault.Field(fault.InvalidCursor, "cursor", "is not one that this list returned")
	}
	p.from = place
	return ref, p, nil
}

// maxFilter bounds a rule or a column's name, in bytes, so that it fits into a cursor.
const maxFilter = 1024

// ListQuarantine returns a page of a run's rejected rows, as JSON or as lines.
func (s server) ListQuarantine(ctx context.Context, req ListQuarantineRequestObject) (ListQuarantineResponseObject, error) {
	ref, page, err := s.newQuarantinePage(ctx, req)
	if err != nil {
		return nil, err
	}
	limit, err := httpapi.Limit(req.Params.Limit)
	if err != nil {
		return nil, err
	}
	if acceptsLines(ctx) {
		return s.quarantineLines(ctx, ref, page, req)
	}
	items, size := []QuarantinedRow{}, 0
	next, end, err := s.Quarantine.Read(ctx, ref, page.wanted, page.from, func(r lookup.Rejected) (bool, error) {
		row := wireRejected(r)
		text, err := json.Marshal(row)
		if err != nil {
			return false, fmt.Errorf("measuring rows: %w", err)
		}
		if len(items) == limit || len(items) > 0 && size+len(text) > maxRows {
			return false, nil
		}
		items, size = append(items, row), size+len(text)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	answer := quarantineJSON{Items: items}
	if !end {
		answer.NextCursor = page.list.Cursor(next.String())
	}
	return answer, nil
}

// quarantineLines returns as many rejected rows as an answer can hold, one per line.
func (s server) quarantineLines(ctx context.Context, ref ingest.Ref, page quarantinePage, req ListQuarantineRequestObject) (ListQuarantineResponseObject, error) {
	var answer quarantineNDJSON
	next, end, err := s.Quarantine.Read(ctx, ref, page.wanted, page.from, func(r lookup.Rejected) (bool, error) {
		text, err := json.Marshal(wireRejected(r))
		if err != nil {
			return false, fmt.Errorf("rendering rows: %w", err)
		}
		if answer.lines.Len() > 0 && answer.lines.Len()+len(text)+1 > maxLines {
			return false, nil
		}
		answer.lines.Write(append(text, '\n'))
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if !end {
		query := url.Values{"cursor": {page.list.Cursor(next.String())}}
		for name, value := range map[string]string{"rule": req.Params.Rule, "column": req.Params.Column} {
			if value != "" {
				query.Set(name, value)
			}
		}
		answer.next = fmt.Sprintf("/v1/imports/%s/runs/%s/quarantine?%s", ref.ImportID, ref.RunID, query.Encode())
	}
	return &answer, nil
}

func wireRejected(r lookup.Rejected) QuarantinedRow {
	return QuarantinedRow{
		RowKey: r.RowKey, Split: int32(r.Split), From: r.From, Origin: r.Origin, Rule: r.Rule, Column: r.Column, Reason: r.Reason,
		Replayable: r.Replayable, Value: r.Value, ValueDestroyed: r.Destroyed,
	}
}

// quarantineJSON is a page without the header that lines have.
type quarantineJSON QuarantinePage

// VisitListQuarantineResponse writes the page.
func (p quarantineJSON) VisitListQuarantineResponse(w http.ResponseWriter) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("rendering rows: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(text)
	return err
}

// quarantineNDJSON is a page of lines, and where the next one is.
type quarantineNDJSON struct {
	lines bytes.Buffer
	next  string
}

// VisitListQuarantineResponse writes the lines.
func (p *quarantineNDJSON) VisitListQuarantineResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", ndjson)
	if p.next != "" {
		w.Header().Set("Link", "<"+p.next+`>; rel="next"`)
	}
	w.WriteHeader(http.StatusOK)
	_, err := p.lines.WriteTo(w)
	return err
}

// GetQuarantineSummary counts a run's rejected rows.
func (s server) GetQuarantineSummary(ctx context.Context, req GetQuarantineSummaryRequestObject) (GetQuarantineSummaryResponseObject, error) {
	ref, err := runOf(ctx, req.ID, req.RunID)
	if err != nil {
		return nil, err
	}
	summary, err := s.Quarantine.Summary(ctx, ref)
	if err != nil {
		return nil, err
	}
	counts := make([]QuarantineCount, len(summary.Counts))
	for n, c := range summary.Counts {
		counts[n] = QuarantineCount{Rule: c.Rule, Column: c.Column, Rows: c.Rows}
	}
	return GetQuarantineSummary200JSONResponse{
		Rows: summary.Rows, Key: QuarantineSummaryKey(summary.Key), Complete: summary.Complete, Counts: counts,
	}, nil
}

// DestroyQuarantineKey makes a run's rejected values unreadable.
func (s server) DestroyQuarantineKey(ctx context.Context, req DestroyQuarantineKeyRequestObject) (DestroyQuarantineKeyResponseObject, error) {
	ref, err := runOf(ctx, req.ID, req.RunID)
	if err != nil {
		return nil, err
	}
	if err := s.Quarantine.Destroy(ctx, ref); err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "quarantine key destroyed", "import_id", ref.ImportID, "run_id", ref.RunID)
	return DestroyQuarantineKey204Response{}, nil
}
