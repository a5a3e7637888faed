package bigquery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// Checks of a connection, by the permission that each is about.
const (
	checkAuthenticate = "authenticate"
	checkJobs         = "bigquery.jobs.create"
	checkDatasets     = "bigquery.datasets.get"
	checkLocation     = "bigquery.location"
	checkList         = "bigquery.tables.list"
	checkTables       = "bigquery.tables.get"
	checkData         = "bigquery.tables.getData"
	checkSessions     = "bigquery.readsessions.create"
	checkStreams      = "bigquery.readsessions.getData"
	checkConnection   = "bigquery.connections.use"
	checkOverPower    = "bigquery.over_privilege"
)

// Checks lists the checks, in order. Each asks twice: what IAM says, and what
// the smallest real request says. A permission passes when both agree, or when
// only one of them can know.
func (s *session) Checks() []source.Check {
	c := &checker{session: s}
	check := func(name, title string, run func(context.Context) (source.Finding, error), requires ...string) source.Check {
		return source.Check{Name: name, Title: title, Requires: requires, Run: run, Remedy: c.remedy}
	}
	checks := []source.Check{
		check(checkAuthenticate, "Authenticate at Google", c.authenticate),
		check(checkJobs, "Run queries in the billing project", c.runJobs, checkAuthenticate),
		check(checkDatasets, "See the datasets", c.getDatasets, checkAuthenticate),
		check(checkLocation, "Find the datasets at the location", c.location, checkDatasets),
		check(checkList, "List tables", c.listTables, checkLocation),
		check(checkTables, "See the columns of a table", c.getTable, checkList),
		check(checkData, "Read the rows of a table", c.getData, checkList),
		check(checkSessions, "Create a read session in the billing project", c.createSession, checkData),
		check(checkStreams, "Read from a read session", c.readRows, checkSessions),
	}
	if s.config.omni.given() {
		checks = append(checks, check(checkConnection, "Read Amazon S3 through the Omni connection", c.useConnection, checkJobs, checkTables))
	}
	excess := check(checkOverPower, "Look for rights that are not needed", c.overPrivilege, checkAuthenticate)
	excess.Advisory = true
	return append(checks, excess)
}

// checker is one run of the checks: what one of them finds, the next uses.
type checker struct {
	session *session

	datasets []dataset
	tables   []tableRef // the first of each dataset, those that a read session reads before the others
	table    *table     // one to read, nil when there is none
	stream   split      // of a session that was opened
}

// authenticate gets a token and uses it: one of an account that was disabled
// meanwhile is still given out, and refused.
func (c *checker) authenticate(ctx context.Context) (source.Finding, error) {
	if err := c.session.access.Authenticate(ctx); err != nil {
		return source.Finding{}, err
	}
	_, err := c.session.rest.Projects.List().MaxResults(1).Fields("kind").Context(ctx).Do()
	if class := (Driver{}).Classify(err); err != nil && (class == nil || class.Code != fault.SourcePermission && class.Code != fault.SourceNotFound) {
		return source.Finding{}, err
	}
	if who := c.session.access.Principal(); who != "" {
		return source.Finding{Detail: "authenticated as " + who}, nil
	}
	return source.Finding{Detail: "authenticated"}, nil
}

// runJobs lets BigQuery check a query, which needs the same right as running it.
func (c *checker) runJobs(ctx context.Context) (source.Finding, error) {
	_, err := c.session.dryRun(ctx, query{sql: "SELECT 1", location: c.session.config.location})
	return c.both(ctx, checkJobs, c.session.config.billing, "queries can run in "+c.session.config.billing, err)
}

// both puts together what a real request to the billing project said and what
// IAM says, which there is never less: what is granted above the project counts too.
func (c *checker) both(ctx context.Context, permission, project, found string, err error) (source.Finding, error) {
	if err != nil {
		return source.Finding{}, naming(permission, "project "+project, err)
	}
	granted, knows := c.granted(ctx, project, permission)
	switch {
	case !knows:
		return source.Finding{Detail: found + "; the Resource Manager API does not say what IAM thinks of it"}, ctx.Err()
	case !granted:
		return source.Finding{}, fault.Wrap(fault.SourcePermission, "the credential lacks "+permission+" on project "+project,
			errors.New("testIamPermissions does not name "+permission+", although a request that needs it was let through"))
	}
	return source.Finding{Detail: found}, nil
}

