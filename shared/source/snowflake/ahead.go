package snowflake

import (
	"context"
	"io"
)

// ahead opens the next part while the current one is read, so that the wait for
// a store's answer is not added up over the parts. What it opened is not read
// before its turn, but for the little that the network buffers.
type ahead struct{ opened chan opening }

type opening struct {
	stream io.ReadCloser
	err    error
}

func openAhead(ctx context.Context, s *session, r result, p part) *ahead {
	a := &ahead{opened: make(chan opening, 1)}
	go func() {
		stream, err := s.open(ctx, r, p)
		a.opened <- opening{stream, err}
	}()
	return a
}

// take waits for the part.
func (a *ahead) take() (io.ReadCloser, error) {
	o := <-a.opened
	return o.stream, o.err
}

// drop closes the part unread. The context has to have ended, or drop waits for the store.
func (a *ahead) drop() {
	if stream, err := a.take(); err == nil {
		_ = stream.Close() // nothing was read of it
	}
}
