// Package world is the account that the peer plays: its users, roles, grants
// and warehouses, and the catalogue of its databases. It holds no rows.
package world

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// AccountAdmin is the role that holds every privilege.
const AccountAdmin = "ACCOUNTADMIN"

// A World is one account. Its lock is the caller's to take: methods that only
// look want RLock, the others Lock.
type World struct {
	sync.RWMutex
	// Account is the account's name, in upper case; empty if it answers to any.
	Account, Region string
	Users           map[string]*User
	Roles           map[string]*Role
	Warehouses      map[string]*Warehouse
	Databases       map[string]*Database
	// Version counts changes of objects and grants.
	Version int

	grants     []Grant
	future     []Grant
	index      map[Target]map[string]map[string]bool
	membership []Membership
	lastID     int64
	now        func() time.Time
}

// A Role is a name that privileges are granted to.
type Role struct {
	Name, Comment string
	Created       time.Time
}

// A Warehouse is what queries need to run.
type Warehouse struct {
	Name, Size, Comment string
	Suspended           bool
	AutoResume          bool
	// Monitor is the resource monitor in charge; Exceeded tells that it keeps
	// the warehouse suspended.
	Monitor  string
	Exceeded bool
	Created  time.Time
}

// New returns an account with the roles that every account has.
func New(account string, now func() time.Time) *World {
	w := &World{
		Account: strings.ToUpper(account), Region: "AWS_US_EAST_1", now: now,
		Users: map[string]*User{}, Roles: map[string]*Role{}, Warehouses: map[string]*Warehouse{}, Databases: map[string]*Database{},
		index: map[Target]map[string]map[string]bool{},
	}
	for _, name := range []string{AccountAdmin, "SECURITYADMIN", "USERADMIN", "SYSADMIN", "PUBLIC"} {
		w.AddRole(name, "")
	}
	w.Join(Membership{Role: "SYSADMIN", Kind: "ROLE", Grantee: AccountAdmin})
	w.Join(Membership{Role: "SECURITYADMIN", Kind: "ROLE", Grantee: AccountAdmin})
	w.Join(Membership{Role: "USERADMIN", Kind: "ROLE", Grantee: "SECURITYADMIN"})
	return w
}

// Now is the account's clock.
func (w *World) Now() time.Time { return w.now().UTC() }

// AddRole creates a role; one that exists stays.
func (w *World) AddRole(name, comment string) {
	if w.Roles[name] == nil {
		w.Roles[name] = &Role{Name: name, Comment: comment, Created: w.Now()}
		w.Version++
	}
}

// A Membership is a grant of a role to a user or to another role.
type Membership struct {
	Role string
	// Kind is USER or ROLE.
	Kind, Grantee, By string
	Created           time.Time
}

// Join grants a role.
func (w *World) Join(m Membership) {
	m.Created = w.Now()
	same := func(o Membership) bool { return o.Role == m.Role && o.Kind == m.Kind && o.Grantee == m.Grantee }
	if !slices.ContainsFunc(w.membership, same) {
		w.membership = append(w.membership, m)
		w.Version++
	}
}

// Leave revokes a role.
func (w *World) Leave(m Membership) {
	w.membership = slices.DeleteFunc(w.membership, func(o Membership) bool {
		return o.Role == m.Role && o.Kind == m.Kind && o.Grantee == m.Grantee
	})
	w.Version++
}

// Memberships are all grants of roles.
func (w *World) Memberships() []Membership { return w.membership }

// Granted tells whether a user may take a role.
func (w *World) Granted(user, role string) bool {
	return role == "PUBLIC" || w.Closure(w.RolesOf(user)...)[role]
}

// RolesOf are the roles granted to a user directly.
func (w *World) RolesOf(user string) []string {
	var roles []string
	for _, m := range w.membership {
		if m.Kind == "USER" && m.Grantee == user {
			roles = append(roles, m.Role)
		}
	}
	return roles
}

// Roles that a set of roles holds, themselves and PUBLIC among them.
type Roles map[string]bool

// Closure follows the hierarchy down from some roles.
func (w *World) Closure(roles ...string) Roles {
	held := Roles{"PUBLIC": true}
	for len(roles) > 0 {
		r := roles[0]
		roles = roles[1:]
		if r == "" || held[r] && r != "PUBLIC" {
			continue
		}
		held[r] = true
		for _, m := range w.membership {
			if m.Kind == "ROLE" && m.Grantee == r && !held[m.Role] {
				roles = append(roles, m.Role)
			}
		}
	}
	return held
}
