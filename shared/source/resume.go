package source

import (
	"context"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/headwaterhq/headwater/shared/fault"
)

// resumingReader hides transient failures by reading on from the last checkpoint.
type resumingReader struct {
	source *Source
	open   func(context.Context, Checkpoint) (Reader, error)
	schema *arrow.Schema
	at     Checkpoint

	mu      sync.Mutex // Close may come in the middle of Next
	current Reader
	closed  bool
}

func (r *resumingReader) Schema() *arrow.Schema { return r.schema }

func (r *resumingReader) Next(ctx context.Context) (Batch, error) {
	failed, ended := false, false
	batch, err := call(ctx, r.source, "reading split", func(ctx context.Context) (Batch, error) {
		if failed {
			if err := r.reopen(ctx); err != nil {
				return Batch{}, err
			}
		}
		batch, err := r.reader().Next(ctx)
		ended = err == io.EOF //nolint:errorlint // only a bare EOF is an end: a wrapped one is a broken connection
		if failed = err != nil && !ended; failed {
			return Batch{}, err
		}
		return batch, nil
	})
	if err != nil {
		return Batch{}, err
	}
	if ended {
		return Batch{}, io.EOF
	}
	r.at = batch.After
	return batch, nil
}

func (r *resumingReader) reader() Reader {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// reopen replaces a reader that has failed by one that goes on after the last batch.
func (r *resumingReader) reopen(ctx context.Context) error {
	_ = r.reader().Close() // it has failed; the new reader reports what matters
	fresh, err := r.open(ctx, r.at)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		_ = fresh.Close() // nothing was read with it
		return fault.New(fault.WorkerInvalidCall, "the reader is closed")
	}
	r.current = fresh
	return nil
}

func (r *resumingReader) Close() error {
	r.mu.Lock()
	r.closed = true
	current := r.current
	r.mu.Unlock()
	return r.source.wrap("closing split", current.Close())
}
