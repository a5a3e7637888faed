package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/datatype"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/dialect"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/sqltext"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/store"
	"github.com/headwaterhq/headwater/scripts/peers/snowflake/world"
)

// A reader resolves the names of a query for some roles. Within a view they
// are the owner's, and names without a database are the view's neighbours.
type reader struct {
	*call
	roles world.Roles
	home  *world.Schema
	// at is when tables are read that name no time themselves.
	at    *dialect.Instant
	depth int
}

var _ dialect.Session = (*reader)(nil)

const deepest = 16

// Table implements dialect.Session.
func (r *reader) Table(path []string, at *dialect.Instant) (dialect.Source, error) {
	if len(path) > 3 {
		return dialect.Source{}, refusal.Unsupported("a name of %d parts", len(path))
	}
	if at == nil {
		at = r.at
	}
	database, schema, err := r.complete(path[:len(path)-1], "SELECT")
	if err != nil {
		return dialect.Source{}, err
	}
	name := path[len(path)-1]
	if schema == "INFORMATION_SCHEMA" {
		d := r.World.Databases[database]
		if d == nil || !r.World.Can(r.roles, "USAGE", d.Target()) {
			return dialect.Source{}, refusal.MissingContainer("Database", sqltext.Quote(database))
		}
		return r.Store.InformationSchema(r.ctx, r.roles, database, name)
	}
	t, err := r.World.Readable(r.roles, database, schema, name)
	if err != nil {
		return dialect.Source{}, err
	}
	if at != nil && int64(*at) < t.Created.UnixNano() {
		return dialect.Source{}, refusal.TravelUnavailable(strings.ToUpper(t.Kind), t.Name)
	}
	if t.Query == "" {
		r.bytes += t.Bytes
		return r.Store.Source(t, at), nil
	}
	return r.view(t, at)
}

// view is a view's query, read as its owner from the tables as they were.
func (r *reader) view(t *world.Table, at *dialect.Instant) (dialect.Source, error) {
	if r.depth == deepest {
		return dialect.Source{}, refusal.Unsupported("views nested more than %d deep", deepest)
	}
	tokens, err := sqltext.Split(t.Query)
	if err != nil {
		return dialect.Source{}, err
	}
	inner := &reader{call: r.call, roles: r.World.Closure(t.Owner), home: t.Schema, at: at, depth: r.depth + 1}
	q, err := dialect.Translate(inner, t.Query, tokens, nil)
	if err != nil {
		return dialect.Source{}, refusal.New("002037", "42601", "SQL compilation error:\nFailure during expansion of view '%s': %v", t.Name, err)
	}
	src := dialect.Source{SQL: "(" + q.SQL + ")", Columns: q.Columns}
	if len(t.Columns) == 0 {
		return src, nil
	}
	if len(t.Columns) != len(q.Columns) {
		return src, refusal.New("002057", "42601", "SQL compilation error:\nView definition for '%s' declared %d column(s), but view query produces %d column(s).", t.Path(), len(t.Columns), len(q.Columns))
	}
	// The view's own columns have the types that it was declared with.
	names, casts := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	src.Columns = make([]dialect.Column, len(t.Columns))
	for i, c := range t.Columns {
		typ := c.Type
		src.Columns[i] = dialect.Column{Name: c.Name, Type: &typ, Nullable: c.Nullable}
		names[i] = fmt.Sprintf("c%d", i)
		casts[i] = fmt.Sprintf("c%d::%s AS %s", i, typ.DuckDB(), sqltext.Ident(c.Name))
	}
	src.SQL = fmt.Sprintf("(SELECT %s FROM (%s) AS v(%s))", strings.Join(casts, ", "), q.SQL, strings.Join(names, ", "))
	return src, nil
}

// complete fills in the database and the schema that a name leaves out.
func (r *reader) complete(path []string, operation string) (database, schema string, err error) {
	at := r.session.Where()
	if r.home != nil {
		at.Database, at.Schema = r.home.Database.Name, r.home.Name
	}
	switch len(path) {
	case 2:
		return path[0], path[1], nil
	case 1:
		at.Schema = path[0]
	}
	if at.Database == "" {
		return "", "", refusal.NoDatabase(operation)
	}
	if at.Schema == "" {
		return "", "", refusal.New("090106", "22000", "Cannot perform %s. This session does not have a current schema. Call 'USE SCHEMA', or use a qualified name.", operation)
	}
	return at.Database, at.Schema, nil
}

// ResultScan implements dialect.Session.
func (r *reader) ResultScan(id string) (dialect.Source, error) {
	if id == "" {
		id = r.session.last()
	}
	out, err := r.History.Result(r.session.User, id)
	if err != nil {
		return dialect.Source{}, err
	}
	if out.Texts == nil {
		return dialect.Source{SQL: "(" + out.Query.SQL + ")", Columns: out.Query.Columns}, nil
	}
	names := make([]string, len(out.Columns))
	for i, c := range out.Columns {
		names[i] = c.Name
	}
	return store.Inline(names, out.Texts), nil
}

// StatementTime implements dialect.Session.
func (r *reader) StatementTime(id string) (dialect.Instant, error) { return r.History.StartedAt(id) }

// Evaluate implements dialect.Session.
func (r *reader) Evaluate(expression string) (dialect.Instant, error) {
	at, err := r.Store.Evaluate(r.ctx, r.Zone(), expression)
	return at, Translate(err)
}

// Zone implements dialect.Session.
func (r *reader) Zone() string { return r.session.Get("TIMEZONE") }

// Context implements dialect.Session.
func (r *reader) Context(function string) (*string, bool) {
	at := r.session.Where()
	value := ""
	switch function {
	case "CURRENT_USER":
		value = r.session.User
	case "CURRENT_ROLE":
		value = at.Role
	case "CURRENT_WAREHOUSE":
		value = at.Warehouse
	case "CURRENT_DATABASE":
		value = at.Database
	case "CURRENT_SCHEMA":
		value = at.Schema
	case "CURRENT_ACCOUNT", "CURRENT_ACCOUNT_NAME":
		value = r.session.Account
	case "CURRENT_ORGANIZATION_NAME":
		value = "PEERORG"
	case "CURRENT_REGION":
		value = r.World.Region
	case "CURRENT_VERSION":
		value = "9.32.1"
	case "CURRENT_CLIENT":
		value = "Go 2.1.0"
	case "CURRENT_SESSION":
		value = fmt.Sprint(r.session.ID)
	case "CURRENT_SECONDARY_ROLES":
		value = `{"roles":"","value":""}`
		if r.session.secondaryRoles() {
			value = `{"roles":"` + strings.Join(r.World.RolesOf(r.session.User), ",") + `","value":"ALL"}`
		}
	case "LAST_QUERY_ID":
		value = r.session.last()
	default:
		return nil, false
	}
	if value == "" {
		return nil, true
	}
	return &value, true
}

// ViewColumns are the columns that a view's query has. The world must be locked.
func (x *Executor) ViewColumns(ctx context.Context, t *world.Table) ([]datatype.Column, error) {
	c := &call{Executor: x, ctx: ctx, session: NewSession(0, &world.User{Name: t.Owner}, "", Where{Role: t.Owner}, false)}
	src, err := (&reader{call: c, roles: x.World.Closure(t.Owner), home: t.Schema}).view(t, nil)
	if err != nil {
		return nil, err
	}
	rows, err := x.Engine.Query(ctx, "UTC", "SELECT * FROM "+src.SQL+" LIMIT 0")
	if err != nil {
		return nil, Translate(err)
	}
	defer rows.Close()
	return resultColumns(src.Columns, rows.Columns())
}
