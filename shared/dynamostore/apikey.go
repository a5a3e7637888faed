package dynamostore

import (
	"context"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
)

type apiKeyItem struct {
	header
	Hash        string              `dynamodbav:"hash"`
	WorkspaceID string              `dynamodbav:"workspace_id"`
	Subject     string              `dynamodbav:"subject"`
	Name        string              `dynamodbav:"name"`
	Permissions []caller.Permission `dynamodbav:"permissions"`
	CreatedAt   moment              `dynamodbav:"created_at,omitempty"`
	ExpiresAt   moment              `dynamodbav:"expires_at,omitempty"`
}

func newAPIKeyItem(k caller.Key) apiKeyItem {
	return apiKeyItem{
		header: newHeader(apiKeyKind, apiKeyKey(k.Hash), work{}),
		Hash:   k.Hash, WorkspaceID: k.WorkspaceID, Subject: k.Subject, Name: k.Name,
		Permissions: k.Permissions, CreatedAt: stamp(k.CreatedAt), ExpiresAt: stamp(k.ExpiresAt),
	}
}

func decodeAPIKey(from attributes) (caller.Key, error) {
	i, err := decode[apiKeyItem](apiKeyKind, from)
	return caller.Key{
		Hash: i.Hash, WorkspaceID: i.WorkspaceID, Subject: i.Subject, Name: i.Name,
		Permissions: i.Permissions, CreatedAt: i.CreatedAt.time(), ExpiresAt: i.ExpiresAt.time(),
	}, err
}

// Key returns the API key with this hash, or fault.Unauthenticated.
func (s *Store) Key(ctx context.Context, hash string) (caller.Key, error) {
	unknown := fault.New(fault.Unauthenticated, "the API key is not known")
	return one(ctx, s, "reading API key", apiKeyKey(hash), unknown, decodeAPIKey)
}

// PutKey writes an API key; one with the same hash is replaced.
func (s *Store) PutKey(ctx context.Context, k caller.Key) error {
	_, err := s.write(ctx, "writing API key", put(newAPIKeyItem(k), ""))
	return err
}
