package lake

import (
	"context"
	"fmt"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Buckets returns by which column the table's rows are in buckets, and in how many; the first one, of a table that has
// several. A table without buckets is in one, of no column.
func (l *Lake) Buckets(ctx context.Context, id TableID) (Bucket, error) {
	tbl, err := l.load(l.with(ctx), id)
	if err != nil {
		return Bucket{}, err
	}
	found, _ := firstBucket(tbl)
	return found, nil
}

// firstBucket is the table's first bucket transform, and its partition field's id.
func firstBucket(tbl *table.Table) (Bucket, int) {
	spec := tbl.Spec()
	for _, field := range spec.Fields() {
		if bucket, ok := field.Transform.(iceberg.BucketTransform); ok {
			name, _ := tbl.Schema().FindColumnName(field.SourceID())
			return Bucket{Column: name, N: bucket.NumBuckets}, field.FieldID
		}
	}
	return Bucket{N: 1}, 0
}

// Scan yields the columns of the table's rows, of the one bucket of Buckets or, for -1, of all; all columns where none
// is named. Rows that pending deletes hide are left out. A batch is valid until the next one: whoever keeps it retains
// it. The order of rows is not defined. One file is read at a time, in memory that does not grow with the table.
func (l *Lake) Scan(ctx context.Context, id TableID, columns []string, bucket int) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		ctx, cancel := context.WithCancel(l.with(ctx))
		defer cancel()
		batches, err := l.openScan(ctx, id, columns, bucket)
		if err != nil {
			yield(nil, err)
			return
		}
		for batch, err := range batches {
			if err != nil {
				yield(nil, classify(fmt.Errorf("scanning: %w", err)))
				return
			}
			more := yield(batch, nil)
			batch.Release()
			if !more {
				return
			}
		}
	}
}

func (l *Lake) openScan(ctx context.Context, id TableID, columns []string, bucket int) (iter.Seq2[arrow.RecordBatch, error], error) {
	tbl, err := l.load(ctx, id)
	if err != nil {
		return nil, err
	}
	options := []table.ScanOption{table.WithMaxConcurrency(1)}
	for _, name := range columns {
		if _, ok := tbl.Schema().FindFieldByName(name); !ok {
			return nil, fault.Field(fault.LakeIncompatible, name, "the table has no column of this name")
		}
	}
	if len(columns) > 0 {
		options = append(options, table.WithSelectedFields(columns...))
	}
	scan := tbl.Scan(options...)
	tasks, err := scan.PlanFiles(ctx)
	if err != nil {
		return nil, classify(fmt.Errorf("planning a scan: %w", err))
	}
	_, batches, err := scan.ReadTasks(ctx, inBucket(tbl, tasks, bucket))
	if err != nil {
		return nil, classify(fmt.Errorf("opening data files: %w", err))
	}
	return batches, nil
}

// inBucket are the tasks whose files are of the bucket.
func inBucket(tbl *table.Table, tasks []table.FileScanTask, bucket int) []table.FileScanTask {
	_, field := firstBucket(tbl)
	if bucket < 0 || field == 0 && bucket == 0 {
		return tasks
	}
	var some []table.FileScanTask
	for _, task := range tasks {
		if of, ok := task.File.Partition()[field].(int32); ok && int(of) == bucket {
			some = append(some, task)
		}
	}
	return some
}