// granted asks IAM for a permission on a project. The API that tells may be
// disabled there, or not reachable: then nobody knows.
func (c *checker) granted(ctx context.Context, project, permission string) (granted, knows bool) {
	list, err := c.session.access.ProjectPermissions(ctx, project, permission)
	return len(list) > 0, err == nil
}

// naming makes a refusal name the permission that the request needs, and on
// what, where BigQuery does not say that it is about another one.
func naming(permission, resource string, err error) error {
	class := (Driver{}).Classify(err)
	if class == nil || class.Code != fault.SourcePermission {
		return err
	}
	if named := google.Permission(err); named == permission || named == "" && strings.Contains(textOf(err), "User does not have") {
		return fault.Wrap(fault.SourcePermission, "the credential lacks "+permission+" on "+resource, err)
	}
	return err
}

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

// probed is how many datasets are looked into.
const probed = 20

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
func (c *checker) getTable(ctx context.Context) (source.Finding, error) {
	for _, r := range c.tables[:min(len(c.tables), probed)] {
		t, err := c.session.describe(ctx, r, entry{})
		if err != nil {
			return source.Finding{}, naming(checkTables, "table "+r.name(), err)
		}
		if c.table == nil || t.direct && t.ProblemCode == "" && !(c.table.direct && c.table.ProblemCode == "") {
			c.table = &t
		}
		if c.table.direct && c.table.ProblemCode == "" {
			break
		}
	}
	if c.table == nil {
		return source.Finding{Detail: nothingYet}, nil
	}
	return c.onTable(ctx, checkTables, c.table.ref, "got the columns of "+c.table.Name)
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
	if len(c.tables) == 0 {
		return source.Finding{Detail: nothingYet}, nil
	}
	r, direct := c.tables[0], true
	var columns []string
	if c.table != nil {
		r, direct = c.table.ref, c.table.direct
		columns = readable(c.table.Table)
	}
	var err error
	if direct {
		_, err = c.session.rest.Tabledata.List(r.project, r.dataset, r.table).MaxResults(1).SelectedFields(strings.Join(columns, ",")).Context(ctx).Do()
	} else {
		_, err = c.session.dryRun(ctx, query{sql: "SELECT * FROM " + r.sql() + " LIMIT 0", location: c.table.location})
	}
	if err != nil && !(c.session.config.omni.given() && google.Permission(err) == checkConnection) { // which has a check of its own
		return source.Finding{}, naming(checkData, "table "+r.name(), err)
	}
	return c.onTable(ctx, checkData, r, "read "+r.name())
}

// readable is one column that is not denied, so that a policy tag on another
// does not look like a missing right to the table.
func readable(t schema.Table) []string {
	for _, c := range t.Columns {
		if c.Type != schema.Unsupported {
			return []string{c.Name}
		}
	}
	return nil
}

// createSession makes a session of one stream, which runs and costs nothing.
func (c *checker) createSession(ctx context.Context) (source.Finding, error) {
	billing := c.session.config.billing
	if c.table == nil || !c.table.direct {
		return c.onlyIAM(ctx, checkSessions)
	}
	opened, err := c.session.createSession(ctx, readRequest{table: c.table.ref.path(), columns: readable(c.table.Table), restriction: c.noRows()}, 1)
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

// excessOnProject are rights on a project that reading does not need.
func excessOnProject() []string {
	return []string{
		"bigquery.datasets.create", "bigquery.datasets.delete", "bigquery.datasets.update", "bigquery.tables.create", "bigquery.tables.delete",
		"bigquery.tables.update", "bigquery.tables.updateData", "bigquery.tables.export", "bigquery.jobs.listAll", "bigquery.connections.create",
		"bigquery.reservations.create", "resourcemanager.projects.setIamPolicy", "resourcemanager.projects.delete", "iam.serviceAccountKeys.create",
		"storage.buckets.delete", "storage.objects.create",
	}
}

// excessOnTable are rights on a table that reading does not need.
func excessOnTable() []string {
	return []string{"bigquery.tables.delete", "bigquery.tables.update", "bigquery.tables.updateData", "bigquery.tables.setIamPolicy"}
}

// grants are the statements that give the credential what it needs.
func (c *checker) grants() string {
	req := c.session.config.grants
	req.Identity = c.session.access.Principal()
	grants := catalog.BigQueryGrants(req)
	texts := make([]string, len(grants))
	for i, g := range grants {
		texts[i] = "# " + g.Title + "\n" + g.Text
	}
	return strings.Join(texts, "\n")
}
