package audience

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lookup"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// Canonical columns of the import types.
const (
	identifierColumn = "identifier"
	memberColumn     = "user_id"
	groupColumn      = "group_id"
	orderColumn      = "cursor"
	leftColumn       = "is_deleted"
	eventColumn      = "event_name"
	timeColumn       = "event_time"
)

// crowd is what is known of the people of a bucket, each by a number.
type crowd struct {
	*compiler
	account
	index map[string]int // by identifier
	slots int
	rooms []room // of so many people each: as the crowd grows, none of them moves
}

// room is what is known of some people.
type room struct {
	claims []claim  // of each person so many slots
	counts []int64  // of each person so many activity tests
	in     []uint64 // of each person the group tests that hold, a bit each
}

// perRoom is how many people are in a room.
const perRoom = 1024

// claim is what stands of a trait: lookup.Claim, and the trait tests that hold for it, a bit each.
type claim struct {
	value, cursor any
	by            *lookup.Claimant // nil: nothing
	holds         uint64
}

func (c claim) full() lookup.Claim {
	return lookup.Claim{Value: c.value, Cursor: c.cursor, By: *c.by}
}

// newCrowd is a crowd whose memory is of the budget until it is closed.
func newCrowd(c *compiler, of *budget) *crowd {
	return &crowd{compiler: c, account: account{budget: of}, index: map[string]int{}, slots: c.slots()}
}

// person is one of a crowd.
type person struct {
	*crowd
	n int
}

// slot is the place of what is known of a trait.
func (p person) slot(n int) *claim {
	return &p.rooms[p.n/perRoom].claims[p.n%perRoom*p.slots+n]
}

// claim is what is known of a trait; nil when nothing is.
func (p person) claim(slot int) *claim {
	if c := p.slot(slot); c.by != nil {
		return c
	}
	return nil
}

// times is the place of how often an activity test held.
func (p person) times(test int) *int64 {
	return &p.rooms[p.n/perRoom].counts[p.n%perRoom*len(p.activities)+test]
}

func (p person) count(test int) int64 { return *p.times(test) }

// member is the place of the group tests that hold.
func (p person) member() *uint64 { return &p.rooms[p.n/perRoom].in[p.n%perRoom] }

func (p person) groups() uint64 { return *p.member() }

// meet returns the number of a person, who may be a new one.
func (c *crowd) meet(name string) int {
	n, ok := c.index[name]
	if !ok {
		n = len(c.index)
		c.index[strings.Clone(name)] = n
		c.owe(bytesPerPerson + len(name))
		if n%perRoom == 0 {
			c.rooms = append(c.rooms, room{make([]claim, perRoom*c.slots), make([]int64, perRoom*len(c.activities)), make([]uint64, perRoom)})
			c.owe(perRoom * (c.slots*bytesPerClaim + 8*len(c.activities) + 8))
		}
	}
	return n
}

// reader reads one table's batches into the crowd.
type reader struct {
	columns []string
	add     func(arrow.RecordBatch) error
	end     func()
}

func (c *crowd) reader(t table) (reader, error) {
	switch t.of.Type {
	case ingest.UserProfile:
		return c.profiles(t)
	case ingest.UserActivity:
		return c.doings(t)
	}
	return c.members(t)
}

// profiles reads the rows of a user_profile import, of which every one is a person.
func (c *crowd) profiles(t table) (reader, error) {
	r := reader{columns: []string{identifierColumn}, end: func() {}}
	if _, ok := t.column(ingest.CursorColumn); ok {
		r.columns = append(r.columns, ingest.CursorColumn)
	}
	var tests []traitColumn
	for bit, test := range c.traits {
		predicate, err := t.predicate(test.is)
		if err != nil {
			return reader{}, err
		}
		if predicate == nil {
			continue
		}
		if !slices.Contains(r.columns, test.is.Column) {
			r.columns = append(r.columns, test.is.Column)
		}
		n := slices.IndexFunc(tests, func(other traitColumn) bool { return other.slot == test.slot })
		if n < 0 {
			n = len(tests)
			tests = append(tests, traitColumn{name: test.is.Column, slot: test.slot})
		}
		tests[n].bits, tests[n].tests = append(tests[n].bits, bit), append(tests[n].tests, predicate)
	}
	by := &t.by
	r.add = func(batch arrow.RecordBatch) error {
		names, err := textOf(batch, identifierColumn)
		if err != nil {
			return err
		}
		cursor := valuesOf(batch, ingest.CursorColumn)
		numbers := make([]int, batch.NumRows())
		for row := range numbers {
			numbers[row] = c.meet(names.Value(row))
		}
		for _, column := range tests {
			c.claim(column, by, batch, numbers, cursor)
		}
		return nil
	}
	return r, nil
}

// traitColumn is a trait in a table, and the tests that it is held against.
type traitColumn struct {
	name  string
	slot  int
	bits  []int
	tests []*rowfilter.Predicate
}

