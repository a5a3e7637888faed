package lake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/iceberg-go/table"
)

const (
	fewestSmall     = 5    // fewer small files are not worth a rewrite
	defaultDeletes  = 5    // Upkeep.Deletes
	rewriteRows     = 8192 // rows that are moved at once
	groupsPerCommit = 16   // groups whose work is lost when another writer comes first
)

// compact rewrites groups of files, some groups in a snapshot.
func (u *upkeep) compact(ctx context.Context) error {
	tbl, err := u.load(ctx)
	if err != nil {
		return err
	}
	tasks, err := tbl.Scan().PlanFiles(ctx)
	if err != nil {
		return classify(fmt.Errorf("planning a compaction: %w", err))
	}
	spec := tbl.Spec()
	groups := u.within(u.groups(tasks, spec.ID()))
	for some := range slices.Chunk(groups, groupsPerCommit) {
		if tbl, err = u.rewrite(ctx, tbl, some); err != nil {
			return fmt.Errorf("compacting: %w", err)
		}
	}
	return nil
}

// rewrite replaces the groups' files in one snapshot. Delete files stay: dropDeletes decides on them.
func (u *upkeep) rewrite(ctx context.Context, tbl *table.Table, groups []table.CompactionTaskGroup) (*table.Table, error) {
	read, written := 0, 0
	changed, err := u.change(ctx, tbl, func(tx *table.Transaction) error {
		replace := tx.NewRewrite(nil)
		for _, group := range groups {
			made, err := u.anew(ctx, tbl, group)
			if err != nil {
				return err
			}
			replace.ApplyResult(made)
			read, written = read+len(made.OldDataFiles), written+len(made.NewDataFiles)
		}
		return replace.Commit(ctx)
	})
	if err != nil {
		return nil, err
	}
	u.done.FilesRewritten, u.done.FilesWritten = u.done.FilesRewritten+read, u.done.FilesWritten+written
	return changed, nil
}

// anew writes the rows of a group, which is of one partition, without those that are deleted.
func (u *upkeep) anew(ctx context.Context, tbl *table.Table, group table.CompactionTaskGroup) (made table.CompactionGroupResult, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, batches, err := tbl.Scan(table.WithMaxConcurrency(1), table.WithArrowBatchSize(rewriteRows)).ReadTasks(ctx, group.Tasks)
	if err != nil {
		return made, fmt.Errorf("opening data files: %w", err)
	}
	columns, err := layoutOf(tbl, in)
	if err != nil {
		return made, err
	}
	out, err := openOutput(ctx, tbl, columns.file, u.lake.targetBytes)
	if err != nil {
		return made, err
	}
	defer out.fail()
	to := onePiece{out, group.Tasks[0].File.Partition()}
	for batch, err := range batches {
		if err != nil {
			return made, fmt.Errorf("reading data files: %w", err)
		}
		err = columns.write(batch, to)
		batch.Release()
		if err != nil {
			return made, err
		}
	}
	for _, task := range group.Tasks {
		made.OldDataFiles = append(made.OldDataFiles, task.File)
	}
	err = to.end()
	made.NewDataFiles = out.files
	return made, err
}

// groups are the files to rewrite, those of a group into about one file: all
// that have too many deletes, and small ones where there are enough of them.
// Files of a spec that was replaced are left as they are: Ensure replaces none.
func (u *upkeep) groups(tasks []table.FileScanTask, spec int) []table.CompactionTaskGroup {
	partitions := make(map[string][]table.FileScanTask)
	for _, task := range tasks {
		if int(task.File.SpecID()) == spec && (u.laden(task) || u.small(task)) {
			name := partitionOf(task.File)
			partitions[name] = append(partitions[name], task)
		}
	}
	var groups []table.CompactionTaskGroup
	for _, name := range slices.Sorted(maps.Keys(partitions)) {
		for _, group := range u.pack(name, partitions[name]) {
			if len(group.Tasks) >= fewestSmall || slices.ContainsFunc(group.Tasks, u.laden) {
				groups = append(groups, group)
			}
		}
	}
	return groups
}

func (u *upkeep) laden(task table.FileScanTask) bool {
	return len(task.DeleteFiles)+len(task.EqualityDeleteFiles) >= cmp.Or(u.Deletes, defaultDeletes)
}

func (u *upkeep) small(task table.FileScanTask) bool {
	return task.File.FileSizeBytes() < u.lake.targetBytes/4*3
}

// pack fills groups up to the size of a file, smallest files first.
func (u *upkeep) pack(partition string, tasks []table.FileScanTask) []table.CompactionTaskGroup {
	slices.SortFunc(tasks, func(a, b table.FileScanTask) int {
		return cmp.Or(cmp.Compare(a.File.FileSizeBytes(), b.File.FileSizeBytes()), cmp.Compare(a.File.FilePath(), b.File.FilePath()))
	})
	var groups []table.CompactionTaskGroup
	open := table.CompactionTaskGroup{PartitionKey: partition}
	for _, task := range tasks {
		if len(open.Tasks) > 0 && open.TotalSizeBytes+task.File.FileSizeBytes() > u.lake.targetBytes {
			groups, open = append(groups, open), table.CompactionTaskGroup{PartitionKey: partition}
		}
		open.Tasks = append(open.Tasks, task)
		open.TotalSizeBytes += task.File.FileSizeBytes()
	}
	if len(open.Tasks) > 0 {
		groups = append(groups, open)
	}
	return groups
}

// within are the first groups that RewriteBytes allows, one at least.
func (u *upkeep) within(groups []table.CompactionTaskGroup) []table.CompactionTaskGroup {
	var bytes int64
	for i, group := range groups {
		if bytes += group.TotalSizeBytes; u.RewriteBytes > 0 && bytes > u.RewriteBytes && i > 0 {
			u.done.Postponed = true
			return groups[:i]
		}
	}
	return groups
}
