package bigquery

import (
	"context"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

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
	if len(tagged) == 0 || t.ProblemCode != "" {
		return nil
	}
	if denied, err := s.denied(ctx, t, tagged); err != nil || denied == "" {
		return err
	}
	for _, i := range tagged {
		why, err := s.denied(ctx, t, []int{i})
		if err != nil {
			return err
		}
		if why != "" {
			t.Columns[i].Type, t.Columns[i].Precision, t.Columns[i].Scale = schema.Unsupported, 0, 0
			t.Columns[i].Loss = why
		}
	}
	return nil
}

// denied says why the columns cannot be read together, "" when they can, or
// when that cannot be found out here: then reading them will tell.
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
		return class.Message, nil
	case fault.Retryable(class):
		return "", err
	}
	return "", nil
}
