package google

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"cloud.google.com/go/auth"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// method is an auth method with its fields filled in.
type method struct {
	principal string
	fetch     func(context.Context) (*auth.Token, error)

	consentAgain string
}

// method reads a credential of one of the methods that catalog describes.
func (a *Access) method(c source.Credential, scopes []string) (method, error) {
	switch c.Method {
	case catalog.GoogleFederation:
		return a.federation(c.Fields, scopes), nil
	case catalog.GoogleKey:
		return a.serviceAccount(c.Fields, scopes)
	case catalog.GoogleOAuth:
		return a.consent(c.Fields, scopes), nil
	}
	return method{}, fault.Field(fault.SourceInvalidConfig, "credentials.method", "Google has no such method")
}

// serviceAccount signs a JWT with the account's key.
func (a *Access) serviceAccount(fields map[string]source.Secret, scopes []string) (method, error) {
	endpoint := a.url(source.EndpointGoogleOAuth) + "/token"
	key, err := parseKey(fields["key_json"], endpoint)
	if err != nil {
		return method{}, err
	}
	provider, err := auth.New2LOTokenProvider(&auth.Options2LO{
		Email: key.ClientEmail, PrivateKey: []byte(key.PrivateKey), PrivateKeyID: key.PrivateKeyID,
		TokenURL: endpoint, Audience: jwtAudience, Scopes: scopes, Client: a.tokenClient(), Logger: silent(),
	})
	if err != nil {
		return method{}, err
	}
	return method{principal: "serviceAccount:" + key.ClientEmail, fetch: provider.Token}, nil
}

// consent uses the refresh token that a user's consent gave. Google does not
// rotate refresh tokens, so there is none to keep.
func (a *Access) consent(fields map[string]source.Secret, scopes []string) method {
	endpoint := a.url(source.EndpointGoogleOAuth) + "/token"
	fetch := func(ctx context.Context) (*auth.Token, error) {
		provider, err := auth.New3LOTokenProvider(&auth.Options3LO{
			ClientID: fields["client_id"].Reveal(), ClientSecret: fields["client_secret"].Reveal(), RefreshToken: fields["refresh_token"].Reveal(),
			TokenURL: endpoint, AuthURL: endpoint, AuthStyle: auth.StyleInParams, Client: a.tokenClient(), Logger: silent(),
		})
		if err != nil {
			return nil, err
		}
		return provider.Token(ctx)
	}
	return method{fetch: fetch, consentAgain: consentAgain(fields["client_id"].Reveal(), scopes)}
}

// tokenClient speaks to the endpoints that give tokens.
func (a *Access) tokenClient() *http.Client {
	return &http.Client{Transport: refusing{a.transport}, CheckRedirect: noRedirect, Timeout: tokenTimeout}
}

// tokenTimeout is how long one request on the way to a token may take.
const tokenTimeout = 15 * time.Second

// silent keeps the SDK from logging requests, which hold secrets, when the
// environment asks for that.
func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
