package bigquery

import (
	"context"
	"errors"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
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
