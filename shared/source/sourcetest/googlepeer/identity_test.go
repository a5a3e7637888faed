package googlepeer_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/auth/credentials/externalaccount"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"golang.org/x/oauth2/jwt"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

func TestServiceAccountKeys(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{TokenLifetime: time.Minute})
	tests := map[string]struct {
		edit func(*jwt.Config, []byte)
		want string // error, empty when a token comes
	}{
		"good":            {edit: func(*jwt.Config, []byte) {}},
		"for Google":      {edit: func(c *jwt.Config, _ []byte) { c.Audience = "https://oauth2.googleapis.com/token" }},
		"for others":      {edit: func(c *jwt.Config, _ []byte) { c.Audience = "https://example.com/token" }, want: "invalid_grant"},
		"without scope":   {edit: func(c *jwt.Config, _ []byte) { c.Scopes = nil }, want: "invalid_scope"},
		"unknown account": {edit: func(c *jwt.Config, _ []byte) { c.Email = nobody }, want: "account not found"},
		"unknown key":     {edit: func(c *jwt.Config, _ []byte) { c.PrivateKeyID = "abc" }, want: "Invalid JWT Signature."},
		"another's key":   {edit: func(c *jwt.Config, _ []byte) { c.PrivateKey = config(t, peer.ServiceAccount(reader)).PrivateKey }, want: "Invalid JWT Signature."},
		"deleted key":     {edit: func(_ *jwt.Config, key []byte) { peer.DeleteKey(key) }, want: "Invalid JWT Signature."},
		"too long":        {edit: func(c *jwt.Config, _ []byte) { c.Expires = 2 * time.Hour }, want: "short-lived"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			key := peer.ServiceAccount(reader)
			c := config(t, key)
			tt.edit(c, key)
			token, err := c.TokenSource(context.WithValue(t.Context(), oauth2.HTTPClient, httpClient(t))).Token()
			wantToken(t, token, err, tt.want)
		})
	}
	t.Run("disabled account", func(t *testing.T) {
		key := peer.ServiceAccount(reader)
		peer.DisableAccount(reader)
		token, err := byKey(t, key).Token()
		wantToken(t, token, err, "account not found")
	})
}

func config(t *testing.T, key []byte) *jwt.Config {
	t.Helper()
	c, err := google.JWTConfigFromJSON(key, "https://www.googleapis.com/auth/bigquery")
	must(t, err)
	return c
}

