package authorizer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/headwaterhq/headwater/shared/fault"
)

// How long the provider's keys are good for.
const (
	keysFresh   = 10 * time.Minute // then they are read again, so that a withdrawn key does not stay
	keysStale   = time.Hour        // they are used this long when the provider does not answer
	keysBetween = 10 * time.Second // an unknown key id makes us ask again, not more often than this
	maxKeys     = 1 << 20          // bytes of a key set
)

// keySet is the provider's public keys, kept in memory.
type keySet struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex
	set     jose.JSONWebKeySet
	read    time.Time // the last success
	attempt time.Time // the last try
}

var _ oidc.KeySet = (*keySet)(nil)

// require makes sure that the key of a token is here if the provider has it.
// fault.Unavailable when the provider does not answer and no key of before helps.
func (k *keySet) require(ctx context.Context, token string) error {
	signed, err := parse(token)
	if err != nil {
		return fault.Wrap(fault.Unauthenticated, "the token is not signed in a way that is accepted", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	known := len(k.set.Key(signed.Signatures[0].Header.KeyID)) > 0
	if known && now.Sub(k.read) < keysFresh || now.Sub(k.attempt) < keysBetween && now.Sub(k.read) < keysStale {
		return nil
	}
	k.attempt = now
	set, err := k.fetch(ctx)
	switch {
	case err == nil:
		k.set, k.read = set, now
	case !known || now.Sub(k.read) > keysStale:
		return fault.Wrap(fault.Unavailable, "the OpenID provider did not give its keys", err)
	}
	return nil
}

// VerifySignature verifies a token with the keys that require has brought.
func (k *keySet) VerifySignature(_ context.Context, token string) ([]byte, error) {
	signed, err := parse(token)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	candidates := k.set.Key(signed.Signatures[0].Header.KeyID)
	k.mu.Unlock()
	for _, key := range candidates {
		if !key.IsPublic() || key.Use == "enc" || key.Algorithm != "" && key.Algorithm != signed.Signatures[0].Header.Algorithm {
			continue
		}
		if payload, err := signed.Verify(key); err == nil {
			return payload, nil
		}
	}
	return nil, errors.New("no key of the provider verifies the signature")
}

func parse(token string) (*jose.JSONWebSignature, error) {
	var accepted []jose.SignatureAlgorithm
	for _, name := range algorithms() {
		accepted = append(accepted, jose.SignatureAlgorithm(name))
	}
	return jose.ParseSignedCompact(token, accepted)
}

func (k *keySet) fetch(ctx context.Context) (jose.JSONWebKeySet, error) {
	var set jose.JSONWebKeySet
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return set, fmt.Errorf("asking for keys: %w", err)
	}
	response, err := k.client.Do(request)
	if err != nil {
		return set, fmt.Errorf("asking for keys: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end or given up
	if response.StatusCode != http.StatusOK {
		return set, fmt.Errorf("asking for keys: status %d", response.StatusCode)
	}
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxKeys)).Decode(&raw); err != nil {
		return set, fmt.Errorf("decoding keys: %w", err)
	}
	for _, text := range raw.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(text, &key) == nil { // a key of a kind that we do not know is not ours to judge
			set.Keys = append(set.Keys, key)
		}
	}
	return set, nil
}
