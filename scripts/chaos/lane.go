package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/scripts/simulation"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/names"
)

// lane is one seed on one platform: an import, for some days.
type lane struct {
	*scene
	place      simulation.Place
	connection string
	seed       uint64
	random     *rand.Rand
	model      *simulation.Model
	imp        string
}

// run is what is read of a run.
type run struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	From   string `json:"from"`
	Counts struct {
		Read        int `json:"rows_read"`
		Written     int `json:"rows_written"`
		Quarantined int `json:"rows_quarantined"`
	} `json:"counts"`
	Findings []ingest.Finding `json:"findings"`
	Error    struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func (r run) ended() bool { return r.Status == "succeeded" || r.Status == "failed" }

// live lets days pass, and each day's run end, in whatever weather.
func (l *lane) live(ctx context.Context, days int) error {
	kinds := simulation.Imports()
	kind := kinds[l.random.IntN(len(kinds))]
	l.model = simulation.NewModel(kind)
	table := simulation.NewSource(l.seed, time.Now)
	for day := range days {
		table.Day()
		if err := l.place.Put(ctx, table.Rows); err != nil {
			return fmt.Errorf("changing the table: %w", err)
		}
		if day == 0 {
			if err := l.create(ctx, kind); err != nil {
				return err
			}
		}
		r, err := l.endure(ctx)
		if err != nil {
			return fmt.Errorf("%s, day %d: %w", kind.Name, day, err)
		}
		if rows := l.model.Overlooked(table.Rows, r.From); len(rows) > 0 {
			return fmt.Errorf("%s, day %d: run %s read from %q, and overlooked %v", kind.Name, day, r.ID, r.From, rows)
		}
		read, landed, quarantined := l.model.Run(table.Rows, r.From)
		if r.Counts.Read != read || r.Counts.Written != landed || r.Counts.Quarantined != quarantined {
			return fmt.Errorf("%s, day %d: run %s counted %+v, want %d read, %d landed, %d quarantined", kind.Name, day, r.ID, r.Counts, read, landed, quarantined)
		}
		if err := l.holds(ctx); err != nil {
			return fmt.Errorf("%s, day %d, run %s: %w", kind.Name, day, r.ID, err)
		}
		l.tally.add("runs: " + l.place.Platform + ", " + kind.Name)
	}
	fmt.Printf("held     seed %-11d %-9s %s\n", l.seed, l.place.Platform, kind.Name)
	return nil
}

func (l *lane) create(ctx context.Context, kind simulation.Import) error {
	ignore := map[string]any{"action": "ignore"}
	n := map[string]any{
		"name": fmt.Sprintf("%s %d", kind.Name, l.seed), "connection_id": l.connection, "table": l.place.Table,
		"type": "user_profile", "mode": kind.Mode, "mapping": json.RawMessage(simulation.Mapping), "every_hours": 0,
		"guards": map[string]any{"volume": ignore, "deletes": ignore, "missing_identifiers": ignore, "maximum_rejected_share": 1},
	}
	if kind.Deleted != "" {
		n["deleted"] = kind.Deleted
	}
	if kind.Cursor != "" {
		cursor := map[string]any{"column": kind.Cursor, "lookback": kind.Lookback}
		if kind.Nulls != "" {
			cursor["nulls"] = kind.Nulls
		}
		n["cursor"] = cursor
	}
	var made struct{ ID string }
	// Where the nightly upkeep has discovered the table in the moment in which it was changed, the schema says so until the next discovery.
	err := l.api.Post(ctx, "/v1/imports", n, &made)
	if problem, ok := errors.AsType[*demo.Problem](err); ok && problem.Code == string(fault.SourceChanged) {
		if err := l.discover(ctx); err != nil {
			return err
		}
		err = l.api.Post(ctx, "/v1/imports", n, &made)
	}
	l.imp = made.ID
	return err
}

// discover has the connection validated again.
func (l *lane) discover(ctx context.Context) error {
	path := "/v1/connections/" + l.connection + "/validations"
	var v struct{ ID, Outcome string }
	if err := l.api.Post(ctx, path, nil, &v); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		err := l.api.Get(ctx, path+"/"+v.ID, &v)
		return v.Outcome != "running", err
	})
}

// endure starts a run, does to it what it must endure, and drives it again when it has failed, until it succeeds.
func (l *lane) endure(ctx context.Context) (run, error) {
	var r run
	path := "/v1/imports/" + l.imp + "/runs"
	l.weather.bad.Add(1)
	err := l.api.Post(ctx, path, nil, &r)
	for attempt := 1; ; attempt++ {
		if err == nil {
			err = l.harm(ctx, path, &r)
		}
		if attempt == 4 { // from here on nothing but what is left over from before stands in its way
			l.weather.bad.Add(-1)
		}
		if err != nil || r.Status == "succeeded" || attempt == 12 {
			if attempt < 4 {
				l.weather.bad.Add(-1)
			}
			break
		}
		l.tally.add("failed: " + r.Error.Code)
		r, err = l.again(ctx, path, r)
	}
	if err == nil && r.Status != "succeeded" {
		err = fmt.Errorf("run %s never succeeded: %+v", r.ID, r)
	}
	return r, err
}

