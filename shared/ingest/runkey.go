package ingest

import (
	"context"
	"time"
)

// RunKey is the key of what a run has put into quarantine, sealed with its
// workspace's. A destroyed one stays, without what was sealed, so that none is made in its place.
type RunKey struct {
	Sealed      string    `json:"sealed,omitempty"` // base64
	CreatedAt   time.Time `json:"created_at,omitzero"`
	DestroyedAt time.Time `json:"destroyed_at,omitzero"`
}

// Destroyed reports whether nothing is left of it.
func (k RunKey) Destroyed() bool { return !k.DestroyedAt.IsZero() }

// RunKeys keeps the keys of runs.
type RunKeys interface {
	// CreateRunKey writes a run's key, if the run has none, not even a destroyed one; false when it has.
	CreateRunKey(ctx context.Context, ref Ref, k RunKey) (bool, error)
	// RunKey returns a run's key, or fault.QuarantineEmpty when none was made.
	RunKey(ctx context.Context, ref Ref) (RunKey, error)
	// DestroyRunKey drops what was sealed, for good, and leaves no run without a
	// destroyed key. A second time it changes nothing.
	DestroyRunKey(ctx context.Context, ref Ref, at time.Time) error
}
