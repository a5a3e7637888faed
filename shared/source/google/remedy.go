package google

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// CredentialRemedy says what to do when Google does not accept the credential,
// or no longer does.
func (a *Access) CredentialRemedy(grant source.GrantRequest) source.Remedy {
	switch grant.Method {
	case catalog.GoogleFederation:
		return source.Remedy{
			Text:    "Check the project's number and the ids of pool and provider, see that the pool lets Headwater's AWS role in, and that the service account exists and is enabled.",
			Snippet: catalog.GoogleTrust(grant).Text,
		}
	case catalog.GoogleKey:
		account := strings.TrimPrefix(a.principal, "serviceAccount:")
		return source.Remedy{
			Text:    "See whether the account is enabled and the key is still there; if in doubt, make a new key, or change to workload identity federation, which needs none.",
			Snippet: "gcloud iam service-accounts describe " + account + "\ngcloud iam service-accounts keys list --iam-account=" + account,
		}
	}
	return source.Remedy{
		Text:    "Have the user consent again, with all that is asked for, and give the new refresh token; or use a service account, which does not expire.",
		Snippet: a.consentAgain,
	}
}

// consentAgain are the two steps of a user's consent: a page to open, and the
// request that makes a refresh token of the code that the page ends with.
func consentAgain(clientID string, scopes []string) string {
	const redirect = "http://localhost:8080" // where nothing needs to listen: the code is in the browser's address
	page := "https://accounts.google.com/o/oauth2/v2/auth?" + url.Values{
		"client_id": {clientID}, "redirect_uri": {redirect}, "response_type": {"code"},
		"access_type": {"offline"}, "prompt": {"consent"}, "scope": {strings.Join(scopes, " ")},
	}.Encode()
	return "# To open in the user's browser; the client has to list " + redirect + " as a redirect URI. The address that follows has the code.\n" + page +
		"\ncurl https://oauth2.googleapis.com/token -d grant_type=authorization_code -d client_id=" + clientID +
		" \\\n  -d redirect_uri=" + redirect + " --data-urlencode 'client_secret=<client secret>' --data-urlencode 'code=<code>'"
}

// NetworkRemedy says what to do when service, an API's host name, cannot be
// reached or a perimeter around it refuses.
func NetworkRemedy(err error, grant source.GrantRequest, service string, others ...string) source.Remedy {
	if e, ok := fault.As(err); ok && strings.Contains(e.Message, perimeterRefuses) {
		return source.Remedy{
			Text: "Add this ingress rule to the perimeter. It lets the connection's own account in, from any network: unless you gave the deployment a fixed address, it has none. " +
				"The rules in the file take the place of those that the perimeter has, so put those in it too.",
			Snippet: ingress(grant, service),
		}
	}
	hosts := append([]string{service}, others...)
	hosts = append(hosts, "oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com")
	return source.Remedy{
		Text:    "Let the deployment reach these hosts on port 443. By default it is in no VPC and does; in a VPC of yours it needs a route to them, such as a NAT gateway.",
		Snippet: catalog.ReachHosts(hosts...),
	}
}

func ingress(grant source.GrantRequest, service string) string {
	return strings.NewReplacer("{member}", cmp.Or(grant.Identity, "user:<email of the user who consented>"), "{service}", service).Replace(`PERIMETER=<name of the perimeter>
POLICY=<number of the access policy>
cat > headwater-ingress.yaml <<'END'
- ingressFrom:
    identities:
    - {member}
    sources:
    - accessLevel: '*'
  ingressTo:
    operations:
    - serviceName: {service}
      methodSelectors:
      - method: '*'
    resources:
    - '*'
END
# What this prints belongs into the file too.
gcloud access-context-manager perimeters describe "$PERIMETER" --policy="$POLICY" --format='yaml(status.ingressPolicies)'
gcloud access-context-manager perimeters update "$PERIMETER" --policy="$POLICY" --set-ingress-policies=headwater-ingress.yaml`)
}
