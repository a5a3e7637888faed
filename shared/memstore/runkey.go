package memstore

import (
	"context"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

var _ ingest.RunKeys = (*Store)(nil)

// CreateRunKey writes a run's key, if the run has none, not even a destroyed one.
func (s *Store) CreateRunKey(_ context.Context, ref ingest.Ref, k ingest.RunKey) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := runOf{ref.WorkspaceID, ref.RunID}
	if _, made := s.runKeys[of]; made {
		return false, nil
	}
	k.CreatedAt, k.DestroyedAt = milli(k.CreatedAt), milli(k.DestroyedAt)
	s.runKeys[of] = k
	return true, nil
}

// RunKey returns a run's key, or fault.QuarantineEmpty when none was made.
func (s *Store) RunKey(_ context.Context, ref ingest.Ref) (ingest.RunKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, made := s.runKeys[runOf{ref.WorkspaceID, ref.RunID}]
	if !made {
		return ingest.RunKey{}, fault.New(fault.QuarantineEmpty, "the run has no key")
	}
	return k, nil
}

// DestroyRunKey drops what was sealed, for good, and leaves no run without a destroyed key.
func (s *Store) DestroyRunKey(_ context.Context, ref ingest.Ref, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := runOf{ref.WorkspaceID, ref.RunID}
	if k := s.runKeys[of]; !k.Destroyed() {
		s.runKeys[of] = ingest.RunKey{CreatedAt: k.CreatedAt, DestroyedAt: milli(at)}
	}
	return nil
}
