package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/manifest"
	"github.com/headwaterhq/headwater/shared/source"
)

// attest keeps what a run that has been committed leaves: what the lake has of it,
// and its manifest. Whoever does it again writes the same.
func (c *Committer) attest(ctx context.Context, r *extracted, snapshotID string) error {
	before, after, err := c.around(ctx, r, snapshotID)
	if err != nil {
		return err
	}
	run := r.run
	run.SnapshotID = snapshotID
	run.Proved = landed(r, after)
	facts := manifest.Facts{
		Splits: r.plan.Splits, Parts: r.parts, CredentialVersion: r.plan.Credential, Before: before, After: after,
	}
	if r.plan.sifts() {
		facts.Splits = append(slices.Clip(facts.Splits), source.Split{Label: siftLabel})
	}
	body, hash, err := manifest.New(r.plan.Import, run, facts).Encode()
	if err != nil {
		return err
	}
	if err := c.Objects.Put(ctx, manifest.Key(run.Ref()), body); err != nil {
		return fmt.Errorf("storing manifest: %w", err)
	}
	run.ManifestHash = hash
	recorded, err := c.Store.MoveRun(ctx, r.run, run)
	if err != nil || recorded {
		return err
	}
	return c.attested(ctx, run.Ref())
}

// attested looks why a run could not be moved. A commit that did the same in the same moment may have recorded the
// manifest, or only begun; what has been settled meanwhile stays as it is.
func (c *Committer) attested(ctx context.Context, ref ingest.Ref) error {
	run, err := c.Store.Run(ctx, ref)
	if err == nil && run.Status == ingest.Committing && run.ManifestHash == "" {
		err = errMoved()
	}
	return err
}

// around returns the run's snapshot and the one before it, where there are such.
func (c *Committer) around(ctx context.Context, r *extracted, snapshotID string) (before, after *manifest.Snapshot, err error) {
	if snapshotID == "" {
		return nil, nil, nil
	}
	snapshots, err := c.Lake.Snapshots(ctx, lake.TableOf(r.plan.Import))
	if err != nil {
		return nil, nil, err
	}
	all := make([]manifest.Snapshot, len(snapshots))
	for n, s := range snapshots {
		all[n] = manifest.Snapshot(s)
	}
	before, after = manifest.Around(r.run.ID, all)
	return before, after, nil
}

// landed is the proof with what the lake says that the run's snapshot added. In
// Merge rows that another one of the run supersedes need not be there.
func landed(r *extracted, after *manifest.Snapshot) *ingest.Proved {
	p := prove(r)
	if p == nil {
		return nil
	}
	if after != nil {
		p.LakeRows = after.AddedRows
	}
	written := r.run.Counts.RowsWritten
	if p.LakeRows > written || p.LakeRows < written && r.plan.Import.Mode != ingest.Merge {
		p.Verdict = ingest.Incomplete
		p.Why = fmt.Sprintf("%d rows were written, and the lake's snapshot added %d", written, p.LakeRows)
	}
	return p
}
