package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/id"
	"github.com/headwaterhq/headwater/shared/ingest"
)

func testImport(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	same(t, "import", i, getImport(t, s, i))
	_, err := s.Import(t.Context(), "w", id.New(id.Import))
	fails(t, "unknown import", err, fault.ImportNotFound)

	second := newImport("w")
	second.Name = strings.ToUpper(i.Name)
	fails(t, "a name that differs in case only", s.CreateImport(t.Context(), second), fault.ImportNameTaken)
	_, err = s.Import(t.Context(), "w", second.ID)
	fails(t, "import after its creation failed", err, fault.ImportNotFound)

	sameID := newImport("w")
	sameID.ID = i.ID
	if err := s.CreateImport(t.Context(), sameID); err == nil || fault.CodeOf(err) == fault.ImportNameTaken {
		t.Errorf("creating an import with a taken id: %v", err)
	}
	same(t, "import after its id was asked for again", i, getImport(t, s, i))

	c, v := newConnection("w")
	c.Name = i.Name
	ok(t, "a connection with an import's name", s.CreateConnection(t.Context(), c, v))
}

func testDue(t *testing.T, s Store) {
	var due []string
	for n := range 20 {
		i := newImport([]string{"w1", "w2"}[n%2])
		i.NextRunAt = noon.Add(-time.Duration(n) * time.Hour)
		ok(t, "CreateImport", s.CreateImport(t.Context(), i))
		due = append(due, i.ID)
	}
	later := newImport("w1")
	later.NextRunAt = noon.Add(time.Millisecond)
	ok(t, "CreateImport", s.CreateImport(t.Context(), later))
	byHand := newImport("w1")
	byHand.EveryHours, byHand.NextRunAt = 0, time.Time{}
	ok(t, "CreateImport", s.CreateImport(t.Context(), byHand))

	find := func(now time.Time, limit int) []string {
		t.Helper()
		found, err := s.DueImports(t.Context(), now, limit)
		ok(t, "DueImports", err)
		var ids []string
		for _, i := range found {
			same(t, "due import", getImport(t, s, i), i)
			ids = append(ids, i.ID)
		}
		slices.Sort(ids)
		return ids
	}
	same(t, "due at noon", due, find(noon, 100))
	same(t, "due later", append(slices.Clone(due), later.ID), find(noon.AddDate(0, 0, 1), 100))
	if got := find(noon, 7); len(got) != 7 {
		t.Errorf("%d due imports, want the limit of 7", len(got))
	}

	seen, err := s.Import(t.Context(), "w1", due[0])
	ok(t, "Import", err)
	next := noon.AddDate(0, 0, 1)
	moved, err := s.SkipSlot(t.Context(), seen, next)
	did(t, "SkipSlot", true, moved, err)
	want := seen
	want.NextRunAt = next
	same(t, "skipped import", want, getImport(t, s, seen))
	moved, err = s.SkipSlot(t.Context(), seen, next.AddDate(0, 0, 1))
	did(t, "SkipSlot of a slot that has moved", false, moved, err)
	same(t, "import skipped twice", want, getImport(t, s, seen))
	same(t, "due after one was skipped", due[1:], find(noon, 100))

	moved, err = s.SkipSlot(t.Context(), want, time.Time{})
	did(t, "SkipSlot of the last slot", true, moved, err)
	want.NextRunAt = time.Time{}
	same(t, "import without a next slot", want, getImport(t, s, seen))
	same(t, "due without a next slot", due[1:], find(noon, 100))

	unknown := newImport("w1")
	moved, err = s.SkipSlot(t.Context(), unknown, next)
	did(t, "SkipSlot of no import", false, moved, err)
	_, err = s.Import(t.Context(), "w1", unknown.ID)
	fails(t, "import after its slot was skipped", err, fault.ImportNotFound)
}

