package transfer

import (
	"context"
	"iter"
	"sync"
)

// readAhead is how many objects are asked for at once where thousands are read in turn: one after the other, ten thousand
// take S3 minutes.
const readAhead = 32

// ahead yields the objects of the keys, in order. A few more than the current one are in memory, or on their way.
func ahead(ctx context.Context, keys []string, get func(ctx context.Context, key string) ([]byte, error)) iter.Seq2[[]byte, error] {
	type answer struct {
		body []byte
		err  error
	}
	return func(yield func([]byte, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var asking sync.WaitGroup
		defer asking.Wait()
		defer cancel()
		var window []chan answer
		for left := keys; len(left) > 0 || len(window) > 0; {
			for ; len(left) > 0 && len(window) < readAhead; left = left[1:] {
				key, answered := left[0], make(chan answer, 1)
				asking.Go(func() {
					body, err := get(ctx, key)
					answered <- answer{body, err}
				})
				window = append(window, answered)
			}
			first := <-window[0]
			window = window[1:]
			if !yield(first.body, first.err) {
				return
			}
		}
	}
}
