package lookup

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// How far a search goes.
const (
	maxDistance = 4
	maxLinked   = 100
	perSide     = 100 // links of one import that have an identity on one side
	stride      = 16  // identities whose links are looked up together
	searchFor   = 8 * time.Second
)

// Linked is what is connected with an identifier in the identity graph, nearest first.
type Linked struct {
	Identities []LinkedIdentity
	Truncated  bool // there are more
}

// LinkedIdentity is an identifier of a type, so many links away. The type is empty where the import has none.
type LinkedIdentity struct {
	Identifier string
	Type       string
	Distance   int
}

// search goes through the identity graph breadth-first.
type search struct {
	*Service
	imports []ingest.Import // of the graph
	own     []Found         // links of the identifier that is asked for
	seen    map[LinkedIdentity]bool
	linked  Linked
}

// from returns what is connected with an identifier, of whatever type that is.
func (s *search) from(ctx context.Context, identifier string) (Linked, error) {
	began := time.Now()
	s.seen = map[LinkedIdentity]bool{}
	s.linked.Identities = []LinkedIdentity{}
	if len(s.imports) == 0 {
		return s.linked, nil
	}
	frontier := []LinkedIdentity{{Identifier: identifier}}
	for distance := 1; len(frontier) > 0; distance++ {
		var next []LinkedIdentity
		for some := range slices.Chunk(frontier, stride) {
			if distance > maxDistance || time.Since(began) > searchFor {
				s.linked.Truncated = true
				return s.linked, nil
			}
			found, err := s.links(ctx, some)
			if err != nil {
				return Linked{}, err
			}
			for n, rows := range found {
				next = append(next, s.step(identifier, some[n], rows, distance)...)
			}
		}
		frontier = next
	}
	return s.linked, nil
}

// step goes from an identity, which is so many links away less one, over its links, and returns where nobody has been before.
func (s *search) step(asked string, near LinkedIdentity, links []Found, distance int) (reached []LinkedIdentity) {
	if distance == 1 {
		s.own = links
	}
	for _, link := range links {
		far, ok := across(link.Row, near, distance == 1)
		if !ok || far.Identifier == asked || s.seen[far] {
			continue
		}
		if len(s.linked.Identities) == maxLinked {
			s.linked.Truncated = true
			break
		}
		s.seen[far] = true
		far.Distance = distance
		reached = append(reached, far)
		s.linked.Identities = append(s.linked.Identities, far)
	}
	return reached
}

// across is the other side of a link than an identity's; false when the identity is on no side. The one
// that is asked for is on a side whatever type it has there.
func across(row lake.Row, near LinkedIdentity, anyType bool) (LinkedIdentity, bool) {
	first := LinkedIdentity{Identifier: text(row, "first_id"), Type: text(row, "first_id_type")}
	second := LinkedIdentity{Identifier: text(row, "second_id"), Type: text(row, "second_id_type")}
	is := func(side LinkedIdentity) bool {
		return side.Identifier == near.Identifier && (anyType || side.Type == near.Type)
	}
	switch {
	case is(first):
		return second, true
	case is(second):
		return first, true
	}
	return LinkedIdentity{}, false
}

// links returns the links that each of the identities has, in the imports' order; those that have it on both sides once.
func (s *search) links(ctx context.Context, of []LinkedIdentity) ([][]Found, error) {
	type side struct {
		rows []lake.Row
		more bool
	}
	sides := make([]side, len(of)*len(s.imports)*2)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for n := range sides {
		identity, i, column := of[n/2/len(s.imports)], s.imports[n/2%len(s.imports)], []string{"first_id", "second_id"}[n%2]
		group.Go(func() error {
			rows, err := s.find(ctx, i, column, identity.Identifier, perSide+1)
			if err != nil {
				return fmt.Errorf("looking up import %s: %w", i.ID, err)
			}
			sides[n] = side{rows[:min(len(rows), perSide)], len(rows) > perSide}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	found := make([][]Found, len(of))
	for n, side := range sides {
		to := n / 2 / len(s.imports)
		s.linked.Truncated = s.linked.Truncated || side.more
		for _, row := range side.rows {
			if n%2 == 1 && text(row, "first_id") == of[to].Identifier {
				continue
			}
			found[to] = append(found[to], Found{s.imports[n/2%len(s.imports)].ID, row})
		}
	}
	return found, nil
}
