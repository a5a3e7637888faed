package secretstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/names"
)

var _ ingest.Keys = (*Store)(nil)

// keyBytes is how long each of a workspace's keys is.
const keyBytes = 32

// keysVersion is the version of storedKeys.
const keysVersion = 1

// storedKeys are a workspace's keys as their secret has them.
type storedKeys struct {
	Version    int    `json:"v"`
	HMAC       []byte `json:"hmac_sha256"`
	Quarantine []byte `json:"quarantine"`
}

// EnsureWorkspaceKeys makes a workspace's keys, if it has none. It needs no right to read them: the name is taken once,
// so of several callers at once one makes them and the others find them made.
func (s *Store) EnsureWorkspaceKeys(ctx context.Context, workspaceID string) error {
	made := storedKeys{Version: keysVersion, HMAC: make([]byte, keyBytes), Quarantine: make([]byte, keyBytes)}
	_, _ = rand.Read(made.HMAC) // it never fails
	_, _ = rand.Read(made.Quarantine)
	text, err := json.Marshal(made)
	if err != nil {
		return errors.New("encoding the workspace's keys failed") // the cause could quote them
	}
	in := &secretsmanager.CreateSecretInput{
		Name: aws.String(s.name(workspaceID, names.WorkspaceKeys)), SecretString: aws.String(string(text)),
		Tags: []types.Tag{tag("headwater:workspace", workspaceID)},
	}
	if s.keyID != "" {
		in.KmsKeyId = &s.keyID
	}
	_, err = s.client.CreateSecret(ctx, in)
	if _, ok := errors.AsType[*types.ResourceExistsException](err); ok {
		return nil
	}
	return classify("making the workspace's keys", err)
}

// WorkspaceKeys returns a workspace's keys. That they are not to be found is
// fault.Unavailable: they are made before the first import is, but may take a moment to be seen everywhere.
func (s *Store) WorkspaceKeys(ctx context.Context, workspaceID string) (ingest.WorkspaceKeys, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: aws.String(s.name(workspaceID, names.WorkspaceKeys)), VersionStage: aws.String("AWSCURRENT"),
	})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return ingest.WorkspaceKeys{}, fault.New(fault.Unavailable, "the workspace's keys cannot be found")
	}
	if err != nil {
		return ingest.WorkspaceKeys{}, classify("reading the workspace's keys", err)
	}
	var kept storedKeys
	err = json.Unmarshal([]byte(aws.ToString(out.SecretString)), &kept)
	if err != nil || kept.Version != keysVersion || len(kept.HMAC) != keyBytes || len(kept.Quarantine) != keyBytes {
		return ingest.WorkspaceKeys{}, errors.New("decoding the workspace's keys: the secret does not hold them") // the cause could quote it
	}
	return ingest.WorkspaceKeys{HMAC: kept.HMAC, Quarantine: kept.Quarantine}, nil
}
