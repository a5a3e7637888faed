package transfer

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// Committer commits runs.
type Committer struct {
	Store   ingest.Store
	Objects Objects
	Lake    *lake.Lake
	Now     func() time.Time
}

// Commit puts all parts of a run into the lake as one snapshot, and returns its id,
// empty when there was nothing to commit. Called again, it finds the snapshot
// by the run id.
//
// The run moves to committing right before the lake is touched. From then on
// only the lake says whether the rows are in, and a run that has been settled
// cannot commit. What is refused before that can be settled at once.
func (c *Committer) Commit(ctx context.Context, ref ingest.Ref) (snapshotID string, err error) {
	seen, err := c.open(ctx, ref)
	if err != nil {
		return "", err
	}
	made, err := readPlan(ctx, c.Objects, seen)
	if err != nil {
		return "", err
	}
	parts, err := c.Store.Parts(ctx, ref)
	if err != nil {
		return "", err
	}
	if err := complete(seen, parts); err != nil {
		return "", err
	}
	run, err := c.begin(ctx, seen)
	if err != nil {
		return "", err
	}
	snapshotID, err = c.Lake.Commit(ctx, lake.TableOf(made.Import), run.ID, made.Import.Mode, c.files(ctx, parts))
	if err != nil {
		return "", err
	}
	marked := run
	marked.SnapshotID = snapshotID
	// Losing this write is harmless: the lake itself has the run id.
	if _, err := c.Store.MoveRun(ctx, run, marked); err != nil {
		return "", err
	}
	return snapshotID, nil
}

// open returns a run that may be committed.
func (c *Committer) open(ctx context.Context, ref ingest.Ref) (ingest.Run, error) {
	run, err := c.Store.Run(ctx, ref)
	if err == nil && run.Status != ingest.Running && run.Status != ingest.Committing {
		err = fault.New(fault.RunNotOpen, "the run is "+string(run.Status))
	}
	return run, err
}

// begin moves a running run to committing, and a committing one to a later
// deadline, so that nobody takes this commit for dead while it is under way.
func (c *Committer) begin(ctx context.Context, seen ingest.Run) (ingest.Run, error) {
	run := seen
	run.Status, run.Deadline, run.Revision = ingest.Committing, c.Now().UTC().Add(ingest.CommitDeadline), seen.Revision+1
	moved, err := c.Store.MoveRun(ctx, seen, run)
	if err == nil && !moved {
		err = fault.New(fault.Unavailable, "the run was moved by somebody else at the same time")
	}
	return run, err
}

// complete refuses a commit of less than the whole plan.
func complete(run ingest.Run, parts []ingest.Part) error {
	ended := 0
	for _, p := range parts {
		if p.Last {
			ended++
		}
	}
	if ended != run.Splits {
		return fault.New(fault.Internal, fmt.Sprintf("%d of %d splits have ended", ended, run.Splits))
	}
	return nil
}

// files yields the encoded data files of each part, one part in memory at a time.
func (c *Committer) files(ctx context.Context, parts []ingest.Part) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, p := range parts {
			if p.FilesKey == "" {
				continue
			}
			body, err := c.Objects.Get(ctx, p.FilesKey)
			if err != nil {
				err = fmt.Errorf("reading data file list: %w", err)
			}
			if !yield(body, err) {
				return
			}
		}
	}
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
