// Package transfer moves rows from a source into the lake: it plans a run into
// splits, extracts each split in parts, and commits all parts at once.
//
// It is the one place where sources, the pipeline and the lake meet. Every step
// may be called again at any moment, by a retry or by a duplicate
// invocation: what counts is decided by conditional writes in the store, and
// whoever loses such a race drops its work.
package transfer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/names"
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

// Objects keeps plans and parts.
type Objects interface {
	Put(ctx context.Context, key string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
	GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error)
	Delete(ctx context.Context, keys ...string) error
}

// Connections finds and opens connections.
type Connections interface {
	Connection(ctx context.Context, workspaceID, id string) (connection.Connection, error)
}

// plan is what every worker of a run goes by.
type plan struct {
	Import ingest.Import  `json:"import"` // as it was when the run was planned, its mapping resolved
	Table  schema.Table   `json:"table"`  // the source, as it was then
	Splits []source.Split `json:"splits"`
}

// Planner plans runs.
type Planner struct {
	Store       ingest.Store
	Connections Connections
	Sources     connection.Opener
	Objects     Objects
	Lake        *lake.Lake
	Now         func() time.Time
	SplitBytes  int64 // wanted size of a split; 0 follows from the table's
}

// Planned tells where the extract inputs are.
type Planned struct {
	Key    string // JSON Lines, one ingest.Ref and split number each
	Splits int
}

// Plan takes a queued run to running and cuts its source into splits. The first
// plan to be recorded counts; called again, it returns that one.
func (p *Planner) Plan(ctx context.Context, ref ingest.Ref) (Planned, error) {
	run, err := p.Store.Run(ctx, ref)
	if err != nil {
		return Planned{}, err
	}
	if run.Status != ingest.Queued && run.Status != ingest.Running {
		return Planned{}, fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	}
	if run.PlanKey == "" {
		if run, err = p.plan(ctx, run); err != nil {
			return Planned{}, err
		}
	}
	made, err := readPlan(ctx, p.Objects, run)
	if err != nil {
		return Planned{}, err
	}
	return p.handOut(ctx, run, made)
}

// plan makes a plan and records it, or returns the run with the plan that was recorded meanwhile.
func (p *Planner) plan(ctx context.Context, seen ingest.Run) (ingest.Run, error) {
	i, err := p.Store.Import(ctx, seen.WorkspaceID, seen.ImportID)
	if err != nil {
		return seen, err
	}
	c, err := p.Connections.Connection(ctx, i.WorkspaceID, i.ConnectionID)
	if err != nil {
		return seen, err
	}
	made, err := p.read(ctx, c, i, seen.ID)
	if err != nil {
		return seen, err
	}
	if err := p.Lake.Ensure(ctx, lake.TableOf(i), made.Import.LakeColumns(), lake.SpreadOf(i.Type)); err != nil {
		return seen, err
	}
	body, err := json.Marshal(made)
	if err != nil {
		return seen, fmt.Errorf("encoding plan: %w", err)
	}
	run := seen
	run.Status, run.StartedAt = ingest.Running, p.Now().UTC()
	run.PlanKey = runKey(seen, "plan-"+id.Nonce()+".json")
	run.SchemaVersion, run.Splits = schema.Snapshot{Tables: []schema.Table{made.Table}}.Version(), len(made.Splits)
	if err := p.Objects.Put(ctx, run.PlanKey, body); err != nil {
		return seen, fmt.Errorf("storing plan: %w", err)
	}
	first, err := p.Store.MoveRun(ctx, seen, run)
	if err != nil || first {
		return run, err
	}
	run, err = p.Store.Run(ctx, seen.Ref())
	if err == nil && run.PlanKey == "" {
		err = fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	}
	return run, err
}

// read asks the source for its splits and opens the schema gate: what will be
// read must still fit the import's mapping.
func (p *Planner) read(ctx context.Context, c connection.Connection, i ingest.Import, runID string) (plan, error) {
	if c.Status != connection.Active {
		return plan{}, fault.New(fault.ConnectionInactive, "the connection is "+string(c.Status)+": "+c.StatusChange.Reason)
	}
	req, err := p.request(ctx, c, i, runID)
	if err != nil {
		return plan{}, err
	}
	src, err := p.Sources.Open(ctx, c)
	if err != nil {
		return plan{}, err
	}
	defer func() { _ = src.Close() }() // only read from
	found, err := src.Plan(ctx, req)
	if err != nil {
		return plan{}, err
	}
	if err := i.Filter.Validate("filter", found.Table); err != nil {
		return plan{}, fault.Wrap(fault.RunSchemaGate, "a filtered column is gone or has another type", err)
	}
	if i.Mapping, err = i.Mapping.Resolve(i.Type, found.Table); err != nil {
		return plan{}, fault.Wrap(fault.RunSchemaGate, "a mapped column is gone or has another type", err)
	}
	return plan{Import: i, Table: found.Table, Splits: found.Splits}, nil
}

// request is what the import asks of its source. A table must still be in the
// connection's schema; a query is the platform's to understand.
func (p *Planner) request(ctx context.Context, c connection.Connection, i ingest.Import, runID string) (source.PlanRequest, error) {
	req := source.PlanRequest{
		Query: i.Query, Columns: i.Mapping.Sources(), Filter: i.Filter, MaximumBytes: i.MaximumBytes,
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

// handOut writes the splits' progress and the extract inputs; both may be there already.
func (p *Planner) handOut(ctx context.Context, run ingest.Run, made plan) (Planned, error) {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	progress := make([]ingest.SplitProgress, len(made.Splits))
	for n, split := range made.Splits {
		progress[n] = ingest.SplitProgress{Number: n, Label: split.Label}
		if err := encoder.Encode(ingest.SplitRef{Ref: run.Ref(), Split: n}); err != nil {
			return Planned{}, fmt.Errorf("encoding extract input: %w", err)
		}
	}
	if err := p.Store.CreateSplits(ctx, run.Ref(), progress); err != nil {
		return Planned{}, err
	}
	key := runKey(run, "splits-"+id.Nonce()+".jsonl")
	if err := p.Objects.Put(ctx, key, lines.Bytes()); err != nil {
		return Planned{}, fmt.Errorf("storing extract inputs: %w", err)
	}
	return Planned{Key: key, Splits: len(made.Splits)}, nil
}

func readPlan(ctx context.Context, objects Objects, run ingest.Run) (plan, error) {
	var made plan
	body, err := objects.Get(ctx, run.PlanKey)
	if err != nil {
		return made, fmt.Errorf("reading plan: %w", err)
	}
	if err := json.Unmarshal(body, &made); err != nil {
		return made, fmt.Errorf("decoding plan: %w", err)
	}
	return made, nil
}

func runKey(r ingest.Run, name string) string {
	return fmt.Sprintf(names.RunPrefix+"%s/%s/%s", r.WorkspaceID, r.ID, name)
}
