package dynamostore

import (
	"context"

	"github.com/headwaterhq/headwater/shared/ingest"
)

var _ ingest.PartPages = (*Store)(nil)

// PartsFrom returns parts of a run by split and number, from the given one on.
func (s *Store) PartsFrom(ctx context.Context, ref ingest.Ref, split, number, limit int) ([]ingest.Part, error) {
	if limit < 1 || split > maxNumber {
		return nil, nil
	}
	before := splitKey(ref, split) // of the same partition, and less than the split's parts
	switch {
	case number > maxNumber:
		before = partKey(ref, split, maxNumber)
	case number > 0:
		before = partKey(ref, split, number-1)
	}
	stretch := span{partition: before.partition, prefix: splitSort, after: before.sort, kind: partKind}
	return page(ctx, s, "listing parts", stretch, limit, decodePart)
}
