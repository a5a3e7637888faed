package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

// seed runs the command and returns the manifest that it prints.
func seed(t *testing.T, args ...string) dataset.Manifest {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), args, &stdout, &stderr); err != nil {
		t.Fatalf("seed %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	var manifest dataset.Manifest
	in := json.NewDecoder(&stdout)
	in.DisallowUnknownFields()
	if err := in.Decode(&manifest); err != nil {
		t.Fatalf("the output is no manifest: %v", err)
	}
	return manifest
}

func TestADirectoryIsFilledAsTheManifestSays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	manifest := seed(t, "--to", dir, "--rows", "500", "--seed", "9", "--tables", "purchases,profiles",
		"--format", "ndjson", "--compression", "gzip", "--files", "2", "--days", "3")
	sizes := map[string]int64{}
	for _, table := range manifest.Tables {
		for _, f := range table.Files {
			sizes[f.Name] = f.Bytes
		}
	}
	if len(sizes) != 3*2+2 {
		t.Errorf("%d files, want two of profiles and two for each of three days of purchases", len(sizes))
	}
	found := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sizes, found); diff != "" {
		t.Errorf("sizes (-manifest +directory):\n%s", diff)
	}
}

func TestABucketIsFilledThroughTheEndpointOfTheEnvironment(t *testing.T) {
	backend := s3mem.New()
	if err := backend.CreateBucket("sources"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "seed")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "seed")
	manifest := seed(t, "--to", "s3://sources/demo", "--rows", "100", "--format", "parquet")
	for _, table := range manifest.Tables {
		for _, f := range table.Files {
			object, err := backend.HeadObject("sources", "demo/"+f.Name)
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
				continue
			}
			if object.Size != f.Bytes {
				t.Errorf("%s has %d bytes, the manifest says %d", f.Name, object.Size, f.Bytes)
			}
		}
	}
}

func TestBadUsageIsExplained(t *testing.T) {
	tests := map[string]struct {
		args  []string
		usage bool // explained on stderr, else by the error
		want  string
	}{
		"no target":      {nil, true, "where to write"},
		"stray argument": {[]string{"--to", "x", "profiles"}, true, "where to write"},
		"unknown flag":   {[]string{"--to", "x", "--colour", "red"}, true, "colour"},
		"bad number":     {[]string{"--to", "x", "--rows", "many"}, true, "rows"},
		"no bucket":      {[]string{"--to", "s3:///demo"}, false, "needs a bucket"},
		"unknown table":  {[]string{"--to", "x", "--tables", "orders"}, false, "tables must be some of"},
		"unknown format": {[]string{"--to", "x", "--format", "xml"}, false, "format must be"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), test.args, &stdout, &stderr)
			if err == nil {
				t.Fatal("no error")
			}
			if errors.Is(err, flag.ErrHelp) != test.usage {
				t.Errorf("error is %v, want one of usage: %t", err, test.usage)
			}
			said := err.Error()
			if test.usage {
				said = stderr.String()
			}
			if !strings.Contains(said, test.want) {
				t.Errorf("it says %q, want something about %q", said, test.want)
			}
			if stdout.Len() != 0 {
				t.Errorf("it printed %q", &stdout)
			}
		})
	}
}
