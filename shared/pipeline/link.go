package pipeline

import (
	"errors"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/headwaterhq/headwater/shared/ingest"
)

// link makes the links of an identity graph symmetric: the lesser identifier by
// type, then text, comes first, so that a pair is one pair whichever way it was told.
type link struct {
	first, second sides
	swap          []bool
}

// sides are where an identifier and its type stand among the mapped columns; the type is -1 when it is not mapped.
type sides struct{ id, kind int }

var errOneType = errors.New("the mapping has one of first_id_type and second_id_type, which change places together")

// newLink returns nil for other import types. Where one of the types is required, so is the other.
func newLink(t ingest.Type, mapping ingest.Mapping, columns []column) (*link, error) {
	at := func(target string) int {
		return slices.IndexFunc(mapping, func(c ingest.Column) bool { return c.Target == target })
	}
	l := &link{first: sides{at("first_id"), at("first_id_type")}, second: sides{at("second_id"), at("second_id_type")}}
	switch {
	case t != ingest.IdentityGraph || l.first.id < 0 || l.second.id < 0:
		return nil, nil
	case (l.first.kind < 0) != (l.second.kind < 0):
		return nil, errOneType
	case l.first.kind >= 0:
		first, second := &columns[l.first.kind], &columns[l.second.kind]
		first.required = first.required || second.required
		second.required = first.required
	}
	return l, nil
}

// apply orders the links of the rows that are left, and rejects those of an identifier with itself.
func (l *link) apply(m *Mapper) {
	first, second := l.first.of(m.mapped), l.second.of(m.mapped)
	rows := first.id.Len()
	l.swap = slices.Grow(l.swap[:0], rows)[:rows]
	swaps := false
	for i := range rows {
		l.swap[i] = false
		if m.rejects.rows[i] {
			continue
		}
		order := strings.Compare(first.kindAt(i), second.kindAt(i))
		if order == 0 {
			order = strings.Compare(first.id.Value(i), second.id.Value(i))
		}
		switch {
		case order == 0:
			m.rejects.add(i, &m.columns[l.second.id], RuleSelfLink, "links an identifier with itself")
		case order > 0:
			l.swap[i], swaps = true, true
		}
	}
	if !swaps {
		return
	}
	l.exchange(m.mapped, l.first.id, l.second.id, m.alloc)
	if l.first.kind >= 0 {
		l.exchange(m.mapped, l.first.kind, l.second.kind, m.alloc)
	}
}

// exchange lets two text columns change places in the rows of swap.
func (l *link) exchange(columns []arrow.Array, a, b int, alloc memory.Allocator) {
	from := [2]*array.String{columns[a].(*array.String), columns[b].(*array.String)}
	for side, at := range []int{a, b} {
		builder := array.NewStringBuilder(alloc)
		builder.Reserve(len(l.swap))
		for i, swap := range l.swap {
			values := from[side]
			if swap {
				values = from[1-side]
			}
			if values.IsNull(i) {
				builder.AppendNull()
			} else {
				builder.Append(values.Value(i))
			}
		}
		columns[at] = builder.NewArray()
		builder.Release()
	}
	from[0].Release()
	from[1].Release()
}

// side is an identifier and its type in each row.
type side struct{ id, kind *array.String }

func (s sides) of(columns []arrow.Array) side {
	of := side{id: columns[s.id].(*array.String)}
	if s.kind >= 0 {
		of.kind = columns[s.kind].(*array.String)
	}
	return of
}

// kindAt is the type of the identifier in a row; none and the empty one are the same.
func (s side) kindAt(row int) string {
	if s.kind == nil || s.kind.IsNull(row) {
		return ""
	}
	return s.kind.Value(row)
}
