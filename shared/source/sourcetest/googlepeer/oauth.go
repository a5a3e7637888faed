package googlepeer

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/shared/source"
)

const (
	scopePlatform = "https://www.googleapis.com/auth/cloud-platform"
	grantJWT      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantRefresh  = "refresh_token"
	googleToken   = "https://oauth2.googleapis.com/token"
)

// oauthError is an answer of RFC 6749, which the token endpoints give instead of Google's own form.
type oauthError struct {
	status            int
	code, description string
}

func (e *oauthError) write(w http.ResponseWriter) {
	writeJSON(w, e.status, map[string]string{"error": e.code, "error_description": e.description})
}

func refuse(code, description string) *oauthError {
	return &oauthError{http.StatusBadRequest, code, description}
}

// OAuthClient registers a client that may use refresh tokens.
func (p *Peer) OAuthClient(id, secret string) {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	p.identity.clients[id] = secret
}

// RefreshToken returns a refresh token, as if a user had consented to a client.
// Without scopes it has the one of the whole platform.
func (p *Peer) RefreshToken(client, user string, scopes ...string) string {
	if len(scopes) == 0 {
		scopes = []string{scopePlatform}
	}
	token := "1//" + rand.Text()
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	p.identity.refresh[token] = refreshToken{client: client, user: user, scopes: scopes}
	return token
}

// RevokeRefreshToken is the user's taking the consent back: the refresh token
// gets nothing any more, and the user's access tokens end.
func (p *Peer) RevokeRefreshToken(token string) {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	r := p.identity.refresh[token]
	r.revoked = true
	p.identity.refresh[token] = r
	for access, t := range p.identity.tokens {
		if t.principal == r.user {
			delete(p.identity.tokens, access)
		}
	}
}

// oauth is https://oauth2.googleapis.com.
func (p *Peer) oauth() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		principal, scopes, refused := p.exchange(r)
		if refused != nil {
			refused.write(w)
			return
		}
		token, lifetime := p.identity.issue(principal, scopes, 0)
		writeJSON(w, http.StatusOK, map[string]any{
			"access_token": token, "expires_in": int(lifetime.Seconds()), "scope": strings.Join(scopes, " "), "token_type": "Bearer",
		})
	})
	return mux
}

func (p *Peer) exchange(r *http.Request) (principal string, scopes []string, _ *oauthError) {
	switch r.FormValue("grant_type") {
	case grantJWT:
		return p.bySignedJWT(r.FormValue("assertion"))
	case grantRefresh:
		return p.byRefreshToken(r.FormValue("client_id"), r.FormValue("client_secret"), r.FormValue("refresh_token"))
	default:
		return "", nil, refuse("unsupported_grant_type", "Invalid grant_type: "+r.FormValue("grant_type"))
	}
}

// bySignedJWT is https://developers.google.com/identity/protocols/oauth2/service-account.
func (p *Peer) bySignedJWT(assertion string) (string, []string, *oauthError) {
	claims, err := p.identity.verify(assertion)
	if err != nil {
		return "", nil, refuse("invalid_grant", err.Error())
	}
	own := p.servers[source.EndpointGoogleOAuth].url + "/token"
	switch {
	case claims.Audience != own && claims.Audience != googleToken:
		return "", nil, refuse("invalid_grant", "Invalid JWT: Failed audience check. The right audience is "+own)
	case strings.TrimSpace(claims.Scope) == "":
		return "", nil, refuse("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
	}
	return claims.Issuer, strings.Fields(claims.Scope), nil
}

// byRefreshToken is https://developers.google.com/identity/protocols/oauth2/web-server#offline.
func (p *Peer) byRefreshToken(client, secret, token string) (string, []string, *oauthError) {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	want, known := p.identity.clients[client]
	switch {
	case !known:
		return "", nil, &oauthError{http.StatusUnauthorized, "invalid_client", "The OAuth client was not found."}
	case want != secret:
		return "", nil, &oauthError{http.StatusUnauthorized, "invalid_client", "The provided client secret is invalid."}
	}
	r, known := p.identity.refresh[token]
	switch {
	case !known || r.client != client:
		return "", nil, refuse("invalid_grant", "Bad Request")
	case r.revoked:
		return "", nil, refuse("invalid_grant", "Token has been expired or revoked.")
	}
	return r.user, r.scopes, nil
}

// authenticate finds out whose request this is, and holds the token's scopes
// against those of which the API wants one.
func (p *Peer) authenticate(authorization string, scopes ...string) (string, *problem) {
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return "", unauthenticated("Request is missing required authentication credential. "+expected, "CREDENTIALS_MISSING", "required", "Login Required.")
	}
	t, ok := p.identity.bearer(token)
	if !ok {
		return "", unauthenticated("Request had invalid authentication credentials. "+expected, "ACCESS_TOKEN_EXPIRED", "authError", "Invalid Credentials")
	}
	wanted := append(scopes, scopePlatform)
	if !slices.ContainsFunc(t.scopes, func(s string) bool { return slices.Contains(wanted, s) }) {
		return "", &problem{
			status: http.StatusForbidden, reason: "insufficientPermissions", message: "Request had insufficient authentication scopes.",
			details: []any{errorInfo("ACCESS_TOKEN_SCOPE_INSUFFICIENT")},
		}
	}
	return t.principal, nil
}

const expected = "Expected OAuth 2 access token, login cookie or other valid authentication credential. " +
	"See https://developers.google.com/identity/sign-in/web/devconsole-project."

func unauthenticated(message, detail, reason, short string) *problem {
	return &problem{
		status: http.StatusUnauthorized, reason: reason, message: message, short: short,
		at: "Authorization", atType: "header", details: []any{errorInfo(detail)},
	}
}

func errorInfo(reason string) map[string]any {
	return map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
}

// bearer returns what a token stands for: one that was issued here and has not
// expired, or a JWT that a service account signed for itself.
func (i *identity) bearer(token string) (accessToken, bool) {
	i.mu.Lock()
	t, ok := i.tokens[token]
	i.mu.Unlock()
	if !ok {
		claims, err := i.verify(token)
		if err != nil || claims.Subject != claims.Issuer || !selfSigned(claims) {
			return accessToken{}, false
		}
		return accessToken{principal: claims.Issuer, scopes: append(strings.Fields(claims.Scope), scopePlatform)}, true
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	a := i.accounts[t.principal]
	return t, time.Now().Before(t.expires) && (a == nil || !a.disabled)
}

// selfSigned is https://google.aip.dev/auth/4111: a scope, or a service as audience.
func selfSigned(c claims) bool {
	return c.Scope != "" || strings.HasPrefix(c.Audience, "https://") && strings.HasSuffix(c.Audience, ".googleapis.com/")
}
