package bigquery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// getDatasets gets the datasets of the settings, or those that the credential sees.
func (c *checker) getDatasets(ctx context.Context) (source.Finding, error) {
	c.session.forget()
	found, err := c.session.listDatasets(ctx)
	if err != nil {
		return source.Finding{}, naming(checkDatasets, "a dataset", err)
	}
	project := c.session.config.project
	if len(found) == 0 {
		// A list leaves out what may not be seen, so IAM has to tell that from an empty project.
		if granted, _ := c.granted(ctx, project, checkDatasets); !granted {
			return source.Finding{}, fault.Wrap(fault.SourcePermission, "the credential lacks "+checkDatasets+" on every dataset of project "+project,
				errors.New("the list of datasets is empty, and testIamPermissions does not name "+checkDatasets))
		}
		return source.Finding{Warning: "there is no dataset in project " + project + " yet", Remedy: source.Remedy{Text: "Check the project. If it is right, tables appear once there are datasets and the schema is refreshed."}}, nil
	}
	if c.session.config.datasets == nil { // being listed is not yet being readable
		if _, err := c.session.getDataset(ctx, found[0].id); err != nil {
			return source.Finding{}, naming(checkDatasets, "dataset "+found[0].id, err)
		}
	}
	c.datasets = found
	return source.Finding{Detail: fmt.Sprintf("%d datasets are visible", len(found))}, nil
}

// location holds where the datasets are against the setting.
func (c *checker) location(context.Context) (source.Finding, error) {
	config := c.session.config
	var here, elsewhere []dataset
	for _, d := range c.datasets {
		if config.wants(d.location) {
			here = append(here, d)
		} else {
			elsewhere = append(elsewhere, d)
		}
	}
	named := config.datasets != nil
	switch {
	case len(elsewhere) > 0 && (named || len(here) == 0):
		return source.Finding{}, fault.Wrap(fault.SourceWrongRegion, "dataset "+elsewhere[0].id+" is at location "+elsewhere[0].location+", not at "+config.location,
			errors.New("datasets.get says location "+elsewhere[0].location))
	case len(here) == 0:
		return source.Finding{Detail: "there is no dataset to look for"}, nil
	}
	c.datasets = here
	var places []string
	for _, d := range here {
		places = append(places, d.location)
	}
	slices.Sort(places)
	return source.Finding{Detail: "the datasets are at " + strings.Join(slices.Compact(places), ", ")}, nil
}

// Of how many datasets and tables there are, so many are looked into.
const (
	probed       = 20
	probedTables = 50
)