// claim holds what a batch says of a trait against what stands.
func (c *crowd) claim(column traitColumn, by *lookup.Claimant, batch arrow.RecordBatch, numbers []int, cursor func(int) any) {
	holds := make([]uint64, len(numbers))
	for n, test := range column.tests {
		for row, yes := range test.Mask(batch) {
			if yes {
				holds[row] |= 1 << column.bits[n]
			}
		}
	}
	value := valuesOf(batch, column.name)
	for row, n := range numbers {
		made := claim{value(row), cursor(row), by, holds[row]}
		standing := person{c, n}.slot(column.slot)
		if standing.by == nil || made.full().Beats(standing.full()) {
			c.owe(bytesOf(made.value) + bytesOf(made.cursor) - bytesOf(standing.value) - bytesOf(standing.cursor))
			*standing = made
		}
	}
}

// doings counts the rows of a user_activity import, of the people who are known.
func (c *crowd) doings(t table) (reader, error) {
	r := reader{columns: []string{identifierColumn, eventColumn, timeColumn}, end: func() {}}
	where := make([][]*rowfilter.Predicate, len(c.activities))
	never := make([]bool, len(c.activities)) // as the table has no such column
	for n, test := range c.activities {
		for _, is := range test.where {
			predicate, err := t.predicate(is)
			switch {
			case err != nil:
				return reader{}, err
			case predicate == nil:
				never[n] = never[n] || !holdsForNull(is)
				continue
			}
			where[n] = append(where[n], predicate)
			if !slices.Contains(r.columns, is.Column) {
				r.columns = append(r.columns, is.Column)
			}
		}
	}
	r.add = func(batch arrow.RecordBatch) error {
		names, err := textOf(batch, identifierColumn)
		if err != nil {
			return err
		}
		events, err := textOf(batch, eventColumn)
		if err != nil {
			return err
		}
		times, ok := columnOf(batch, timeColumn).(*array.Timestamp)
		if !ok {
			return fmt.Errorf("column %s has no times", timeColumn)
		}
		masks := make([][][]bool, len(where))
		for n, tests := range where {
			for _, test := range tests {
				masks[n] = append(masks[n], test.Mask(batch))
			}
		}
		for row := range int(batch.NumRows()) {
			who, ok := c.index[names.Value(row)]
			if !ok {
				continue
			}
			for n, test := range c.activities {
				at := int64(times.Value(row))
				counts := !never[n] && (test.event == "" || test.event == events.Value(row)) && at >= test.from && at < test.to &&
					!slices.ContainsFunc(masks[n], func(mask []bool) bool { return !mask[row] })
				if counts {
					*person{c, who}.times(n)++
				}
			}
		}
		return nil
	}
	return r, nil
}

// membership is whether a person is in a group, by the last row of an import.
type membership struct {
	cursor, order any
	left          bool
}

// after reports whether a row is later than another one; of those at the same time, that the person has left counts.
func (m membership) after(other membership) bool {
	if order := lookup.Compare(m.cursor, other.cursor); order != 0 {
		return order > 0
	}
	if order := lookup.Compare(m.order, other.order); order != 0 {
		return order > 0
	}
	return m.left && !other.left
}

// members reads the rows of a group_identity import, of the people who are known.
func (c *crowd) members(t table) (reader, error) {
	r := reader{columns: []string{memberColumn, groupColumn}}
	for _, name := range []string{orderColumn, leftColumn, ingest.CursorColumn} {
		if _, ok := t.column(name); ok {
			r.columns = append(r.columns, name)
		}
	}
	type who struct {
		n     int
		group string
	}
	last := map[who]membership{}
	r.add = func(batch arrow.RecordBatch) error {
		names, err := textOf(batch, memberColumn)
		if err != nil {
			return err
		}
		groups, err := textOf(batch, groupColumn)
		if err != nil {
			return err
		}
		cursor, order, left := valuesOf(batch, ingest.CursorColumn), valuesOf(batch, orderColumn), valuesOf(batch, leftColumn)
		for row := range int(batch.NumRows()) {
			n, known := c.index[names.Value(row)]
			if !known || c.testsOf(groups.Value(row)) == 0 {
				continue
			}
			m := membership{cursor(row), order(row), left(row) == true}
			of := who{n, groups.Value(row)}
			if standing, ok := last[of]; !ok || m.after(standing) {
				of.group = strings.Clone(of.group)
				if !ok {
					c.owe(bytesPerMembership + len(of.group) + bytesOf(m.cursor) + bytesOf(m.order))
				}
				last[of] = m
			}
		}
		return nil
	}
	r.end = func() {
		for of, m := range last {
			if !m.left {
				*person{c, of.n}.member() |= c.testsOf(of.group)
			}
		}
	}
	return r, nil
}

// testsOf are the group tests that a group is one of, a bit each.
func (c *crowd) testsOf(group string) (bits uint64) {
	for bit, test := range c.groups {
		if test.ids[group] {
			bits |= 1 << bit
		}
	}
	return bits
}
