package ingest

import "context"

// PartPages lists a run's parts in pages, for who does not want all of them at once.
type PartPages interface {
	// PartsFrom returns parts by split and number, from the given one, or what comes in its place, on, at most limit.
	PartsFrom(ctx context.Context, ref Ref, split, number, limit int) ([]Part, error)
}
