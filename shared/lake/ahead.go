package lake

import (
	"context"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// filesAhead is how many files are open at once when many are read: of small ones, what takes time is the store's answer.
const filesAhead = 8

// readFiles calls do with batches of the files' rows, file by file in their order, as readColumns does with those of one.
// It holds two batches of some files at most.
func readFiles(ctx context.Context, tbl *table.Table, files []iceberg.DataFile, columns []string, do func(file int, batch arrow.RecordBatch) error) error {
	ahead := &readAhead{streams: make([]stream, len(files)), room: make(chan struct{}, filesAhead)}
	for i := range ahead.streams {
		ahead.streams[i] = stream{batches: make(chan arrow.RecordBatch, 1)}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer ahead.drain()
	defer cancel()
	ahead.group.Go(func() { ahead.open(ctx, tbl, files, columns) })
	for i := range files {
		for batch := range ahead.streams[i].batches {
			err := do(i, batch)
			batch.Release()
			if err != nil {
				return err
			}
		}
		if err := ahead.streams[i].err; err != nil {
			return err
		}
		<-ahead.room
	}
	return nil
}

type readAhead struct {
	streams []stream
	room    chan struct{} // one for each file that is open
	group   sync.WaitGroup
}

// stream is a file's batches. It is closed at their end, and then err says whether that was too early.
type stream struct {
	batches chan arrow.RecordBatch
	err     error
}

// open reads one file after the other, some at once. It closes all streams, of files that it did not come to as well.
func (a *readAhead) open(ctx context.Context, tbl *table.Table, files []iceberg.DataFile, columns []string) {
	for i, file := range files {
		select {
		case a.room <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			a.streams[i].err = context.Cause(ctx)
			close(a.streams[i].batches)
			continue
		}
		a.group.Go(func() {
			defer close(a.streams[i].batches)
			a.streams[i].err = readColumns(ctx, tbl, file, columns, func(batch arrow.RecordBatch) error {
				batch.Retain()
				select {
				case a.streams[i].batches <- batch:
					return nil
				case <-ctx.Done():
					batch.Release()
					return context.Cause(ctx)
				}
			})
		})
	}
}

// drain lets go of what nobody took. The readers' context has ended.
func (a *readAhead) drain() {
	a.group.Wait()
	for _, s := range a.streams {
		for batch := range s.batches {
			batch.Release()
		}
	}
}
