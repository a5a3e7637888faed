package google

import (
	"context"
	"sync"
	"time"

	"cloud.google.com/go/auth"
)

// renewEarly is how long before its end a token is renewed: longer than any
// one request takes to be accepted.
const renewEarly = 5 * time.Minute

// tokens keeps one access token. It is renewed before it expires, and after an
// API has refused it; whoever asks meanwhile waits for the one renewal.
type tokens struct {
	fetch func(context.Context) (*auth.Token, error)
	turn  chan struct{} // who has put a value in it may renew

	mu      sync.Mutex
	value   string
	renewAt time.Time
}

func newTokens(fetch func(context.Context) (*auth.Token, error)) *tokens {
	return &tokens{fetch: fetch, turn: make(chan struct{}, 1)}
}

// get returns a token that is good for some minutes.
func (t *tokens) get(ctx context.Context) (string, error) {
	if value := t.current(); value != "" {
		return value, nil
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if value := t.current(); value != "" {
		return value, nil
	}
	fetched, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	t.keep(fetched)
	return fetched.Value, nil
}

// refused forgets a token that an API did not take, unless there is a newer one.
func (t *tokens) refused(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value == value {
		t.value = ""
	}
}

func (t *tokens) current() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Now().After(t.renewAt) {
		return ""
	}
	return t.value
}

// keep keeps a token for at least three quarters of its life, however short that is.
func (t *tokens) keep(token *auth.Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := time.Until(token.Expiry)
	t.value, t.renewAt = token.Value, token.Expiry.Add(-min(renewEarly, left/4))
}
