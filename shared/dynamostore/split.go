package dynamostore

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// maxNumber is the largest number of a split or a part: keys have six digits.
const maxNumber = 999_999

// CreateSplits writes the splits of a run; those that exist stay as they are.
func (s *Store) CreateSplits(ctx context.Context, ref ingest.Ref, splits []ingest.SplitProgress) error {
	for _, split := range splits {
		if split.Number < 0 || split.Number > maxNumber {
			return fmt.Errorf("creating splits: a run has splits 0 to %d", maxNumber)
		}
	}
	const atOnce = 16
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, split := range splits {
		group.Go(func() error {
			_, err := s.write(ctx, "creating split", put(newSplitItem(ref, split), absent))
			return err
		})
	}
	return group.Wait()
}

// Split returns one split's progress, or fault.RunNotFound.
func (s *Store) Split(ctx context.Context, ref ingest.Ref, number int) (ingest.SplitProgress, error) {
	return one(ctx, s, "reading split", splitKey(ref, number), noRun(), decodeSplit)
}

// Splits returns a page of a run's splits, by number, from the given one.
func (s *Store) Splits(ctx context.Context, ref ingest.Ref, from, limit int) ([]ingest.SplitProgress, error) {
	if limit < 1 || from > maxNumber {
		return nil, nil
	}
	stretch := span{partition: splitKey(ref, 0).partition, prefix: splitSort, kind: splitKind}
	if from > 0 { // beyond every part of the split before it
		stretch.after = partKey(ref, from-1, maxNumber).sort
	}
	return page(ctx, s, "listing splits", stretch, limit, decodeSplit)
}

// Parts returns all parts of a run, by split and number.
func (s *Store) Parts(ctx context.Context, ref ingest.Ref) ([]ingest.Part, error) {
	return page(ctx, s, "listing parts", span{partition: splitKey(ref, 0).partition, prefix: splitSort, kind: partKind}, 0, decodePart)
}

// RecordPart writes a part, moves its split on and adds to the run's counts, at once. Its three conditions are
// that nobody has written the part, that the split stands where the part began, and that the run is running.
func (s *Store) RecordPart(ctx context.Context, ref ingest.Ref, p ingest.Part) (bool, error) {
	if p.Number < 0 || p.Number > maxNumber {
		return false, fmt.Errorf("recording part: a split has parts 0 to %d", maxNumber)
	}
	refused, err := s.transact(ctx, "recording part",
		put(newPartItem(ref, p), absent), s.advanceSplit(ref, p), s.countPart(ref, p))
	return err == nil && refused == nil, err
}

func (s *Store) advanceSplit(ref ingest.Ref, p ingest.Part) write {
	v := values{
		":part": p.Number, ":from": p.From, ":open": false,
		":next": p.Number + 1, ":after": p.After, ":done": p.Last, ":at": string(stamp(p.At)),
	}
	change := "SET #parts = :next, #checkpoint = :after, #done = :done, #started_at = if_not_exists(#started_at, :at)"
	if p.Last {
		change += ", #ended_at = :at"
	}
	return update(splitKey(ref, p.Split), change+addCounts(p.Counts, v), "#parts = :part AND #checkpoint = :from AND #done = :open", v)
}

func (s *Store) countPart(ref ingest.Ref, p ingest.Part) write {
	v := values{":running": ingest.Running, ":done": 0}
	if p.Last {
		v[":done"] = 1
	}
	change := "SET #splits_done = #splits_done + :done"
	return update(runKey(ref), change+addCounts(p.Counts, v), "#status = :running", v)
}

// addCounts continues a SET that adds c to the item's counts.
func addCounts(c ingest.Counts, v values) (change string) {
	for _, count := range []struct {
		name string
		n    int64
	}{
		{"rows_read", c.RowsRead},
		{"rows_written", c.RowsWritten},
		{"rows_quarantined", c.RowsQuarantined},
		{"rows_filtered", c.RowsFiltered},
		{"rows_flagged", c.RowsFlagged},
		{"rows_nameless", c.RowsNameless},
		{"bytes_read", c.BytesRead},
		{"bytes_written", c.BytesWritten},
	} {
		change += fmt.Sprintf(", #counts.#%s = #counts.#%s + :%s", count.name, count.name, count.name)
		v[":"+count.name] = count.n
	}
	return change
}
