package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// CreateSplits writes the splits of a run; those that exist stay as they are.
func (s *Store) CreateSplits(_ context.Context, ref ingest.Ref, splits []ingest.SplitProgress) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := runOf{ref.WorkspaceID, ref.RunID}
	for _, split := range splits {
		if _, exists := s.splits[of][split.Number]; !exists {
			s.putSplit(of, split)
		}
	}
	return nil
}

func (s *Store) putSplit(of runOf, split ingest.SplitProgress) {
	if s.splits[of] == nil {
		s.splits[of] = make(map[int]ingest.SplitProgress)
	}
	split.StartedAt, split.EndedAt = milli(split.StartedAt), milli(split.EndedAt)
	s.splits[of][split.Number] = split
}

// Split returns one split's progress.
func (s *Store) Split(_ context.Context, ref ingest.Ref, number int) (ingest.SplitProgress, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	split, ok := s.splits[runOf{ref.WorkspaceID, ref.RunID}][number]
	if !ok {
		return ingest.SplitProgress{}, noRun()
	}
	return split, nil
}

// Splits returns a page of a run's splits, by number, from the given one.
func (s *Store) Splits(_ context.Context, ref ingest.Ref, from, limit int) ([]ingest.SplitProgress, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []ingest.SplitProgress
	splits := s.splits[runOf{ref.WorkspaceID, ref.RunID}]
	for _, number := range slices.Sorted(maps.Keys(splits)) {
		if number >= from {
			found = append(found, splits[number])
		}
	}
	return found[:max(0, min(limit, len(found)))], nil
}

// Parts returns all parts of a run, by split and number.
func (s *Store) Parts(_ context.Context, ref ingest.Ref) ([]ingest.Part, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := slices.Collect(maps.Values(s.parts[runOf{ref.WorkspaceID, ref.RunID}]))
	slices.SortFunc(parts, func(a, b ingest.Part) int {
		return cmp.Or(cmp.Compare(a.Split, b.Split), cmp.Compare(a.Number, b.Number))
	})
	return parts, nil
}

// RecordPart writes a part, moves its split on and adds to the run's counts, at once.
func (s *Store) RecordPart(_ context.Context, ref ingest.Ref, p ingest.Part) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := runOf{ref.WorkspaceID, ref.RunID}
	run, split := s.runs[ref], s.splits[of][p.Split]
	_, known := s.splits[of][p.Split]
	if !known || run.Status != ingest.Running || split.Done || split.Parts != p.Number || split.Checkpoint != p.From {
		return false, nil
	}
	p.At = milli(p.At)
	split.Parts, split.Checkpoint, split.Done, split.Counts = p.Number+1, p.After, p.Last, split.Counts.Add(p.Counts)
	if split.StartedAt.IsZero() {
		split.StartedAt = p.At
	}
	if p.Last {
		split.EndedAt = p.At
		run.SplitsDone++
	}
	run.Counts = run.Counts.Add(p.Counts)
	if s.parts[of] == nil {
		s.parts[of] = make(map[[2]int]ingest.Part)
	}
	s.parts[of][[2]int{p.Split, p.Number}] = p
	s.putSplit(of, split)
	s.putRun(run)
	return true, nil
}
