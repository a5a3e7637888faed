package dataset_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

// bucket starts an S3 server with one bucket, "sources".
func bucket(t *testing.T) dataset.Bucket {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("sources"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	client := s3.New(s3.Options{
		BaseEndpoint: &server.URL, UsePathStyle: true, Region: "eu-west-1", HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("seed", "seed", ""), Retryer: aws.NopRetryer{},
	})
	return dataset.Bucket{Client: client, Name: "sources", Prefix: "demo"}
}

func fromBucket(ctx context.Context, b dataset.Bucket, name string) ([]byte, error) {
	out, err := b.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.Name, Key: aws.String("demo/" + name)})
	if err != nil {
		if _, missing := errors.AsType[*types.NoSuchKey](err); missing {
			return nil, fs.ErrNotExist
		}
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// place is a sink and how to read from it.
type place struct {
	sink dataset.Sink
	read func(name string) ([]byte, error)
}

func places(t *testing.T) map[string]place {
	dir := t.TempDir()
	var memory dataset.Memory
	b := bucket(t)
	return map[string]place{
		"dir":    {dataset.Dir(dir), func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }},
		"memory": {&memory, memory.File},
		"bucket": {b, func(name string) ([]byte, error) { return fromBucket(t.Context(), b, name) }},
	}
}

func TestSinksKeepWhatTheyAreGiven(t *testing.T) {
	const part = 8 << 20
	for kind, p := range places(t) {
		for _, size := range []int{0, 1, part - 1, part, part + 1, 2*part + 123} {
			content := make([]byte, size)
			_, _ = rand.NewChaCha8([32]byte{1}).Read(content)
			w, err := p.sink.Create(t.Context(), "a/b/file")
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			for rest := content; len(rest) > 0; {
				n, err := w.Write(rest[:min(len(rest), 700_001)])
				if err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				rest = rest[n:]
			}
			if err := w.Close(); err != nil {
				t.Fatalf("%s: %d bytes: closing: %v", kind, size, err)
			}
			got, err := p.read("a/b/file")
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s: read %d bytes and error %v, want the %d written", kind, len(got), err, size)
			}
		}
	}
}

func TestAnAbandonedFileDoesNotExist(t *testing.T) {
	for kind, p := range places(t) {
		for _, size := range []int{10, 9 << 20} {
			ctx, cancel := context.WithCancel(t.Context())
			w, err := p.sink.Create(ctx, "half")
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if _, err := w.Write(make([]byte, size)); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			cancel()
			if err := w.Close(); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: closing after the context ended: %v, want its error", kind, err)
			}
			if _, err := p.read("half"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: reading the abandoned file: %v, want that it does not exist", kind, err)
			}
		}
	}
}

func TestAnAbandonedFileLeavesNothingBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir, b := t.TempDir(), bucket(t)
	var open []io.Closer
	for _, sink := range []dataset.Sink{dataset.Dir(dir), b} {
		w, err := sink.Create(ctx, "half")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 9<<20)); err != nil {
			t.Fatal(err)
		}
		open = append(open, w)
	}
	remains := func() int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		uploads, err := b.Client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b.Name})
		if err != nil {
			t.Fatal(err)
		}
		return len(entries) + len(uploads.Uploads)
	}
	if n := remains(); n != 2 {
		t.Fatalf("%d files and uploads under way, want 2", n)
	}
	cancel()
	for _, w := range open {
		_ = w.Close() // its error is another test's
	}
	if n := remains(); n != 0 {
		t.Errorf("%d files and uploads left behind, want none", n)
	}
}

func TestDirRefusesNamesOutsideItself(t *testing.T) {
	for _, name := range []string{"../up", "/etc/passwd", "a/../../b", ""} {
		if w, err := dataset.Dir(t.TempDir()).Create(t.Context(), name); err == nil {
			_ = w.Close()
			t.Errorf("%q was accepted", name)
		}
	}
}

func TestAMissingBucketIsAnError(t *testing.T) {
	b := bucket(t)
	b.Name = "nowhere"
	_, err := dataset.Write(t.Context(), b, dataset.Options{Rows: 10, Tables: []string{dataset.Households}})
	if code, ok := errors.AsType[smithy.APIError](err); !ok || code.ErrorCode() != "NoSuchBucket" {
		t.Errorf("error is %v, want NoSuchBucket", err)
	}
}
