// Package google is what the drivers of Google Cloud's platforms share: who
// they are, how they reach an API, and what its refusals mean.
//
// All URLs are the deployment's: whatever a credential says about where to send
// it is refused, so no customer can have Headwater call a host of their choice.
package google

import (
	"context"
	"net/http"
	"strings"

	"google.golang.org/api/option"

	"github.com/headwaterhq/headwater/shared/source"
)

// Scopes of access tokens. What a service account or a user may do is up to
// IAM; a scope only narrows it further.
const (
	ScopePlatform         = "https://www.googleapis.com/auth/cloud-platform"
	ScopePlatformReadOnly = "https://www.googleapis.com/auth/cloud-platform.read-only"
	ScopeBigQuery         = "https://www.googleapis.com/auth/bigquery"
	ScopeStorageReadOnly  = "https://www.googleapis.com/auth/devstorage.read_only"
)

// bases are where Google's services are when the deployment does not say.
var bases = map[string]string{
	source.EndpointBigQuery:              "https://bigquery.googleapis.com",
	source.EndpointBigQueryStorage:       "https://bigquerystorage.googleapis.com",
	source.EndpointGCS:                   "https://storage.googleapis.com",
	source.EndpointGoogleOAuth:           "https://oauth2.googleapis.com",
	source.EndpointGoogleSTS:             "https://sts.googleapis.com",
	source.EndpointGoogleIAMCredentials:  "https://iamcredentials.googleapis.com",
	source.EndpointGoogleResourceManager: "https://cloudresourcemanager.googleapis.com",
}

// Access is how one connection reaches Google's APIs: with tokens of its own
// credential, over network connections of its own.
type Access struct {
	endpoints  source.Endpoints
	principal  string
	connection string // its id
	tokens     *tokens
	transport  *http.Transport
	bearer     *bearer
	client     *http.Client // with bearer

	consentAgain string // with OAuth: how the user consents anew
}

// Open prepares an access; nothing is sent yet. A credential that cannot be
// what it says is refused with fault.SourceInvalidConfig. The tokens will have
// the scopes, except with OAuth, where they have those the user consented to.
func Open(credential source.Credential, endpoints source.Endpoints, scopes ...string) (*Access, error) {
	a := &Access{endpoints: endpoints, transport: newTransport()}
	m, err := a.method(credential, scopes)
	if err != nil {
		return nil, err
	}
	a.principal, a.tokens = m.principal, newTokens(m.fetch)
	a.consentAgain = m.consentAgain
	a.bearer = &bearer{base: a.transport, tokens: a.tokens, agent: product}
	a.client = &http.Client{Transport: a.bearer, CheckRedirect: noRedirect}
	return a, nil
}

// product is how requests call themselves in Google's audit logs.
const product = "headwater"

// Identify has requests carry the id of the connection too, so that the owner
// of the data finds out what read it. Federation, which shows Google the id and
// nothing secret, does not work without. Call it before anything else.
func (a *Access) Identify(connection string) {
	a.connection = connection
	if connection != "" {
		a.bearer.agent = product + "/" + connection
	}
}

// Close closes the network connections. A second Close is a no-op.
func (a *Access) Close() { a.transport.CloseIdleConnections() }

// Principal is the member that IAM roles are granted to, such as
// "serviceAccount:reader@acme.iam.gserviceaccount.com"; "" when the credential does not tell.
func (a *Access) Principal() string { return a.principal }

// Authenticate gets an access token, which proves that Google takes the credential.
func (a *Access) Authenticate(ctx context.Context) error {
	_, err := a.tokens.get(ctx)
	return err
}

// REST are the options of a client of a service's JSON API: where it is, and
// whom its requests are from. path is what follows the host: "/storage/v1/".
func (a *Access) REST(service, path string) []option.ClientOption {
	return a.options(service, path, a.client)
}

// Anonymous is REST without a credential: what anybody may ask.
func (a *Access) Anonymous(service, path string) []option.ClientOption {
	return a.options(service, path, &http.Client{Transport: a.transport, CheckRedirect: noRedirect})
}

// options also keeps the SDK from looking for a credential of the process.
func (a *Access) options(service, path string, client *http.Client) []option.ClientOption {
	return []option.ClientOption{option.WithHTTPClient(client), option.WithoutAuthentication(), option.WithEndpoint(a.url(service) + path)}
}

func (a *Access) url(service string) string {
	if base := a.endpoints(service); base != "" {
		return strings.TrimRight(base, "/")
	}
	return bases[service]
}
