package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/manifest"
)

// page is how many records are asked for at once: more than a workspace has here.
const page = 1000

// audit wants every run to have ended, and the evidence of each import to hold.
func (s *scene) audit(ctx context.Context) error {
	imports, err := s.store.Imports(ctx, workspace, "", page)
	if err != nil {
		return fmt.Errorf("listing imports: %w", err)
	}
	var errs []error
	for _, i := range imports {
		errs = append(errs, s.audited(ctx, i))
	}
	return errors.Join(errs...)
}

func (s *scene) audited(ctx context.Context, i ingest.Import) error {
	runs, err := s.store.Runs(ctx, workspace, i.ID, "", page)
	if err != nil {
		return fmt.Errorf("listing the runs of %s: %w", i.Name, err)
	}
	for _, r := range runs {
		if r.Status.Open() {
			return fmt.Errorf("%s: run %s is %s", i.Name, r.ID, r.Status)
		}
		if r.Proved != nil && r.Proved.Verdict == ingest.Incomplete {
			return fmt.Errorf("%s: run %s is proved to be incomplete: %+v", i.Name, r.ID, *r.Proved)
		}
	}
	found, err := s.lake.Snapshots(ctx, lake.TableOf(i))
	if err != nil {
		return fmt.Errorf("listing the snapshots of %s: %w", i.Name, err)
	}
	snapshots := make([]manifest.Snapshot, len(found))
	for n, snapshot := range found {
		snapshots[n] = manifest.Snapshot(snapshot)
	}
	report, err := manifest.Verify(manifest.Chain{Import: i, Runs: runs, Snapshots: snapshots, Manifests: s.manifests(ctx, i)})
	if err == nil && !report.OK() {
		err = fmt.Errorf("its evidence does not hold: %+v", report.Problems)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", i.Name, err)
	}
	s.tally.add("chains of manifests verified")
	return nil
}

func (s *scene) manifests(ctx context.Context, i ingest.Import) iter.Seq2[manifest.Kept, error] {
	return func(yield func(manifest.Kept, error) bool) {
		for key, err := range s.objects.Keys(ctx, manifest.Prefix(workspace, i.ID)) {
			kept := manifest.Kept{Key: key}
			if err == nil {
				kept.Body, err = s.objects.Get(ctx, key)
			}
			if !yield(kept, err) {
				return
			}
		}
	}
}
