package googlepeer

import (
	"strings"
	"sync"
)

// policy is who may do what.
type policy struct {
	project string // which the buckets belong to
	mu      sync.Mutex
	granted map[grant]bool
}

type grant struct{ principal, permission, resource string }

// owner is the peer itself, when it seeds. No token stands for it.
const owner = "the peer"

func newPolicy(project string) *policy {
	return &policy{project: project, granted: map[grant]bool{}}
}

// Grant lets a principal do something with a resource and everything below it.
// A principal is the email of a service account or user, or what Federate returned.
func (p *Peer) Grant(principal, permission, resource string) {
	p.policy.mu.Lock()
	defer p.policy.mu.Unlock()
	p.policy.granted[grant{principal, permission, resource}] = true
}

// GrantAll grants several permissions on one resource.
func (p *Peer) GrantAll(principal, resource string, permissions ...string) {
	for _, permission := range permissions {
		p.Grant(principal, permission, resource)
	}
}

// Revoke takes back what Grant gave, at the next call.
func (p *Peer) Revoke(principal, permission, resource string) {
	p.policy.mu.Lock()
	defer p.policy.mu.Unlock()
	delete(p.policy.granted, grant{principal, permission, resource})
}

// allows reports whether a permission is granted on a resource or on one that it is in.
func (p *policy) allows(principal, permission, resource string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if principal == owner {
		return true
	}
	if strings.HasPrefix(resource, "projects/_/") && p.granted[grant{principal, permission, "projects/" + p.project}] {
		return true
	}
	for ; ; resource = parent(resource) {
		if p.granted[grant{principal, permission, resource}] {
			return true
		}
		if resource == "" {
			return false
		}
	}
}

// parent cuts the last kind and name off: projects/p/datasets/d is in projects/p.
func parent(resource string) string {
	for range 2 {
		i := strings.LastIndexByte(resource, '/')
		if i < 0 {
			return ""
		}
		resource = resource[:i]
	}
	return resource
}

// allowed returns those of the permissions that are granted, in their order.
func (p *policy) allowed(principal, resource string, permissions []string) []string {
	granted := []string{}
	for _, permission := range permissions {
		if p.allows(principal, permission, resource) {
			granted = append(granted, permission)
		}
	}
	return granted
}
