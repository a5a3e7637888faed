package authorizer

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
)

// Rules of what is accepted, whatever the provider offers.
const (
	clockSkew      = 60 * time.Second
	maxToken       = 16 << 10
	requestTimeout = 5 * time.Second
)

// algorithms are the only ones a token may be signed with: public-key ones, so that no
// public key can be passed off as a shared secret.
func algorithms() []string { return []string{oidc.RS256, oidc.ES256} }

// Issuer accepts the access tokens of one OpenID provider. Discovery waits for
// the first token, so that API keys work while the provider does not.
type Issuer struct {
	URL            string
	Audience       string
	WorkspaceClaim string
	Client         *http.Client
	Now            func() time.Time

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
	keys     *keySet
}

var _ Tokens = (*Issuer)(nil)

// NewIssuer returns the provider at an issuer URL, reached with a client that gives up in time.
func NewIssuer(url, audience, workspaceClaim string, now func() time.Time) *Issuer {
	return &Issuer{
		URL: url, Audience: audience, WorkspaceClaim: workspaceClaim,
		Client: &http.Client{Timeout: requestTimeout}, Now: now,
	}
}

// Caller verifies a token and reads the caller from its claims: the workspace
// from the configured one, the permissions from scope. Scopes that are not permissions are dropped.
func (i *Issuer) Caller(ctx context.Context, token string) (caller.Caller, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return caller.Caller{}, refused("not a JWT")
	}
	verifier, err := i.discover(ctx)
	if err != nil {
		return caller.Caller{}, err
	}
	// Asked first: the verifier would not let an unreachable provider be told from a bad signature.
	if err := i.keys.require(ctx, token); err != nil {
		return caller.Caller{}, err
	}
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return caller.Caller{}, fault.Wrap(fault.Unauthenticated, "the token is not valid", err)
	}
	claims := map[string]any{}
	if err := verified.Claims(&claims); err != nil {
		return caller.Caller{}, fault.Wrap(fault.Unauthenticated, "the token has no claims", err)
	}
	if err := i.timely(verified, claims); err != nil {
		return caller.Caller{}, err
	}
	return i.identify(verified.Subject, claims)
}

// timely checks exp, nbf and iat. The verifier's own leeway for nbf is five minutes, and none for exp.
func (i *Issuer) timely(t *oidc.IDToken, claims map[string]any) error {
	now := i.Now()
	if !now.Before(t.Expiry.Add(clockSkew)) {
		return refused("the token has expired")
	}
	for _, name := range []string{"nbf", "iat"} {
		claim, given := claims[name]
		seconds, ok := claim.(float64)
		if given && !ok || now.Add(clockSkew).Before(time.Unix(int64(seconds), 0)) {
			return refused("the token's " + name + " is in the future")
		}
	}
	return nil
}

func (i *Issuer) identify(subject string, claims map[string]any) (caller.Caller, error) {
	named, _ := claims[i.WorkspaceClaim].(string)
	switch {
	case subject == "":
		return caller.Caller{}, refused("the token has no subject")
	case !IsWorkspace(named):
		return caller.Caller{}, refused("the token's workspace claim names none")
	}
	who := caller.Caller{WorkspaceID: named, Subject: subject}
	scope, _ := claims["scope"].(string)
	for permission := range strings.FieldsSeq(scope) {
		if slices.Contains(caller.Permissions(), permission) {
			who.Permissions = append(who.Permissions, permission)
		}
	}
	return who, nil
}

// discover reads the provider's metadata once. A failure is not kept: the next token tries again.
func (i *Issuer) discover(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.verifier != nil {
		return i.verifier, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, i.Client), i.URL)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "the OpenID provider did not answer", fmt.Errorf("discovering issuer: %w", err))
	}
	var metadata struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&metadata); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "the OpenID provider's metadata cannot be read", err)
	}
	i.keys = &keySet{url: metadata.Keys, client: i.Client, now: i.Now}
	i.verifier = oidc.NewVerifier(i.URL, i.keys, &oidc.Config{
		ClientID:             i.Audience,
		SupportedSigningAlgs: algorithms(),
		SkipExpiryCheck:      true, // timely does it
	})
	return i.verifier, nil
}
