package s3_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/peer"
)

// versity starts versitygw, which verifies signatures and enforces bucket
// policies, with a user per set of rights.
func versity(t *testing.T) string {
	t.Helper()
	url, _ := versityIn(t)
	return url
}

// versityIn also returns the directory that holds the buckets, their objects as files.
func versityIn(t *testing.T) (url, dir string) {
	t.Helper()
	dir = t.TempDir()
	program := peer.Build(t, "github.com/versity/versitygw/cmd/versitygw")
	addr := peer.FreeAddr(t)
	url = "http://" + addr
	peer.Start(t, addr, program,
		"--access", adminKey, "--secret", secretOf(adminKey), "--region", region, "--port", addr, "--quiet",
		"--iam-dir", t.TempDir(), "posix", "--versioning-dir", t.TempDir(), dir)
	for _, key := range []string{readerKey, listerKey, nobodyKey, unpinnedKey, partialKey} {
		peer.Run(t, program, "admin", "--access", adminKey, "--secret", secretOf(adminKey), "--region", region, "--endpoint-url", url,
			"create-user", "--access", key, "--secret", secretOf(key), "--role", "user")
	}
	return url, dir
}

// grant lets the reader list and read, the lister only list, the
// unpinned read no versions, and the partial read one table.
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
		{"Allow", map[string][]string{"AWS": {readerKey, listerKey, unpinnedKey, partialKey}}, "s3:ListBucket", arn},
		{"Allow", map[string][]string{"AWS": {readerKey, listerKey, partialKey}}, "s3:ListBucketVersions", arn},
		{"Allow", map[string][]string{"AWS": {readerKey, unpinnedKey}}, "s3:GetObject", arn + "/*"},
		{"Allow", map[string][]string{"AWS": {readerKey}}, "s3:GetObjectVersion", arn + "/*"},
		{"Allow", map[string][]string{"AWS": {partialKey}}, "s3:GetObject", arn + "/" + prefix + "/t/*"},
		{"Allow", map[string][]string{"AWS": {partialKey}}, "s3:GetObjectVersion", arn + "/" + prefix + "/t/*"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin(url).PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(string(policy))})
	if err != nil {
		t.Fatal(err)
	}
}

// keepVersions turns versioning on.
func keepVersions(t *testing.T, url string) {
	t.Helper()
	_, err := admin(url).PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{
		Bucket: aws.String(bucket), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestConformanceOnVersity reads a bucket that keeps versions.
func TestConformanceOnVersity(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a third-party server")
	}
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("suite", func(t *testing.T) {
		url := versity(t)
		objects, tables := content(t)
		createBucket(t, url)
		keepVersions(t, url)
		fill(t, url, objects)
		grant(t, url)
		h := byKey(tables, connect(t, url))
		h.Change = oneMoreRow(admin(url), objects)
		h.Broken = append(h.Broken,
			sourcetest.Broken{Name: "another region", Config: inRegion(config(bucket, readerKey), "eu-central-1"), Check: "s3.region", Code: fault.SourceWrongRegion},
			sourcetest.Broken{Name: "may not list", Config: config(bucket, nobodyKey), Check: "s3.list_objects", Code: fault.SourcePermission},
			sourcetest.Broken{Name: "may not read", Config: config(bucket, listerKey), Check: "s3.get_object", Code: fault.SourcePermission},
		)
		sourcetest.Run(t, h)
	})
}

// TestARunReadsTheVersionsOfItsPlan replaces and removes files between plan and read.
func TestARunReadsTheVersionsOfItsPlan(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a third-party server")
	}
	url := versity(t)
	createBucket(t, url)
	put(t, admin(url), prefix+"/t/0.csv", "a\n0\n") // before versions were kept
	keepVersions(t, url)
	put(t, admin(url), prefix+"/s/1.csv", "a\n1\n") // denied to the partial one, and listed before the others
	put(t, admin(url), prefix+"/t/1.csv", "a\n7\n")
	put(t, admin(url), prefix+"/t/1.csv", "a\n1\n")
	put(t, admin(url), prefix+"/t/2.csv", "a\n2\n")
	put(t, admin(url), prefix+"/t/3.csv", "a\n3\n")
	remove(t, admin(url), prefix+"/t/3.csv")
	grant(t, url)
	connect(t, url)
	for key, want := range map[string]struct {
		rows  string
		code  fault.Code
		check source.Outcome
		says  string
	}{
		readerKey:   {`{"a":0}{"a":1}{"a":2}`, "", source.Pass, prefix + "/s/1.csv"},
		partialKey:  {`{"a":0}{"a":1}{"a":2}`, "", source.Pass, prefix + "/s/1.csv"},
		unpinnedKey: {"", fault.SourceChanged, source.Warn, "s3:ListBucketVersions"},
	} {
		t.Run(key, func(t *testing.T) {
			s := open(t, config(bucket, key))
			results, err := s.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r := result(t, results, "s3.pin_versions"); r.Outcome != want.check || !strings.Contains(r.Detail, want.says) {
				t.Errorf("got %+v", r)
			}
			plan, err := s.Plan(t.Context(), source.PlanRequest{Table: schema.Table{Name: "t"}})
			if err != nil {
				t.Fatal(err)
			}
			put(t, admin(url), prefix+"/t/1.csv", "a\n9\n")
			remove(t, admin(url), prefix+"/t/2.csv")
			defer put(t, admin(url), prefix+"/t/1.csv", "a\n1\n")
			defer put(t, admin(url), prefix+"/t/2.csv", "a\n2\n")
			rows, err := readAll(t, s, plan)
			if fault.CodeOf(err) != want.code || err == nil && rows != want.rows {
				t.Errorf("got %s, %v", rows, err)
			}
		})
	}
}
