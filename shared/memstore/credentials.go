package memstore

import (
	"context"
	"maps"
	"sync"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// Credentials keeps credentials. The zero value is empty and ready.
type Credentials struct {
	mu   sync.Mutex
	kept map[owned]source.Credential
}

var (
	_ connection.Secrets          = (*Credentials)(nil)
	_ connection.CredentialReader = (*Credentials)(nil)
)

// PutCredential stores a connection's first credential.
func (c *Credentials) PutCredential(_ context.Context, workspaceID, connectionID string, cred source.Credential) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = make(map[owned]source.Credential)
	}
	c.kept[owned{workspaceID, connectionID}] = copied(cred)
	return nil
}

// DropCredential destroys a connection's credential.
func (c *Credentials) DropCredential(_ context.Context, workspaceID, connectionID string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.kept, owned{workspaceID, connectionID})
	return nil
}

// Credential returns the current credential.
func (c *Credentials) Credential(_ context.Context, workspaceID, connectionID string) (source.Credential, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cred, ok := c.kept[owned{workspaceID, connectionID}]
	if !ok {
		return source.Credential{}, fault.New(fault.CredentialMissing, "the connection has no stored credential")
	}
	return copied(cred), nil
}

func copied(c source.Credential) source.Credential {
	return source.Credential{Method: c.Method, Fields: maps.Clone(c.Fields), Version: c.Version}
}
