package world

import (
	"slices"
	"time"
)

// A Target is what a privilege is on. Which names it has depends on Kind:
// ACCOUNT none, WAREHOUSE and DATABASE one (in Name), SCHEMA its database and
// Name, TABLE and VIEW all three.
type Target struct{ Kind, Database, Schema, Name string }

// A Grant is a privilege of a role on a target. A future grant's target is the
// schema or database whose objects of kind Future will be granted.
type Grant struct {
	Privilege string
	On        Target
	Future    string
	Role, By  string
	Option    bool
	Created   time.Time
}

func (g Grant) same(o Grant) bool {
	return g.Privilege == o.Privilege && g.On == o.On && g.Future == o.Future && g.Role == o.Role
}

// Grant gives a privilege.
func (w *World) Grant(g Grant) {
	if g.Created.IsZero() {
		g.Created = w.Now()
	}
	if g.Future == "" {
		if w.index[g.On][g.Role][g.Privilege] {
			return
		}
		roles := w.index[g.On]
		if roles == nil {
			roles = map[string]map[string]bool{}
			w.index[g.On] = roles
		}
		if roles[g.Role] == nil {
			roles[g.Role] = map[string]bool{}
		}
		roles[g.Role][g.Privilege] = true
		w.grants = append(w.grants, g)
	} else if !slices.ContainsFunc(w.future, g.same) {
		w.future = append(w.future, g)
	}
	w.Version++
}

// Revoke takes a privilege away.
func (w *World) Revoke(g Grant) {
	if g.Future == "" {
		delete(w.index[g.On][g.Role], g.Privilege)
	}
	w.grants = slices.DeleteFunc(w.grants, g.same)
	w.future = slices.DeleteFunc(w.future, g.same)
	w.Version++
}

// Grants are all grants of privileges on objects, oldest first.
func (w *World) Grants() []Grant { return w.grants }

// FutureGrants are those on objects to come.
func (w *World) FutureGrants() []Grant { return w.future }

// Can tells whether any of the roles has the privilege, or owns the target.
func (w *World) Can(roles Roles, privilege string, on Target) bool {
	if roles[AccountAdmin] {
		return true
	}
	for role, privileges := range w.index[on] {
		if roles[role] && (privileges[privilege] || privileges["OWNERSHIP"]) {
			return true
		}
	}
	return false
}

// Sees tells whether any of the roles has any privilege on the target.
func (w *World) Sees(roles Roles, on Target) bool {
	if roles[AccountAdmin] {
		return true
	}
	for role, privileges := range w.index[on] {
		if roles[role] && len(privileges) > 0 {
			return true
		}
	}
	return false
}

// inherit gives a new object what is granted on the future objects of its
// schema, or else of its database: grants on the schema come first and hide
// those on the database.
func (w *World) inherit(t *Table) {
	schema := t.Schema.Target()
	database := t.Schema.Database.Target()
	for _, on := range []Target{schema, database} {
		found := false
		for _, g := range w.future {
			if g.Future == t.Kind && g.On == on {
				found = true
				w.Grant(Grant{Privilege: g.Privilege, On: t.Target(), Role: g.Role, By: g.By, Option: g.Option})
			}
		}
		if found {
			return
		}
	}
}
