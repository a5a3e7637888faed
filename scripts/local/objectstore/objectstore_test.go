package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/objectstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const region = "eu-central-1"

var (
	owner  = access.Key{ID: "AKOWNER", Secret: "owner-secret", Grants: []access.Grant{access.Everything("*")}}
	reader = access.Key{ID: "AKREADER", Secret: "reader-secret", Grants: []access.Grant{access.ReadOnly("source")}}
	getter = access.Key{ID: "AKGETTER", Secret: "getter-secret", Grants: []access.Grant{
		{Actions: []string{"s3:GetObject"}, Bucket: "source", Prefix: "open/"},
	}}
)

// serve starts a store over dir and returns its address.
func serve(t *testing.T, dir string) string {
	t.Helper()
	h, err := objectstore.Open(objectstore.Config{
		Dir: dir, Region: region, Ring: access.NewRing(owner, reader, getter), Buckets: []string{"lake", "source"},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T, url string, key access.Key, options ...func(*s3.Options)) *s3.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(url), Region: region, UsePathStyle: true, RetryMaxAttempts: 1,
		HTTPClient:  &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(key.ID, key.Secret, ""),
	}, options...)
}

func put(t *testing.T, c *s3.Client, bucket, key, body string) {
	t.Helper()
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatalf("putting %s: %v", key, err)
	}
}

func get(ctx context.Context, c *s3.Client, in *s3.GetObjectInput) (string, error) {
	out, err := c.GetObject(ctx, in)
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	return string(body), err
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestObjectsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	long := "lake/" + strings.Repeat("segment=value/", 70) + "part.parquet"
	first := client(t, serve(t, dir), owner)
	for _, key := range []string{"a", "a/b", "ümlaut and space+plus.csv", long} {
		put(t, first, "lake", key, "body of "+key)
	}
	put(t, first, "lake", "a", "second body")

	again := client(t, serve(t, dir), owner)
	want := map[string]string{
		"a": "second body", "a/b": "body of a/b", long: "body of " + long,
		"ümlaut and space+plus.csv": "body of ümlaut and space+plus.csv",
	}
	for key, body := range want {
		got, err := get(t.Context(), again, &s3.GetObjectInput{Bucket: aws.String("lake"), Key: &key})
		if err != nil || got != body {
			t.Errorf("%q: got %q, %v", key, got, err)
		}
	}
}

func TestListingPagesInOrder(t *testing.T) {
	c := client(t, serve(t, t.TempDir()), owner)
	var want []string
	for i := range 45 {
		key := fmt.Sprintf("t/%02d/file", i)
		want = append(want, key)
		put(t, c, "lake", key, "x")
	}
	put(t, c, "lake", "t0", "not below the prefix")
	var keys []string
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: aws.String("lake"), Prefix: aws.String("t/"), MaxKeys: aws.Int32(10)})
	sizes := []int{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Contents))
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	if d := cmp.Diff(want, keys); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int{10, 10, 10, 10, 5}, sizes); d != "" {
		t.Error(d)
	}
}

func TestListingGroupsByDelimiter(t *testing.T) {
	c := client(t, serve(t, t.TempDir()), owner)
	for _, key := range []string{"d/a/1", "d/a/2", "d/a-b", "d/b/1", "d/c", "d//x"} {
		put(t, c, "lake", key, "x")
	}
	var got []string
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{
		Bucket: aws.String("lake"), Prefix: aws.String("d/"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(1),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.CommonPrefixes {
			got = append(got, *p.Prefix)
		}
		for _, o := range page.Contents {
			got = append(got, *o.Key)
		}
	}
	if d := cmp.Diff([]string{"d//", "d/a-b", "d/a/", "d/b/", "d/c"}, got); d != "" {
		t.Error(d)
	}
}

func TestRanges(t *testing.T) {
	c := client(t, serve(t, t.TempDir()), owner)
	put(t, c, "lake", "k", "0123456789")
	for _, tc := range []struct{ header, want string }{
		{"bytes=2-4", "234"}, {"bytes=7-", "789"}, {"bytes=-3", "789"}, {"bytes=-100", "0123456789"}, {"bytes=8-100", "89"},
	} {
		got, err := get(t.Context(), c, &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("k"), Range: &tc.header})
		if err != nil || got != tc.want {
			t.Errorf("%s: got %q, %v, want %q", tc.header, got, err, tc.want)
		}
	}
	_, err := get(t.Context(), c, &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("k"), Range: aws.String("bytes=10-12")})
	if code(err) != "InvalidRange" {
		t.Errorf("beyond the end: %v", err)
	}
}

func TestConditions(t *testing.T) {
	c := client(t, serve(t, t.TempDir()), owner)
	var won atomic.Int32
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String("lake"), Key: aws.String("once"), IfNoneMatch: aws.String("*"), Body: strings.NewReader(fmt.Sprint(i)),
			})
			switch {
			case err == nil:
				won.Add(1)
			case code(err) != "PreconditionFailed":
				t.Error(err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d writers won", won.Load())
	}
	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("lake"), Key: aws.String("once")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), c, &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("once"), IfMatch: head.ETag}); err != nil {
		t.Errorf("reading what was seen: %v", err)
	}
	put(t, c, "lake", "once", "another")
	_, err = get(t.Context(), c, &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("once"), IfMatch: head.ETag})
	if code(err) != "PreconditionFailed" {
		t.Errorf("reading what has changed: %v", err)
	}
}