func wantToken(t *testing.T, token *oauth2.Token, err error, want string) {
	t.Helper()
	switch {
	case want == "" && (err != nil || !token.Valid()):
		t.Errorf("got %v, %v", token, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRefreshTokens(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.OAuthClient("client", "hush")
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, httpClient(t))
	refresh := func(id, secret, token string) (*oauth2.Token, error) {
		c := oauth2.Config{ClientID: id, ClientSecret: secret, Endpoint: oauth2.Endpoint{TokenURL: peer.Endpoints()(source.EndpointGoogleOAuth) + "/token", AuthStyle: oauth2.AuthStyleInParams}}
		return c.TokenSource(ctx, &oauth2.Token{RefreshToken: token}).Token()
	}
	consent := peer.RefreshToken("client", "ann@example.com")
	token, err := refresh("client", "hush", consent)
	wantToken(t, token, err, "")
	_, err = refresh("client", "wrong", consent)
	wantToken(t, nil, err, "invalid_client")
	_, err = refresh("other", "hush", consent)
	wantToken(t, nil, err, "invalid_client")
	_, err = refresh("client", "hush", "1//made-up")
	wantToken(t, nil, err, "invalid_grant")
	peer.RevokeRefreshToken(consent)
	_, err = refresh("client", "hush", consent)
	wantToken(t, nil, err, "invalid_grant")
	_, err = storageClient(t, peer, fixed(token.AccessToken)).Bucket("events").Attrs(t.Context())
	wantStatus(t, err, http.StatusUnauthorized)
}

const (
	audience = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/aws/providers/headwater"
	role     = "arn:aws:sts::111122223333:assumed-role/headwater-extract/i-1"
)

// awsKey is the identity of a process on AWS.
type awsKey googlepeer.AWSKey

func (awsKey) AwsRegion(context.Context, *externalaccount.RequestOptions) (string, error) {
	return "eu-west-1", nil
}

func (k awsKey) AwsSecurityCredentials(context.Context, *externalaccount.RequestOptions) (*externalaccount.AwsSecurityCredentials, error) {
	return &externalaccount.AwsSecurityCredentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}, nil
}

func TestFederationFromAWS(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	known := googlepeer.AWSKey{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "hush", SessionToken: "session", ARN: role}
	principal := peer.Federate(audience, known)
	peer.ServiceAccount(reader)
	exchange := func(key googlepeer.AWSKey, pool, impersonate string) error {
		options := &externalaccount.Options{
			Audience: pool, SubjectTokenType: "urn:ietf:params:aws:token-type:aws4_request", AwsSecurityCredentialsProvider: awsKey(key),
			TokenURL: peer.Endpoints()(source.EndpointGoogleSTS) + "/v1/token", Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"}, Client: httpClient(t),
		}
		if impersonate != "" {
			options.ServiceAccountImpersonationURL = peer.Endpoints()(source.EndpointGoogleIAMCredentials) + "/v1/projects/-/serviceAccounts/" + impersonate + ":generateAccessToken"
		}
		credentials, err := externalaccount.NewCredentials(options)
		must(t, err)
		token, err := credentials.Token(t.Context())
		if err != nil {
			return err
		}
		_, err = storageClient(t, peer, fixed(token.Value)).Bucket("events").Attrs(t.Context())
		return err
	}
	wrong := known
	wrong.SecretAccessKey = "guess"
	stranger := known
	stranger.AccessKeyID = "ASIASTRANGER"
	stale := known
	stale.SessionToken = "other"
	for name, key := range map[string]googlepeer.AWSKey{"wrong secret": wrong, "unknown key": stranger, "other session": stale} {
		if err := exchange(key, audience, ""); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := exchange(known, audience+"2", ""); err == nil || !strings.Contains(err.Error(), "invalid_target") {
		t.Errorf("got %v", err)
	}
	if err := exchange(known, audience, reader); err == nil || !strings.Contains(err.Error(), "iam.serviceAccounts.getAccessToken") {
		t.Errorf("got %v", err)
	}
	peer.Grant(principal, "iam.serviceAccounts.getAccessToken", "projects/-/serviceAccounts/"+reader)
	seedBucket(t, peer, googlepeer.Bucket{Name: "events"})
	peer.Grant(principal, "storage.buckets.get", bucket)
	must(t, exchange(known, audience, ""))
	wantStatus(t, exchange(known, audience, reader), http.StatusForbidden)
	peer.Grant(reader, "storage.buckets.get", bucket)
	must(t, exchange(known, audience, reader))
}

func TestExternalAccountFile(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	var file struct {
		Type     string
		Audience string
		TokenURL string `json:"token_url"`
	}
	must(t, json.Unmarshal(peer.ExternalAccount(audience, reader), &file))
	if file.Type != "external_account" || file.Audience != audience || file.TokenURL != peer.Endpoints()(source.EndpointGoogleSTS)+"/v1/token" {
		t.Errorf("got %+v", file)
	}
}

func TestProjectPermissions(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.Grant(reader, "bigquery.jobs.create", "projects/acme")
	for _, version := range []string{"v1", "v3"} {
		target := peer.Endpoints()(source.EndpointGoogleResourceManager) + "/" + version + "/projects/acme:testIamPermissions"
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(`{"permissions":["bigquery.datasets.get","bigquery.jobs.create"]}`))
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+peer.Token(reader))
		response, err := httpClient(t).Do(request)
		must(t, err)
		defer response.Body.Close()
		var answer struct{ Permissions []string }
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Permissions) != 1 || answer.Permissions[0] != "bigquery.jobs.create" {
			t.Errorf("%s: got %v, %v", version, answer, err)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	target := peer.Endpoints()(source.EndpointGoogleOAuth)
	peer.Close()
	peer.Close()
	_, err := httpClient(t).PostForm(target+"/token", url.Values{})
	if _, ok := errors.AsType[*url.Error](err); !ok {
		t.Errorf("got %v", err)
	}
	if err := peer.CreateBucket(t.Context(), googlepeer.Bucket{Name: "late"}); err == nil {
		t.Error("a closed peer starts an emulator")
	}
}
