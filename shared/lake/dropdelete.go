package lake

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// dropDeletes takes delete files from the table that apply to none of its data
// files any more.
func (u *upkeep) dropDeletes(ctx context.Context) error {
	tbl, err := u.load(ctx)
	if err != nil {
		return err
	}
	live, err := inventoryOf(ctx, tbl)
	if err != nil {
		return classify(fmt.Errorf("listing delete files: %w", err))
	}
	dead := live.dead()
	if len(dead) == 0 {
		return nil
	}
	_, err = u.change(ctx, tbl, func(tx *table.Transaction) error {
		drop := tx.NewRewrite(nil)
		for _, file := range dead {
			drop.DeleteFile(file)
		}
		return drop.Commit(ctx)
	})
	if err != nil {
		return fmt.Errorf("dropping delete files: %w", err)
	}
	u.done.DeletesRemoved = len(dead)
	return nil
}

// inventory is what decides whether a delete file still has an effect.
type inventory struct {
	paths   []string         // of the data files, sorted
	oldest  map[string]int64 // the least sequence number of a data file, by partition
	deletes []iceberg.ManifestEntry
}

func inventoryOf(ctx context.Context, tbl *table.Table) (inventory, error) {
	live := inventory{oldest: make(map[string]int64)}
	snapshot := tbl.CurrentSnapshot()
	if snapshot == nil {
		return live, nil
	}
	fs, err := tbl.FS(ctx)
	if err != nil {
		return live, err
	}
	manifests, err := snapshot.Manifests(fs)
	if err != nil {
		return live, err
	}
	if !slices.ContainsFunc(manifests, func(m iceberg.ManifestFile) bool { return m.ManifestContent() == iceberg.ManifestContentDeletes }) {
		return live, nil
	}
	for _, manifest := range manifests {
		for entry, err := range manifest.Entries(fs, true) {
			if err != nil {
				return live, err
			}
			if entry.DataFile().ContentType() != iceberg.EntryContentData {
				live.deletes = append(live.deletes, entry)
				continue
			}
			live.paths = append(live.paths, entry.DataFile().FilePath())
			for _, where := range []string{partitionOf(entry.DataFile()), everywhere} {
				if before, met := live.oldest[where]; !met || entry.SequenceNum() < before {
					live.oldest[where] = entry.SequenceNum()
				}
			}
		}
	}
	slices.Sort(live.paths)
	return live, nil
}

// everywhere is the name of no partition, but of all.
const everywhere = ""

// dead are the delete files without effect. Equality deletes apply to data files
// of lesser sequence numbers in their partition, or in all of the table if they are
// of none; position deletes to those that they name.
func (v inventory) dead() []iceberg.DataFile {
	var files []iceberg.DataFile
	for _, entry := range v.deletes {
		file, applies := entry.DataFile(), true
		switch file.ContentType() {
		case iceberg.EntryContentEqDeletes:
			where := everywhere
			if len(file.Partition()) > 0 {
				where = partitionOf(file)
			}
			oldest, any := v.oldest[where]
			applies = any && oldest < entry.SequenceNum()
		case iceberg.EntryContentPosDeletes:
			applies = v.named(file)
		}
		if !applies {
			files = append(files, file)
		}
	}
	return files
}

// named reports whether the position deletes may be of a data file of the table.
func (v inventory) named(deletes iceberg.DataFile) bool {
	low, bounded := deletes.LowerBoundValues()[filePathField]
	high, both := deletes.UpperBoundValues()[filePathField]
	if !bounded || !both {
		return true
	}
	at, _ := slices.BinarySearch(v.paths, string(low))
	return at < len(v.paths) && v.paths[at] <= string(high)
}
