package lake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/fault"
)

// LeastOrphanAge is the least age at which Maintain takes a file that no
// snapshot has for one that none will have.
const LeastOrphanAge = 24 * time.Hour

// Upkeep says what Maintain does.
type Upkeep struct {
	// Deletes is how many delete files may apply to a data file before it is written anew without the deleted rows,
	// less one: 1 leaves no row that is only marked as deleted, for readers that know no equality deletes. 0: 5.
	Deletes int
	// RewriteBytes is how many bytes of data files are rewritten by one call: those after are left for the next. 0: all.
	RewriteBytes int64
	// KeepSnapshots and KeepFor say which snapshots stay: the newest so many, at least one, and all younger than that.
	// A run is found by its snapshot: keep them for longer than a commit may be repeated.
	KeepSnapshots int
	KeepFor       time.Duration
	// OrphanAge is the age at which files that no snapshot has are removed, LeastOrphanAge or more: greater than the
	// time from a run's first data file to its commit, and than the longest query.
	OrphanAge time.Duration
}

// Maintained says what Maintain did.
type Maintained struct {
	FilesRewritten   int // small data files, or with deletes, that were replaced
	FilesWritten     int // by these
	DeletesRemoved   int // delete files that no longer applied to anything
	SnapshotsExpired int
	OrphansRemoved   int
	OrphanBytes      int64
	Postponed        bool // a step met another writer, or RewriteBytes, and was left for the next time
}

// Maintain compacts small data files and folds deletes into the data, drops
// delete files without effect, expires snapshots and removes files that no
// snapshot has. No row changes by it.
//
// It is safe beside commits: each change is made on a version of the table that
// was seen, and where another snapshot comes first it is left for the next time,
// so that upkeep never delays an import. Called again it finds nothing to do.
// When it is stopped in the middle, what is done stays done, and files without a
// snapshot become orphans.
//
// One file at a time is read and written: memory grows with the keys of
// the deletes that are pending, and with the number of the table's files.
func (l *Lake) Maintain(ctx context.Context, id TableID, how Upkeep) (Maintained, error) {
	return l.MaintainTable(ctx, id.Ref(), how)
}

// MaintainTable is Maintain for a table of any workspace.
func (l *Lake) MaintainTable(ctx context.Context, ref TableRef, how Upkeep) (Maintained, error) {
	if err := how.validate(); err != nil {
		return Maintained{}, err
	}
	u := &upkeep{Upkeep: how, lake: l, ref: ref}
	for _, step := range []func(context.Context) error{u.compact, u.dropDeletes, u.expire, u.removeOrphans} {
		err := step(l.with(ctx))
		if fault.CodeOf(err) == fault.LakeConflict {
			u.done.Postponed = true
			continue
		}
		if err != nil {
			return u.done, err
		}
	}
	return u.done, nil
}

func (u Upkeep) validate() error {
	switch {
	case u.Deletes < 0 || u.RewriteBytes < 0:
		return errors.New("what upkeep rewrites must not be negative")
	case u.KeepSnapshots < 1 || u.KeepFor < 0:
		return errors.New("upkeep must keep at least one snapshot")
	case u.OrphanAge < LeastOrphanAge:
		return fmt.Errorf("upkeep must leave files alone for %s", LeastOrphanAge)
	}
	return nil
}

type upkeep struct {
	Upkeep
	lake *Lake
	ref  TableRef
	done Maintained
}

// load returns the table as it is now.
func (u *upkeep) load(ctx context.Context) (*table.Table, error) {
	return u.lake.loadTable(ctx, u.ref.identifier())
}

// change commits what stage adds to a transaction on tbl, pinned to its version.
// A conflict is fault.LakeConflict.
func (u *upkeep) change(ctx context.Context, tbl *table.Table, stage func(*table.Transaction) error) (*table.Table, error) {
	tx := tbl.NewTransaction()
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
		return nil, fmt.Errorf("pinning the table's version: %w", err)
	}
	if err := stage(tx); err != nil {
		return nil, classify(err)
	}
	changed, err := tx.Commit(ctx)
	if err != nil {
		return nil, u.lake.commitError(ctx, tbl, err)
	}
	return changed, nil
}

func (u *upkeep) expire(ctx context.Context) error {
	tbl, err := u.load(ctx)
	if err != nil || tbl.CurrentSnapshot() == nil {
		return err
	}
	changed, err := u.change(ctx, tbl, func(tx *table.Transaction) error {
		// Their files are left to removeOrphans: there is one place that removes, and it looks at their age.
		return tx.ExpireSnapshots(table.WithRetainLast(u.KeepSnapshots), table.WithOlderThan(u.KeepFor), table.WithPostCommit(false))
	})
	if err != nil {
		return fmt.Errorf("expiring snapshots: %w", err)
	}
	u.done.SnapshotsExpired = len(tbl.Metadata().Snapshots()) - len(changed.Metadata().Snapshots())
	return nil
}

// orphanWorkers is how many requests removeOrphans makes at once.
const orphanWorkers = 8

func (u *upkeep) removeOrphans(ctx context.Context) error {
	tbl, err := u.load(ctx)
	if err != nil {
		return err
	}
	removed, err := tbl.DeleteOrphanFiles(ctx, table.WithFilesOlderThan(u.OrphanAge), table.WithCleanupMaxConcurrency(orphanWorkers))
	if err != nil {
		return classify(fmt.Errorf("removing orphans: %w", err))
	}
	u.done.OrphansRemoved, u.done.OrphanBytes = len(removed.DeletedFiles), removed.TotalSizeBytes
	return nil
}
