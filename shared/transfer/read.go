package transfer

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

// splitBytes is the wanted size of a table's splits when nothing else is asked for: a two-hundredth of it, so that many workers
// share a table and its progress shows, but neither too small to be worth a worker nor too large
// to be read again when one dies. A terabyte makes 8,000 splits. Of a view, a query or an external table nobody knows the size.
func splitBytes(t schema.Table) int64 {
	if t.Bytes == 0 {
		return 64 << 20
	}
	return min(max(t.Bytes/200, 4<<20), 128<<20)
}

// read asks the source for its splits and opens the schema gate: what will be
// read must still fit the import's mapping.
func (p *Planner) read(ctx context.Context, i ingest.Import, run ingest.Run) (plan, error) {
	made := plan{Import: i, At: p.Now().UTC()}
	c, err := p.Connections.Connection(ctx, i.WorkspaceID, i.ConnectionID)
	if err != nil {
		return made, err
	}
	if c.Status != connection.Active {
		return made, fault.New(fault.ConnectionInactive, "the connection is "+string(c.Status)+": "+c.StatusChange.Reason)
	}
	src, err := p.Sources.Open(ctx, c)
	if err != nil {
		return made, err
	}
	defer func() { _ = src.Close() }() // only read from
	made.Credential = src.CredentialVersion()
	if made.Here = i.Query != "" || !src.Can(source.RowFilter); i.Query == "" {
		if made.Filter, err = i.Reads(run); err != nil {
			return made, err
		}
	}
	req, err := p.request(ctx, c, made, run.ID)
	if err != nil {
		return made, err
	}
	found, err := src.Plan(ctx, req)
	if err != nil {
		return made, err
	}
	made.Table, made.Splits, made.AsOf = found.Table, found.Splits, found.AsOf
	if err := made.gate(run); err != nil {
		return made, err
	}
	made.Tally, made.Uncounted = tally(ctx, src, req, found, made)
	return made, nil
}

// gate resolves what the import says against the table that was found, of a query
// for the first time, with what it reads.
func (p *plan) gate(run ingest.Run) (err error) {
	if err := p.Import.Tells(p.Table); err != nil {
		return err
	}
	if p.Import, err = p.Import.Resolve(p.Table); err != nil {
		return fault.Wrap(fault.RunSchemaGate, "a mapped column is gone or has another type", err)
	}
	if p.Filter, err = p.Import.Reads(run); err != nil {
		return err
	}
	if err := p.Filter.Validate("filter", p.Table); err != nil {
		return fault.Wrap(fault.RunSchemaGate, "a filtered column is gone or has another type", err)
	}
	if p.Import.Cursor != nil && run.Range == nil && run.Replays == "" {
		p.From, err = p.Import.Cursor.Lower(p.Import.Watermark)
	}
	return err
}

// request is what the import asks of its source. A table must still be in the
// connection's schema; a query is the platform's to understand.
func (p *Planner) request(ctx context.Context, c connection.Connection, made plan, runID string) (source.PlanRequest, error) {
	i := made.Import
	req := source.PlanRequest{
		Query: i.Query, Columns: made.columns(), Filter: made.pushed(), MaximumBytes: i.MaximumBytes,
		Labels: map[string]string{"headwater_workspace": i.WorkspaceID, "headwater_import": i.ID, "headwater_run": runID},
	}
	if i.Query == "" {
		table, err := connection.ReadTable(ctx, p.Objects, c, i.Table)
		if fault.CodeOf(err) == fault.TableNotFound {
			return req, fault.New(fault.RunSchemaGate, "the table is not in the connection's schema any more")
		}
		if err != nil {
			return req, err
		}
		req.Table = table
	}
	req.TargetBytes = cmp.Or(p.SplitBytes, splitBytes(req.Table))
	return req, nil
}

// countFor is how long a source may count, and at most half of the time that is left to plan.
const countFor = 3 * time.Minute

// tally asks the source to count what the plan reads. A run must not fail for want
// of a count, so that whatever keeps the source from it is only why there is none.
func tally(ctx context.Context, src *source.Source, req source.PlanRequest, found source.Plan, made plan) (*source.Tally, string) {
	if made.Import.Proof == ingest.ProofOff {
		return nil, ""
	}
	limit := countFor
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2)
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	counted, err := src.Count(bounded, source.CountRequest{PlanRequest: req, Plan: found, Column: made.windowed()})
	if err == nil {
		return &counted, ""
	}
	if e, known := fault.As(err); known && e.Code == fault.SourceUnsupported {
		return nil, e.Message
	}
	if bounded.Err() != nil {
		return nil, "the source did not count its rows in the time it was given"
	}
	return nil, fmt.Sprintf("the source did not count its rows (%s)", fault.CodeOf(err))
}

// windowed is the cursor's column where rows can be counted by windows of it.
func (p plan) windowed() *schema.Column {
	if p.Import.Cursor == nil {
		return nil
	}
	column, ok := p.Table.Column(p.Import.Cursor.Column)
	if !ok || !source.Windowed(column) {
		return nil
	}
	return &column
}
