package google_test

import (
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/sts"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/names"
	"github.com/headwaterhq/headwater/shared/source/google"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// TestNoConnectionGetsInAsAnother: nothing in the credential is secret, so another
// workspace of the deployment can name the pool, the provider and the account of a
// connection that is not its own. Its own connection's id is not its to choose.
func TestNoConnectionGetsInAsAnother(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.ServiceAccount(reader)
	peer.Trust(audience, googlepeer.Deploy(t))
	peer.Grant(googlepeer.Member(audience, connection), "iam.serviceAccounts.getAccessToken", "projects/-/serviceAccounts/"+reader)
	for id, want := range map[string]fault.Code{
		connection:                       "",
		"con_02":                         fault.SourcePermission,
		"con_0":                          fault.SourcePermission,
		"":                               fault.SourceInvalidConfig,
		connection + "/../con_02":        fault.SourceInvalidConfig,
		connection + ",x":                fault.SourceInvalidConfig,
		"con_" + strings.Repeat("x", 61): fault.SourceInvalidConfig,  // longer than the name of a session
		"run_01":                         fault.SourceAuthentication, // the role is not for that
	} {
		access := open(t, federated("headwater", reader), peer.Endpoints())
		access.Identify(id)
		class := google.Classify(access.Authenticate(t.Context()))
		if class == nil && want != "" || class != nil && class.Code != want {
			t.Errorf("%q: got %v, want %q", id, class, want)
		}
	}
}

// TestARoleThatDoesNotLetHeadwaterInIsNamed: what the deployment lacks is not blamed on the pool.
func TestARoleThatDoesNotLetHeadwaterInIsNamed(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.ServiceAccount(reader)
	deployment := googlepeer.Deploy(t)
	peer.Trust(audience, deployment)
	role := sts.Federation("111122223333")
	role.Trust = strings.Replace(role.Trust, "111122223333", "444455556666", 1)
	for name, change := range map[string]func(){
		"trusts others": func() {
			if err := deployment.Roles.Put(role); err != nil {
				t.Fatal(err)
			}
		},
		"is missing": func() { deployment.Roles.Delete(role.ARN) },
	} {
		change()
		class := google.Classify(open(t, federated("headwater", reader), peer.Endpoints()).Authenticate(t.Context()))
		if class == nil || class.Code != fault.SourceAuthentication || !strings.Contains(class.Message, names.FederationRole) {
			t.Errorf("%s: got %v, want the role named", name, class)
		}
	}
}

func TestAnSTSThatCannotBeReachedIsTheNetworks(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.ServiceAccount(reader)
	peer.Trust(audience, googlepeer.Deploy(t))
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
	class := google.Classify(open(t, federated("headwater", reader), peer.Endpoints()).Authenticate(t.Context()))
	if class == nil || class.Code != fault.SourceNetwork {
		t.Errorf("got %v, want %s", class, fault.SourceNetwork)
	}
}
