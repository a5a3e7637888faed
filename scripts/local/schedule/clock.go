package schedule

import (
	"sync"
	"time"
)

// Clock runs with the machine's clock, ahead of it by as much as it has been advanced.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now is the clock's time, in UTC.
func (c *Clock) Now() time.Time { return time.Now().UTC().Add(c.Ahead()) }

// Ahead is by how much the clock has been advanced.
func (c *Clock) Ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

func (c *Clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
