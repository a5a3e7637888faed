package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Source is the table as it changes. The same seed makes the same changes, but for Changed, which is the time at which they are made.
type Source struct {
	Rows []Row

	random  *rand.Rand
	now     func() time.Time
	next    int   // number of the next person
	version int64 // of the last change
	days    int
}

// Late is how far below the greatest version, and how long before the present, a change may come late: the lookback of the imports.
const (
	Late     = 5
	LateTime = 2 * time.Minute
)

// NewSource returns a table without rows.
func NewSource(seed uint64, now func() time.Time) *Source {
	return &Source{random: rand.New(rand.NewPCG(seed, 0)), now: now}
}

// Day changes the table as a day does: people come, change, are marked as gone, vanish;
// some changes share a version with earlier ones or come late; some rows have no version,
// no identifier or no good address, some are there twice, or twice with other values.
func (s *Source) Day() {
	s.days++
	for range 10 + s.random.IntN(10)/s.days {
		s.add(s.person())
	}
	for range s.random.IntN(8) {
		if len(s.Rows) > 0 {
			s.change(s.random.IntN(len(s.Rows)))
		}
	}
	for range s.random.IntN(3) {
		if len(s.Rows) > 4 {
			s.vanish(s.random.IntN(len(s.Rows)))
		}
	}
	if s.random.IntN(3) == 0 {
		twin := s.person()
		s.add(twin)
		s.add(twin) // the very same row twice
	}
	if s.random.IntN(3) == 0 {
		older := s.person()
		newer := s.renewed(older)
		s.add(newer) // one key twice, the later row first
		s.add(older)
	}
	s.random.Shuffle(len(s.Rows), func(a, b int) { s.Rows[a], s.Rows[b] = s.Rows[b], s.Rows[a] })
}

func (s *Source) person() Row {
	s.next++
	r := Row{ID: fmt.Sprintf("u%05d", s.next), Changed: s.changed(), Email: fmt.Sprintf(" U%d@Example.COM ", s.next)}
	r.Version, r.Tag, r.Plan = s.stamp()
	switch s.random.IntN(20) {
	case 0:
		r.ID = ""
	case 1:
		r.Email = "no address"
	}
	return r
}

// stamp is a new version, mostly the next one, and what goes with it.
func (s *Source) stamp() (version *int64, tag, plan string) {
	v := s.version
	switch s.random.IntN(6) {
	case 0: // the same as the last change's
	case 1: // late
		v = max(v-int64(s.random.IntN(Late+1)), 0)
	default:
		s.version++
		v = s.version
	}
	plan = []string{"Free", " pro", "TEAM "}[s.random.IntN(3)] + fmt.Sprint(s.random.IntN(1000))
	tag = fmt.Sprintf("v%09d", max(v, s.version)) // text has no lookback, so it never comes late
	if s.random.IntN(25) == 0 {
		return nil, tag, plan
	}
	return &v, tag, plan
}

// changed is the present, or a little earlier. What is there on the first day has changed at any time of the weeks before, so that later
// runs have something to leave alone.
func (s *Source) changed() time.Time {
	ago := LateTime / 4
	if s.days == 1 {
		ago = 20 * 24 * time.Hour
	}
	return s.now().UTC().Add(-time.Duration(s.random.Int64N(int64(ago)))).Truncate(time.Microsecond)
}

func (s *Source) add(r Row) { s.Rows = append(s.Rows, r) }

// change changes a row as an application does: in its place, with a new version.
func (s *Source) change(at int) {
	r := s.Rows[at]
	if s.twins(r) > 1 {
		return // equal rows stay equal: of one that changes nobody could tell which it was
	}
	r.Changed = s.changed()
	if s.sharesKey(r) {
		r = s.renewed(r)
	} else {
		r.Version, r.Tag, r.Plan = s.stamp()
	}
	r.Gone = s.random.IntN(4) == 0
	if s.random.IntN(10) == 0 {
		r.Email = "no address"
	}
	s.Rows[at] = r
}

// renewed is a row with a version that no other has.
func (s *Source) renewed(r Row) Row {
	s.version++
	version := s.version
	r.Version, r.Tag, r.Plan = &version, fmt.Sprintf("v%09d", version), fmt.Sprintf("team%d", version)
	return r
}

func (s *Source) sharesKey(r Row) bool {
	n := 0
	for _, other := range s.Rows {
		if other.ID == r.ID {
			n++
		}
	}
	return n > 1
}

func (s *Source) vanish(at int) {
	if s.twins(s.Rows[at]) == 1 {
		s.Rows = slices.Delete(s.Rows, at, at+1)
	}
}

// twins counts the rows that land as this one does.
func (s *Source) twins(r Row) (n int) {
	for _, other := range s.Rows {
		if other.Landed() == r.Landed() {
			n++
		}
	}
	return n
}
