package world

import (
	"fmt"
	"slices"
	"time"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
)

// A Database holds schemas.
type Database struct {
	Name, Comment, Owner string
	Retention            int
	Created              time.Time
	Schemas              map[string]*Schema
}

// A Schema holds tables and views.
type Schema struct {
	Name, Comment, Owner string
	Retention            int
	Created              time.Time
	Database             *Database
	Tables               map[string]*Table
}

// A Table is a table or a view, as Kind says: TABLE, VIEW, MATERIALIZED VIEW,
// EXTERNAL TABLE, DYNAMIC TABLE, TRANSIENT or TEMPORARY. Kinds other than VIEW
// are stored alike.
type Table struct {
	// ID names the table in the engine; no two tables ever share one.
	ID                   int64
	Name, Kind, Subkind  string
	Schema               *Schema
	Columns              []datatype.Column
	PrimaryKey           []string
	Comment, Owner       string
	ClusterBy            string
	ChangeTracking       bool
	Secure               bool
	Query                string
	Retention            int
	Created, LastAltered time.Time
	Rows, Bytes          int64
	// Stored tells that the engine has a table for it: one is made when it is
	// first needed.
	Stored bool
}

// Target is the database as the object of grants.
func (d *Database) Target() Target { return Target{Kind: "DATABASE", Name: d.Name} }

// Target is the schema as the object of grants.
func (s *Schema) Target() Target { return Target{"SCHEMA", s.Database.Name, "", s.Name} }

// Target is the table as the object of grants.
func (t *Table) Target() Target {
	return Target{t.Kind, t.Schema.Database.Name, t.Schema.Name, t.Name}
}

// Path is the schema's qualified name.
func (s *Schema) Path() string { return sqltext.Path(s.Database.Name, s.Name) }

// Path is the table's qualified name.
func (t *Table) Path() string {
	return sqltext.Path(t.Schema.Database.Name, t.Schema.Name, t.Name)
}

// AddDatabase creates a database with its PUBLIC schema.
func (w *World) AddDatabase(d Database) error {
	if w.Databases[d.Name] != nil {
		return fmt.Errorf("database %s exists", d.Name)
	}
	d.Created, d.Schemas = w.Now(), map[string]*Schema{}
	if d.Owner == "" {
		d.Owner = "SYSADMIN"
	}
	w.Databases[d.Name] = &d
	w.Grant(Grant{Privilege: "OWNERSHIP", On: d.Target(), Role: d.Owner, By: d.Owner, Option: true})
	w.Version++
	return w.AddSchema(d.Name, Schema{Name: "PUBLIC", Owner: d.Owner})
}

// AddSchema creates a schema.
func (w *World) AddSchema(database string, s Schema) error {
	d := w.Databases[database]
	if d == nil {
		return fmt.Errorf("no database %s", database)
	}
	if d.Schemas[s.Name] != nil {
		return fmt.Errorf("schema %s exists", s.Name)
	}
	s.Database, s.Created, s.Tables = d, w.Now(), map[string]*Table{}
	if s.Owner == "" {
		s.Owner = d.Owner
	}
	d.Schemas[s.Name] = &s
	w.Grant(Grant{Privilege: "OWNERSHIP", On: s.Target(), Role: s.Owner, By: s.Owner, Option: true})
	w.Version++
	return nil
}

// AddTable creates a table or a view and applies future grants to it.
func (w *World) AddTable(database, schema string, t Table) (*Table, error) {
	d := w.Databases[database]
	if d == nil {
		return nil, fmt.Errorf("no database %s", database)
	}
	s := d.Schemas[schema]
	if s == nil {
		return nil, fmt.Errorf("no schema %s.%s", database, schema)
	}
	if s.Tables[t.Name] != nil {
		return nil, fmt.Errorf("object %s exists", t.Name)
	}
	w.lastID++
	t.ID, t.Schema, t.Created = w.lastID, s, w.Now()
	t.LastAltered = t.Created
	if t.Kind == "" {
		t.Kind = "TABLE"
	}
	if t.Owner == "" {
		t.Owner = s.Owner
	}
	s.Tables[t.Name] = &t
	w.Grant(Grant{Privilege: "OWNERSHIP", On: t.Target(), Role: t.Owner, By: t.Owner, Option: true})
	w.inherit(&t)
	w.Version++
	return &t, nil
}

// DropTable removes a table or a view and the grants on it.
func (w *World) DropTable(t *Table) {
	delete(t.Schema.Tables, t.Name)
	delete(w.index, t.Target())
	w.grants = slices.DeleteFunc(w.grants, func(g Grant) bool { return g.On == t.Target() })
	w.Version++
}

// Usable finds a schema that the roles may look into.
func (w *World) Usable(roles Roles, database, schema string) (*Schema, error) {
	d := w.Databases[database]
	if d == nil || !w.Can(roles, "USAGE", d.Target()) {
		return nil, refusal.MissingContainer("Database", sqltext.Quote(database))
	}
	s := d.Schemas[schema]
	if s == nil || !w.Can(roles, "USAGE", s.Target()) {
		return nil, refusal.MissingContainer("Schema", sqltext.Path(database, schema))
	}
	return s, nil
}

// Readable finds a table that the roles may select from.
func (w *World) Readable(roles Roles, database, schema, name string) (*Table, error) {
	s, err := w.Usable(roles, database, schema)
	if err != nil {
		return nil, err
	}
	t := s.Tables[name]
	if t == nil || !w.Sees(roles, t.Target()) {
		return nil, refusal.MissingObject(sqltext.Path(database, schema, name))
	}
	if !w.Can(roles, "SELECT", t.Target()) {
		kind := "table"
		if t.Kind != "TABLE" {
			kind = "view"
		}
		return nil, refusal.NoPrivilege(kind, t.Name)
	}
	return t, nil
}

// Visible tells whether the roles may know that a table exists.
func (w *World) Visible(roles Roles, t *Table) bool {
	return w.Sees(roles, t.Target()) && w.Can(roles, "USAGE", t.Schema.Target()) && w.Can(roles, "USAGE", t.Schema.Database.Target())
}
