package lake

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Newest says of which rows the newest are wanted.
type Newest struct {
	Column, Value string         // a text column has this value
	By            string         // a timestamp column, by which a row is newer; NULL is the oldest
	Limit         int            // rows
	Keep          func(Row) bool // which of them count; nil is all. It may be called at the same time for several rows
}

// Newest returns the newest rows that are wanted, the newest first. As in Lookup, files that cannot have the value
// are not read; of the others those with the newest rows are first, by their statistics, and once no file can have
// a newer row, none is read any more. Memory grows with the limit, not with the rows that have the value.
func (l *Lake) Newest(ctx context.Context, id TableID, want Newest) ([]Row, error) {
	if want.Limit <= 0 {
		return nil, nil
	}
	ctx = l.with(ctx)
	tbl, err := l.load(ctx, id)
	if err != nil {
		return nil, err
	}
	filter, err := equals(tbl, want.Column, want.Value)
	if err != nil {
		return nil, err
	}
	by, ok := tbl.Schema().FindFieldByName(want.By)
	if !ok || !by.Type.Equals(iceberg.PrimitiveTypes.TimestampTz) {
		return nil, fault.Field(fault.LakeIncompatible, want.By, "the table has no column of times of this name")
	}
	tasks, err := tbl.Scan(filter).PlanFiles(ctx)
	if err != nil {
		return nil, classify(fmt.Errorf("planning a look-up: %w", err))
	}
	sortNewest(tasks, by.ID)
	found := &newestRows{want: want}
	search := newestSearch{tbl: tbl, filter: filter, want: want}
	for some := lookupReads; len(tasks) > 0 && latest(tasks[0], by.ID) > found.least(); some *= 2 {
		now := tasks[:min(some, len(tasks))]
		tasks = tasks[len(now):]
		if err := search.read(ctx, now, found); err != nil {
			return nil, classify(fmt.Errorf("looking up: %w", err))
		}
	}
	return found.list(), nil
}

// sortNewest puts the files with the newest rows first.
func sortNewest(tasks []table.FileScanTask, by int) {
	slices.SortFunc(tasks, func(a, b table.FileScanTask) int {
		return cmp.Or(cmp.Compare(latest(b, by), latest(a, by)), cmp.Compare(a.File.FilePath(), b.File.FilePath()))
	})
}

// latest is the upper bound of a timestamp column in a file, in microseconds: of a file that does not say, as great as can be.
func latest(task table.FileScanTask, field int) int64 {
	bound, err := iceberg.LiteralFromBytes(iceberg.PrimitiveTypes.TimestampTz, task.File.UpperBoundValues()[field])
	if at, ok := bound.(iceberg.TimestampLiteral); err == nil && ok {
		return int64(at)
	}
	return math.MaxInt64
}

// newestReads is how many files are read at once for whole rows, of which each has a batch in memory.
const newestReads = 4

// newestSearch reads files for what is wanted.
type newestSearch struct {
	tbl    *table.Table
	filter table.ScanOption
	want   Newest
}

// read adds to found the newest rows of some files.
func (s newestSearch) read(ctx context.Context, tasks []table.FileScanTask, found *newestRows) error {
	one := table.WithMaxConcurrency(1)
	tasks, err := having(ctx, s.tbl.Scan(s.filter, table.WithSelectedFields(s.want.Column), one), tasks)
	if err != nil {
		return err
	}
	each := make([]newestRows, len(tasks))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(newestReads)
	for n, task := range tasks {
		each[n].want = s.want
		group.Go(func() error { return s.file(ctx, s.tbl.Scan(s.filter, one), task, &each[n]) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, some := range each {
		for _, row := range some.rows {
			found.add(row)
		}
	}
	return nil
}

func (s newestSearch) file(ctx context.Context, scan *table.Scan, task table.FileScanTask, found *newestRows) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, batches, err := scan.ReadTasks(ctx, []table.FileScanTask{task})
	if err != nil {
		return err
	}
	for batch, err := range batches {
		if err != nil {
			return err
		}
		err = found.batch(batch, s.tbl.Schema())
		batch.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// newestRows are the newest rows so far, the newest first.
type newestRows struct {
	want Newest
	rows []timedRow
}

type timedRow struct {
	at  int64 // microseconds; noTime for NULL
	row Row
}

// noTime is before every time.
const noTime = math.MinInt64 + 1

// least is what a row must be newer than to be among the newest.
func (r *newestRows) least() int64 {
	if len(r.rows) < r.want.Limit {
		return math.MinInt64
	}
	return r.rows[len(r.rows)-1].at
}

// add puts a row behind those that are as new.
func (r *newestRows) add(row timedRow) {
	if row.at <= r.least() {
		return
	}
	at, _ := slices.BinarySearchFunc(r.rows, row.at, func(other timedRow, at int64) int {
		if other.at >= at {
			return -1
		}
		return 1
	})
	r.rows = slices.Insert(r.rows, at, row)
	r.rows = r.rows[:min(len(r.rows), r.want.Limit)]
}

// batch adds the newest rows of a batch.
func (r *newestRows) batch(batch arrow.RecordBatch, sc *iceberg.Schema) error {
	found := batch.Schema().FieldIndices(r.want.By)
	if len(found) == 0 {
		return fmt.Errorf("a data file has no column %s", r.want.By)
	}
	times, ok := batch.Column(found[0]).(*array.Timestamp)
	if !ok {
		return fmt.Errorf("column %s has no times", r.want.By)
	}
	order := make([]timedAt, batch.NumRows())
	for n := range order {
		if order[n] = (timedAt{noTime, n}); times.IsValid(n) {
			order[n].at = max(int64(times.Value(n)), noTime)
		}
	}
	slices.SortFunc(order, func(a, b timedAt) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.n, b.n)) })
	row := rowOf(batch, sc)
	for _, next := range order {
		if next.at <= r.least() {
			return nil
		}
		if made := row(next.n); r.want.Keep == nil || r.want.Keep(made) {
			r.add(timedRow{next.at, made})
		}
	}
	return nil
}

// timedAt is a row of a batch by its number.
type timedAt struct {
	at int64
	n  int
}

func (r *newestRows) list() []Row {
	rows := make([]Row, len(r.rows))
	for n := range rows {
		rows[n] = r.rows[n].row
	}
	return rows
}
