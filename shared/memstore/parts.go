package memstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/headwaterhq/headwater/shared/ingest"
)

var _ ingest.PartPages = (*Store)(nil)

// PartsFrom returns parts of a run by split and number, from the given one on.
func (s *Store) PartsFrom(ctx context.Context, ref ingest.Ref, split, number, limit int) ([]ingest.Part, error) {
	parts, err := s.Parts(ctx, ref)
	parts = slices.DeleteFunc(parts, func(p ingest.Part) bool {
		return cmp.Or(cmp.Compare(p.Split, split), cmp.Compare(p.Number, number)) < 0
	})
	return parts[:max(0, min(limit, len(parts)))], err
}
