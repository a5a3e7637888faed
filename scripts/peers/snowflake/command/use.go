package command

import (
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// use changes the session's current objects.
func (c *call) use() (Outcome, error) {
	c.next()
	s, w := c.session, c.World
	roles := s.Held(w)
	switch {
	case c.take("SECONDARY", "ROLES"):
		all := c.take("ALL")
		if !all && !c.take("NONE") {
			return Outcome{}, refusal.Unsupported("USE SECONDARY ROLES with a list")
		}
		s.mu.Lock()
		s.secondary = all && !s.only
		s.mu.Unlock()
	case c.take("ROLE"):
		name, err := c.name()
		if err != nil {
			return Outcome{}, err
		}
		if w.Roles[name] == nil || !w.Granted(s.User, name) || s.only && name != s.Where().Role {
			return Outcome{}, refusal.New("003013", "42501", "SQL access control error:\nRequested role '%s' is not assigned to the executing user. Specify another role to activate.", name)
		}
		s.mu.Lock()
		s.role = name
		s.mu.Unlock()
	case c.take("WAREHOUSE"):
		name, err := c.name()
		if err != nil {
			return Outcome{}, err
		}
		if w.Warehouses[name] == nil || !w.Sees(roles, world.Target{Kind: "WAREHOUSE", Name: name}) {
			return Outcome{}, refusal.MissingOperand()
		}
		s.mu.Lock()
		s.warehouse = name
		s.mu.Unlock()
	default:
		schema := c.take("SCHEMA")
		if !schema {
			c.take("DATABASE")
		}
		path, err := c.path()
		if err != nil {
			return Outcome{}, err
		}
		database := path[0]
		if schema && len(path) == 1 {
			path = []string{s.Where().Database, path[0]}
			database = path[0]
		}
		d := w.Databases[database]
		if d == nil || !w.Can(roles, "USAGE", d.Target()) {
			return Outcome{}, refusal.MissingOperand()
		}
		inside := "PUBLIC"
		if len(path) == 2 {
			inside = path[1]
			if _, err := w.Usable(roles, database, inside); err != nil {
				return Outcome{}, refusal.MissingOperand()
			}
		} else if _, err := w.Usable(roles, database, inside); err != nil {
			inside = ""
		}
		s.mu.Lock()
		s.database, s.schema = database, inside
		s.mu.Unlock()
	}
	if err := c.end(); err != nil {
		return Outcome{}, err
	}
	return done("Statement executed successfully."), nil
}

// alterSession sets or unsets parameters.
func (c *call) alterSession() (Outcome, error) {
	c.at = 2
	unset := c.take("UNSET")
	if !unset && !c.take("SET") {
		return Outcome{}, c.unexpected()
	}
	defaults := Defaults()
	for {
		name, err := c.name()
		if err != nil {
			return Outcome{}, err
		}
		value := defaults[name]
		if !unset {
			if !c.take("=") {
				return Outcome{}, c.unexpected()
			}
			value = c.next().Text
		}
		if name == "GO_QUERY_RESULT_FORMAT" && !strings.EqualFold(value, "ARROW") {
			return Outcome{}, refusal.Unsupported("results in other formats than Arrow")
		}
		if !c.session.Set(name, value) {
			return Outcome{}, refusal.New("001420", "22023", "SQL compilation error:\ninvalid property '%s' for 'SESSION'", strings.ToLower(name))
		}
		c.take(",")
		if c.peek().Kind == sqltext.End || c.is(";") {
			break
		}
	}
	return done("Statement executed successfully."), c.end()
}
