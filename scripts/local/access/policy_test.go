package access_test

import (
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/access"
)

func TestPolicyDecides(t *testing.T) {
	policy, err := access.ParsePolicy(`{"Version": "2012-10-17", "Statement": [
		{"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b", "Condition": {"StringLike": {"s3:prefix": "in/*"}}},
		{"Effect": "Allow", "Action": ["s3:Get*"], "Resource": ["arn:aws:s3:::b/in/*", "arn:aws:s3:::b/${*}/?"]},
		{"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::b/in/secret/*"}
	]}`)
	if err != nil {
		t.Fatal(err)
	}
	prefix := func(p string) map[string]string { return map[string]string{"s3:prefix": p} }
	for _, tc := range []struct {
		action, resource string
		context          map[string]string
		want             bool
	}{
		{"s3:ListBucket", "arn:aws:s3:::b", prefix("in/"), true},
		{"s3:ListBucket", "arn:aws:s3:::b", prefix("out/"), false},
		{"s3:ListBucket", "arn:aws:s3:::b", nil, false},
		{"s3:listbucket", "arn:aws:s3:::b", prefix("in/x"), true},
		{"s3:GetObject", "arn:aws:s3:::b/in/x", nil, true},
		{"s3:GetObjectVersion", "arn:aws:s3:::b/in/x", nil, true},
		{"s3:PutObject", "arn:aws:s3:::b/in/x", nil, false},
		{"s3:GetObject", "arn:aws:s3:::b/out/x", nil, false},
		{"s3:GetObject", "arn:aws:s3:::b/in/secret/x", nil, false},
		{"s3:GetObject", "arn:aws:s3:::b/*/x", nil, true},
		{"s3:GetObject", "arn:aws:s3:::b/a/x", nil, false},
		{"s3:GetObject", "arn:aws:s3:::b/*/xy", nil, false},
	} {
		if got := policy.Allows(access.Request{Action: tc.action, Resource: tc.resource, Context: tc.context}); got != tc.want {
			t.Errorf("%+v: got %t", tc, got)
		}
	}
}

func TestTrustPolicyDecides(t *testing.T) {
	for name, tc := range map[string]struct {
		principal, caller string
		want              bool
	}{
		"an account":      {"111122223333", "arn:aws:iam::111122223333:user/x", true},
		"its root":        {"arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:assumed-role/r/s", true},
		"another account": {"111122223333", "arn:aws:iam::444455556666:user/x", false},
		"one user":        {"arn:aws:iam::111122223333:user/x", "arn:aws:iam::111122223333:user/x", true},
		"another user":    {"arn:aws:iam::111122223333:user/x", "arn:aws:iam::111122223333:user/y", false},
		"anybody":         {"*", "arn:aws:iam::111122223333:user/x", true},
		"nobody":          {"", "arn:aws:iam::111122223333:user/x", false},
	} {
		policy, err := access.ParsePolicy(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + tc.principal + `"}, "Action": "sts:AssumeRole"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		if got := policy.Allows(access.Request{Principal: tc.caller, Action: "sts:AssumeRole"}); got != tc.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestPolicyThatIsNotUnderstoodIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":           `x`,
		"an old version":    `{"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`,
		"no statement":      `{"Version": "2012-10-17", "Statement": []}`,
		"an unknown effect": `{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}`,
		"NotAction":         `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "x", "Resource": "*"}]}`,
		"another operator":  `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}`,
		"another principal": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "*"}]}`,
	} {
		if _, err := access.ParsePolicy(text); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
