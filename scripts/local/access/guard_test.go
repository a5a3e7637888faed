package access_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"github.com/headwaterhq/headwater/scripts/local/access"
)

func TestGuard(t *testing.T) {
	platform := access.Key{ID: "AKPLATFORM", Secret: "p", Grants: []access.Grant{access.Everything("*")}}
	customer := access.Key{ID: "AKCUSTOMER", Secret: "c", Grants: []access.Grant{access.ReadOnly("source")}}
	half := access.Key{ID: "AKHALF", Secret: "h", Grants: []access.Grant{{Actions: []string{"service:Read"}, Resources: []string{"arn:one/*"}}}}
	whole := access.Key{ID: "AKWHOLE", Secret: "w", Grants: []access.Grant{{Actions: []string{"service:Read", "service:Write"}, Resources: []string{"arn:other", "arn:*/thing"}}}}
	ring := access.NewRing(platform, customer, half, whole)
	needs := func(r *http.Request, _ []byte) []access.Need {
		return []access.Need{{Action: "service:Read", Resource: "arn:one/thing"}, {Action: "service:Write", Resource: "arn:one/thing"}}
	}
	server := httptest.NewServer(access.Guard(ring, needs, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{}`))
	})))
	t.Cleanup(server.Close)
	call := func(id, secret string) error {
		provider := credentials.NewStaticCredentialsProvider(id, secret, "")
		_, err1 := secretsmanager.New(secretsmanager.Options{
			BaseEndpoint: aws.String(server.URL), Region: "us-east-1", RetryMaxAttempts: 1, HTTPClient: &http.Client{}, Credentials: provider,
		}).ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
		_, err2 := lambda.New(lambda.Options{
			BaseEndpoint: aws.String(server.URL), Region: "us-east-1", RetryMaxAttempts: 1, HTTPClient: &http.Client{}, Credentials: provider,
		}).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("arn:aws:lambda:us-east-1:000000000000:function:f"), Payload: []byte(`{"a b":"ü"}`)})
		if (err1 == nil) != (err2 == nil) {
			t.Errorf("the services differ: %v and %v", err1, err2)
		}
		return err1
	}
	check := func(doing string, err error, want string) {
		t.Helper()
		var api smithy.APIError
		if errors.As(err, &api); err == nil && want != "" || err != nil && (api == nil || api.ErrorCode() != want) {
			t.Errorf("%s: got %v, want %q", doing, err, want)
		}
	}
	check("the platform", call(platform.ID, platform.Secret), "")
	check("a wrong secret", call(platform.ID, "wrong"), "InvalidSignatureException")
	check("a customer", call(customer.ID, customer.Secret), "AccessDeniedException")
	check("one permission of two", call(half.ID, half.Secret), "AccessDeniedException")
	check("both permissions", call(whole.ID, whole.Secret), "")
	check("nobody", call("AKNOBODY", "n"), "UnrecognizedClientException")
	ring.Revoke(platform.ID)
	check("a revoked key", call(platform.ID, platform.Secret), "UnrecognizedClientException")
}

func TestGrants(t *testing.T) {
	ring := access.NewRing(access.Key{ID: "K", Grants: []access.Grant{{Actions: []string{"s3:GetObject", "s3:ListBucket"}, Bucket: "b", Prefix: "in/"}}})
	for _, tc := range []struct {
		id, action, bucket, key string
		want                    bool
	}{
		{"K", "s3:GetObject", "b", "in/x", true},
		{"K", "s3:GetObject", "b", "out/x", false},
		{"K", "s3:GetObject", "c", "in/x", false},
		{"K", "s3:PutObject", "b", "in/x", false},
		{"K", "s3:ListBucket", "b", "in/deeper/", true},
		{"K", "s3:ListBucket", "b", "", false},
		{"other", "s3:GetObject", "b", "in/x", false},
	} {
		if got := ring.Allows(tc.id, tc.action, tc.bucket, tc.key); got != tc.want {
			t.Errorf("%+v: got %t", tc, got)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true},
		{"a", "ab", false},
		{"a*", "ab", true},
		{"*", "", true},
		{"a*c", "abbc", true},
		{"a*c", "abcd", false},
		{"a*b*", "a-b-", true},
		{"a*b*", "a--", false},
		{"", "", true},
		{"", "a", false},
	} {
		if got := access.Match(tc.pattern, tc.text); got != tc.want {
			t.Errorf("%q on %q: got %t", tc.pattern, tc.text, got)
		}
	}
}
