package bigquery

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"github.com/headwaterhq/headwater/shared/fault"
)

const (
	// concurrency is how many metadata requests are under way at once. BigQuery
	// takes 100 a second of each method from a user; at its usual latency of some
	// 150 ms sixteen at a time stay near that, and what goes beyond is told to wait.
	concurrency = 16
	// paceAttempts and maxPause bound how long one request waits for its turn.
	paceAttempts = 5
	maxPause     = 20 * time.Second
)

// pace bounds how many requests are under way, and makes all of them wait when
// BigQuery says that there are too many.
type pace struct {
	slots chan struct{}

	mu    sync.Mutex
	until time.Time // nothing is sent before
}

func newPace(concurrent int) *pace { return &pace{slots: make(chan struct{}, concurrent)} }

// paced runs one request in its turn. Only a refusal for its rate is repeated
// here, which is no failure of the request: the other answers are the caller's.
func paced[T any](ctx context.Context, p *pace, request func() (T, error)) (T, error) {
	var none T
	for attempt := 1; ; attempt++ {
		if err := p.enter(ctx); err != nil {
			return none, err
		}
		result, err := request()
		<-p.slots
		if err == nil || attempt == paceAttempts || !p.slow(err, attempt) {
			return result, err
		}
	}
}

// enter waits for a slot, and for the end of a pause.
func (p *pace) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := p.rest(ctx); err != nil {
		<-p.slots
		return err
	}
	return nil
}

// rest waits for the end of a pause.
func (p *pace) rest(ctx context.Context) error {
	for {
		p.mu.Lock()
		wait := time.Until(p.until)
		p.mu.Unlock()
		if wait <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// slow pauses all requests after one that was refused for its rate: for as long
// as BigQuery says, or for longer each time. It reports whether to try again,
// which no other refusal is a reason for, nor a pause that nobody would wait for.
func (p *pace) slow(err error, attempt int) bool {
	if class := (Driver{}).Classify(err); class == nil || class.Code != fault.SourceRateLimited {
		return false
	}
	pause := retryAfter(err)
	if pause == 0 {
		pause = time.Second<<(attempt-1)/2 + rand.N(time.Second/2)
	}
	if pause > maxPause {
		return false
	}
	p.pause(pause)
	return true
}

// pause lets nothing be sent for a while.
func (p *pace) pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.until) {
		p.until = until
	}
}

// retryAfter reads how long an answer says to wait, 0 when it does not.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*googleapi.Error](err); ok {
		value := e.Header.Get("Retry-After")
		if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
			return time.Duration(seconds) * time.Second
		}
		if at, err := http.ParseTime(value); err == nil {
			return max(time.Until(at), 0)
		}
		return 0
	}
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}
