package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/objectstore"
)

const bucket = "lake"

func client(t *testing.T, h http.Handler) *s3.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
}

func open(t *testing.T) (*objectstore.Store, *s3.Client) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	c := client(t, gofakes3.New(backend).Server())
	return objectstore.New(c, bucket), c
}

func TestPutAndGet(t *testing.T) {
	s, _ := open(t)
	for name, body := range map[string][]byte{
		"nothing": {}, "text": []byte("hello"), "large": bytes.Repeat([]byte{0, 255}, 3<<20),
	} {
		key := "runs/w/" + name + " ü+%.json"
		if err := s.Put(t.Context(), key, body); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := s.Get(t.Context(), key)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: got %d bytes, %v; want %d", name, len(got), err, len(body))
		}
	}
	if err := s.Put(t.Context(), "runs/w/text ü+%.json", []byte("other")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), "runs/w/text ü+%.json"); string(got) != "other" {
		t.Errorf("after a second Put: %q, %v", got, err)
	}
}

func TestGetRange(t *testing.T) {
	s, _ := open(t)
	if err := s.Put(t.Context(), "pages/a", []byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		offset, length int64
		want           string
	}{{0, 3, "012"}, {4, 1, "4"}, {7, 3, "789"}, {7, 30, "789"}, {0, 10, "0123456789"}} {
		got, err := s.GetRange(t.Context(), "pages/a", test.offset, test.length)
		if err != nil || string(got) != test.want {
			t.Errorf("%d bytes from %d: %q, %v; want %q", test.length, test.offset, got, err, test.want)
		}
	}
	if _, err := s.GetRange(t.Context(), "missing", 0, 1); fault.CodeOf(err) != fault.Internal {
		t.Errorf("error %v, want %s", err, fault.Internal)
	}
}

func TestGetOfNothing(t *testing.T) {
	s, _ := open(t)
	if _, err := s.Get(t.Context(), "missing"); fault.CodeOf(err) != fault.Internal {
		t.Errorf("error %v, want %s", err, fault.Internal)
	}
}

func TestDelete(t *testing.T) {
	s, c := open(t)
	var keys []string
	for n := range 1100 { // more than S3 deletes at once
		key := fmt.Sprintf("parts/%d", n)
		keys = append(keys, key)
		if err := s.Put(t.Context(), key, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Put(t.Context(), "kept", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is gone is fine
		if err := s.Delete(t.Context(), append(keys, "never there")...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context()); err != nil {
		t.Errorf("deleting nothing: %v", err)
	}
	out, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Contents) != 1 || *out.Contents[0].Key != "kept" {
		t.Errorf("%d objects are left, want the one that was not deleted", len(out.Contents))
	}
}

func TestKeys(t *testing.T) {
	s, _ := open(t)
	var want []string
	for n := range 1100 { // more than S3 lists at once
		want = append(want, fmt.Sprintf("manifests/w/%04d", n))
	}
	for _, key := range append([]string{"manifests/v/1", "manifests/x/1"}, want...) {
		if err := s.Put(t.Context(), key, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for key, err := range s.Keys(t.Context(), "manifests/w/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d keys, want %d", len(got), len(want))
	}
	for range s.Keys(t.Context(), "manifests/") {
		break // and the rest is not asked for
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.Keys(ctx, "manifests/") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the context's own", err)
		}
	}
}

func TestClassification(t *testing.T) {
	answer := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", code)
		}
	}
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	short := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(100))
		_, _ = w.Write([]byte("half"))
	}
	partly := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<DeleteResult><Error><Key>k</Key><Code>SlowDown</Code><Message>m</Message></Error></DeleteResult>`))
	}
	get := func(ctx context.Context, s *objectstore.Store) error { _, err := s.Get(ctx, "k"); return err }
	put := func(ctx context.Context, s *objectstore.Store) error { return s.Put(ctx, "k", []byte("b")) }
	remove := func(ctx context.Context, s *objectstore.Store) error { return s.Delete(ctx, "k") }
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		call   func(context.Context, *objectstore.Store) error
		want   fault.Code
	}{
		"slow down":          {answer(503, "SlowDown"), put, fault.Throttled},
		"their failure":      {answer(500, "InternalError"), get, fault.Unavailable},
		"a bad gateway":      {answer(502, "Whatever"), put, fault.Unavailable},
		"not allowed":        {answer(403, "AccessDenied"), get, fault.Internal},
		"no bucket":          {answer(404, "NoSuchBucket"), put, fault.Internal},
		"a broken line":      {hangUp, put, fault.Unavailable},
		"half an object":     {short, get, fault.Unavailable},
		"half of a deletion": {partly, remove, fault.Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.call(t.Context(), objectstore.New(client(t, test.answer), bucket))
			if err == nil || fault.CodeOf(err) != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

func TestCancelStaysCancel(t *testing.T) {
	s, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, "k", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's own", err)
	}
}
