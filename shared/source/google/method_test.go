package google_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/google"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const audience = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/headwater/providers/headwater-aws"

func federated(pool, account string) source.Credential {
	return credential("workload_identity", "project_number", "123456789012", "pool_id", pool, "provider_id", "headwater-aws", "service_account_email", account)
}

func TestEachMethodAuthenticates(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.OAuthClient("client", "canary-secret")
	peer.ServiceAccount(reader)
	peer.Trust(audience, googlepeer.Deploy(t))
	peer.Grant(googlepeer.Member(audience, connection), "iam.serviceAccounts.getAccessToken", "projects/-/serviceAccounts/"+reader)
	peer.Grant(reader, "bigquery.jobs.create", "projects/acme")
	peer.Grant("ann@acme.example", "bigquery.jobs.create", "projects/acme")
	for method, tt := range map[string]struct {
		credential source.Credential
		principal  string
	}{
		"workload_identity":   {federated("headwater", reader), "serviceAccount:" + reader},
		"service_account_key": {keyOf(peer, reader), "serviceAccount:" + reader},
		"oauth":               {credential("oauth", "client_id", "client", "client_secret", "canary-secret", "refresh_token", peer.RefreshToken("client", "ann@acme.example")), ""},
	} {
		t.Run(method, func(t *testing.T) {
			access := open(t, tt.credential, peer.Endpoints())
			if access.Principal() != tt.principal {
				t.Errorf("principal %q, want %q", access.Principal(), tt.principal)
			}
			for range 2 { // the second time with a new token
				got, err := access.ProjectPermissions(t.Context(), "acme", "bigquery.jobs.create")
				if err != nil || len(google.Lacking(got, "bigquery.jobs.create")) > 0 {
					t.Errorf("got %v, %v", got, err)
				}
				peer.ExpireTokens()
			}
		})
	}
}

func TestWhatIsWrongWithACredentialIsNamed(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.OAuthClient("client", "canary-secret")
	peer.ServiceAccount(reader)
	peer.Trust(audience, googlepeer.Deploy(t))
	revoked := peer.RefreshToken("client", "ann@acme.example")
	peer.RevokeRefreshToken(revoked)
	deleted, disabled := keyOf(peer, reader), keyOf(peer, "former@acme.iam.gserviceaccount.com")
	peer.DeleteKey([]byte(deleted.Fields["key_json"].Reveal()))
	peer.DisableAccount("former@acme.iam.gserviceaccount.com")
	oauth := func(client, secret, refresh string) source.Credential {
		return credential("oauth", "client_id", client, "client_secret", secret, "refresh_token", refresh)
	}
	for name, tt := range map[string]struct {
		credential source.Credential
		prepare    func(t *testing.T)
		code       fault.Code
		message    string
	}{
		"deleted key":         {credential: deleted, code: fault.SourceAuthentication, message: "was deleted"},
		"disabled account":    {credential: disabled, code: fault.SourceAuthentication, message: "is disabled"},
		"consent taken back":  {credential: oauth("client", "canary-secret", revoked), code: fault.SourceExpired, message: "taken back"},
		"unknown consent":     {credential: oauth("client", "canary-secret", "canary-unknown"), code: fault.SourceAuthentication, message: "does not accept"},
		"unknown client":      {credential: oauth("other", "canary-secret", revoked), code: fault.SourceAuthentication, message: "OAuth client"},
		"wrong client secret": {credential: oauth("client", "canary-wrong", revoked), code: fault.SourceAuthentication, message: "OAuth client"},
		"unknown pool":        {credential: federated("elsewhere", reader), code: fault.SourceAuthentication, message: "pool"},
		"no impersonation":    {credential: federated("headwater", reader), code: fault.SourcePermission, message: "iam.serviceAccounts.getAccessToken"},
		"another AWS identity": {credential: federated("headwater", reader), code: fault.SourceAuthentication, message: "AWS", prepare: func(t *testing.T) {
			t.Setenv("AWS_SECRET_ACCESS_KEY", "canary-other")
		}},
		"no AWS identity": {credential: federated("headwater", reader), code: fault.SourceAuthentication, message: "no AWS identity", prepare: func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", "")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.prepare != nil {
				tt.prepare(t)
			}
			err := open(t, tt.credential, peer.Endpoints()).Authenticate(t.Context())
			class := google.Classify(err)
			if class == nil || class.Code != tt.code || !strings.Contains(class.Message, tt.message) {
				t.Errorf("got %v of %v, want %s with %q", class, err, tt.code, tt.message)
			}
			if strings.Contains(err.Error()+class.Error(), "canary") || strings.Contains(err.Error(), "PRIVATE KEY") {
				t.Errorf("a secret shows: %v", err)
			}
		})
	}
}

// TestAKeyCannotChooseWhereItGoes gives keys that would have their signature, or
// the process, go somewhere else, and others that are no keys.
func TestAKeyCannotChooseWhereItGoes(t *testing.T) {
	called := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	t.Cleanup(elsewhere.Close)
	peer := googlepeer.Run(t, googlepeer.Config{})
	good := map[string]string{}
	if err := json.Unmarshal(peer.ServiceAccount(reader), &good); err != nil {
		t.Fatal(err)
	}
	changed := func(name, value string) string {
		key := maps.Clone(good)
		key[name] = value
		b, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, tt := range map[string]struct{ key, message string }{
		"another token endpoint":  {changed("token_uri", elsewhere.URL+"/canary"), "token_uri"},
		"another endpoint's path": {changed("token_uri", "https://oauth2.googleapis.com.canary.example/token"), "token_uri"},
		"another universe":        {changed("universe_domain", "canary.example"), "universe"},
		"external account":        {string(peer.ExternalAccount(audience, reader)), "type"},
		"authorized user":         {changed("type", "authorized_user"), "type"},
		"no email":                {changed("client_email", "canary"), "client_email"},
		"an email that would run": {changed("client_email", "a@b.gserviceaccount.com; canary"), "client_email"},
		"no key id":               {changed("private_key_id", ""), "private_key_id"},
		"no key":                  {changed("private_key", "canary"), "private_key"},
		"a cut key":               {changed("private_key", good["private_key"][:200]), "private_key"},
		"not JSON":                {`{"private_key": "canary`, "JSON"},
		"a list":                  {`["canary"]`, "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := google.Open(credential("service_account_key", "key_json", tt.key), peer.Endpoints(), google.ScopePlatform)
			e, ok := fault.As(err)
			if !ok || e.Code != fault.SourceInvalidConfig || e.Field != "credentials.key_json" || !strings.Contains(e.Message, tt.message) {
				t.Fatalf("got %v, want %s about %s", err, fault.SourceInvalidConfig, tt.message)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the message repeats the key: %v", err)
			}
		})
	}
	for name, key := range map[string]string{
		"Google's of today": changed("token_uri", "https://oauth2.googleapis.com/token"),
		"Google's of old":   changed("token_uri", "https://accounts.google.com/o/oauth2/token"),
		"none":              changed("token_uri", ""),
	} {
		if err := open(t, credential("service_account_key", "key_json", key), peer.Endpoints()).Authenticate(t.Context()); err != nil {
			t.Errorf("token endpoint %s: %v", name, err)
		}
	}
	if called {
		t.Error("the key's own endpoint was called")
	}
}
