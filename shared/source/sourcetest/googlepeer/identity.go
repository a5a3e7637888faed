package googlepeer

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"time"
)

// identity is who there is, and the credentials they hold.
type identity struct {
	lifetime time.Duration

	mu        sync.Mutex
	accounts  map[string]*account       // by email
	keys      map[string]*accountKey    // by key id
	clients   map[string]string         // OAuth client id → secret
	refresh   map[string]refreshToken   // by the token
	providers map[string][]awsPrincipal // by audience
	trusts    map[string]Deployment     // by audience
	tokens    map[string]accessToken    // by the token
	issued    int
}

type account struct{ disabled bool }

type accountKey struct {
	email   string
	public  *rsa.PublicKey
	deleted bool
}

type refreshToken struct {
	client, user string
	scopes       []string
	revoked      bool
}

// accessToken is what a bearer token stands for.
type accessToken struct {
	principal string
	scopes    []string
	expires   time.Time
}

func newIdentity(lifetime time.Duration) *identity {
	return &identity{
		lifetime: lifetime, accounts: map[string]*account{}, keys: map[string]*accountKey{}, clients: map[string]string{},
		refresh: map[string]refreshToken{}, providers: map[string][]awsPrincipal{}, trusts: map[string]Deployment{}, tokens: map[string]accessToken{},
	}
}

// issue makes an access token for a client and says how long it holds.
func (i *identity) issue(principal string, scopes []string, lifetime time.Duration) (string, time.Duration) {
	if lifetime <= 0 || lifetime > i.lifetime {
		lifetime = i.lifetime
	}
	token := i.add(principal, scopes, lifetime)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.issued++
	return token, lifetime
}

func (i *identity) add(principal string, scopes []string, lifetime time.Duration) string {
	token := "ya29." + rand.Text()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tokens[token] = accessToken{principal: principal, scopes: scopes, expires: time.Now().Add(lifetime)}
	return token
}

// ExpireTokens ends every access token that was issued so far. Their bearers
// see 401, as Google answers before the time that expires_in promised when
// sessions are revoked.
func (p *Peer) ExpireTokens() {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	clear(p.identity.tokens)
}

// Token returns an access token, as if the principal had authenticated. Without
// scopes it has the one of the whole platform.
func (p *Peer) Token(principal string, scopes ...string) string {
	if len(scopes) == 0 {
		scopes = []string{scopePlatform}
	}
	return p.identity.add(principal, scopes, p.identity.lifetime)
}

// TokensIssued is how many access tokens clients have got so far, so that a
// test sees whether they got new ones.
func (p *Peer) TokensIssued() int {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	return p.identity.issued
}
