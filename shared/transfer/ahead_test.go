package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headwaterhq/headwater/shared/transfer"
)

// Objects come in the order of their keys, however long each takes, and never more at once than there may be.
func TestAheadKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys []string
		for n := range 500 {
			keys = append(keys, fmt.Sprint(n))
		}
		var under, most atomic.Int64
		began, n := time.Now(), 0
		for body, err := range transfer.Ahead(t.Context(), keys, func(_ context.Context, key string) ([]byte, error) {
			most.Store(max(most.Load(), under.Add(1)))
			defer under.Add(-1)
			time.Sleep(time.Duration(10+len(key)*3) * time.Millisecond)
			return []byte(key), nil
		}) {
			if err != nil || string(body) != keys[n] {
				t.Fatalf("object %d is %q, %v", n, body, err)
			}
			n++
		}
		if n != len(keys) || most.Load() != transfer.ReadAhead {
			t.Errorf("%d objects, %d at once; want %d, %d", n, most.Load(), len(keys), transfer.ReadAhead)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s: one waited for the other", took)
		}
	})
}

// Whoever stops leaves nothing under way: synctest ends only when every goroutine has.
func TestAheadStopsWithItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken line")
		var asked atomic.Int64
		for _, err := range transfer.Ahead(t.Context(), make([]string, 1000), func(ctx context.Context, _ string) ([]byte, error) {
			if asked.Add(1) == 3 {
				return nil, broken
			}
			select {
			case <-time.After(time.Second):
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}) {
			if err != nil {
				if !errors.Is(err, broken) {
					t.Errorf("error %v, want %v", err, broken)
				}
				break
			}
		}
		if asked.Load() > 2*transfer.ReadAhead {
			t.Errorf("%d objects were asked for", asked.Load())
		}
	})
}
