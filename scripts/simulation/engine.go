package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/quarantine"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/transfer"
)

const workspace = "acme"

// Engine runs imports with the workers that the functions run, on a store in memory and a real lake.
type Engine struct {
	Store    *memstore.Store
	Objects  *memstore.Objects
	Lake     *lake.Lake
	Registry *source.Registry
	Random   *rand.Rand // nil: nothing is killed

	credentials memstore.Credentials
}

// Connect makes an active connection to a place, by the checks and the discovery that a validation does.
func (e *Engine) Connect(ctx context.Context, p Place) (connection.Connection, error) {
	service := &connection.Service{
		Store: e.Store, Secrets: &e.credentials, Objects: e.Objects, Catalog: e.Registry, Workflow: played{}, Now: time.Now,
	}
	cred := source.Credential{Fields: map[string]source.Secret{}}
	for name, value := range p.Credentials {
		if name == "method" {
			cred.Method = fmt.Sprint(value)
		} else {
			cred.Fields[name] = source.Secret(fmt.Sprint(value))
		}
	}
	none := connection.Connection{}
	c, err := service.Create(ctx, workspace, "simulation", connection.NewConnection{
		Name: p.Platform, Platform: p.Platform, Settings: p.Settings, Credential: cred,
	})
	if err != nil {
		return none, fmt.Errorf("connecting: %w", err)
	}
	ref := connection.Ref{WorkspaceID: workspace, ConnectionID: c.ID, ValidationID: c.ValidationID}
	validator := &connection.Validator{Store: e.Store, Sources: e.sources(), Objects: e.Objects, Now: time.Now}
	if passed, err := validator.Check(ctx, ref); err != nil || !passed {
		report, _ := e.Store.Validation(ctx, ref)
		return none, fmt.Errorf("checking: passed %t: %+v: %w", passed, report, err)
	}
	if done, err := validator.Discover(ctx, ref); err != nil || !done {
		return none, fmt.Errorf("discovering: done %t: %w", done, err)
	}
	if _, err := (&connection.Settler{Store: e.Store, Now: time.Now}).Settle(ctx, ref, nil); err != nil {
		return none, fmt.Errorf("settling the validation: %w", err)
	}
	return e.Store.Connection(ctx, workspace, c.ID)
}

func (e *Engine) sources() connection.Sources {
	return connection.Sources{Registry: e.Registry, Credentials: &e.credentials}
}

// Create creates an import of the place's table.
func (e *Engine) Create(ctx context.Context, c connection.Connection, p Place, i Import) (ingest.Import, error) {
	n := ingest.NewImport{
		Name: i.Name + " of " + p.Platform, ConnectionID: c.ID, Table: p.Table, Type: ingest.UserProfile, Mode: ingest.Mode(i.Mode), Deleted: i.Deleted,
		// Tables this small change too much from day to day for guards that look at shares.
		Guards: ingest.Guards{
			Volume: ingest.Guard{Action: ingest.Ignore}, Deletes: ingest.Guard{Action: ingest.Ignore},
			MissingIdentifiers: ingest.Guard{Action: ingest.Ignore}, MaximumRejectedShare: new(1.0),
		},
	}
	if err := json.Unmarshal([]byte(Mapping), &n.Mapping); err != nil {
		return ingest.Import{}, fmt.Errorf("reading the mapping: %w", err)
	}
	if i.Cursor != "" {
		n.Cursor = &ingest.Cursor{Column: i.Cursor, Lookback: i.Lookback, Nulls: ingest.Nulls(i.Nulls)}
	}
	service := &ingest.Service{
		Store: e.Store, Workflow: played{}, Now: time.Now, Keys: keys{},
		Schemas: &connection.Service{Store: e.Store, Objects: e.Objects}, Catalog: e.Registry,
	}
	return service.Create(ctx, workspace, "simulation", n)
}

