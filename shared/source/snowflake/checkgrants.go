package snowflake

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// Every grant is looked at twice: what SHOW GRANTS says, and the smallest thing
// that needs it. The second decides; when the first does not know of it, the
// access comes from elsewhere (a role whose grants may not be seen) and may go
// without notice.

func (c *checker) grants(ctx context.Context) (privileges, error) {
	if c.held == nil {
		held, err := c.readPrivileges(ctx)
		if err != nil {
			return held, err
		}
		c.held = &held
	}
	return *c.held, nil
}

// denied reports what the service refuses or hides as a missing privilege,
// which message names.
func denied(message string, err error) error {
	var refusal *sf.SnowflakeError
	class := (Driver{}).Classify(err)
	if !errors.As(err, &refusal) || class == nil || class.Code != fault.SourceNotFound && class.Code != fault.SourcePermission {
		return err
	}
	return fault.Wrap(fault.SourcePermission, message, err)
}

// confirmed is the finding for a grant that was used with success.
func (c *checker) confirmed(ctx context.Context, detail, on string, privileges []string, path ...string) (source.Finding, error) {
	held, err := c.grants(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	if held.has(on, privileges, path...) {
		return source.Finding{Detail: detail}, nil
	}
	return source.Finding{
		Warning: detail + ", and SHOW GRANTS does not know of it: the access comes from a role whose grants cannot be seen, and ends with it",
		Remedy:  source.Remedy{Text: "Grant it to the role itself.", Snippet: grantOn(privileges[0], on, c.config.role, path...)},
	}, nil
}

func grantOn(privilege, on, role string, path ...string) string {
	return "GRANT " + privilege + " ON " + on + " " + quote(path...) + " TO ROLE " + quote(role) + ";"
}

var usage = []string{"USAGE", "OWNERSHIP", "ALL", "ALL PRIVILEGES", "IMPORTED PRIVILEGES"}

// warehouse makes the warehouse the session's, which does not start it.
func (c *checker) warehouse(ctx context.Context) (source.Finding, error) {
	name := c.config.warehouse
	if err := c.exec(ctx, "USE WAREHOUSE "+quote(name)); err != nil {
		return source.Finding{}, denied("the role has no USAGE on warehouse "+name+", or there is no such warehouse", err)
	}
	held, err := c.grants(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	// Any privilege lets a session name the warehouse; only USAGE lets it run queries.
	if !held.has("WAREHOUSE", usage, name) && held.has("WAREHOUSE", []string{"MONITOR", "OPERATE", "MODIFY"}, name) {
		return source.Finding{}, fault.Wrap(fault.SourcePermission, "the role has no USAGE on warehouse "+name,
			errors.New("SHOW GRANTS has other privileges on the warehouse, and not USAGE"))
	}
	return c.confirmed(ctx, "the role may use warehouse "+name, "WAREHOUSE", usage, name)
}

// resume sees whether the warehouse runs, or would, and has it do so.
func (c *checker) resume(ctx context.Context) (source.Finding, error) {
	name := c.config.warehouse
	var state, resumes, monitor string
	err := c.each(ctx, "SHOW WAREHOUSES LIKE "+text(likeExactly(name)), func(r row) error {
		if r.text("name") == name {
			state, resumes, monitor = r.text("state"), r.text("auto_resume"), r.text("resource_monitor")
		}
		return nil
	})
	if err != nil {
		return source.Finding{}, err
	}
	if strings.HasPrefix(strings.ToUpper(state), "SUSPEND") && strings.EqualFold(resumes, "false") {
		return source.Finding{}, fault.Wrap(fault.SourceInvalidConfig, "warehouse "+name+" is suspended and does not resume by itself",
			fmt.Errorf("SHOW WAREHOUSES: state %s, auto_resume %s", state, resumes))
	}
	// The smallest query that a warehouse runs. That the database may not be
	// used is the matter of another check.
	detail := "the warehouse runs"
	err = c.exec(ctx, "SELECT COUNT(*) AS N FROM "+quote(c.config.databases[0], informationSchema)+".SCHEMATA")
	if class := (Driver{}).Classify(err); class != nil && class.Code == fault.SourceNotFound {
		detail, err = "the warehouse runs or resumes by itself, says SHOW WAREHOUSES", nil
	}
	if err != nil {
		return source.Finding{}, err
	}
	if monitor != "" && monitor != "null" {
		detail += " under resource monitor " + monitor
	}
	return source.Finding{Detail: detail}, nil
}

func (c *checker) databases(ctx context.Context) (source.Finding, error) {
	var last source.Finding
	for _, d := range c.config.databases {
		if err := c.exec(ctx, "USE DATABASE "+quote(d)); err != nil {
			return source.Finding{}, denied("the role has no USAGE on database "+d+", or there is no such database", err)
		}
		found, err := c.confirmed(ctx, "the role may use database "+d, "DATABASE", usage, d)
		if err != nil || found.Warning != "" {
			return found, err
		}
		last = found
	}
	if n := len(c.config.databases); n > 1 {
		last.Detail = fmt.Sprintf("the role may use %d databases", n)
	}
	return last, nil
}

// probes bounds how many objects of a kind are tried.
const probes = 20

// schemas tries the schemas of the settings, or those that the role sees. One
// named without a database has to be in one of them.
func (c *checker) schemas(ctx context.Context) (source.Finding, error) {
	usable, tried := 0, 0
	var refused error
	for _, d := range c.config.databases {
		names, err := c.showSchemas(ctx, d)
		if err != nil {
			return source.Finding{}, err
		}
		for _, name := range names[:min(len(names), probes)] {
			tried++
			err := c.exec(ctx, "USE SCHEMA "+quote(d, name))
			switch err = denied("the role has no USAGE on schema "+d+"."+name+", or there is no such schema", err); {
			case err == nil:
				usable++
			case fault.CodeOf(err) != fault.SourcePermission:
				return source.Finding{}, err
			case refused == nil:
				refused = err
			}
		}
	}
	switch {
	case usable == 0 && refused != nil:
		return source.Finding{}, refused
	case usable == 0:
		return source.Finding{}, fault.Wrap(fault.SourcePermission, "the role has no USAGE on any schema", errors.New("SHOW SCHEMAS lists none"))
	case refused != nil && len(c.missing(ctx)) > 0:
		return source.Finding{}, refused
	}
	return source.Finding{Detail: fmt.Sprintf("the role may use %d of %d schemas", usable, tried)}, nil
}

// missing are the schemas of the settings that the role can use in no database.
func (c *checker) missing(ctx context.Context) []string {
	var names []string
	for _, path := range c.config.schemas {
		found := false
		for _, d := range c.config.databases {
			if len(path) == 1 {
				found = found || c.exec(ctx, "USE SCHEMA "+quote(d, path[0])) == nil
			} else if path[0] == d {
				found = c.exec(ctx, "USE SCHEMA "+quote(path...)) == nil
			}
		}
		if !found {
			names = append(names, quote(path...))
		}
	}
	return names
}

func (c *checker) remedyWarehouse(error) source.Remedy {
	return source.Remedy{
		Text:    "Let the role use the warehouse. Names are case-sensitive in double quotes.",
		Snippet: grantOn("USAGE", "WAREHOUSE", c.config.role, c.config.warehouse),
	}
}

func (c *checker) remedyResume(err error) source.Remedy {
	if fault.CodeOf(err) == fault.SourceQuota {
		return source.Remedy{
			Text:    "Raise the quota of the warehouse's resource monitor, or wait until it begins anew.",
			Snippet: "SHOW RESOURCE MONITORS;\nALTER RESOURCE MONITOR <the monitor> SET CREDIT_QUOTA = <credits>;",
		}
	}
	return source.Remedy{
		Text:    "Let the warehouse resume and suspend by itself.",
		Snippet: "ALTER WAREHOUSE " + quote(c.config.warehouse) + " SET AUTO_RESUME = TRUE AUTO_SUSPEND = 60;",
	}
}

func (c *checker) remedyDatabase(error) source.Remedy {
	statements := make([]string, len(c.config.databases))
	for i, d := range c.config.databases {
		statements[i] = grantOn("USAGE", "DATABASE", c.config.role, d)
	}
	return source.Remedy{Text: "Let the role use the databases. Of one that came by a share, grant IMPORTED PRIVILEGES instead.", Snippet: strings.Join(statements, "\n")}
}

func (c *checker) remedySchema(error) source.Remedy {
	var statements []string
	for _, d := range c.config.databases {
		if len(c.config.schemas) == 0 {
			statements = append(statements, "GRANT USAGE ON ALL SCHEMAS IN DATABASE "+quote(d)+" TO ROLE "+quote(c.config.role)+";")
		}
		for _, name := range c.config.schemasOf(d) {
			statements = append(statements, grantOn("USAGE", "SCHEMA", c.config.role, d, name))
		}
	}
	return source.Remedy{Text: "Let the role use the schemas.", Snippet: strings.Join(statements, "\n")}
}
