package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/schema"
)

// Planner plans runs.
type Planner struct {
	Store       ingest.Store
	Connections Connections
	Sources     connection.Opener
	Objects     Objects
	Lake        *lake.Lake
	Vault       quarantine.Vault
	Now         func() time.Time
	SplitBytes  int64 // wanted size of a split; 0 follows from the table's
}

// Planned tells where the extract inputs are.
type Planned struct {
	Key    string // JSON Lines, one ingest.SplitRef each
	Splits int    // how many lines there are
}

// Plan takes a queued run to running and hands out its splits that are not done. The
// first plan to be recorded counts; called again, it goes by that one. A run that
// is queued again, released or driven again, has its plan already.
func (p *Planner) Plan(ctx context.Context, ref ingest.Ref) (Planned, error) {
	run, err := p.Store.Run(ctx, ref)
	if err != nil {
		return Planned{}, err
	}
	switch {
	case run.Status != ingest.Queued && run.Status != ingest.Running:
		return Planned{}, fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	case run.PlanKey == "":
		run, err = p.plan(ctx, run)
	case run.Status == ingest.Queued:
		run, err = p.again(ctx, run)
	}
	if err != nil {
		return Planned{}, err
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
	made, err := p.make(ctx, i, seen)
	if err != nil {
		return seen, err
	}
	if err := p.Lake.Ensure(ctx, lake.TableOf(i), made.Import.LakeColumns(), lake.SpreadOf(i.Type)); err != nil {
		return seen, err
	}
	if _, err := p.Vault.Create(ctx, seen.Ref()); err != nil {
		return seen, err
	}
	run := seen
	if run.PlanKey, err = storePlan(ctx, p.Objects, seen, made); err != nil {
		return seen, err
	}
	run.StartedAt, run.AsOf, run.From = p.Now().UTC(), made.AsOf, made.From
	run.SchemaVersion, run.Splits = schema.Snapshot{Tables: []schema.Table{made.Table}}.Version(), made.steps()
	return p.start(ctx, seen, run)
}

// make plans what the run reads: its source, or the quarantine of another run.
func (p *Planner) make(ctx context.Context, i ingest.Import, run ingest.Run) (plan, error) {
	if run.Replays != "" {
		return p.replay(ctx, i, run)
	}
	return p.read(ctx, i, run)
}

// again starts a run that has its plan, with the guards as they are now: that they were
// too tight may be why it is queued again. What was read stays mapped as it was, and
// the links of hubs that were left out stay so.
func (p *Planner) again(ctx context.Context, seen ingest.Run) (ingest.Run, error) {
	i, err := p.Store.Import(ctx, seen.WorkspaceID, seen.ImportID)
	if err != nil {
		return seen, err
	}
	made, err := readPlan(ctx, p.Objects, seen)
	if err != nil {
		return seen, err
	}
	run, guards := seen, i.Guards
	guards.HubLinks = made.Import.Guards.HubLinks
	if !reflect.DeepEqual(made.Import.Guards, guards) {
		made.Import.Guards = guards
		if run.PlanKey, err = storePlan(ctx, p.Objects, seen, made); err != nil {
			return seen, err
		}
	}
	return p.start(ctx, seen, run)
}

// start moves a queued run to running. Whoever comes second goes by what the first one wrote.
func (p *Planner) start(ctx context.Context, seen, run ingest.Run) (ingest.Run, error) {
	run.Status = ingest.Running
	first, err := p.Store.MoveRun(ctx, seen, run)
	if err != nil || first {
		return run, err
	}
	run, err = p.Store.Run(ctx, seen.Ref())
	if err == nil && run.Status != ingest.Running {
		err = fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	}
	return run, err
}

// handOut writes the splits' progress, which may be there already, and the extract inputs of those that are not done.
func (p *Planner) handOut(ctx context.Context, run ingest.Run, made plan) (Planned, error) {
	progress := make([]ingest.SplitProgress, 0, made.steps())
	for n, split := range made.Splits {
		progress = append(progress, ingest.SplitProgress{Number: n, Label: split.Label})
	}
	if made.sifts() {
		progress = append(progress, ingest.SplitProgress{Number: len(made.Splits), Label: siftLabel})
	}
	if err := p.Store.CreateSplits(ctx, run.Ref(), progress); err != nil {
		return Planned{}, err
	}
	done, err := p.done(ctx, run)
	if err != nil {
		return Planned{}, err
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	handed := 0
	for n := range made.Splits {
		if done[n] {
			continue
		}
		if err := encoder.Encode(ingest.SplitRef{Ref: run.Ref(), Split: n, Execution: run.Execution()}); err != nil {
			return Planned{}, fmt.Errorf("encoding extract input: %w", err)
		}
		handed++
	}
	key := runKey(run, "splits-"+id.Nonce()+".jsonl")
	if err := p.Objects.Put(ctx, key, lines.Bytes()); err != nil {
		return Planned{}, fmt.Errorf("storing extract inputs: %w", err)
	}
	return Planned{Key: key, Splits: handed}, nil
}

// done are the splits that a run has done before: at first none.
func (p *Planner) done(ctx context.Context, run ingest.Run) (map[int]bool, error) {
	const page = 1000
	done := make(map[int]bool, run.SplitsDone)
	for from := 0; run.SplitsDone > 0 && from < run.Splits; from += page {
		splits, err := p.Store.Splits(ctx, run.Ref(), from, page)
		if err != nil {
			return nil, err
		}
		for _, split := range splits {
			done[split.Number] = split.Done
		}
	}
	return done, nil
}
