package quarantine

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// WorkspaceKeys finds the keys of a workspace.
type WorkspaceKeys interface {
	WorkspaceKeys(ctx context.Context, workspaceID string) (ingest.WorkspaceKeys, error)
}

// Vault has the keys of runs: each is random, and sealed with the quarantine key of
// its workspace. Without either of the two nothing in quarantine can be read.
type Vault struct {
	Keys      ingest.RunKeys
	Workspace WorkspaceKeys
}

// Create returns a run's key, which it makes when there is none. Whoever else
// creates it at the same time gets the same one. fault.QuarantineSealed when it has been destroyed.
func (v Vault) Create(ctx context.Context, run ingest.Ref) (Key, error) {
	key, err := v.Open(ctx, run)
	if fault.CodeOf(err) != fault.QuarantineEmpty {
		return key, err
	}
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails
	sealed, err := v.seal(ctx, run, secret)
	if err != nil {
		return Key{}, err
	}
	made, err := v.Keys.CreateRunKey(ctx, run, ingest.RunKey{Sealed: sealed, CreatedAt: time.Now()})
	if err != nil {
		return Key{}, fmt.Errorf("keeping run key: %w", err)
	}
	if !made {
		return v.Open(ctx, run)
	}
	return newKey(run, secret)
}

// Open returns a run's key: fault.QuarantineSealed when it has been destroyed,
// fault.QuarantineEmpty when none was made.
func (v Vault) Open(ctx context.Context, run ingest.Ref) (Key, error) {
	kept, err := v.Keys.RunKey(ctx, run)
	if err != nil {
		return Key{}, err
	}
	if kept.Destroyed() {
		return Key{}, fault.New(fault.QuarantineSealed, "the run's key has been destroyed")
	}
	sealed, err := base64.StdEncoding.DecodeString(kept.Sealed)
	if err != nil {
		return Key{}, fmt.Errorf("decoding run key: %w", err)
	}
	own, err := v.Workspace.WorkspaceKeys(ctx, run.WorkspaceID)
	if err != nil {
		return Key{}, err
	}
	aead, err := newAEAD(own.Quarantine)
	if err != nil {
		return Key{}, fmt.Errorf("opening run key: %w", err)
	}
	secret, err := aead.Open(nil, nil, sealed, bindRun(nil, forKey, run))
	if err != nil {
		return Key{}, fmt.Errorf("opening run key: %w", err)
	}
	return newKey(run, secret)
}

func (v Vault) seal(ctx context.Context, run ingest.Ref, secret []byte) (string, error) {
	own, err := v.Workspace.WorkspaceKeys(ctx, run.WorkspaceID)
	if err != nil {
		return "", err
	}
	aead, err := newAEAD(own.Quarantine)
	if err != nil {
		return "", fmt.Errorf("sealing run key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(seal(aead, nil, secret, bindRun(nil, forKey, run))), nil
}

// Destroy makes what the run has in quarantine unreadable, for good: its reasons stay,
// its values and rows cannot be opened any more. Doing it twice is fine.
func (v Vault) Destroy(ctx context.Context, run ingest.Ref) error {
	return v.Keys.DestroyRunKey(ctx, run, time.Now())
}
