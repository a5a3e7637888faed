package lake

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// comparison finds the last row of each key by some columns.
type comparison struct {
	merge *merge
	table *table.Table
	files []iceberg.DataFile
	found *verdict
	order []string
	final bool     // whether nothing tells equal rows apart any more
	only  []rowSet // the rows that are compared, by file; nil: all
	rows  []int64  // how many these are
}

func (c *comparison) run(ctx context.Context) (err error) {
	var total int64
	for _, rows := range c.rows {
		total += rows
	}
	if total == 0 {
		return nil
	}
	if total <= c.merge.inMemory {
		j := c.merge.hearing(c.found, c.final)
		if err := c.claims(ctx, j.hear); err != nil {
			return err
		}
		if err := c.tableClaims(ctx, j.knows, j.hear); err != nil {
			return err
		}
		j.close()
		return nil
	}
	spread, err := openShards(int(min(total/c.merge.inMemory+1, mostShards)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, spread.close()) }()
	keys := newKeyFilter(total)
	err = c.claims(ctx, func(one claim) error {
		keys.add(one.key)
		return spread.add(one)
	})
	if err != nil {
		return err
	}
	if err := c.tableClaims(ctx, keys.has, spread.add); err != nil {
		return err
	}
	for _, one := range spread {
		j := c.merge.hearing(c.found, c.final)
		if err := one.each(j.hear); err != nil {
			return fmt.Errorf("comparing rows: %w", err)
		}
		j.close()
	}
	return nil
}

// tableClaims hands on the table's claims, which count only while all rows are compared: what it says is the first column's.
func (c *comparison) tableClaims(ctx context.Context, has func(key [16]byte) bool, do func(claim) error) error {
	if c.only != nil {
		return nil
	}
	return c.merge.tableClaims(ctx, c.table, c.files, has, do)
}

// claims hands on the claim of each row that is compared, in the order of files and rows. Files without any are not read. A
// claim's order is valid until the next call.
func (c *comparison) claims(ctx context.Context, do func(claim) error) error {
	var files []iceberg.DataFile
	var numbers []int // of these files
	for number, file := range c.files {
		if c.rows[number] > 0 {
			files, numbers = append(files, file), append(numbers, number)
		}
	}
	m := c.merge
	rows := make([]uint32, len(files))
	err := readFiles(ctx, c.table, files, once(m.Key, c.order, []string{m.Deleted}), func(file int, batch arrow.RecordBatch) error {
		if err := m.whole(batch); err != nil {
			return err
		}
		read, err := m.reader(batch, c.order)
		if err != nil {
			return err
		}
		number := numbers[file]
		for r := range int(batch.NumRows()) {
			at := position{file: uint32(number), row: rows[file]}
			rows[file]++
			if c.only != nil && !c.only[number].has(at.row) {
				continue
			}
			one := read(r)
			one.at = at
			if err := do(one); err != nil {
				return err
			}
		}
		return nil
	})
	for i, file := range files {
		if err == nil && int64(rows[i]) != file.Count() {
			err = errors.New("a data file has another number of rows than its description says")
		}
	}
	if err != nil {
		return fmt.Errorf("reading keys: %w", err)
	}
	return nil
}
