package bigquery

import (
	"context"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/source"
)

// overPrivilege asks IAM for rights that only somebody who writes needs.
func (c *checker) overPrivilege(ctx context.Context) (source.Finding, error) {
	found, err := c.session.access.ProjectPermissions(ctx, c.session.config.project, excessOnProject()...)
	if err != nil {
		return source.Finding{}, err
	}
	if c.table != nil {
		onTable, err := c.session.tablePermissions(ctx, c.table.ref, excessOnTable()...)
		if err != nil {
			return source.Finding{}, err
		}
		found = append(found, onTable...)
	}
	slices.Sort(found)
	if found = slices.Compact(found); len(found) == 0 {
		return source.Finding{Detail: "no rights beyond reading were found"}, nil
	}
	return source.Finding{
		Warning: "the credential may do more than it needs: " + strings.Join(found, ", "),
		Remedy:  source.Remedy{Text: "Take its other roles away, and give it these and no others.", Snippet: c.grants()},
	}, nil
}

// excessOnProject are rights on a project that reading does not need. IAM
// refuses the question when one of them does not exist on projects.
func excessOnProject() []string {
	return []string{
		"bigquery.datasets.create", "bigquery.datasets.delete", "bigquery.datasets.update", "bigquery.tables.create", "bigquery.tables.delete",
		"bigquery.tables.update", "bigquery.tables.updateData", "bigquery.connections.create", "bigquery.reservations.create",
		"resourcemanager.projects.setIamPolicy", "resourcemanager.projects.delete",
	}
}

// excessOnTable are rights on a table that reading does not need.
func excessOnTable() []string {
	return []string{"bigquery.tables.delete", "bigquery.tables.update", "bigquery.tables.updateData", "bigquery.tables.setIamPolicy"}
}
