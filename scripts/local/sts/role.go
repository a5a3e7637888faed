package sts

import (
	"fmt"
	"sync"

	"github.com/headwaterhq/headwater/scripts/local/access"
)

// Role is a role of any account: the laptop's STS serves them all, as AWS does.
// Both policies are IAM policy documents.
type Role struct {
	ARN    string
	Trust  string // who may assume it
	Policy string // what it may do
}

// Roles are the roles that there are. They are safe for concurrent use.
type Roles struct {
	mu    sync.RWMutex
	roles map[string]role
}

type role struct{ trust, policy *access.Policy }

// NewRoles returns no roles.
func NewRoles() *Roles { return &Roles{roles: map[string]role{}} }

// Put creates a role, or replaces the one of the same ARN, as its owner does in IAM.
func (r *Roles) Put(given Role) error {
	trust, err := access.ParsePolicy(given.Trust)
	if err != nil {
		return fmt.Errorf("putting role %s: trust: %w", given.ARN, err)
	}
	policy, err := access.ParsePolicy(given.Policy)
	if err != nil {
		return fmt.Errorf("putting role %s: %w", given.ARN, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roles[given.ARN] = role{trust, policy}
	return nil
}

// Delete removes a role. Sessions that it gave go on until they expire.
func (r *Roles) Delete(arn string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.roles, arn)
}

func (r *Roles) role(arn string) (role, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	found, ok := r.roles[arn]
	return found, ok
}
