package bigquery

import (
	"context"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// mostDryRuns bounds how often BigQuery is asked about the columns of one table.
// Its refusals name columns, so two dry runs do as a rule.
const mostDryRuns = 12

// withoutDenied marks the columns that the credential may not read although it
// may read the table: those under a policy tag. They show in the schema, cannot
// be imported, and what is around them can. Only BigQuery knows who may read
// what, so it is asked by dry runs, which scan nothing. Masked columns can be read.
func (s *session) withoutDenied(ctx context.Context, t *table) error {
	var tagged []int
	for i, f := range t.fields {
		if protected(f) && t.Columns[i].Type != schema.Unsupported {
			tagged = append(tagged, i)
		}
	}
	if t.ProblemCode != "" {
		return nil
	}
	left := mostDryRuns
	return s.sift(ctx, t, tagged, &left)
}

// sift marks those of some columns that are denied. It leaves out the ones that a
// refusal names and asks for the rest; of a refusal that names none of them it asks
// by halves. When it may not ask any more, what is left of columns of which some are
// denied counts as denied: an import would fail for them.
func (s *session) sift(ctx context.Context, t *table, at []int, left *int) error {
	for len(at) > 0 {
		refusal, err := s.denied(ctx, t, at)
		if err != nil || refusal == "" {
			return err
		}
		*left--
		named := slices.DeleteFunc(slices.Clone(at), func(i int) bool { return !t.named(refusal, t.fields[i].Name) })
		switch {
		case len(at) == 1 || *left <= 0:
			named = at
		case len(named) == 0:
			half := len(at) / 2
			if err := s.sift(ctx, t, at[:half], left); err != nil {
				return err
			}
			at = at[half:]
			continue
		}
		for _, i := range named {
			c := &t.Columns[i]
			c.Type, c.Precision, c.Scale, c.Loss = schema.Unsupported, 0, 0, policyTagged(c.Name)
		}
		at = slices.DeleteFunc(slices.Clone(at), func(i int) bool { return slices.Contains(named, i) })
	}
	return nil
}

// named reports whether a refusal names the column, or a field of it: as
// "project.dataset.table.column.field". Names differ in case at most.
func (t *table) named(refusal, column string) bool {
	parent := strings.ToLower(t.ref.project + "." + t.ref.dataset + ".")
	for path := range strings.SplitSeq(strings.ToLower(namedBy(onColumn, refusal)), ", ") {
		inside, ok := strings.CutPrefix(path, parent)
		if !ok {
			continue
		}
		_, field, _ := strings.Cut(inside, ".") // a group's refusal names a shard
		if name := strings.ToLower(column); field == name || strings.HasPrefix(field, name+".") {
			return true
		}
	}
	return false
}

// denied is BigQuery's refusal to read the columns together, "" when they can be
// read, or when that cannot be found out here: then reading them will tell.
func (s *session) denied(ctx context.Context, t *table, at []int) (string, error) {
	list := make([]string, len(at))
	for n, i := range at {
		list[n] = t.fields[i].Name
	}
	_, err := s.dryRun(ctx, query{sql: t.glance(list), location: t.location})
	if err == nil {
		return "", nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	class := (Driver{}).Classify(err)
	switch {
	case class == nil:
		return "", nil
	case class.Code == fault.SourcePermission && strings.Contains(class.Message, "policy tag"):
		return textOf(err), nil
	case fault.Retryable(class):
		return "", err
	}
	return "", nil
}
