package sts_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/sts"
)

func TestGetCallerIdentity(t *testing.T) {
	server := httptest.NewServer(sts.Handler(access.NewRing(access.Key{ID: "AKDEMO", Secret: "right"}), "000000000000", sts.NewRoles()))
	t.Cleanup(server.Close)
	call := func(id, secret string) (*client.GetCallerIdentityOutput, error) {
		return client.New(client.Options{
			BaseEndpoint: aws.String(server.URL), Region: "us-east-1", RetryMaxAttempts: 1, HTTPClient: &http.Client{},
			Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
		}).GetCallerIdentity(t.Context(), &client.GetCallerIdentityInput{})
	}
	out, err := call("AKDEMO", "right")
	if err != nil || *out.Account != "000000000000" || *out.Arn != "arn:aws:iam::000000000000:user/akdemo" {
		t.Errorf("got %+v, %v", out, err)
	}
	for _, tc := range []struct{ id, secret, want string }{
		{"AKDEMO", "wrong", "SignatureDoesNotMatch"},
		{"AKNOBODY", "right", "InvalidClientTokenId"},
	} {
		_, err := call(tc.id, tc.secret)
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != tc.want {
			t.Errorf("%s: got %v, want %s", tc.id, err, tc.want)
		}
	}
}
