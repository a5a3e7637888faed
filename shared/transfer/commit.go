package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/quarantine"
)

// Committer commits runs.
type Committer struct {
	Store           ingest.Store
	Objects         Objects
	Lake            *lake.Lake
	Vault           quarantine.Vault
	Now             func() time.Time
	QuarantineBytes int // an object of the hub guard's quarantine has about as many; 0 is partQuarantine
}

// Landed is what became of a run that was to be committed.
type Landed struct {
	SnapshotID string // empty when there was nothing to commit, or the run is held
	Held       bool   // a guard holds it; nothing of it is in the lake
}

// Commit holds a run against its import's guards, puts all of its parts into the
// lake as one snapshot, and keeps the evidence. Called again, it finds the snapshot
// by the run id, or the run held.
//
// The run moves to committing right before the lake is touched. From then on
// only the lake says whether the rows are in, and a run that has been settled
// cannot commit. What is refused before that can be settled at once. With it goes
// everything that follows from the run having succeeded, so that whoever finds its
// snapshot in the lake need not know more.
func (c *Committer) Commit(ctx context.Context, ref ingest.Ref) (Landed, error) {
	r, err := c.ready(ctx, ref)
	if err != nil || r.run.Status == ingest.Held {
		return Landed{Held: err == nil}, err
	}
	run := r.run
	if r.run.Status == ingest.Running {
		if run, err = c.guard(ctx, r); err != nil || run.Status == ingest.Held {
			return Landed{Held: err == nil}, err
		}
	}
	if err := c.begin(ctx, r, run); err != nil {
		return Landed{}, err
	}
	snapshotID, err := land(ctx, c.Lake, r.plan, r.run, r.files(ctx, c.Objects))
	if err != nil {
		return Landed{}, err
	}
	return Landed{SnapshotID: snapshotID}, c.attest(ctx, r, snapshotID)
}

// extracted is a run whose splits have all ended.
type extracted struct {
	run    ingest.Run // as it was seen last
	plan   plan
	parts  []ingest.Part
	hubs   ingest.Counts // what the sift did to the run's counts
	sifted string        // object with what it left of the data files, empty when it left all of them
}

// ready returns a run that can be committed, or is held.
//
// What is to be committed is read last, parts before the run: all that they count
// has been recorded by then, so that guards and proof see all of it, and the data files are
// those that the sift left, whoever sifted.
func (c *Committer) ready(ctx context.Context, ref ingest.Ref) (*extracted, error) {
	seen, err := c.open(ctx, ref)
	if err != nil || seen.Status == ingest.Held {
		return &extracted{run: seen}, err
	}
	r := &extracted{}
	if r.plan, err = readPlan(ctx, c.Objects, seen); err != nil {
		return nil, err
	}
	if r.plan.sifts() {
		if err := c.sift(ctx, seen, r.plan); err != nil {
			return nil, err
		}
	}
	if r.parts, err = c.extractedParts(ctx, ref, r.plan); err != nil {
		return nil, err
	}
	if r.run, err = c.open(ctx, ref); err != nil {
		return nil, err
	}
	if r.run.PlanKey != seen.PlanKey {
		return nil, errMoved()
	}
	r.findSift()
	return r, nil
}

// open reads a run that is held, or far enough to be committed.
func (c *Committer) open(ctx context.Context, ref ingest.Ref) (ingest.Run, error) {
	run, err := c.Store.Run(ctx, ref)
	if err != nil {
		return run, err
	}
	switch run.Status {
	case ingest.Held, ingest.Running, ingest.Committing:
		return run, nil
	}
	return run, fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
}

// extractedParts reads a run's parts, and refuses less than the whole plan.
func (c *Committer) extractedParts(ctx context.Context, ref ingest.Ref, made plan) ([]ingest.Part, error) {
	parts, err := c.Store.Parts(ctx, ref)
	if err != nil {
		return nil, err
	}
	ended := 0
	for _, p := range parts {
		if p.Last && p.Split < len(made.Splits) {
			ended++
		}
	}
	if ended != len(made.Splits) {
		return nil, fault.New(fault.Internal, fmt.Sprintf("%d of %d splits have ended", ended, len(made.Splits)))
	}
	return parts, nil
}

// begin moves a running run to committing, and a committing one to a later
// deadline, so that nobody takes this commit for dead while it is under way.
func (c *Committer) begin(ctx context.Context, r *extracted, run ingest.Run) error {
	run.Status, run.Deadline = ingest.Committing, c.Now().UTC().Add(ingest.CommitDeadline)
	run.Watermark = watermark(r.plan, run, r.parts)
	return c.move(ctx, r, run)
}

// move writes the run, if nobody has moved it since it was seen.
func (c *Committer) move(ctx context.Context, r *extracted, run ingest.Run) error {
	run.Revision = r.run.Revision + 1
	moved, err := c.Store.MoveRun(ctx, r.run, run)
	if err == nil && !moved {
		err = errMoved()
	}
	if err == nil {
		r.run = run
	}
	return err
}

// errMoved ends a step that somebody else turns out to do as well. Called again, it finds what the other one left.
func errMoved() error {
	return fault.New(fault.Unavailable, "the run was moved by somebody else at the same time")
}

// Committed adapts the lake for ingest.Settler.
type Committed struct{ Lake *lake.Lake }

var _ ingest.Committed = Committed{}

// Committed tells whether a run's snapshot is in the lake. Where the table is
// gone no rows are: a run must not wait for it for ever.
func (c Committed) Committed(ctx context.Context, i ingest.Import, runID string) (string, bool, error) {
	snapshotID, found, err := c.Lake.Committed(ctx, lake.TableOf(i), runID)
	if fault.CodeOf(err) == fault.LakeTableMissing {
		return "", false, nil
	}
	return snapshotID, found, err
}