// Run runs an import from beginning to end, however often its workers die.
func (e *Engine) Run(ctx context.Context, i ingest.Import) (ingest.Run, error) {
	started, err := (&ingest.Service{Store: e.Store, Workflow: played{}, Now: time.Now}).Start(ctx, workspace, i.ID)
	if err != nil {
		return started, fmt.Errorf("starting: %w", err)
	}
	ref := started.Ref()
	vault := quarantine.Vault{Keys: e.Store, Workspace: keys{}}
	var splits atomic.Int64
	err = e.worker(ctx, "planning", func(ctx context.Context, now func() time.Time) error {
		planner := &transfer.Planner{
			Store: e.Store, Connections: e.Store, Sources: e.sources(), Objects: e.Objects, Lake: e.Lake, Vault: vault, Now: now, SplitBytes: 4 << 10,
		}
		made, err := planner.Plan(ctx, ref)
		if err == nil {
			splits.Store(int64(made.Splits))
		}
		return err
	})
	if err != nil {
		return started, err
	}
	for split := range int(splits.Load()) {
		err := e.worker(ctx, "extracting", func(ctx context.Context, now func() time.Time) error {
			extractor := &transfer.Extractor{
				Store: e.Store, Connections: e.Store, Sources: e.sources(), Objects: e.Objects, Lake: e.Lake, Vault: vault, Now: now,
			}
			done, err := extractor.Extract(ctx, ingest.SplitRef{Ref: ref, Split: split})
			if err == nil && !done {
				err = fault.New(fault.Unavailable, "the split is not done yet")
			}
			return err
		})
		if err != nil {
			return started, err
		}
	}
	err = e.worker(ctx, "committing", func(ctx context.Context, now func() time.Time) error {
		committer := &transfer.Committer{Store: e.Store, Objects: e.Objects, Lake: e.Lake, Now: now}
		landed, err := committer.Commit(ctx, ref)
		if err == nil && landed.Held {
			err = errors.New("the run is held")
		}
		return err
	})
	if err != nil {
		return started, err
	}
	err = e.worker(ctx, "settling", func(ctx context.Context, now func() time.Time) error {
		_, err := (&ingest.Settler{Store: e.Store, Lake: transfer.Committed{Lake: e.Lake}, Now: now}).Settle(ctx, ref, nil)
		return err
	})
	if err != nil {
		return started, err
	}
	return e.Store.Run(ctx, ref)
}

// Maintain compacts an import's table and folds its deletes.
func (e *Engine) Maintain(ctx context.Context, i ingest.Import) error {
	_, err := e.Lake.Maintain(ctx, lake.TableOf(i), lake.Upkeep{Deletes: 1, KeepSnapshots: 5, OrphanAge: lake.LeastOrphanAge})
	return err
}

// attempts is how often a worker is tried again for what may pass.
const attempts = 20

// worker does a worker's call until it succeeds once to its end. Before that it may be
// stopped in the middle, also beside another one that does the same, and what they
// answered is forgotten, also that they had succeeded. Each has a clock of its own.
func (e *Engine) worker(ctx context.Context, doing string, call func(context.Context, func() time.Time) error) error {
	for e.dies() {
		dying, die := context.WithTimeout(ctx, time.Duration(e.Random.Int64N(int64(40*time.Millisecond))))
		var twins sync.WaitGroup
		for range 1 + e.Random.IntN(2) {
			clock := e.clock()
			twins.Go(func() { _ = call(dying, clock) }) // nobody hears of it
		}
		twins.Wait()
		die()
	}
	clock := e.clock()
	var err error
	for range attempts {
		if err = call(ctx, clock); err == nil || !fault.Retryable(err) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// clock is one that is up to an hour slow: no worker's is ahead of the one that the rows were stamped by, which is for the source's own to be.
func (e *Engine) clock() func() time.Time {
	if e.Random == nil {
		return time.Now
	}
	slow := time.Duration(e.Random.Int64N(int64(time.Hour)))
	return func() time.Time { return time.Now().Add(-slow) }
}

func (e *Engine) dies() bool { return e.Random != nil && e.Random.IntN(3) == 0 }

// Rows are the rows that a table of the lake has, as Row.Landed has them, sorted.
func Rows(ctx context.Context, l *lake.Lake, table lake.TableID) ([]string, error) {
	rows, err := l.Rows(ctx, table, 1<<20)
	if fault.CodeOf(err) == fault.LakeTableMissing {
		return nil, nil
	}
	return landed(rows), err
}

// played is a workflow whose executions the engine plays itself.
type played struct{}

func (played) StartValidation(context.Context, connection.Ref) error { return nil }
func (played) StartRun(context.Context, ingest.Run) error            { return nil }

// keys are the workspace's, which no simulation depends on.
type keys struct{}

func (keys) EnsureWorkspaceKeys(context.Context, string) error { return nil }
func (keys) WorkspaceKeys(context.Context, string) (ingest.WorkspaceKeys, error) {
	return ingest.WorkspaceKeys{HMAC: bytes.Repeat([]byte{1}, 32), Quarantine: bytes.Repeat([]byte{2}, 32)}, nil
}