func TestHeadBucketTellsTheRegion(t *testing.T) {
	out, err := client(t, serve(t, t.TempDir()), owner).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("lake")})
	if err != nil || aws.ToString(out.BucketRegion) != region {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestMultipartAndCopyAndDelete(t *testing.T) {
	c := client(t, serve(t, t.TempDir()), owner)
	bucket, key := aws.String("lake"), aws.String("big")
	upload, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for n, size := range []int{5 << 20, 10} {
		part, err := c.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: bucket, Key: key, UploadId: upload.UploadId, PartNumber: aws.Int32(int32(n + 1)),
			Body: bytes.NewReader(bytes.Repeat([]byte{'x'}, size)),
		})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(int32(n + 1)), ETag: part.ETag})
	}
	if _, err := c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: key, UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("lake/big")}); err != nil {
		t.Fatal(err)
	}
	got, err := get(t.Context(), c, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("copy")})
	if err != nil || len(got) != 5<<20+10 {
		t.Fatalf("copy has %d bytes, %v", len(got), err)
	}
	if _, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{
		Objects: []types.ObjectIdentifier{{Key: aws.String("big")}, {Key: aws.String("copy")}, {Key: aws.String("never was")}},
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), c, &s3.GetObjectInput{Bucket: bucket, Key: key}); code(err) != "NoSuchKey" {
		t.Errorf("after the deletion: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	url := serve(t, t.TempDir())
	put(t, client(t, url, owner), "source", "open/file", "x")
	put(t, client(t, url, owner), "source", "closed/file", "x")
	read := func(key string) func(context.Context, *s3.Client) error {
		return func(ctx context.Context, c *s3.Client) error {
			_, err := get(ctx, c, &s3.GetObjectInput{Bucket: aws.String("source"), Key: &key})
			return err
		}
	}
	list := func(bucket string) func(context.Context, *s3.Client) error {
		return func(ctx context.Context, c *s3.Client) error {
			_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
			return err
		}
	}
	write := func(ctx context.Context, c *s3.Client) error {
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("source"), Key: aws.String("open/file"), Body: strings.NewReader("y")})
		return err
	}
	elsewhere := func(o *s3.Options) { o.Region = "us-west-2" }
	for _, tc := range []struct {
		name    string
		key     access.Key
		call    func(context.Context, *s3.Client) error
		options []func(*s3.Options)
		want    string
	}{
		{"reader reads", reader, read("closed/file"), nil, ""},
		{"reader lists", reader, list("source"), nil, ""},
		{"reader does not write", reader, write, nil, "AccessDenied"},
		{"reader has nothing in the lake", reader, list("lake"), nil, "AccessDenied"},
		{"no such bucket", reader, list("nowhere"), nil, "NoSuchBucket"},
		{"missing key, may list", reader, read("open/none"), nil, "NoSuchKey"},
		{"missing key, may not list", getter, read("open/none"), nil, "AccessDenied"},
		{"outside the prefix", getter, read("closed/file"), nil, "AccessDenied"},
		{"no list permission", getter, list("source"), nil, "AccessDenied"},
		{"unknown key", access.Key{ID: "AKNOBODY", Secret: "s"}, list("source"), nil, "InvalidAccessKeyId"},
		{"wrong secret", access.Key{ID: reader.ID, Secret: "wrong"}, list("source"), nil, "SignatureDoesNotMatch"},
		{"wrong region", reader, list("source"), []func(*s3.Options){elsewhere}, "AuthorizationHeaderMalformed"},
		{"tagging is refused, it would overwrite the object", owner, func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{
				Bucket: aws.String("source"), Key: aws.String("open/file"), Tagging: &types.Tagging{TagSet: []types.Tag{}},
			})
			return err
		}, nil, "NotImplemented"},
		{"a sub-resource that nobody granted", reader, func(ctx context.Context, c *s3.Client) error {
			_, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("source")})
			return err
		}, nil, "AccessDenied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.call(t.Context(), client(t, url, tc.key, tc.options...))
			if got := code(err); err != nil && got != tc.want || err == nil && tc.want != "" {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	if got, _ := get(t.Context(), client(t, url, owner), &s3.GetObjectInput{Bucket: aws.String("source"), Key: aws.String("open/file")}); got != "x" {
		t.Errorf("the object is now %q", got)
	}
}

func TestUnsignedAndTamperedRequests(t *testing.T) {
	url := serve(t, t.TempDir())
	res, err := http.Get(url + "/lake")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("unsigned: %s", res.Status)
	}
	tamper := func(o *s3.Options) { o.HTTPClient = tampering{} }
	_, err = client(t, url, owner, tamper).PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("lake"), Key: aws.String("k"), Body: strings.NewReader("signed body"),
	})
	if code(err) != "BadDigest" {
		t.Errorf("another body than the signed one: %v", err)
	}
	if _, err := get(t.Context(), client(t, url, owner), &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("k")}); code(err) != "NoSuchKey" {
		t.Errorf("the tampered object was stored: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// tampering sends another body of the same length than was signed.
type tampering struct{}

func (tampering) Do(r *http.Request) (*http.Response, error) {
	r.Body = io.NopCloser(strings.NewReader("SIGNED BODY"))
	return http.DefaultClient.Do(r)
}

// An unseekable body goes out in chunks with its checksum behind them.
func TestStreamedBody(t *testing.T) {
	c := client(t, serve(t, t.TempDir()), owner)
	body := strings.Repeat("0123456789", 50_000)
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("lake"), Key: aws.String("stream"), ContentLength: aws.Int64(int64(len(body))),
		Body: io.LimitReader(strings.NewReader(body), int64(len(body))), ContentEncoding: aws.String("gzip"),
	}, s3.WithAPIOptions(chunkedEncoding))
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("stream")})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	got, err := io.ReadAll(out.Body)
	if err != nil || string(got) != body || aws.ToString(out.ContentEncoding) != "gzip" {
		t.Errorf("got %d bytes, encoding %q, %v", len(got), aws.ToString(out.ContentEncoding), err)
	}
}
