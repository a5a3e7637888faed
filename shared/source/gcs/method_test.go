package gcs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const audience = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/headwater/providers/headwater-aws"

// byRole is a connection that the process's AWS role gets in by.
func byRole(t *testing.T, peer *googlepeer.Peer) (cfg source.Config, federated string) {
	t.Helper()
	role := googlepeer.AWSKey{
		AccessKeyID: "ASIAEXAMPLEEXAMPLE", SecretAccessKey: "canary/secret+", SessionToken: "canary/token+",
		ARN: "arn:aws:sts::111122223333:assumed-role/headwater-ExtractRole/headwater-extract",
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": role.AccessKeyID, "AWS_SECRET_ACCESS_KEY": role.SecretAccessKey, "AWS_SESSION_TOKEN": role.SessionToken,
		"AWS_REGION": "eu-central-1", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	cfg = byKey(peer, reader) // so that the account exists
	cfg.Credential = source.Credential{Method: "workload_identity", Fields: map[string]source.Secret{
		"project_number": "123456789012", "pool_id": "headwater", "provider_id": "headwater-aws", "service_account_email": reader,
	}}
	return cfg, peer.Federate(audience, role)
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
		!strings.Contains(r.Remedy.Snippet, "roles/iam.workloadIdentityUser") {
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