// listTables lists the first tables of the datasets.
func (c *checker) listTables(ctx context.Context) (source.Finding, error) {
	plain := make([][]tableRef, min(len(c.datasets), probed))
	others := make([][]tableRef, len(plain))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i := range plain {
		group.Go(func() error {
			id := c.datasets[i].id
			page, err := c.session.rest.Tables.List(c.session.config.project, id).MaxResults(50).Fields("tables(tableReference,type)").Context(ctx).Do()
			if err != nil {
				return naming(checkList, "dataset "+id, err)
			}
			for _, t := range page.Tables {
				r := refOf(t.TableReference)
				if t.Type == "TABLE" && !offCloud(c.datasets[i].location) {
					plain[i] = append(plain[i], r)
				} else {
					others[i] = append(others[i], r)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return source.Finding{}, err
	}
	c.tables = append(slices.Concat(plain...), slices.Concat(others...)...)
	if len(c.tables) == 0 {
		return source.Finding{Warning: "there is no table yet", Remedy: source.Remedy{Text: "Tables appear once they are made and the schema is refreshed."}}, nil
	}
	return source.Finding{Detail: "found " + c.tables[0].name()}, nil
}

const nothingYet = "there is no table to try it on yet"

// getTable gets the metadata of a table that can be read, and asks IAM for it.
// One is enough: a credential may be let at chosen tables only.
func (c *checker) getTable(ctx context.Context) (source.Finding, error) {
	if len(c.tables) == 0 {
		return source.Finding{Detail: nothingYet}, nil
	}
	if err := c.choose(ctx, c.tables[:1]); err != nil || !c.table.plain() {
		err = c.choose(ctx, c.tables[:min(len(c.tables), probedTables)])
		if c.table == nil {
			return source.Finding{}, err
		}
	}
	return c.onTable(ctx, checkTables, c.table.ref, "got the columns of "+c.table.Name)
}

// choose gets tables, and chooses one that a read session reads, or any. Its
// error is the first table's that could not be got.
func (c *checker) choose(ctx context.Context, refs []tableRef) error {
	got := make([]*table, len(refs))
	errs := make([]error, len(refs))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i, r := range refs {
		group.Go(func() error {
			t, err := c.session.describe(ctx, r, entry{})
			if got[i] = &t; err != nil {
				got[i], errs[i] = nil, naming(checkTables, "table "+r.name(), err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, t := range got {
		if t != nil && (c.table == nil || t.use() > c.table.use()) {
			c.table = t
		}
	}
	return cmp.Or(errs...)
}

// plain reports whether a read session reads the table as it is.
func (t *table) plain() bool { return t.direct && t.ProblemCode == "" }

// use is how good a table is for trying things on: one that is read as it is,
// one that takes a query, one that cannot be imported.
func (t *table) use() int {
	switch {
	case t.plain():
		return 2
	case t.ProblemCode == "":
		return 1
	}
	return 0
}

// onTable asks IAM about a permission on a table, after a real request went through.
func (c *checker) onTable(ctx context.Context, permission string, r tableRef, found string) (source.Finding, error) {
	granted, err := c.session.tablePermissions(ctx, r, permission)
	switch {
	case err != nil:
		return source.Finding{}, naming(permission, "table "+r.name(), err)
	case len(granted) == 0:
		return source.Finding{}, fault.Wrap(fault.SourcePermission, "the credential lacks "+permission+" on table "+r.name(),
			errors.New("testIamPermissions does not name "+permission+", although a request that needs it was let through"))
	}
	return source.Finding{Detail: found}, nil
}

// getData reads one row of a table, or lets BigQuery check a query of a view.
func (c *checker) getData(ctx context.Context) (source.Finding, error) {
	if len(c.tables) == 0 || c.table != nil && c.table.ProblemCode != "" {
		return source.Finding{Detail: nothingYet}, nil
	}
	r, direct := c.tables[0], true
	var columns []string
	if c.table != nil {
		r, direct = c.table.ref, c.table.direct
		columns = c.table.readable()
	}
	var err error
	if direct {
		_, err = c.session.rest.Tabledata.List(r.project, r.dataset, r.table).MaxResults(1).SelectedFields(strings.Join(columns, ",")).Context(ctx).Do()
	} else {
		_, err = c.session.dryRun(ctx, query{sql: c.table.glance(columns), location: c.table.location})
	}
	if err != nil && !c.checkedElsewhere(google.Permission(err)) {
		return source.Finding{}, naming(checkData, "table "+r.name(), err)
	}
	return c.onTable(ctx, checkData, r, "read "+r.name())
}

// checkedElsewhere reports whether a permission that a query needs too has a
// check of its own.
func (c *checker) checkedElsewhere(permission string) bool {
	return permission == checkJobs || permission == checkConnection && c.session.config.omni.given()
}

// createSession makes a session of one stream, which runs and costs nothing.
func (c *checker) createSession(ctx context.Context) (source.Finding, error) {
	billing := c.session.config.billing
	if c.table == nil || !c.table.plain() {
		return c.onlyIAM(ctx, checkSessions)
	}
	opened, err := c.session.createSession(ctx, readRequest{table: c.table.ref.path(), columns: c.table.readable(), restriction: c.noRows()}, 1)
	if err == nil && len(opened.Streams) > 0 {
		c.stream = split{Stream: opened.Streams[0].Name}
	}
	return c.both(ctx, checkSessions, billing, "read sessions can be made in "+billing, err)
}

// noRows is a restriction where the table requires one.
func (c *checker) noRows() string {
	if p := c.table.Partitioning; p != nil && p.FilterRequired {
		return quote(p.Column) + " IS NULL"
	}
	return ""
}

// readRows reads the first message of the session's stream.
func (c *checker) readRows(ctx context.Context) (source.Finding, error) {
	if c.stream.Stream == "" {
		return c.onlyIAM(ctx, checkStreams)
	}
	err := c.session.probe(ctx, c.stream.Stream)
	billing := c.session.config.billing
	return c.both(ctx, checkStreams, billing, "read sessions can be read", err)
}

// onlyIAM is for a permission that there is nothing to try on.
func (c *checker) onlyIAM(ctx context.Context, permission string) (source.Finding, error) {
	billing := c.session.config.billing
	granted, knows := c.granted(ctx, billing, permission)
	if !knows {
		return source.Finding{Detail: nothingYet}, ctx.Err()
	}
	if !granted {
		return source.Finding{}, fault.Wrap(fault.SourcePermission, "the credential lacks "+permission+" on project "+billing,
			errors.New("testIamPermissions does not name "+permission))
	}
	return source.Finding{Detail: "IAM grants " + permission + "; " + nothingYet}, nil
}

// tablePermissions returns which of the permissions the credential has on a table.
func (s *session) tablePermissions(ctx context.Context, r tableRef, permissions ...string) ([]string, error) {
	resource := strings.TrimPrefix(r.path(), "/")
	answer, err := s.rest.Tables.TestIamPermissions(resource, &bigquery.TestIamPermissionsRequest{Permissions: permissions}).Context(ctx).Do()
	if err != nil {
		return nil, err
	}
	return answer.Permissions, nil
}

// probe reads the first message of a stream.
func (s *session) probe(ctx context.Context, stream string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rows, err := s.reads.ReadRows(ctx, &storagepb.ReadRowsRequest{ReadStream: stream})
	if err != nil {
		return err
	}
	if _, err := rows.Recv(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
