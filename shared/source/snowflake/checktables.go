package snowflake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// inventory is what the role sees of the covered schemas, up to a bound.
type inventory struct {
	tables, views []object
}

type object struct {
	path    []string
	tracked bool // changes are tracked
}

// maxObjects bounds how many tables, and views, of a database are looked at.
const maxObjects = 1000

func (c *checker) inventory(ctx context.Context) (inventory, error) {
	if c.objects != nil {
		return *c.objects, nil
	}
	var found inventory
	for _, d := range c.config.databases {
		for _, kind := range []string{"TABLES", "VIEWS"} {
			err := c.each(ctx, fmt.Sprintf("SHOW %s IN DATABASE %s LIMIT %d", kind, quote(d), maxObjects), func(r row) error {
				if !c.config.covers(d, r.text("schema_name")) {
					return nil
				}
				o := object{path: []string{d, r.text("schema_name"), r.text("name")}, tracked: strings.EqualFold(r.text("change_tracking"), "ON")}
				if kind == "VIEWS" {
					found.views = append(found.views, o)
				} else {
					found.tables = append(found.tables, o)
				}
				return nil
			})
			if err != nil {
				return found, err
			}
		}
	}
	c.objects = &found
	return found, nil
}

func (c *checker) tables(ctx context.Context) (source.Finding, error) {
	found, err := c.inventory(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	if len(found.tables) == 0 && len(found.views) == 0 {
		return source.Finding{}, fault.Wrap(fault.SourcePermission, "the role has SELECT on no table or view of the covered schemas",
			errors.New("SHOW TABLES and SHOW VIEWS list nothing: Snowflake hides what a role has no privilege on"))
	}
	if len(found.tables) == 0 {
		return source.Finding{Detail: "the role sees no table; Snowflake hides those that it has no privilege on"}, nil
	}
	return c.readable(ctx, "table", found.tables)
}

func (c *checker) views(ctx context.Context) (source.Finding, error) {
	found, err := c.inventory(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	if len(found.views) == 0 {
		return source.Finding{Detail: "the role sees no view; Snowflake hides those that it has no privilege on"}, nil
	}
	return c.readable(ctx, "view", found.views)
}

// readable has the service compile a query of each object that no grant speaks
// for, and of one that a grant does: that needs SELECT, and no warehouse.
func (c *checker) readable(ctx context.Context, what string, objects []object) (source.Finding, error) {
	held, err := c.grants(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	var try []object
	granted := 0
	for _, o := range objects {
		if held.reads(o.path...) {
			if granted++; granted > 1 {
				continue
			}
		}
		try = append(try, o)
	}
	for _, o := range try[:min(len(try), probes)] {
		_, err := c.describe(ctx, "SELECT * FROM "+quote(o.path...), nil)
		if err != nil {
			return source.Finding{}, denied("the role has no SELECT on "+what+" "+strings.Join(o.path, "."), err)
		}
	}
	return source.Finding{Detail: fmt.Sprintf("the role may read %d of %d %ss by grants of its own", granted, len(objects), what)}, nil
}

// discover lists one table, to see which way it goes.
func (c *checker) discover(ctx context.Context) (source.Finding, error) {
	d := c.config.databases[0]
	_, err := c.listTables(ctx, cursor{Database: d}, 1)
	if needsShow(err) {
		if _, err := c.showTables(ctx, cursor{Database: d}, 1); err != nil {
			return source.Finding{}, err
		}
		return source.Finding{Detail: "by SHOW, because INFORMATION_SCHEMA does not answer: no warehouse runs for it"}, nil
	}
	if err != nil {
		return source.Finding{}, err
	}
	return source.Finding{Detail: "by INFORMATION_SCHEMA"}, nil
}

func (c *checker) futureTables(ctx context.Context) (source.Finding, error) {
	return c.future(ctx, "TABLES", false)
}

func (c *checker) futureViews(ctx context.Context) (source.Finding, error) {
	return c.future(ctx, "VIEWS", true)
}

// future warns of schemas whose new tables the role will not be able to read.
// Nothing can be tried, so that SHOW FUTURE GRANTS is the only source.
func (c *checker) future(ctx context.Context, what string, views bool) (source.Finding, error) {
	held, err := c.grants(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	var statements []string
	for _, d := range c.config.databases {
		if len(c.config.schemas) == 0 {
			if !held.future(views, d, "") {
				statements = append(statements, "GRANT SELECT ON FUTURE "+what+" IN DATABASE "+quote(d)+" TO ROLE "+quote(c.config.role)+";")
			}
			continue
		}
		for _, name := range c.config.schemasOf(d) {
			if !held.future(views, d, name) {
				statements = append(statements, "GRANT SELECT ON FUTURE "+what+" IN SCHEMA "+quote(d, name)+" TO ROLE "+quote(c.config.role)+";")
			}
		}
	}
	if len(statements) == 0 {
		return source.Finding{Detail: "new " + strings.ToLower(what) + " will be readable"}, nil
	}
	return source.Finding{
		Warning: "new " + strings.ToLower(what) + " will not be readable without another grant",
		Remedy:  source.Remedy{Text: "Grant SELECT on what is still to come. A future grant on a schema makes those on its database count no more there.", Snippet: strings.Join(statements, "\n")},
	}, nil
}

// tracking warns of tables whose changed rows cannot be told: an import that
// merges reads the whole table then.
func (c *checker) tracking(ctx context.Context) (source.Finding, error) {
	found, err := c.inventory(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	untracked := slices.DeleteFunc(slices.Clone(found.tables), func(o object) bool { return o.tracked })
	if len(untracked) == 0 {
		return source.Finding{Detail: "all tables track their changes"}, nil
	}
	var statements []string
	for _, o := range untracked[:min(len(untracked), probes)] {
		statements = append(statements, "ALTER TABLE "+quote(o.path...)+" SET CHANGE_TRACKING = TRUE;")
	}
	return source.Finding{
		Warning: fmt.Sprintf("%d of %d tables do not track their changes; an import that merges rows reads such a table whole", len(untracked), len(found.tables)),
		Remedy:  source.Remedy{Text: "Where an import is to merge, have the owner of the table turn change tracking on.", Snippet: strings.Join(statements, "\n")},
	}, nil
}

// shownExcess is how many rights too many a warning lists.
const shownExcess = 10

func (c *checker) overPrivilege(ctx context.Context) (source.Finding, error) {
	held, err := c.grants(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	excess := held.excess(c.config.role)
	if len(excess) == 0 {
		return source.Finding{Detail: "the role can do nothing but read"}, nil
	}
	shown := strings.Join(excess[:min(len(excess), shownExcess)], "; ")
	if more := len(excess) - shownExcess; more > 0 {
		shown += fmt.Sprintf("; and %d more", more)
	}
	return source.Finding{
		Warning: "the role can do more than read: " + shown,
		Remedy:  source.Remedy{Text: "Use a role of its own, with these grants and no others.", Snippet: c.snippet(nil)},
	}, nil
}

// snippet is all statements of the role's grants, in order: those of the way of
// logging in have been run already.
func (c *checker) snippet(tables []string) string {
	var statements []string
	for _, g := range catalog.SnowflakeGrants(source.GrantRequest{Settings: c.config.settings, Tables: tables}) {
		statements = append(statements, g.Text)
	}
	return strings.Join(statements, "\n")
}

func (c *checker) remedyTables(error) source.Remedy { return c.remedySelect("TABLES") }
func (c *checker) remedyViews(error) source.Remedy  { return c.remedySelect("VIEWS") }

func (c *checker) remedySelect(what string) source.Remedy {
	var statements []string
	for _, d := range c.config.databases {
		if len(c.config.schemas) == 0 {
			statements = append(statements, "GRANT SELECT ON ALL "+what+" IN DATABASE "+quote(d)+" TO ROLE "+quote(c.config.role)+";")
		}
		for _, name := range c.config.schemasOf(d) {
			statements = append(statements, "GRANT SELECT ON ALL "+what+" IN SCHEMA "+quote(d, name)+" TO ROLE "+quote(c.config.role)+";")
		}
	}
	return source.Remedy{Text: "Let the role read the " + strings.ToLower(what) + ".", Snippet: strings.Join(statements, "\n")}
}
