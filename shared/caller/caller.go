// Package caller is who may do what: API keys, and the permissions that a
// caller carries into a request.
package caller

import (
	"context"
	"slices"
)

// Permission is what one operation needs.
type Permission = string

// The permissions.
const (
	ConnectionsRead  Permission = "connections:read"
	ConnectionsWrite Permission = "connections:write"
	ImportsRead      Permission = "imports:read"
	ImportsWrite     Permission = "imports:write"
	LakeRead         Permission = "lake:read"
)

// Permissions are all permissions.
func Permissions() []Permission {
	return []Permission{ConnectionsRead, ConnectionsWrite, ImportsRead, ImportsWrite, LakeRead}
}

// Caller is who makes a request, as the authorizer found out.
type Caller struct {
	WorkspaceID string
	Subject     string
	Permissions []Permission
}

// May reports whether the caller has a permission.
func (c Caller) May(p Permission) bool { return slices.Contains(c.Permissions, p) }

// Keys finds API keys.
type Keys interface {
	// Key returns the key with this hash, or fault.Unauthenticated. It does not look at the expiry.
	Key(ctx context.Context, hash string) (Key, error)
}
