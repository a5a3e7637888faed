// Package secretstore keeps credentials in AWS Secrets Manager, one secret per
// connection, under a key of our own.
package secretstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// Store keeps credentials.
type Store struct {
	client *secretsmanager.Client
	prefix string
	keyID  string
}

var (
	_ connection.Secrets          = (*Store)(nil)
	_ connection.CredentialReader = (*Store)(nil)
)

// New returns the store of the secrets whose names begin with prefix. Those
// that it creates are encrypted under the KMS key; a program that only reads gives "".
func New(client *secretsmanager.Client, prefix, kmsKeyID string) *Store {
	return &Store{client: client, prefix: prefix, keyID: kmsKeyID}
}

func (s *Store) name(workspaceID, connectionID string) string {
	return strings.Join([]string{s.prefix, workspaceID, connectionID}, "/")
}

// PutCredential stores a connection's first credential. Storing the same one
// again is one store; another one for the same connection is fault.ConnectionChanged.
func (s *Store) PutCredential(ctx context.Context, workspaceID, connectionID string, c source.Credential) error {
	const doing = "storing credential"
	text, err := encode(c)
	if err != nil {
		return err
	}
	in := &secretsmanager.CreateSecretInput{
		Name: aws.String(s.name(workspaceID, connectionID)), ClientRequestToken: aws.String(firstVersion(workspaceID, connectionID)),
		SecretString: &text,
		Tags:         []types.Tag{tag("headwater:workspace", workspaceID), tag("headwater:connection", connectionID)},
	}
	if s.keyID != "" {
		in.KmsKeyId = &s.keyID
	}
	_, err = s.client.CreateSecret(ctx, in)
	if _, ok := errors.AsType[*types.ResourceExistsException](err); ok {
		return fault.New(fault.ConnectionChanged, "the connection has another credential already")
	}
	return classify(doing, err)
}

// DropCredential destroys a connection's credential at once, without a recovery window.
func (s *Store) DropCredential(ctx context.Context, workspaceID, connectionID string) error {
	_, err := s.client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{
		SecretId: aws.String(s.name(workspaceID, connectionID)), ForceDeleteWithoutRecovery: aws.Bool(true),
	})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return nil
	}
	return classify("destroying credential", err)
}

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

// firstVersion is the id of the version that a connection begins with. It is
// made from names alone: whoever may list versions learns nothing of the credential.
func firstVersion(workspaceID, connectionID string) string {
	sum := sha256.Sum256([]byte(workspaceID + "/" + connectionID))
	return hex.EncodeToString(sum[:])
}

// Credential returns the current credential, or fault.CredentialMissing.
func (s *Store) Credential(ctx context.Context, workspaceID, connectionID string) (source.Credential, error) {
	const doing = "reading credential"
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: aws.String(s.name(workspaceID, connectionID)), VersionStage: aws.String("AWSCURRENT"),
	})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return source.Credential{}, fault.New(fault.CredentialMissing, "the connection has no stored credential")
	}
	if err != nil {
		return source.Credential{}, classify(doing, err)
	}
	c, err := decode(aws.ToString(out.SecretString))
	c.Version = aws.ToString(out.VersionId)
	return c, err
}
