package gcs_test

import (
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const audience = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/headwater/providers/headwater-aws"

// byRole is a connection that gets in by the deployment's AWS role, and as whom Google knows it.
func byRole(t *testing.T, peer *googlepeer.Peer) (cfg source.Config, federated string) {
	t.Helper()
	peer.Trust(audience, googlepeer.Deploy(t))
	cfg = byKey(peer, reader) // so that the account exists
	cfg.Credential = source.Credential{Method: "workload_identity", Fields: map[string]source.Secret{
		"project_number": "123456789012", "pool_id": "headwater", "provider_id": "headwater-aws", "service_account_email": reader,
	}}
	cfg.Connection = "con_01"
	return cfg, googlepeer.Member(audience, cfg.Connection)
}

// byConsent is a connection that a user consented to.
func byConsent(peer *googlepeer.Peer, user string) source.Config {
	peer.OAuthClient("client", "canary-client-secret")
	cfg := byKey(peer, reader)
	cfg.Credential = source.Credential{Method: "oauth", Fields: map[string]source.Secret{
		"client_id": "client", "client_secret": "canary-client-secret", "refresh_token": source.Secret(peer.RefreshToken("client", user)),
	}}
	return cfg
}

func TestARoleWithoutAKeyReads(t *testing.T) {
	peer := cloud(t, googlepeer.Bucket{Name: bucket}, small)
	cfg, federated := byRole(t, peer)
	r := checksOf(t, peer.Endpoints(), cfg)["gcs.authenticate"]
	if r.Outcome != source.Fail || r.Code != string(fault.SourcePermission) || !strings.Contains(r.Detail, "iam.serviceAccounts.getAccessToken") ||
		!strings.Contains(r.Remedy.Snippet, "roles/iam.workloadIdentityUser") || !strings.Contains(r.Remedy.Snippet, "CONNECTION=con_01\n") {
		t.Errorf("may not become the account: %+v", r)
	}
	peer.Grant(federated, "iam.serviceAccounts.getAccessToken", "projects/-/serviceAccounts/"+reader)
	if failed := names(checksOf(t, peer.Endpoints(), cfg), source.Fail); failed != "" {
		t.Errorf("these fail: %s", failed)
	}
	if got := rowsOf(t, open(t, peer.Endpoints(), cfg), "t", nil); got != 1 {
		t.Errorf("%d rows, want 1", got)
	}
}

func TestAUsersConsentReadsUntilItIsTakenBack(t *testing.T) {
	const user = "ann@acme.example"
	peer := cloud(t, googlepeer.Bucket{Name: bucket}, small)
	cfg := byConsent(peer, user)
	r := checksOf(t, peer.Endpoints(), cfg)["storage.objects.list"]
	if r.Outcome != source.Fail || !strings.Contains(r.Remedy.Snippet, "MEMBER='user:") {
		t.Errorf("may not list: %+v", r)
	}
	peer.GrantAll(user, resource(bucket), "storage.objects.list", "storage.objects.get")
	s := open(t, peer.Endpoints(), cfg)
	if got := rowsOf(t, s, "t", nil); got != 1 {
		t.Errorf("%d rows, want 1", got)
	}
	peer.RevokeRefreshToken(cfg.Credential.Fields["refresh_token"].Reveal())
	if _, err := s.Discover(t.Context(), ""); fault.CodeOf(err) != fault.SourceExpired {
		t.Errorf("got %v, want %s", err, fault.SourceExpired)
	}
}
