package lookup

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
)

// question asks one import for one identity; its rows are the answer.
type question struct {
	of    ingest.Import
	whose LinkedIdentity
	rows  []lake.Row
	more  bool // there are more rows than it takes
}

// questions are every import's about every identity: in the imports' order, newest first, and in that of the identities.
func questions(imports []ingest.Import, whose []LinkedIdentity) (all []*question) {
	for _, i := range imports {
		if i.Type == ingest.IdentityGraph {
			continue
		}
		for _, who := range whose {
			all = append(all, &question{of: i, whose: who})
		}
	}
	return all
}

// ask puts some questions, several at once.
func (s *Service) ask(ctx context.Context, some []*question) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, q := range some {
		group.Go(func() error {
			if err := q.put(ctx, s.Lake); err != nil {
				return fmt.Errorf("looking up import %s: %w", q.of.ID, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// put puts the question. An import that has not landed anything yet has no rows.
func (q *question) put(ctx context.Context, to Lake) (err error) {
	limit, table := perImport, lake.TableOf(q.of)
	switch q.of.Type {
	case ingest.UserActivity:
		limit = maxActivities
		q.rows, err = to.Newest(ctx, table, lake.Newest{
			Column: "identifier", Value: q.whose.Identifier, By: "event_time", Limit: limit + 1,
			Keep: func(row lake.Row) bool { return !q.whose.isNot(row) },
		})
	case ingest.GroupIdentity:
		q.rows, err = to.Lookup(ctx, table, "user_id", q.whose.Identifier, limit+1)
	default:
		q.rows, err = to.Lookup(ctx, table, "identifier", q.whose.Identifier, limit+1)
	}
	if fault.CodeOf(err) == fault.LakeTableMissing {
		return nil
	}
	if q.more = len(q.rows) > limit; q.more {
		q.rows = q.rows[:limit]
	}
	q.rows = slices.DeleteFunc(q.rows, q.whose.isNot)
	return err
}

// isNot reports whether a row says that its identifier is of another type than the linked one's.
func (i LinkedIdentity) isNot(row lake.Row) bool {
	of := text(row, "identifier_type")
	return i.Type != "" && of != "" && of != i.Type
}
