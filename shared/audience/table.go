package audience

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/lake"
	"github.com/headwaterhq/headwater/shared/lookup"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/rowfilter"
)

// table is an import's lake table.
type table struct {
	of      ingest.Import
	by      lookup.Claimant
	id      lake.TableID
	columns []schema.Column
	bucket  lake.Bucket
	rows    int64
}

func (t table) column(name string) (schema.Column, bool) {
	return schema.Table{Columns: t.columns}.Column(name)
}

// tables are those of a workspace that have been landed, newest import first.
type tables []table

func (all tables) of(kind ingest.Type) (some tables) {
	for _, t := range all {
		if t.of.Type == kind {
			some = append(some, t)
		}
	}
	return some
}

// have reports whether a table of the type has the column.
func (all tables) have(kind ingest.Type, column string) bool {
	return slices.ContainsFunc(all.of(kind), func(t table) bool {
		_, ok := t.column(column)
		return ok
	})
}

// describeAtOnce is how many tables are described at the same time.
const describeAtOnce = 8

// describe finds the tables of the imports.
func describe(ctx context.Context, from Lake, imports []ingest.Import) (tables, error) {
	found := make([]*table, len(imports))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(describeAtOnce)
	for n, i := range imports {
		group.Go(func() error {
			d, err := from.Describe(ctx, lake.TableOf(i))
			switch {
			case fault.CodeOf(err) == fault.LakeTableMissing:
				return nil
			case err != nil:
				return fmt.Errorf("describing the table of import %s: %w", i.ID, err)
			}
			found[n] = &table{of: i, by: lookup.ClaimantOf(i), id: lake.TableOf(i), columns: d.Columns, bucket: d.Bucket, rows: d.Rows}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all tables
	for _, t := range found {
		if t != nil {
			all = append(all, *t)
		}
	}
	return all, nil
}

// predicate makes a condition ready for a table. It is nil when the table has no such column: what is there is NULL.
func (t table) predicate(is source.Condition) (*rowfilter.Predicate, error) {
	if _, ok := t.column(is.Column); !ok {
		return nil, nil
	}
	return rowfilter.Compile(source.Filter{is}, t.columns)
}

// hold holds a condition against the type that a table has its column in. What is wrong is at
// the same place of every condition: below at.
func (c *compiler) hold(at string, t table, is source.Condition) {
	column, ok := t.column(is.Column)
	if !ok { // the name has been found in another table, or rejected
		column = schema.Column{Name: is.Column, Type: schema.String, Nullable: true}
	}
	err := source.Filter{is}.Validate("", schema.Table{Columns: []schema.Column{column}})
	var list fault.List
	var one *fault.Error
	if !errors.As(err, &list) && errors.As(err, &one) {
		list = fault.List{one}
	}
	for _, problem := range list {
		c.reject(at+strings.TrimPrefix(problem.Field, "[0]"), problem.Message)
	}
}

// holdAll holds every condition against every table that it is about.
func (c *compiler) holdAll() {
	for _, test := range c.traits {
		for _, t := range c.tables.of(ingest.UserProfile) {
			c.hold(test.at, t, test.is)
		}
	}
	for _, test := range c.activities {
		for _, t := range c.tables.of(ingest.UserActivity) {
			for n, is := range test.where {
				c.hold(test.fields[n], t, is)
			}
		}
	}
	slices.SortStableFunc(c.problems, func(a, b *fault.Error) int { return strings.Compare(a.Field, b.Field) })
	c.problems = slices.CompactFunc(c.problems, func(a, b *fault.Error) bool { return a.Field == b.Field && a.Message == b.Message })
}
