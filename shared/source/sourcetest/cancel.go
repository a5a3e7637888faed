package sourcetest

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/source"
)

// cancelled is how soon a cancelled call must return.
const cancelled = 5 * time.Second

// testCancel: every call ends soon after its context, with the context's error,
// and a read that is stopped in the middle leaves nothing running.
func testCancel(t *testing.T, h Harness) {
	for name, stop := range map[string]func(context.CancelFunc){
		"between batches": func(cancel context.CancelFunc) { cancel() },
		"in a batch":      func(cancel context.CancelFunc) { time.AfterFunc(time.Millisecond, cancel) },
	} {
		t.Run(name, func(t *testing.T) { testCancelRead(t, h, stop) })
	}
	s := open(t, h, h.Config)
	snapshot := discover(t, s)
	plan := plan(t, s, snapshot, h.biggest().Name, h.TargetBytes)
	req := source.ReadRequest{Table: plan.Table, Split: plan.Splits[0]}
	calls := map[string]func(context.Context) error{
		"Check":    func(ctx context.Context) error { _, err := s.Check(ctx); return err },
		"Discover": func(ctx context.Context) error { _, err := s.Discover(ctx, ""); return err },
		"Plan": func(ctx context.Context) error {
			_, err := s.Plan(ctx, source.PlanRequest{Table: plan.Table})
			return err
		},
		"Next": func(ctx context.Context) error {
			r, err := s.Read(t.Context(), req)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }() // the cancelled Next is what is looked at
			for {
				b, err := r.Next(ctx)
				if err != nil {
					return err
				}
				b.Release()
			}
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			began := time.Now()
			if err := call(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
			if took := time.Since(began); took > cancelled {
				t.Errorf("took %v", took)
			}
		})
	}
}

// testCancelRead stops a read after its first batch. What was under way may
// still come, the end included.
func testCancelRead(t *testing.T, h Harness, stop func(context.CancelFunc)) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) }) // after the session is closed
	s := open(t, h, h.Config)
	plan := plan(t, s, discover(t, s), h.biggest().Name, 0)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := s.Read(ctx, source.ReadRequest{Table: plan.Table, Split: plan.Splits[0]})
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b.Release()
	stop(cancel)
	began := time.Now()
	for err == nil {
		if b, err = r.Next(ctx); err == nil {
			b.Release()
		}
	}
	if err != io.EOF && !errors.Is(err, context.Canceled) { //nolint:errorlint // only a bare EOF ends a read
		t.Errorf("got %v, want context.Canceled", err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("closing the reader: %v", err)
	}
	if took := time.Since(began); took > cancelled {
		t.Errorf("took %v", took)
	}
}
