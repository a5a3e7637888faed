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
func (c *Committer) ready(ctx context.Context, ref ingest.Ref) (*extracted, error) {
	r := &extracted{}
	var err error
	if r.run, err = c.Store.Run(ctx, ref); err != nil {
		return nil, err
	}
	switch r.run.Status {
	case ingest.Held:
		return r, nil
	case ingest.Running, ingest.Committing:
	default:
		return nil, fault.New(fault.RunNotOpen, "the run is "+string(r.run.Status))
	}
	if r.plan, err = readPlan(ctx, c.Objects, r.run); err != nil {
		return nil, err
	}
	if r.parts, err = c.Store.Parts(ctx, ref); err != nil {
		return nil, err
	}
	if err := r.complete(); err != nil {
		return nil, err
	}
	if !r.plan.sifts() {
		return r, nil
	}
	return r, c.sift(ctx, r)
}

// complete refuses less than the whole plan.
func (r *extracted) complete() error {
	ended := 0
	for _, p := range r.parts {
		if p.Last && p.Split < len(r.plan.Splits) {
			ended++
		}
	}
	if ended != len(r.plan.Splits) {
		return fault.New(fault.Internal, fmt.Sprintf("%d of %d splits have ended", ended, len(r.plan.Splits)))
	}
	return nil
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
		err = fault.New(fault.Unavailable, "the run was moved by somebody else at the same time")
	}
	if err == nil {
		r.run = run
	}
	return err
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
