package s3_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/peer"
)

// versity starts versitygw, which verifies signatures and enforces bucket
// policies, with a user per set of rights.
func versity(t *testing.T) string {
	t.Helper()
	program := peer.Build(t, "github.com/versity/versitygw/cmd/versitygw")
	addr := peer.FreeAddr(t)
	url := "http://" + addr
	peer.Start(t, addr, program,
		"--access", adminKey, "--secret", secretOf(adminKey), "--region", region, "--port", addr, "--quiet",
		"--iam-dir", t.TempDir(), "posix", t.TempDir())
	for _, key := range []string{readerKey, listerKey, nobodyKey} {
		peer.Run(t, program, "admin", "--access", adminKey, "--secret", secretOf(adminKey), "--region", region, "--endpoint-url", url,
			"create-user", "--access", key, "--secret", secretOf(key), "--role", "user")
	}
	return url
}

// grant lets the reader list and read, and the lister only list.
func grant(t *testing.T, url string) {
	t.Helper()
	type statement struct {
		Effect    string
		Principal map[string][]string
		Action    string
		Resource  string
	}
	arn := "arn:aws:s3:::" + bucket
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []statement{
		{"Allow", map[string][]string{"AWS": {readerKey, listerKey}}, "s3:ListBucket", arn},
		{"Allow", map[string][]string{"AWS": {readerKey}}, "s3:GetObject", arn + "/*"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin(url).PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(string(policy))})
	if err != nil {
		t.Fatal(err)
	}
}

func TestConformanceOnVersity(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a third-party server")
	}
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("suite", func(t *testing.T) {
		url := versity(t)
		objects, tables := content(t)
		fill(t, url, objects)
		grant(t, url)
		h := harness(url, tables, connect(t, url))
		h.Broken = append(h.Broken,
			sourcetest.Broken{Name: "may not list", Config: config(bucket, nobodyKey), Check: "s3.list_objects", Code: fault.SourcePermission},
			sourcetest.Broken{Name: "may not read", Config: config(bucket, listerKey), Check: "s3.get_object", Code: fault.SourcePermission},
		)
		sourcetest.Run(t, h)
	})
}
