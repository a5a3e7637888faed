package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/manifest"
)

// evidence is where what runs leave is read.
type evidence struct {
	store   records
	objects objects
	lake    *lake.Lake
}

// records are what the store has of imports and their runs.
type records interface {
	Import(ctx context.Context, workspaceID, id string) (ingest.Import, error)
	Imports(ctx context.Context, workspaceID, after string, limit int) ([]ingest.Import, error)
	Runs(ctx context.Context, workspaceID, importID, after string, limit int) ([]ingest.Run, error)
}

type objects interface {
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
	Get(ctx context.Context, key string) ([]byte, error)
}

// page is how many records are asked for at once.
const page = 200

func (e evidence) imports(ctx context.Context, workspace string) (all []ingest.Import, err error) {
	for after := ""; ; after = all[len(all)-1].ID {
		found, err := e.store.Imports(ctx, workspace, after, page)
		if err != nil {
			return nil, fmt.Errorf("listing imports: %w", err)
		}
		if all = append(all, found...); len(found) < page {
			return all, nil
		}
	}
}

func (e evidence) runs(ctx context.Context, i ingest.Import) (all []ingest.Run, err error) {
	for after := ""; ; after = all[len(all)-1].ID {
		found, err := e.store.Runs(ctx, i.WorkspaceID, i.ID, after, page)
		if err != nil {
			return nil, fmt.Errorf("listing runs: %w", err)
		}
		if all = append(all, found...); len(found) < page {
			return all, nil
		}
	}
}

// chain is all that there is of an import.
func (e evidence) chain(ctx context.Context, i ingest.Import) (manifest.Chain, error) {
	c := manifest.Chain{Import: i, Manifests: e.manifests(ctx, i)}
	var err error
	if c.Runs, err = e.runs(ctx, i); err != nil {
		return c, err
	}
	c.Snapshots, err = e.snapshots(ctx, i)
	return c, err
}

// manifests yields the import's manifests, one in memory at a time.
func (e evidence) manifests(ctx context.Context, i ingest.Import) iter.Seq2[manifest.Kept, error] {
	return func(yield func(manifest.Kept, error) bool) {
		for key, err := range e.objects.Keys(ctx, manifest.Prefix(i.WorkspaceID, i.ID)) {
			kept := manifest.Kept{Key: key}
			if err == nil {
				kept.Body, err = e.objects.Get(ctx, key)
			}
			if err != nil {
				err = fmt.Errorf("reading manifests: %w", err)
			}
			if !yield(kept, err) {
				return
			}
		}
	}
}

// snapshots are the table's; an import that never landed a row has no table.
func (e evidence) snapshots(ctx context.Context, i ingest.Import) ([]manifest.Snapshot, error) {
	found, err := e.lake.Snapshots(ctx, lake.TableOf(i))
	if fault.CodeOf(err) == fault.LakeTableMissing {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing snapshots: %w", err)
	}
	all := make([]manifest.Snapshot, len(found))
	for n, s := range found {
		all[n] = manifest.Snapshot(s)
	}
	return all, nil
}
