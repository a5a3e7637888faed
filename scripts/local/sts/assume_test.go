package sts_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	client "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/objectstore"
	"github.com/headwaterhq/headwater/scripts/local/sts"
)

const (
	roleARN = "arn:aws:iam::222233334444:role/headwater-exports"
	trust   = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole",
		"Condition": {"StringEquals": {"sts:ExternalId": "our-secretless-id"}}}]}`
	reads = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::exports"},
		{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::exports/*"}]}`
	pinned = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::exports", "Condition": {"StringLike": {"s3:prefix": "crm/*"}}},
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::exports/crm/*"}]}`
)

// clouds are an STS and an S3 of one ring, as the laptop stack has them.
type clouds struct {
	ring    *access.Ring
	roles   *sts.Roles
	stsURL  string
	s3URL   string
	allowed access.Key // may assume roles whose name begins with headwater-
	nobody  access.Key // may assume none
	owner   access.Key
}

func newClouds(t *testing.T) clouds {
	t.Helper()
	c := clouds{
		roles:   sts.NewRoles(),
		allowed: access.Key{ID: "AKFUNCTION", Secret: "f", Grants: []access.Grant{{Actions: []string{"sts:AssumeRole"}, Resources: []string{"arn:*:iam::*:role/headwater-*"}}}},
		nobody:  access.Key{ID: "AKNOBODY", Secret: "n"},
		owner:   access.Key{ID: "AKOWNER", Secret: "o", Grants: []access.Grant{access.Everything("*")}},
	}
	c.ring = access.NewRing(c.allowed, c.nobody, c.owner)
	objects, err := objectstore.Open(objectstore.Config{Dir: t.TempDir(), Region: "us-east-1", Ring: c.ring, Buckets: []string{"exports"}})
	if err != nil {
		t.Fatal(err)
	}
	start := func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	c.s3URL, c.stsURL = start(objects), start(sts.Handler(c.ring, "000000000000", c.roles))
	if err := c.roles.Put(sts.Role{ARN: roleARN, Trust: trust, Policy: reads}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c clouds) sts(p aws.CredentialsProvider) *client.Client {
	return client.New(client.Options{BaseEndpoint: &c.stsURL, Region: "us-east-1", RetryMaxAttempts: 1, HTTPClient: &http.Client{}, Credentials: p})
}

func (c clouds) s3(p aws.CredentialsProvider) *s3.Client {
	return s3.New(s3.Options{BaseEndpoint: &c.s3URL, Region: "us-east-1", RetryMaxAttempts: 1, UsePathStyle: true, HTTPClient: &http.Client{}, Credentials: p})
}

func static(k access.Key) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(k.ID, k.Secret, "")
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func prefixed(text string) string { return strings.ReplaceAll(pinned, "crm/", text+"/") }

func TestAssumeRoleIsRefused(t *testing.T) {
	c := newClouds(t)
	for name, tc := range map[string]struct {
		caller       access.Key
		arn          string
		change       func(*client.AssumeRoleInput)
		code, reason string
	}{
		"right":                               {c.allowed, roleARN, nil, "", ""},
		"no external ID":                      {c.allowed, roleARN, func(in *client.AssumeRoleInput) { in.ExternalId = nil }, "AccessDenied", "not authorized to perform: sts:AssumeRole"},
		"another external ID":                 {c.allowed, roleARN, func(in *client.AssumeRoleInput) { in.ExternalId = aws.String("theirs") }, "AccessDenied", "not authorized"},
		"no such role":                        {c.allowed, roleARN + "2", nil, "AccessDenied", "not authorized"},
		"the caller may not":                  {c.nobody, roleARN, nil, "AccessDenied", "no identity-based policy allows"},
		"a role of another name":              {c.allowed, "arn:aws:iam::222233334444:role/admin", nil, "AccessDenied", "no identity-based policy allows"},
		"too short a session":                 {c.allowed, roleARN, func(in *client.AssumeRoleInput) { in.DurationSeconds = aws.Int32(60) }, "ValidationError", ""},
		"a session policy of chaff":           {c.allowed, roleARN, func(in *client.AssumeRoleInput) { in.Policy = aws.String("{}") }, "MalformedPolicyDocument", ""},
		"too long a session policy":           {c.allowed, roleARN, func(in *client.AssumeRoleInput) { in.Policy = aws.String(pinned + strings.Repeat(" ", 2048)) }, "ValidationError", ""},
		"what a session policy may spell":     {c.allowed, roleARN, func(in *client.AssumeRoleInput) { in.Policy = aws.String(prefixed("crm/é/${*}\\u65e5")) }, "", ""},
		"what a session policy may not spell": {c.allowed, roleARN, func(in *client.AssumeRoleInput) { in.Policy = aws.String(prefixed("crm/日")) }, "ValidationError", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := &client.AssumeRoleInput{RoleArn: &tc.arn, RoleSessionName: aws.String("con_1"), ExternalId: aws.String("our-secretless-id")}
			if tc.change != nil {
				tc.change(in)
			}
			_, err := c.sts(static(tc.caller)).AssumeRole(t.Context(), in)
			if code(err) != tc.code || tc.reason != "" && !strings.Contains(err.Error(), tc.reason) {
				t.Errorf("got %v, want %s", err, tc.code)
			}
		})
	}
}

// TestASessionDoesWhatBothPoliciesAllow assumes the role and uses what it got in S3.
func TestASessionDoesWhatBothPoliciesAllow(t *testing.T) {
	c := newClouds(t)
	for _, key := range []string{"crm/a.csv", "hr/a.csv"} {
		_, err := c.s3(static(c.owner)).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("exports"), Key: &key, Body: strings.NewReader("a\n1\n")})
		if err != nil {
			t.Fatal(err)
		}
	}
	session := func(policy *string) aws.CredentialsProvider {
		out, err := c.sts(static(c.allowed)).AssumeRole(t.Context(), &client.AssumeRoleInput{
			RoleArn: aws.String(roleARN), RoleSessionName: aws.String("con_1"), ExternalId: aws.String("our-secretless-id"), Policy: policy,
		})
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(*out.Credentials.Expiration); left < 55*time.Minute || left > time.Hour {
			t.Errorf("the session lasts %v", left)
		}
		got := out.Credentials
		return credentials.NewStaticCredentialsProvider(*got.AccessKeyId, *got.SecretAccessKey, *got.SessionToken)
	}
	whole, limited := session(nil), session(aws.String(pinned))
	who, err := c.sts(limited).GetCallerIdentity(t.Context(), &client.GetCallerIdentityInput{})
	if err != nil || *who.Arn != "arn:aws:sts::222233334444:assumed-role/headwater-exports/con_1" || *who.Account != "222233334444" {
		t.Errorf("got %+v, %v", who, err)
	}
	bucket := aws.String("exports")
	get := func(ctx context.Context, p aws.CredentialsProvider, key string) string {
		_, err := c.s3(p).GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &key})
		return code(err)
	}
	list := func(p aws.CredentialsProvider, prefix string) string {
		_, err := c.s3(p).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket, Prefix: &prefix})
		return code(err)
	}
	put := func(p aws.CredentialsProvider) string {
		_, err := c.s3(p).PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("crm/b.csv"), Body: strings.NewReader("x")})
		return code(err)
	}
	stolen, err := limited.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for doing, tc := range map[string]struct{ got, want string }{
		"the role lists":                         {list(whole, ""), ""},
		"the role reads":                         {get(t.Context(), whole, "hr/a.csv"), ""},
		"the role writes":                        {put(whole), ""},
		"the session lists the prefix":           {list(limited, "crm/"), ""},
		"the session lists all":                  {list(limited, ""), "AccessDenied"},
		"the session reads the prefix":           {get(t.Context(), limited, "crm/a.csv"), ""},
		"the session reads beside it":            {get(t.Context(), limited, "hr/a.csv"), "AccessDenied"},
		"the session writes":                     {put(limited), "AccessDenied"},
		"the key of the session without a token": {get(t.Context(), credentials.NewStaticCredentialsProvider(stolen.AccessKeyID, stolen.SecretAccessKey, ""), "crm/a.csv"), "InvalidToken"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", doing, tc.got, tc.want)
		}
	}
	c.ring.Expire()
	if got := get(t.Context(), limited, "crm/a.csv"); got != "ExpiredToken" {
		t.Errorf("an expired session: got %q", got)
	}
	if _, err := c.sts(limited).GetCallerIdentity(t.Context(), &client.GetCallerIdentityInput{}); code(err) != "ExpiredToken" {
		t.Errorf("an expired session at STS: got %v", err)
	}
}
