package bigquery_test

import (
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const audience = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/headwater/providers/headwater-aws"

// The deployment's own AWS role reads, and no key is stored anywhere.
func TestFederation(t *testing.T) {
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	numbers(t, peer)
	peer.Trust(audience, googlepeer.Deploy(t))
	cfg := member(t, peer, reader) // so that the account exists
	cfg.Credential = source.Credential{Method: catalog.GoogleFederation, Fields: map[string]source.Secret{
		"project_number": "123456789012", "pool_id": "headwater", "provider_id": "headwater-aws", "service_account_email": reader,
	}}
	federated := googlepeer.Member(audience, cfg.Connection)
	if r := checked(t, open(t, peer, cfg))["authenticate"]; r.Outcome != source.Fail || !strings.Contains(r.Detail, "iam.serviceAccounts.getAccessToken") {
		t.Errorf("may not become the account: %s %s", r.Outcome, r.Detail)
	}
	peer.Grant(federated, "iam.serviceAccounts.getAccessToken", "projects/-/serviceAccounts/"+reader)
	s := open(t, peer, cfg)
	for name, r := range checked(t, s) {
		if r.Outcome != source.Pass {
			t.Errorf("%s: %s %s %s", name, r.Outcome, r.Detail, r.Provider)
		}
	}
	if got := readAll(t, s, plan(t, s, source.PlanRequest{TargetBytes: splitBytes}, "crm.numbers")); len(got) != 80 {
		t.Errorf("%d rows", len(got))
	}
}

// A user's consent reads until it is taken back.
func TestConsent(t *testing.T) {
	const user = "ann@acme.example"
	peer := start(t)
	must(t, peer.CreateDataset(t.Context(), "crm", "EU"))
	numbers(t, peer)
	peer.OAuthClient("client", "canary-client-secret")
	peer.GrantAll(user, "projects/"+project, append(catalog.BigQueryRunPermissions(), catalog.BigQueryReadPermissions()...)...)
	cfg := config(nil)
	refresh := peer.RefreshToken("client", user, "https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform.read-only")
	cfg.Credential = source.Credential{Method: "oauth", Fields: map[string]source.Secret{
		"client_id": "client", "client_secret": "canary-client-secret", "refresh_token": source.Secret(refresh),
	}}
	s := open(t, peer, cfg)
	for name, r := range checked(t, s) {
		if r.Outcome != source.Pass {
			t.Errorf("%s: %s %s %s", name, r.Outcome, r.Detail, r.Provider)
		}
	}
	if got := readAll(t, s, plan(t, s, source.PlanRequest{}, "crm.numbers")); len(got) != 80 {
		t.Errorf("%d rows", len(got))
	}
	peer.RevokeRefreshToken(refresh)
	peer.ExpireTokens()
	_, err := s.Discover(t.Context(), "")
	wantFault(t, err, fault.SourceExpired, "")
	if r := checked(t, open(t, peer, cfg))["authenticate"]; r.Outcome != source.Fail || r.Code != string(fault.SourceExpired) || !strings.Contains(r.Remedy.Snippet, "https://accounts.google.com/o/oauth2/") {
		t.Errorf("taken back: %s %s", r.Outcome, r.Code)
	}
}

// A disabled account may still be given tokens: it is their refusal that counts.
func TestDisabledAccount(t *testing.T) {
	peer := start(t)
	cfg := member(t, peer, reader)
	s := open(t, peer, cfg)
	peer.DisableAccount(reader)
	r := checked(t, s)["authenticate"]
	if r.Outcome != source.Fail || r.Code != string(fault.SourceAuthentication) || !strings.Contains(r.Remedy.Snippet, "gcloud iam service-accounts keys list --iam-account="+reader) {
		t.Errorf("%s %s %s, remedy %+v", r.Outcome, r.Code, r.Detail, r.Remedy)
	}
}
