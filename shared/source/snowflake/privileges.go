package snowflake

import (
	"context"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// privilege is one line of SHOW GRANTS, of the role or of one that it inherits.
type privilege struct {
	privilege string // "SELECT"
	on        string // "TABLE", "VIEW", "ROLE", …
	name      string // as SHOW writes it, with its database and schema
	future    bool
	grantee   string
}

// privileges are all that the role has, those of the roles granted to it included.
type privileges struct {
	list  []privilege
	roles []string
}

// maxRoles bounds the hierarchy that is followed.
const maxRoles = 50

// readPrivileges asks SHOW GRANTS for the role and the roles below it. What the
// role may not see of another role is left out.
func (s *session) readPrivileges(ctx context.Context) (privileges, error) {
	type holder struct{ kind, name string }
	var p privileges
	waiting := []holder{{"ROLE", quote(s.config.role)}, {"ROLE", quote("PUBLIC")}}
	seen := map[holder]bool{}
	for len(waiting) > 0 && len(seen) < maxRoles {
		h := waiting[0]
		waiting = waiting[1:]
		if seen[h] {
			continue
		}
		seen[h] = true
		p.roles = append(p.roles, h.name)
		for _, future := range []bool{false, true} {
			found, err := s.showGrants(ctx, h.kind, h.name, future)
			if err != nil && len(seen) == 1 && !future {
				return p, err
			}
			for _, g := range found {
				p.list = append(p.list, g)
				if !future && g.privilege == "USAGE" && (g.on == "ROLE" || g.on == "DATABASE_ROLE" || g.on == "DATABASE ROLE") {
					waiting = append(waiting, holder{strings.ReplaceAll(g.on, "_", " "), requoted(g.name)})
				}
			}
		}
	}
	return p, nil
}

func (s *session) showGrants(ctx context.Context, kind, name string, future bool) ([]privilege, error) {
	statement := "SHOW GRANTS TO " + kind + " " + name
	if future {
		statement = "SHOW FUTURE GRANTS TO " + kind + " " + name
	}
	var found []privilege
	err := s.each(ctx, statement, func(r row) error {
		on := r.text("granted_on")
		if future {
			on = r.text("grant_on")
		}
		found = append(found, privilege{
			privilege: r.text("privilege"), on: strings.ToUpper(on), name: r.text("name"), future: future, grantee: name,
		})
		return nil
	})
	return found, err
}

// requoted writes a name of SHOW for SQL.
func requoted(name string) string {
	if names, err := catalog.SnowflakeNames(name); err == nil && len(names) == 1 {
		return quote(names[0]...)
	}
	return quote(name)
}

// pathOf takes a name of SHOW apart. Plain parts are as they are written there;
// a part such as <TABLE> stands for all to come.
func pathOf(name string) []string {
	var parts []string
	p := typeParser{rest: name}
	for p.rest != "" {
		var part string
		if strings.HasPrefix(p.rest, `"`) {
			part = p.word()
		} else if n := strings.IndexByte(p.rest, '.'); n >= 0 {
			part, p.rest = p.rest[:n], p.rest[n:]
		} else {
			part, p.rest = p.rest, ""
		}
		parts = append(parts, part)
		if !strings.HasPrefix(p.rest, ".") {
			break
		}
		p.rest = p.rest[1:]
	}
	return parts
}

// kinds of objects that SELECT is granted on as on a table, and as on a view.
func selectable(on string) (table, view bool) {
	on = strings.ReplaceAll(on, "_", " ")
	view = strings.HasSuffix(on, "VIEW")
	return !view && strings.HasSuffix(on, "TABLE"), view
}

// reads reports whether there is a privilege by which the role reads a table.
func (p privileges) reads(path ...string) bool {
	return slices.ContainsFunc(p.list, func(g privilege) bool {
		table, view := selectable(g.on)
		return !g.future && (table || view) && (g.privilege == "SELECT" || g.privilege == "OWNERSHIP") && slices.Equal(pathOf(g.name), path)
	})
}

// has reports whether there is one of some privileges on an object.
func (p privileges) has(on string, wanted []string, path ...string) bool {
	return slices.ContainsFunc(p.list, func(g privilege) bool {
		return !g.future && g.on == on && slices.Contains(wanted, g.privilege) && slices.Equal(pathOf(g.name), path)
	})
}

// future reports whether tables, or views, to come in a schema, or in all
// schemas of a database when schema is "", will be readable. A future grant on
// a schema makes Snowflake ignore those on its database for the same kind of object.
func (p privileges) future(views bool, database, schema string) bool {
	var inSchema, inDatabase, schemaSelects, databaseSelects bool
	for _, g := range p.list {
		table, view := selectable(g.on)
		if !g.future || views && !view || !views && !table {
			continue
		}
		path := pathOf(g.name)
		selects := g.privilege == "SELECT" || g.privilege == "OWNERSHIP"
		switch {
		case len(path) == 3 && path[0] == database && path[1] == schema:
			inSchema, schemaSelects = true, schemaSelects || selects
		case len(path) == 2 && path[0] == database:
			inDatabase, databaseSelects = true, databaseSelects || selects
		}
	}
	return inSchema && schemaSelects || !inSchema && inDatabase && databaseSelects
}

// adminRoles can do far more than read.
var adminRoles = []string{"ACCOUNTADMIN", "SECURITYADMIN", "USERADMIN", "SYSADMIN", "ORGADMIN", "GLOBALORGADMIN"}

// needed are the privileges that reading takes. What PUBLIC has by default in
// every account is no sign of anything.
var needed = []string{"USAGE", "SELECT", "REFERENCES", "MONITOR", "READ", "IMPORTED PRIVILEGES", "USE_ANY_ROLE"}

// excess lists what the role can do beyond reading.
func (p privileges) excess(role string) []string {
	var found []string
	add := func(text string) {
		if !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	if slices.Contains(adminRoles, role) {
		add("the role is " + role)
	}
	for _, g := range p.list {
		switch {
		case g.grantee == quote("PUBLIC"):
		case g.on == "ROLE" && slices.Contains(adminRoles, strings.Trim(g.name, `"`)):
			add("the role inherits " + g.name)
		case !slices.Contains(needed, g.privilege) && g.future:
			add(g.privilege + " on future objects " + g.name)
		case !slices.Contains(needed, g.privilege):
			add(g.privilege + " on " + strings.ToLower(strings.ReplaceAll(g.on, "_", " ")) + " " + g.name)
		}
	}
	return found
}