// again drives a failed run again if it can be, and else starts another one.
func (l *lane) again(ctx context.Context, path string, r run) (run, error) {
	var next run
	if err := l.api.Post(ctx, path+"/"+r.ID+"/redrive", nil, &next); err == nil {
		l.tally.add("driven again")
		return next, nil
	}
	l.tally.add("started anew")
	return next, l.api.Post(ctx, path, nil, &next)
}

// harmful is how long an attempt is harmed: for ever, and it would never end.
const harmful = 20 * time.Second

// harm kills and repeats workers until the run has ended.
func (l *lane) harm(ctx context.Context, path string, r *run) error {
	workers := []string{names.Plan, names.Extract, names.Extract, names.Commit, names.Settle, names.Maintain}
	began := time.Now()
	err := until(ctx, func() (bool, error) {
		kind := l.random.IntN(6)
		if time.Since(began) > harmful {
			kind = -1
		}
		switch kind {
		case 0:
			if victim := workers[l.random.IntN(len(workers))]; l.KillFunction(victim) {
				l.tally.add("killed: " + victim)
			}
		case 1:
			l.repeat(ctx, *r, workers[l.random.IntN(len(workers))])
		case 2:
			if l.random.IntN(20) == 0 {
				if _, err := l.AdvanceClock(25 * time.Hour); err != nil {
					return false, err
				}
				l.tally.add("days that passed in a moment")
			}
		}
		err := l.api.Get(ctx, path+"/"+r.ID, r)
		switch {
		case err != nil:
		case r.Status == "held": // no guard but that of completeness is set to
			err = fmt.Errorf("a guard holds it: %+v", r.Findings)
		case r.Status == "committing" && time.Since(began) > 2*harmful:
			err = l.passTime(ctx, *r)
		}
		return r.ended(), err
	})
	if err != nil {
		err = fmt.Errorf("run %s, %s: %w", r.ID, r.Status, err)
	}
	return err
}

// passTime ends the time that a commit has, if none is under way, and sweeps: its execution has given up, and
// nobody but the sweep will say whether its rows are in the lake.
func (l *lane) passTime(ctx context.Context, r run) error {
	ref := ingest.Ref{WorkspaceID: workspace, ImportID: l.imp, RunID: r.ID}
	seen, err := l.store.Run(ctx, ref)
	if err != nil || seen.Status != ingest.Committing || l.KillFunction(names.Commit) {
		return err
	}
	late := seen
	late.Deadline = time.Now().UTC().Add(-time.Second)
	if _, err := l.store.MoveRun(ctx, seen, late); err != nil {
		return err
	}
	l.invoke(ctx, names.Settle, map[string]any{"kind": "sweep"})
	l.tally.add("swept")
	return nil
}

// repeat invokes a worker that may be at work already, or may have been, or should not be yet.
func (l *lane) repeat(ctx context.Context, r run, worker string) {
	ref := ingest.Ref{WorkspaceID: workspace, ImportID: l.imp, RunID: r.ID}
	var in any = ref
	switch worker {
	case names.Extract:
		in = ingest.SplitRef{Ref: ref, Split: l.random.IntN(3)}
	case names.Settle: // as an execution that is not the run's: its own would end the run
		in = map[string]any{"kind": "run", "workspace_id": workspace, "import_id": l.imp, "run_id": r.ID, "execution": r.ID + "-99"}
	case names.Maintain:
		return // it has an input of its own
	}
	l.invoke(ctx, worker, in)
	l.tally.add("repeated: " + worker)
}

// invoke invokes a function. Most that are invoked here are refused or lose; what counts is that nothing comes of it.
func (l *lane) invoke(ctx context.Context, function string, in any) {
	payload, err := json.Marshal(in)
	if err != nil {
		panic("encoding ids: " + err.Error())
	}
	name := names.Stack + "-" + function
	_, _ = l.functions.Invoke(ctx, &awslambda.InvokeInput{FunctionName: &name, Payload: payload})
}

// holds wants the lake to have what the model says.
func (l *lane) holds(ctx context.Context) error {
	i, err := l.store.Import(ctx, workspace, l.imp)
	if err != nil {
		return err
	}
	got, err := simulation.Rows(ctx, l.lake, lake.TableOf(i))
	if err != nil {
		return err
	}
	want := l.model.Rows()
	if slices.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("the lake has %d rows, the model %d; first difference: %s", len(got), len(want), difference(got, want))
}

func difference(got, want []string) string {
	for n := range max(len(got), len(want)) {
		switch {
		case n >= len(got):
			return "missing " + want[n]
		case n >= len(want):
			return "beyond " + got[n]
		case got[n] != want[n]:
			return got[n] + " instead of " + want[n]
		}
	}
	return "none"
}
