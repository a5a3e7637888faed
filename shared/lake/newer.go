package lake

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// tableClaims hands on the claims of the table's rows whose key the run may have, in no particular order. What it says
// of their order is the first column's.
func (m *merge) tableClaims(ctx context.Context, tbl *table.Table, files []iceberg.DataFile, has func(key [16]byte) bool, do func(claim) error) error {
	if !m.keeps() {
		return nil
	}
	order := m.Order[:min(1, len(m.Order))]
	columns := once(m.Key, order)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	scan := tbl.Scan(table.WithSelectedFields(columns...), table.WithMaxConcurrency(1))
	tasks, err := scan.PlanFiles(ctx)
	if err != nil {
		return fmt.Errorf("planning a comparison with the table: %w", err)
	}
	_, batches, err := scan.ReadTasks(ctx, m.besides(tbl, files, tasks))
	if err != nil {
		return fmt.Errorf("opening the table: %w", err)
	}
	for batch, err := range batches {
		if err != nil {
			return fmt.Errorf("reading the table: %w", err)
		}
		read, err := m.reader(batch, order)
		if err != nil {
			batch.Release()
			return err
		}
		for row := range int(batch.NumRows()) {
			c := read(row)
			if c.inTable = true; !has(c.key) {
				continue
			}
			if err := do(c); err != nil {
				batch.Release()
				return err
			}
		}
		batch.Release()
	}
	return nil
}

// besides are the tasks whose files may have keys of the run: those of its partitions, if a key is of one partition.
func (m *merge) besides(tbl *table.Table, files []iceberg.DataFile, tasks []table.FileScanTask) []table.FileScanTask {
	if !within(tbl, m.Key) {
		return tasks
	}
	partitions := make(map[string]bool)
	for _, file := range files {
		partitions[partitionOf(file)] = true
	}
	var some []table.FileScanTask
	for _, task := range tasks {
		if partitions[partitionOf(task.File)] {
			some = append(some, task)
		}
	}
	return some
}

// partitionOf names the file's partition, the same for the files of one and another for those of others.
func partitionOf(file iceberg.DataFile) string {
	return fmt.Sprint(file.SpecID(), file.Partition()) // in the order of field ids
}

// keyFilter is a set of keys that may have more than were added.
type keyFilter []uint64

const (
	filterBitsPerKey = 16
	mostFilterBits   = 1 << 27 // 16 MB
)

func newKeyFilter(keys int64) keyFilter {
	bits := int64(64)
	for bits < keys*filterBitsPerKey && bits < mostFilterBits {
		bits *= 2
	}
	return make(keyFilter, bits/64)
}

func (f keyFilter) at(key [16]byte) (word, bit uint64) {
	h := binary.BigEndian.Uint64(key[8:])
	return h >> 6 & uint64(len(f)-1), 1 << (h & 63)
}

func (f keyFilter) add(key [16]byte) {
	word, bit := f.at(key)
	f[word] |= bit
}

func (f keyFilter) has(key [16]byte) bool {
	word, bit := f.at(key)
	return f[word]&bit != 0
}
