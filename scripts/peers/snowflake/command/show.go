package command

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/store"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// show runs a SHOW. The columns are those of the service's documentation.
func (c *call) show() (Outcome, error) {
	c.next()
	c.take("TERSE")
	var list func(filter) *listing
	switch {
	case c.take("GRANTS"), c.take("FUTURE", "GRANTS"):
		return c.showGrants(c.tokens[c.at-2].Is("FUTURE"))
	case c.take("DATABASES"):
		list = c.databases
	case c.take("SCHEMAS"):
		list = c.schemas
	case c.take("TABLES"):
		list = c.tables
	case c.take("VIEWS"):
		list = c.views
	case c.take("OBJECTS"):
		list = c.objects
	case c.take("COLUMNS"):
		list = c.columns
	case c.take("WAREHOUSES"):
		list = c.warehouses
	case c.take("ROLES"):
		list = c.roles
	case c.take("PRIMARY", "KEYS"):
		list = c.primaryKeys
	case c.take("PARAMETERS"):
		return c.parameters()
	default:
		return Outcome{}, refusal.Unsupported("SHOW %s", strings.ToUpper(c.peek().Text))
	}
	f, err := c.filters()
	if err != nil {
		return Outcome{}, err
	}
	return list(f).outcome(f), nil
}

func sorted[T any](m map[string]T) []T {
	out := make([]T, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

func (c *call) databases(filter) *listing {
	l := newListing("created_on:ltz name is_default is_current origin owner comment options retention_time kind budget owner_role_type object_visibility", "name")
	roles, here := c.session.Held(c.World), c.session.Where()
	for _, d := range sorted(c.World.Databases) {
		if c.World.Sees(roles, d.Target()) {
			l.add(at(d.Created), d.Name, "N", yn(d.Name == here.Database), "", d.Owner, d.Comment, "", d.Retention, "STANDARD", nil, "ROLE", nil)
		}
	}
	return l
}

func (c *call) schemas(f filter) *listing {
	l := newListing("created_on:ltz name is_default is_current database_name owner comment options retention_time owner_role_type budget", "name")
	roles, here := c.session.Held(c.World), c.session.Where()
	for _, d := range sorted(c.World.Databases) {
		if f.scope.database() != "" && f.scope.database() != d.Name || !c.World.Can(roles, "USAGE", d.Target()) {
			continue
		}
		all := maps.Clone(d.Schemas)
		all["INFORMATION_SCHEMA"] = nil
		for _, name := range slices.Sorted(maps.Keys(all)) {
			current := yn(d.Name == here.Database && name == here.Schema)
			s := all[name]
			switch {
			case s == nil:
				l.add(at(d.Created), name, "N", current, d.Name, "", "Views describing the contents of schemas in this database", "", 1, "", nil)
			case c.World.Sees(roles, s.Target()):
				l.add(at(s.Created), s.Name, "N", current, d.Name, s.Owner, s.Comment, "", s.Retention, "ROLE", nil)
			}
		}
	}
	return l
}

// visible are the tables and views in a scope, by database, schema and name.
func (c *call) visible(s scope, kinds ...string) []*world.Table {
	roles := c.session.Held(c.World)
	var out []*world.Table
	for _, d := range c.World.Databases {
		for _, schema := range d.Schemas {
			if !s.holds(schema) {
				continue
			}
			for _, t := range schema.Tables {
				if (len(kinds) == 0 || slices.Contains(kinds, t.Kind)) && (s.table() == "" || s.table() == t.Name) && c.World.Visible(roles, t) {
					out = append(out, t)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b *world.Table) int {
		return cmp.Or(cmp.Compare(a.Schema.Database.Name, b.Schema.Database.Name), cmp.Compare(a.Schema.Name, b.Schema.Name), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func kind(t *world.Table) string {
	if t.Kind == "TABLE" && t.Subkind != "" && t.Subkind != "DYNAMIC" {
		return t.Subkind
	}
	return t.Kind
}

func (c *call) tables(f filter) *listing {
	l := newListing(`created_on:ltz name database_name schema_name kind comment cluster_by rows:fixed bytes:fixed owner retention_time automatic_clustering change_tracking search_optimization
		search_optimization_progress search_optimization_bytes:fixed is_external enable_schema_evolution owner_role_type is_event budget is_hybrid is_iceberg is_dynamic is_immutable`, "name")
	for _, t := range c.visible(f.scope, "TABLE", "EXTERNAL TABLE") {
		l.add(at(t.Created), t.Name, t.Schema.Database.Name, t.Schema.Name, kind(t), t.Comment, t.ClusterBy, t.Rows, t.Bytes, t.Owner, t.Retention, onOff(t.ClusterBy != ""), onOff(t.ChangeTracking), "OFF",
			nil, nil, yn(t.Kind == "EXTERNAL TABLE"), "N", "ROLE", "N", nil, "N", "N", yn(t.Subkind == "DYNAMIC"), "N")
	}
	return l
}

func (c *call) views(f filter) *listing {
	l := newListing("created_on:ltz name reserved database_name schema_name owner comment text is_secure is_materialized owner_role_type change_tracking", "name")
	roles := c.session.Held(c.World)
	for _, d := range c.World.Databases {
		if f.scope.schema() != "" && f.scope.schema() != "INFORMATION_SCHEMA" || f.scope.database() != "" && f.scope.database() != d.Name || !c.World.Can(roles, "USAGE", d.Target()) {
			continue
		}
		for _, name := range store.Described() {
			l.add(at(d.Created), name, "", d.Name, "INFORMATION_SCHEMA", "", "", "", false, false, "", "OFF")
		}
	}
	for _, t := range c.visible(f.scope, "VIEW", "MATERIALIZED VIEW") {
		l.add(at(t.Created), t.Name, "", t.Schema.Database.Name, t.Schema.Name, t.Owner, t.Comment, t.Query, t.Secure, t.Kind == "MATERIALIZED VIEW", "ROLE", onOff(t.ChangeTracking))
	}
	slices.SortFunc(l.rows, func(a, b []*string) int {
		return cmp.Or(cmp.Compare(*a[3], *b[3]), cmp.Compare(*a[4], *b[4]), cmp.Compare(*a[1], *b[1]))
	})
	return l
}

func (c *call) objects(f filter) *listing {
	l := newListing("created_on:ltz name database_name schema_name kind comment cluster_by rows:fixed bytes:fixed owner retention_time owner_role_type budget is_hybrid is_iceberg is_dynamic is_immutable", "name")
	for _, t := range c.visible(f.scope) {
		rows, bytes := any(t.Rows), any(t.Bytes)
		if t.Query != "" {
			rows, bytes = nil, nil
		}
		l.add(at(t.Created), t.Name, t.Schema.Database.Name, t.Schema.Name, kind(t), t.Comment, t.ClusterBy, rows, bytes, t.Owner, t.Retention, "ROLE", nil, "N", "N", yn(t.Subkind == "DYNAMIC"), "N")
	}
	return l
}

func (c *call) columns(f filter) *listing {
	l := newListing("table_name schema_name column_name data_type null? default kind expression comment database_name autoincrement schema_evolution_record", "column_name")
	for _, t := range c.visible(f.scope) {
		for _, col := range t.Columns {
			null := "true"
			if !col.Nullable {
				null = "NOT_NULL"
			}
			l.add(t.Name, t.Schema.Name, col.Name, col.Type.Show(col.Nullable), null, col.Default, "COLUMN", "", col.Comment, t.Schema.Database.Name, "", nil)
		}
	}
	return l
}

func (c *call) primaryKeys(f filter) *listing {
	l := newListing("created_on:ltz database_name schema_name table_name column_name key_sequence:fixed constraint_name rely comment", "table_name")
	for _, t := range c.visible(f.scope) {
		for i, col := range t.PrimaryKey {
			l.add(at(t.Created), t.Schema.Database.Name, t.Schema.Name, t.Name, col, i+1, "SYS_CONSTRAINT_PK", "false", nil)
		}
	}
	return l
}

func (c *call) warehouses(filter) *listing {
	l := newListing(`name state type size min_cluster_count:fixed max_cluster_count:fixed started_clusters:fixed running:fixed queued:fixed is_default is_current auto_suspend auto_resume available provisioning
		quiescing other created_on:ltz resumed_on:ltz updated_on:ltz owner comment enable_query_acceleration query_acceleration_max_scale_factor:fixed resource_monitor actives pendings failed suspended uuid
		scaling_policy budget owner_role_type resource_constraint`, "name")
	roles, here := c.session.Held(c.World), c.session.Where()
	for _, w := range sorted(c.World.Warehouses) {
		if !c.World.Sees(roles, world.Target{Kind: "WAREHOUSE", Name: w.Name}) {
			continue
		}
		state, started := "STARTED", 1
		if w.Suspended {
			state, started = "SUSPENDED", 0
		}
		monitor := w.Monitor
		if monitor == "" {
			monitor = "null"
		}
		l.add(w.Name, state, "STANDARD", w.Size, 1, 1, started, 0, 0, "N", yn(w.Name == here.Warehouse), "600", w.AutoResume, "", "",
			"", "", at(w.Created), at(w.Created), at(w.Created), "SYSADMIN", w.Comment, "false", 8, monitor, "0", "0", "0", "0", "0",
			"STANDARD", nil, "ROLE", nil)
	}
	return l
}

func (c *call) roles(filter) *listing {
	l := newListing("created_on:ltz name is_default is_current is_inherited assigned_to_users:fixed granted_to_roles:fixed granted_roles:fixed owner comment", "name")
	held, here := c.session.Held(c.World), c.session.Where()
	for _, r := range sorted(c.World.Roles) {
		users, to, of := 0, 0, 0
		for _, m := range c.World.Memberships() {
			switch {
			case m.Role == r.Name && m.Kind == "USER":
				users++
			case m.Role == r.Name:
				to++
			case m.Kind == "ROLE" && m.Grantee == r.Name:
				of++
			}
		}
		l.add(at(r.Created), r.Name, "N", yn(r.Name == here.Role), yn(held[r.Name] && r.Name != here.Role), users, to, of, "USERADMIN", r.Comment)
	}
	return l
}

func (c *call) parameters() (Outcome, error) {
	l := newListing("key value default level description type", "key")
	f := filter{limit: most}
	for c.is("LIKE") || c.is("IN") || c.is("FOR") {
		if c.take("LIKE") {
			if c.peek().Kind != sqltext.String {
				return Outcome{}, c.unexpected()
			}
			f.like = sqltext.Like(c.next().Text)
		} else if c.next(); !c.take("SESSION") {
			return Outcome{}, refusal.Unsupported("SHOW PARAMETERS of anything but the session")
		}
	}
	defaults, params := Defaults(), c.session.Params()
	for _, k := range slices.Sorted(maps.Keys(params)) {
		level := ""
		if params[k] != defaults[k] {
			level = "SESSION"
		}
		l.add(k, params[k], defaults[k], level, "", "STRING")
	}
	return l.outcome(f), c.end()
}

// describe runs DESCRIBE TABLE, VIEW or RESULT.
func (c *call) describe() (Outcome, error) {
	c.next()
	l := newListing("name type kind null? default primary~key unique~key check expression comment policy~name privacy~domain", "name")
	if c.take("RESULT") {
		columns, err := c.History.Columns(c.session.User, c.next().Text)
		if err != nil {
			return Outcome{}, err
		}
		for _, col := range columns {
			l.add(col.Name, col.Type.String(), "COLUMN", yn(col.Nullable), nil, "N", "N", nil, nil, nil, nil, nil)
		}
		return l.outcome(filter{limit: most}), c.end()
	}
	if !c.take("TABLE") && !c.take("VIEW") {
		return Outcome{}, refusal.Unsupported("DESCRIBE %s", strings.ToUpper(c.peek().Text))
	}
	path, err := c.path()
	if err != nil {
		return Outcome{}, err
	}
	if err := c.end(); err != nil {
		return Outcome{}, err
	}
	roles := c.session.Held(c.World)
	r := &reader{call: c, roles: roles}
	database, schema, err := r.complete(path[:len(path)-1], "DESCRIBE")
	if err != nil {
		return Outcome{}, err
	}
	s, err := c.World.Usable(roles, database, schema)
	if err != nil {
		return Outcome{}, err
	}
	t := s.Tables[path[len(path)-1]]
	if t == nil || !c.World.Sees(roles, t.Target()) {
		return Outcome{}, refusal.MissingObject(sqltext.Path(database, schema, path[len(path)-1]))
	}
	for _, col := range t.Columns {
		l.add(col.Name, col.Type.String(), "COLUMN", yn(col.Nullable), orNil(col.Default), yn(slices.Contains(t.PrimaryKey, col.Name)), "N", nil, nil, orNil(col.Comment), nil, nil)
	}
	return l.outcome(filter{limit: most}), nil
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}
