package command

import (
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

const (
	grantColumns      = "created_on:ltz privilege granted_on name granted_to grantee_name grant_option granted_by"
	futureColumns     = "created_on:ltz privilege grant_on name grant_to grantee_name grant_option"
	membershipColumns = "created_on:ltz role granted_to grantee_name granted_by"
)

// showGrants runs SHOW [FUTURE] GRANTS.
func (c *call) showGrants(future bool) (Outcome, error) {
	var l *listing
	var err error
	switch {
	case future && c.take("IN"):
		l, err = c.futureIn()
	case future && c.take("TO", "ROLE"):
		l, err = c.grantsTo(true)
	case future:
		return Outcome{}, c.unexpected()
	case c.take("TO", "ROLE"):
		l, err = c.grantsTo(false)
	case c.take("TO", "USER"):
		var user string
		if user, err = c.name(); err == nil {
			l, err = c.rolesOf(user)
		}
	case c.take("OF", "ROLE"):
		l, err = c.membersOf()
	case c.take("ON"):
		l, err = c.grantsOn()
	default:
		l, err = c.rolesOf(c.session.User)
	}
	if err != nil {
		return Outcome{}, err
	}
	return l.outcome(filter{limit: 1 << 30}), c.end()
}

// role reads the name of a role whose grants the session may see.
func (c *call) role() (string, error) {
	name, err := c.name()
	if err != nil {
		return "", err
	}
	held := c.session.Held(c.World)
	switch {
	case c.World.Roles[name] == nil:
		return "", refusal.MissingOperand()
	case !held[name] && !held[world.AccountAdmin] && !held["SECURITYADMIN"]:
		return "", refusal.NoPrivilege("role", name)
	}
	return name, nil
}

func (c *call) grantsTo(future bool) (*listing, error) {
	role, err := c.role()
	if err != nil {
		return nil, err
	}
	if future {
		l := newListing(futureColumns, "name")
		for _, g := range c.World.FutureGrants() {
			if g.Role == role {
				l.addFuture(g)
			}
		}
		return l, nil
	}
	l := newListing(grantColumns, "name")
	for _, m := range c.World.Memberships() {
		if m.Kind == "ROLE" && m.Grantee == role {
			l.add(at(m.Created), "USAGE", "ROLE", m.Role, "ROLE", role, "false", m.By)
		}
	}
	for _, g := range c.World.Grants() {
		if g.Role == role {
			l.addGrant(g)
		}
	}
	return l, nil
}

func (l *listing) addGrant(g world.Grant) {
	on := strings.ReplaceAll(g.On.Kind, " ", "_")
	l.add(at(g.Created), g.Privilege, on, path(g.On), "ROLE", g.Role, g.Option, g.By)
}

func (l *listing) addFuture(g world.Grant) {
	l.add(at(g.Created), g.Privilege, g.Future, path(g.On)+".<"+g.Future+">", "ROLE", g.Role, g.Option)
}

// path is the qualified name of what a grant is on.
func path(t world.Target) string {
	var names []string
	for _, n := range []string{t.Database, t.Schema, t.Name} {
		if n != "" {
			names = append(names, n)
		}
	}
	return sqltext.Path(names...)
}

// rolesOf lists the roles of a user, which only the user and administrators may see.
func (c *call) rolesOf(user string) (*listing, error) {
	held := c.session.Held(c.World)
	if c.World.Users[user] == nil || user != c.session.User && !held[world.AccountAdmin] && !held["SECURITYADMIN"] {
		return nil, refusal.MissingOperand()
	}
	l := newListing(membershipColumns, "role")
	for _, m := range c.World.Memberships() {
		if m.Kind == "USER" && m.Grantee == user {
			l.add(at(m.Created), m.Role, "USER", user, m.By)
		}
	}
	return l, nil
}

func (c *call) membersOf() (*listing, error) {
	role, err := c.role()
	if err != nil {
		return nil, err
	}
	l := newListing(membershipColumns, "role")
	for _, m := range c.World.Memberships() {
		if m.Role == role {
			l.add(at(m.Created), role, m.Kind, m.Grantee, m.By)
		}
	}
	return l, nil
}

// grantsOn lists the grants on an object that the role sees.
func (c *call) grantsOn() (*listing, error) {
	on := world.Target{}
	switch {
	case c.take("ACCOUNT"):
		on.Kind = "ACCOUNT"
	case c.take("WAREHOUSE"):
		name, err := c.name()
		if err != nil {
			return nil, err
		}
		on = world.Target{Kind: "WAREHOUSE", Name: name}
	case c.is("DATABASE"), c.is("SCHEMA"), c.is("TABLE"), c.is("VIEW"):
		s, err := c.scope()
		if err != nil {
			return nil, err
		}
		switch len(s) {
		case 1:
			on = c.World.Databases[s[0]].Target()
		case 2:
			schema := c.World.Databases[s[0]].Schemas[s[1]]
			if schema == nil {
				return nil, refusal.MissingOperand()
			}
			on = schema.Target()
		default:
			on = c.World.Databases[s[0]].Schemas[s[1]].Tables[s[2]].Target()
		}
	default:
		return nil, refusal.Unsupported("SHOW GRANTS ON %s", strings.ToUpper(c.peek().Text))
	}
	if on.Kind != "ACCOUNT" && !c.World.Sees(c.session.Held(c.World), on) {
		return nil, refusal.MissingOperand()
	}
	l := newListing(grantColumns, "name")
	for _, g := range c.World.Grants() {
		if g.On == on {
			l.addGrant(g)
		}
	}
	return l, nil
}

// futureIn lists the future grants in a schema or a database.
func (c *call) futureIn() (*listing, error) {
	if !c.is("SCHEMA") && !c.is("DATABASE") {
		return nil, c.unexpected()
	}
	s, err := c.scope()
	if err != nil {
		return nil, err
	}
	on := c.World.Databases[s[0]].Target()
	if len(s) == 2 {
		schema := c.World.Databases[s[0]].Schemas[s[1]]
		if schema == nil {
			return nil, refusal.MissingOperand()
		}
		on = schema.Target()
	}
	l := newListing(futureColumns, "name")
	for _, g := range c.World.FutureGrants() {
		if g.On == on {
			l.addFuture(g)
		}
	}
	return l, nil
}
