package googlepeer

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/headwaterhq/headwater/shared/source"
)

// AWSKey is an AWS identity that the peer's federation knows.
type AWSKey struct {
	AccessKeyID, SecretAccessKey string
	SessionToken                 string // of temporary credentials
	ARN                          string // what GetCallerIdentity says: arn:aws:sts::111122223333:assumed-role/role/session
}

type awsPrincipal struct {
	key  AWSKey
	name string
}

const (
	grantExchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	tokenTypeAWS   = "urn:ietf:params:aws:token-type:aws4_request"
	tokenTypeOAuth = "urn:ietf:params:oauth:token-type:access_token"
)

// Federate lets an AWS identity in through a workload identity provider, given
// by its audience (//iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER),
// and returns its principal, by which permissions are granted.
func (p *Peer) Federate(audience string, key AWSKey) string {
	pool, _, _ := strings.Cut(strings.TrimPrefix(audience, "//"), "/providers/")
	name := "principal://" + pool + "/subject/" + key.ARN
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	p.identity.providers[audience] = append(p.identity.providers[audience], awsPrincipal{key, name})
	return name
}

// ExternalAccount is the configuration file that gcloud writes for a provider.
// With a service account the federated identity becomes that account; without
// one it is used as it is.
func (p *Peer) ExternalAccount(audience, serviceAccount string) []byte {
	file := map[string]any{
		"type": "external_account", "audience": audience, "subject_token_type": tokenTypeAWS, "universe_domain": "googleapis.com",
		"token_url": p.servers[source.EndpointGoogleSTS].url + "/v1/token",
		"credential_source": map[string]string{
			"environment_id": "aws1", "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
		},
	}
	if serviceAccount != "" {
		file["service_account_impersonation_url"] = p.servers[source.EndpointGoogleIAMCredentials].url +
			"/v1/projects/-/serviceAccounts/" + serviceAccount + ":generateAccessToken"
	}
	return mustJSON(file)
}

// sts is https://sts.googleapis.com: RFC 8693 with what
// https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token adds.
func (p *Peer) sts() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/token", func(w http.ResponseWriter, r *http.Request) {
		principal, scopes, refused := p.federated(r)
		if refused != nil {
			refused.write(w)
			return
		}
		token, lifetime := p.identity.issue(principal, scopes, 0)
		writeJSON(w, http.StatusOK, map[string]any{
			"access_token": token, "issued_token_type": tokenTypeOAuth, "token_type": "Bearer", "expires_in": int(lifetime.Seconds()),
		})
	})
	return mux
}

func (p *Peer) federated(r *http.Request) (string, []string, *oauthError) {
	for name, want := range map[string]string{
		"grant_type": grantExchange, "subject_token_type": tokenTypeAWS, "requested_token_type": tokenTypeOAuth,
	} {
		if r.FormValue(name) != want {
			return "", nil, refuse("invalid_request", "Invalid value for \""+name+"\".")
		}
	}
	scopes := strings.Fields(r.FormValue("scope"))
	if len(scopes) == 0 {
		return "", nil, refuse("invalid_request", "Missing required field \"scope\".")
	}
	audience := r.FormValue("audience")
	p.identity.mu.Lock()
	known := slices.Clone(p.identity.providers[audience])
	deployment, trusts := p.identity.trusts[audience]
	p.identity.mu.Unlock()
	if known == nil && !trusts {
		return "", nil, refuse("invalid_target", "The target service indicated by the \"audience\" parameters is invalid. "+
			"This might either be because the pool or provider is disabled or deleted or because it doesn't exist.")
	}
	request, err := parseSubject(r.FormValue("subject_token"))
	if err != nil {
		return "", nil, refuse("invalid_grant", "Unable to parse the AWS security token: "+err.Error())
	}
	for _, k := range known {
		if request.signedBy(r.Context(), k.key, audience, time.Now()) {
			return k.name, scopes, nil
		}
	}
	if trusts {
		principal, refused := deployment.admit(r.Context(), request, audience)
		return principal, scopes, refused
	}
	return "", nil, refuse("invalid_grant", "The AWS credential was rejected: InvalidClientTokenId or SignatureDoesNotMatch.")
}

// callerIdentity is a GetCallerIdentity request that was signed and not sent,
// as https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds has it.
type callerIdentity struct {
	URL     string `json:"url"`
	Method  string `json:"method"`
	Headers []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"headers"`
}

func parseSubject(token string) (callerIdentity, error) {
	var c callerIdentity
	text, err := url.QueryUnescape(token)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(text), &c)
}