func testOpenRun(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	r := newRun(i)
	ok(t, "OpenRun", s.OpenRun(t.Context(), i, r, time.Time{}))
	same(t, "opened run", r, getRun(t, s, r))
	want := i
	want.OpenRunID = r.ID
	same(t, "import of an open run", want, getImport(t, s, i))

	second := newClaim(i)
	fails(t, "a second run", s.OpenRun(t.Context(), i, second, time.Time{}), fault.ImportRunOpen)
	fails(t, "a second run for the next slot", s.OpenRun(t.Context(), i, second, noon.Add(time.Hour)), fault.ImportRunOpen)
	_, err := s.Run(t.Context(), second.Ref())
	fails(t, "a run that was not opened", err, fault.RunNotFound)
	same(t, "import after a second run", want, getImport(t, s, i))

	r = move(t, s, r, func(r *ingest.Run) { r.Status = ingest.Failed })
	next := noon.AddDate(0, 0, 1)
	claimed := newClaim(i)
	ok(t, "OpenRun for the next slot", s.OpenRun(t.Context(), getImport(t, s, i), claimed, next))
	want.OpenRunID, want.LastRunID, want.NextRunAt = claimed.ID, r.ID, next
	same(t, "claimed import", want, getImport(t, s, i))
	move(t, s, claimed, func(r *ingest.Run) { r.Status = ingest.Failed })
	fails(t, "a slot that has moved", s.OpenRun(t.Context(), i, newClaim(i), next.AddDate(0, 0, 1)), fault.ImportRunOpen)

	last := newClaim(i)
	ok(t, "OpenRun for the last slot", s.OpenRun(t.Context(), getImport(t, s, i), last, time.Time{}))
	want.OpenRunID, want.LastRunID, want.NextRunAt = last.ID, claimed.ID, time.Time{}
	same(t, "import that is not due any more", want, getImport(t, s, i))
	move(t, s, last, func(r *ingest.Run) { r.Status = ingest.Failed })

	taken := newRun(i)
	taken.ID = r.ID
	if err := s.OpenRun(t.Context(), i, taken, time.Time{}); err == nil || fault.CodeOf(err) == fault.ImportRunOpen {
		t.Errorf("opening a run with a taken id: %v", err)
	}
	if got := getImport(t, s, i).OpenRunID; got != "" {
		t.Errorf("the import holds run %s, which was not opened", got)
	}
	unknown := newImport("w")
	fails(t, "a run of no import", s.OpenRun(t.Context(), unknown, newRun(unknown), time.Time{}), fault.ImportNotFound)
}

func testUpdateImport(t *testing.T, s Store) {
	i := addImport(t, s, "w")
	changed := i
	changed.Mapping, changed.Guards, changed.Proof, changed.Precedence = i.Mapping[:1], ingest.Guards{HubLinks: 7}, "", 0
	changed.Key, changed.Deleted, changed.Respread = []string{"id", "kind"}, "", true
	changed.Name, changed.Watermark, changed.NextRunAt = "another", "another", noon.AddDate(1, 0, 0) // which stay
	want := changed
	want.Name, want.Watermark, want.NextRunAt, want.Revision = i.Name, i.Watermark, i.NextRunAt, i.Revision+1
	r := addRun(t, s, i)
	done, err := s.UpdateImport(t.Context(), changed)
	did(t, "UpdateImport while a run is open", false, done, err)
	move(t, s, r, func(r *ingest.Run) { r.Status, r.EndedAt = ingest.Failed, noon })
	done, err = s.UpdateImport(t.Context(), changed)
	did(t, "UpdateImport of an import that has had a run since", false, done, err)
	changed.LastRunID, want.LastRunID = r.ID, r.ID
	done, err = s.UpdateImport(t.Context(), changed)
	did(t, "UpdateImport", true, done, err)
	same(t, "changed import", want, getImport(t, s, i))

	late := changed
	late.Precedence++
	done, err = s.UpdateImport(t.Context(), late)
	did(t, "UpdateImport of an import that was changed since", false, done, err)
	same(t, "import that was not changed again", want, getImport(t, s, i))

	changed.Deleted, changed.Respread, changed.Revision = "gone", false, want.Revision
	want.Deleted, want.Respread, want.Revision = "gone", false, want.Revision+1
	done, err = s.UpdateImport(t.Context(), changed)
	did(t, "a second UpdateImport", true, done, err)
	same(t, "import changed twice", want, getImport(t, s, i))

	unknown := newImport("w")
	done, err = s.UpdateImport(t.Context(), unknown)
	did(t, "UpdateImport of no import", false, done, err)
	_, err = s.Import(t.Context(), "w", unknown.ID)
	fails(t, "import after it was changed without having been there", err, fault.ImportNotFound)
}
