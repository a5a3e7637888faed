package dynamostore

import (
	"context"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

var _ ingest.RunKeys = (*Store)(nil)

type runKeyItem struct {
	header
	Sealed      string `dynamodbav:"sealed,omitempty"`
	CreatedAt   moment `dynamodbav:"created_at,omitempty"`
	DestroyedAt moment `dynamodbav:"destroyed_at,omitempty"`
}

func newRunKeyItem(r ingest.Ref, k ingest.RunKey) runKeyItem {
	return runKeyItem{
		header: newHeader(runKeyKind, runKeyKey(r), work{}),
		Sealed: k.Sealed, CreatedAt: stamp(k.CreatedAt), DestroyedAt: stamp(k.DestroyedAt),
	}
}

func decodeRunKey(from attributes) (ingest.RunKey, error) {
	i, err := decode[runKeyItem](runKeyKind, from)
	return ingest.RunKey{Sealed: i.Sealed, CreatedAt: i.CreatedAt.time(), DestroyedAt: i.DestroyedAt.time()}, err
}

// CreateRunKey writes a run's key, if the run has none, not even a destroyed one.
func (s *Store) CreateRunKey(ctx context.Context, ref ingest.Ref, k ingest.RunKey) (bool, error) {
	return s.write(ctx, "creating run key", put(newRunKeyItem(ref, k), absent))
}

// RunKey returns a run's key, or fault.QuarantineEmpty when none was made.
func (s *Store) RunKey(ctx context.Context, ref ingest.Ref) (ingest.RunKey, error) {
	none := fault.New(fault.QuarantineEmpty, "the run has no key")
	return one(ctx, s, "reading run key", runKeyKey(ref), none, decodeRunKey)
}

// DestroyRunKey drops what a run's key sealed, for good, whether one was made or not.
func (s *Store) DestroyRunKey(ctx context.Context, ref ingest.Ref, at time.Time) error {
	_, err := s.write(ctx, "destroying run key", update(runKeyKey(ref),
		"SET #kind = :kind, #v = :v, #destroyed_at = if_not_exists(#destroyed_at, :at) REMOVE #sealed", "",
		values{":kind": runKeyKind, ":v": itemVersion, ":at": string(stamp(at))}))
	return err
}
