package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/dynamostore"
	"github.com/headwaterhq/headwater/shared/storetest/dynamolocal"
)

var server *dynamolocal.Server

func TestMain(m *testing.M) { os.Exit(dynamolocal.Run(m, &server)) }

func env(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

// What is printed opens the workspace; what is stored does not hold it.
func TestCreate(t *testing.T) {
	table := server.Table(t)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	var out bytes.Buffer
	args := []string{"create", "--workspace", "acme", "--name", "nightly", "--permissions", "imports:read,lake:read", "--expires-in", "24h"}
	if err := run(t.Context(), args, env(map[string]string{"HEADWATER_TABLE": table}), &out); err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSuffix(out.String(), "\n")
	if !caller.IsKey(text) {
		t.Fatalf("printed %q", out.String())
	}
	stored, err := dynamostore.New(server.Client(), table).Key(t.Context(), caller.Hash(text))
	if err != nil {
		t.Fatal(err)
	}
	want := caller.Key{
		Hash: caller.Hash(text), WorkspaceID: "acme", Subject: "key:nightly", Name: "nightly",
		Permissions: []caller.Permission{caller.ImportsRead, caller.LakeRead},
		CreatedAt:   stored.CreatedAt, ExpiresAt: stored.CreatedAt.Add(24 * time.Hour),
	}
	if diff := cmp.Diff(want, stored); diff != "" || time.Since(stored.CreatedAt) > time.Minute {
		t.Errorf("stored at %s (-want +got):\n%s", stored.CreatedAt, diff)
	}
}

func TestRefused(t *testing.T) {
	table := map[string]string{"HEADWATER_TABLE": "t"}
	for name, test := range map[string]struct {
		args []string
		env  map[string]string
		want []string
	}{
		"nothing":         {nil, table, []string{"usage"}},
		"unknown command": {[]string{"delete"}, table, []string{"usage"}},
		"no workspace":    {[]string{"create"}, table, []string{"--workspace"}},
		"all at once":     {[]string{"create", "--workspace", "a/b", "--permissions", "imports:raed", "--expires-in", "-1h"}, nil, []string{"--workspace", "imports:raed", "--expires-in", "HEADWATER_TABLE"}},
		"no permission":   {[]string{"create", "--workspace", "a", "--permissions", " "}, table, []string{"at least one"}},
		"stray argument":  {[]string{"create", "--workspace", "a", "b"}, table, []string{"unexpected argument"}},
		"unknown flag":    {[]string{"create", "--admin"}, table, []string{"-admin"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), test.args, env(test.env), &out)
			if err == nil || out.Len() > 0 {
				t.Fatalf("error %v, printed %q", err, out.String())
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("want %s in: %v", want, err)
				}
			}
		})
	}
}
