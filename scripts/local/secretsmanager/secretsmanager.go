// Package secretsmanager is AWS Secrets Manager on the wire, with versions, staging labels and recovery windows. The secrets
// are kept encrypted. Rotation, resource policies and replication are not known, and refused by name.
package secretsmanager

import (
	"fmt"
	"net/http"
	"time"

	"github.com/headwaterhq/headwater/scripts/local/awsjson"
)

// Config is what the service runs with.
type Config struct {
	Path    string // the file of the encrypted secrets
	KeyPath string // the file of their key, made if it is missing; keep it out of what may be copied
	Region  string
	Account string
	Now     func() time.Time // time.Now unless set
}

// Open returns the service over its files.
func Open(cfg Config) (http.Handler, error) {
	v, err := openVault(cfg.Path, cfg.KeyPath)
	if err != nil {
		return nil, fmt.Errorf("opening the secrets: %w", err)
	}
	secrets, err := v.load()
	if err != nil {
		return nil, fmt.Errorf("opening the secrets: %w", err)
	}
	s := &store{
		prefix: "arn:aws:secretsmanager:" + cfg.Region + ":" + cfg.Account + ":secret:",
		now:    cfg.Now, vault: v, secrets: secrets,
	}
	if s.now == nil {
		s.now = time.Now
	}
	return awsjson.Handler("secretsmanager", "1.1", map[string]awsjson.Operation{
		"CreateSecret":             awsjson.Typed(s.create),
		"GetSecretValue":           awsjson.Typed(s.get),
		"PutSecretValue":           awsjson.Typed(s.put),
		"UpdateSecret":             awsjson.Typed(s.update),
		"UpdateSecretVersionStage": awsjson.Typed(s.updateStage),
		"DescribeSecret":           awsjson.Typed(s.describe),
		"ListSecretVersionIds":     awsjson.Typed(s.versions),
		"ListSecrets":              awsjson.Typed(s.list),
		"DeleteSecret":             awsjson.Typed(s.delete),
		"RestoreSecret":            awsjson.Typed(s.restore),
		"TagResource":              awsjson.Typed(s.tag),
		"UntagResource":            awsjson.Typed(s.untag),
	}), nil
}
