package storetest

import (
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

func testSplit(t *testing.T, s Store) {
	r := addRun(t, s, addImport(t, s, "w"))
	full := Full[ingest.SplitProgress]()
	full.Number = 3
	ok(t, "CreateSplits", s.CreateSplits(t.Context(), r.Ref(), []ingest.SplitProgress{{Number: 0, Label: "a"}, full, {Number: 7}}))
	ok(t, "CreateSplits again", s.CreateSplits(t.Context(), r.Ref(), []ingest.SplitProgress{{Number: 3}, {Number: 4}}))
	got, err := s.Split(t.Context(), r.Ref(), 3)
	ok(t, "Split", err)
	same(t, "split", full, got)
	_, err = s.Split(t.Context(), r.Ref(), 5)
	fails(t, "unknown split", err, fault.RunNotFound)
	_, err = s.Split(t.Context(), ingest.Ref{WorkspaceID: "w", ImportID: r.ImportID, RunID: id.New(id.Run)}, 0)
	fails(t, "split of no run", err, fault.RunNotFound)

	for _, test := range []struct {
		from, limit int
		want        []int
	}{
		{0, 100, []int{0, 3, 4, 7}},
		{0, 2, []int{0, 3}},
		{1, 2, []int{3, 4}},
		{4, 100, []int{4, 7}},
		{8, 100, nil},
		{0, 0, nil},
		{2_000_000, 1, nil},
	} {
		found, err := s.Splits(t.Context(), r.Ref(), test.from, test.limit)
		ok(t, "Splits", err)
		var numbers []int
		for _, split := range found {
			numbers = append(numbers, split.Number)
		}
		same(t, "splits", test.want, numbers)
	}
}

func part(split, number int, from, after string, last bool) ingest.Part {
	p := Full[ingest.Part]()
	p.Split, p.Number, p.From, p.After, p.Last, p.At = split, number, from, after, last, noon.Add(time.Duration(number)*time.Minute)
	return p
}

func testRecordPart(t *testing.T, s Store) {
	r := addRunning(t, s, 2)
	record := func(want bool, p ingest.Part) {
		t.Helper()
		kept, err := s.RecordPart(t.Context(), r.Ref(), p)
		did(t, "RecordPart", want, kept, err)
	}
	first, second, other := part(0, 0, "", "a", false), part(0, 1, "a", "b", true), part(1, 0, "", "z", true)
	record(false, part(0, 1, "a", "b", false)) // not the next one
	record(false, part(0, 0, "x", "b", false)) // from elsewhere
	record(false, part(5, 0, "", "b", false))  // of no split
	record(true, first)
	record(false, part(0, 0, "", "other", false)) // late
	record(false, part(0, 1, "", "b", true))      // the next one, from the first one's place
	record(true, second)
	record(false, part(0, 2, "b", "c", false)) // the split is done
	record(true, other)

	twice := first.Counts.Add(second.Counts)
	split, err := s.Split(t.Context(), r.Ref(), 0)
	ok(t, "Split", err)
	same(t, "split", ingest.SplitProgress{
		Number: 0, Label: "file", Parts: 2, Checkpoint: "b", Done: true, Counts: twice, StartedAt: first.At, EndedAt: second.At,
	}, split)
	parts, err := s.Parts(t.Context(), r.Ref())
	ok(t, "Parts", err)
	same(t, "parts", []ingest.Part{first, second, other}, parts)
	splits, err := s.Splits(t.Context(), r.Ref(), 1, 10)
	ok(t, "Splits", err)
	if len(splits) != 1 || splits[0].Number != 1 {
		t.Errorf("splits from 1 = %v, want the second one", splits)
	}

	want := r
	want.Counts, want.SplitsDone = twice.Add(other.Counts), 2
	same(t, "run", want, getRun(t, s, r))
	moved := move(t, s, r, func(r *ingest.Run) { r.Status = ingest.Committing })
	want.Status, want.Revision = ingest.Committing, want.Revision+1
	same(t, "run moved from before its parts", want, moved)

	queued := addRun(t, s, addImport(t, s, "w"))
	ok(t, "CreateSplits", s.CreateSplits(t.Context(), queued.Ref(), []ingest.SplitProgress{{Number: 0}}))
	for _, status := range []ingest.Status{ingest.Queued, ingest.Committing, ingest.Failed} {
		queued = move(t, s, queued, func(r *ingest.Run) { r.Status = status })
		kept, err := s.RecordPart(t.Context(), queued.Ref(), part(0, 0, "", "a", false))
		did(t, "RecordPart while the run is "+string(status), false, kept, err)
	}
	parts, err = s.Parts(t.Context(), queued.Ref())
	ok(t, "Parts", err)
	same(t, "parts of a run that was not running", nil, parts)
}

// testManySplits is more than one page of DynamoDB's holds.
func testManySplits(t *testing.T, s Store) {
	r := addRun(t, s, addImport(t, s, "w"))
	label := string(make([]byte, 4000))
	progress := make([]ingest.SplitProgress, 600)
	for n := range progress {
		progress[n] = ingest.SplitProgress{Number: n, Label: label}
	}
	ok(t, "CreateSplits", s.CreateSplits(t.Context(), r.Ref(), progress))
	found, err := s.Splits(t.Context(), r.Ref(), 0, 1000)
	ok(t, "Splits", err)
	same(t, "splits", progress, found)
}
