package googlepeer

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/sts"
	"github.com/headwaterhq/headwater/shared/names"
)

// The account that a Deployment is in, and the secrets of its function, which no
// error may show.
const (
	deployed       = "111122223333"
	functionKey    = "AKFUNCTION"
	functionSecret = "canary/function+secret="
)

// Deployment is Headwater on AWS, as far as Google sees it: the STS of an account
// with the role for federation, and the environment of a function that may assume it.
type Deployment struct {
	Roles *sts.Roles
	url   string
}

// Deploy makes the process a function of a new deployment until the test ends.
func Deploy(t testing.TB) Deployment {
	t.Helper()
	ring := access.NewRing(access.Key{ID: functionKey, Secret: functionSecret, Grants: []access.Grant{
		{Actions: []string{"sts:AssumeRole"}, Resources: []string{"arn:*:iam::*:role/" + names.SourceRolePrefix + "*"}},
	}})
	d := Deployment{Roles: sts.NewRoles()}
	if err := d.Roles.Put(sts.Federation(deployed)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sts.Handler(ring, deployed, d.Roles))
	t.Cleanup(server.Close)
	d.url = server.URL
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": functionKey, "AWS_SECRET_ACCESS_KEY": functionSecret, "AWS_SESSION_TOKEN": "", "AWS_ENDPOINT_URL_STS": d.url,
		"AWS_REGION": "eu-central-1", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	return d
}

// Trust makes a workload identity provider as catalog.GoogleTrust prints it: it
// lets sessions of the deployment's role for federation in, each as the connection
// that it is named after. Member is whom permissions are granted to.
func (p *Peer) Trust(audience string, d Deployment) {
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	p.identity.trusts[audience] = d
}

// Member is a connection, as a provider that Trust made lets it in.
func Member(audience, connection string) string {
	pool, _, _ := strings.Cut(strings.TrimPrefix(audience, "//"), "/providers/")
	return "principalSet://" + pool + "/attribute.connection/" + connection
}

// admit sends the request on to AWS, as Google does, and maps what AWS says.
func (d Deployment) admit(ctx context.Context, c callerIdentity, audience string) (string, *oauthError) {
	const rejected = "The AWS credential was rejected: InvalidClientTokenId or SignatureDoesNotMatch."
	target, ok := c.askedOf(audience)
	if !ok {
		return "", refuse("invalid_grant", rejected)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/?"+target.RawQuery, http.NoBody)
	if err != nil {
		return "", refuse("invalid_grant", rejected)
	}
	request.Header, request.Host, request.Close = c.header(), target.Host, true
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return "", refuse("invalid_grant", rejected)
	}
	defer response.Body.Close()
	var answer struct {
		ARN string `xml:"GetCallerIdentityResult>Arn"`
	}
	if err := xml.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		return "", refuse("invalid_grant", rejected)
	}
	connection, ok := strings.CutPrefix(answer.ARN, "arn:aws:sts::"+deployed+":assumed-role/"+names.FederationRole+"/")
	if !ok {
		return "", refuse("unauthorized_client", "The given credential is rejected by the attribute condition.")
	}
	return Member(audience, connection), nil
}
