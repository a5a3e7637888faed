package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/memstore"
	"github.com/headwaterhq/headwater/shared/transfer"
)

// fate kills steps of runs, by a seed: around one in so many of their writes, before it or after it.
type fate struct {
	mu        sync.Mutex
	rng       *rand.Rand
	oneIn     int
	deaths    int
	mayRepeat bool // steps are also called again for nothing
}

func newFate(seed uint64, oneIn int) *fate {
	return &fate{rng: rand.New(rand.NewPCG(seed, 42)), oneIn: oneIn, mayRepeat: true}
}

func (f *fate) strike(write func() error) error {
	if f == nil {
		return write()
	}
	f.mu.Lock()
	dies, late := f.rng.IntN(f.oneIn) == 0, f.rng.IntN(2) == 0
	if dies {
		f.deaths++
	}
	f.mu.Unlock()
	switch {
	case dies && late:
		return errors.Join(write(), errDied)
	case dies:
		return errDied
	}
	return write()
}

func (f *fate) twice() bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mayRepeat && f.rng.IntN(4) == 0
}

// mortalStore is the store as a step sees it that may die at each of its writes.
type mortalStore struct {
	*memstore.Store
	fate *fate
}

func (w *world) mortal() mortalStore { return mortalStore{w.store, w.fate} }

func (m mortalStore) moved(write func() (bool, error)) (done bool, err error) {
	err = m.fate.strike(func() (err error) {
		done, err = write()
		return err
	})
	return done && err == nil, err
}

func (m mortalStore) MoveRun(ctx context.Context, seen, r ingest.Run) (bool, error) {
	return m.moved(func() (bool, error) { return m.Store.MoveRun(ctx, seen, r) })
}

func (m mortalStore) RecordPart(ctx context.Context, ref ingest.Ref, p ingest.Part) (bool, error) {
	return m.moved(func() (bool, error) { return m.Store.RecordPart(ctx, ref, p) })
}

func (m mortalStore) CreateRunKey(ctx context.Context, ref ingest.Ref, k ingest.RunKey) (bool, error) {
	return m.moved(func() (bool, error) { return m.Store.CreateRunKey(ctx, ref, k) })
}

func (m mortalStore) CreateSplits(ctx context.Context, ref ingest.Ref, splits []ingest.SplitProgress) error {
	return m.fate.strike(func() error { return m.Store.CreateSplits(ctx, ref, splits) })
}

// mortalObjects are the objects in the same way.
type mortalObjects struct {
	*memstore.Objects
	fate *fate
}

func (w *world) mortalObjects() mortalObjects { return mortalObjects{w.objects, w.fate} }

func (m mortalObjects) Put(ctx context.Context, key string, body []byte) error {
	return m.fate.strike(func() error { return m.Objects.Put(ctx, key, body) })
}

// retried is a step as the state machine calls it: again after a death, and now and then once more for nothing.
func retried[T any](t *testing.T, w *world, step func() (T, error)) (T, error) {
	t.Helper()
	for range 100 {
		done, err := step()
		if errors.Is(err, errDied) || fault.Retryable(err) {
			continue
		}
		if err == nil && w.fate.twice() {
			again, err := step()
			if err == nil {
				return again, nil
			}
		}
		return done, err
	}
	t.Fatal("a step died a hundred times")
	panic("unreachable")
}

// execute runs what the state machine does, up to its end or until the run is held.
func (w *world) execute(t *testing.T, ref ingest.Ref) (ingest.Run, error) {
	t.Helper()
	err := w.steps(t, ref)
	var cause *fault.Error
	if err != nil {
		cause = fault.New(fault.CodeOf(err), "it failed")
	}
	_, settling := retried(t, w, func() (bool, error) {
		if w.run(t, ref).Status == ingest.Held {
			return true, nil
		}
		return w.settler().Settle(t.Context(), ref, cause)
	})
	return w.run(t, ref), errors.Join(err, settling)
}

func (w *world) steps(t *testing.T, ref ingest.Ref) error {
	t.Helper()
	planned, err := retried(t, w, func() (transfer.Planned, error) { return w.planner().Plan(t.Context(), ref) })
	if err != nil {
		return err
	}
	lines, err := w.objects.Get(t.Context(), planned.Key)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(lines) {
		var in ingest.SplitRef
		if err := json.Unmarshal(line, &in); err != nil {
			return err
		}
		for done := false; !done; {
			if done, err = retried(t, w, func() (bool, error) { return w.extractor().Extract(t.Context(), in) }); err != nil {
				return err
			}
		}
	}
	_, err = retried(t, w, func() (transfer.Landed, error) { return w.committer().Commit(t.Context(), ref) })
	return err
}

// wokenStore lets the test do something right before a step's call, once.
type wokenStore struct {
	*memstore.Store
	split  func() // before it looks at a split
	attest func() // before it records a manifest
}

func once(do *func()) {
	if now := *do; now != nil {
		*do = nil
		now()
	}
}

func (s *wokenStore) Split(ctx context.Context, ref ingest.Ref, number int) (ingest.SplitProgress, error) {
	once(&s.split)
	return s.Store.Split(ctx, ref, number)
}

func (s *wokenStore) MoveRun(ctx context.Context, seen, r ingest.Run) (bool, error) {
	if r.ManifestHash != "" {
		once(&s.attest)
	}
	return s.Store.MoveRun(ctx, seen, r)
}
