package google_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"google.golang.org/api/googleapi"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/google"
)

// The page that a user is sent to asks for what the connection needs, and for a
// refresh token; no secret is in what is to paste.
func TestConsentAgain(t *testing.T) {
	a, err := google.Open(source.Credential{Method: catalog.GoogleOAuth, Fields: map[string]source.Secret{
		"client_id": "123-abc.apps.googleusercontent.com", "client_secret": "canary-secret", "refresh_token": "canary-token",
	}}, source.NoEndpoints, google.ScopeBigQuery, google.ScopePlatformReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	snippet := a.CredentialRemedy(source.GrantRequest{Method: catalog.GoogleOAuth}).Snippet
	if strings.Contains(snippet, "canary") {
		t.Errorf("a secret is in what is to paste:\n%s", snippet)
	}
	lines := strings.Split(snippet, "\n")
	page, err := url.Parse(lines[1])
	if err != nil || page.Host != "accounts.google.com" {
		t.Fatalf("%q is no page of Google's: %v", lines[1], err)
	}
	want := url.Values{
		"client_id": {"123-abc.apps.googleusercontent.com"}, "redirect_uri": {"http://localhost:8080"}, "response_type": {"code"},
		"access_type": {"offline"}, "prompt": {"consent"}, "scope": {google.ScopeBigQuery + " " + google.ScopePlatformReadOnly},
	}
	if diff := cmp.Diff(want, page.Query()); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

func TestCredentialRemedyOfFederation(t *testing.T) {
	fields := map[string]source.Secret{
		"project_number": "123456789012", "pool_id": "headwater", "provider_id": "headwater-aws", "service_account_email": "reader@acme.iam.gserviceaccount.com",
	}
	a, err := google.Open(source.Credential{Method: catalog.GoogleFederation, Fields: fields}, source.NoEndpoints, google.ScopeStorageReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	req := source.GrantRequest{Method: catalog.GoogleFederation, Identity: a.Principal()}
	if got, want := a.CredentialRemedy(req).Snippet, catalog.GoogleTrust(req).Text; got != want {
		t.Errorf("the trust (-want +got):\n%s", cmp.Diff(want, got))
	}
}

func TestNetworkRemedy(t *testing.T) {
	req := source.GrantRequest{Identity: "serviceAccount:reader@acme.iam.gserviceaccount.com"}
	refused := google.Classify(&googleapi.Error{Code: http.StatusForbidden, Message: "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x"})
	r := google.NetworkRemedy(refused, req, "bigquery.googleapis.com", "bigquerystorage.googleapis.com")
	_, file, _ := strings.Cut(r.Snippet, "<<'END'\n")
	file, _, _ = strings.Cut(file, "\nEND\n")
	var rules, want any
	if err := errors.Join(yaml.Unmarshal([]byte(file), &rules), yaml.Unmarshal([]byte(`[{
		ingressFrom: {identities: ["serviceAccount:reader@acme.iam.gserviceaccount.com"], sources: [{accessLevel: "*"}]},
		ingressTo: {operations: [{serviceName: bigquery.googleapis.com, methodSelectors: [{method: "*"}]}], resources: ["*"]},
	}]`), &want)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, rules); diff != "" {
		t.Errorf("ingress rules (-want +got):\n%s", diff)
	}
	r = google.NetworkRemedy(fault.New(fault.SourceNetwork, "no connection"), req, "bigquery.googleapis.com", "bigquerystorage.googleapis.com")
	for _, want := range []string{catalog.DeploymentNetwork, "https://bigquery.googleapis.com", "https://bigquerystorage.googleapis.com", "https://sts.googleapis.com"} {
		if !strings.Contains(r.Snippet, want) {
			t.Errorf("what is to paste lacks %s:\n%s", want, r.Snippet)
		}
	}
}
