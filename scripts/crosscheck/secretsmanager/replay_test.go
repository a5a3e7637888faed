//go:build crosscheck

// Package secretsmanager_test holds the laptop's Secrets Manager against answers recorded from AWS. The recordings have the
// answers alone, so each case's requests are written here, after the name of the case and of its steps. A case is equal, or
// one of its operations is refused by name; there is no third outcome.
package secretsmanager_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/secretsmanager"
)

func TestRecordings(t *testing.T) {
	equal, refused := 0, 0
	for _, rec := range recordings(t) {
		t.Run(rec.Case, func(t *testing.T) {
			test, parameters := rec.name()
			script, ok := scripts()[test]
			if !ok {
				t.Fatal("nobody has written this case's requests")
			}
			r := newReplay(t, rec)
			script(r, parameters)
			for step := range rec.Content {
				if !r.done[step] {
					t.Errorf("step %s was not replayed", step)
				}
			}
			switch {
			case t.Failed():
			case r.refused:
				refused++
			default:
				equal++
			}
		})
	}
	fmt.Printf("secretsmanager: %d equal, %d refused\n", equal, refused)
}

// replay is one case against a service of its own.
type replay struct {
	t       *testing.T
	rec     recording
	url     string
	bound   bindings
	done    map[string]bool
	tokens  int
	refused bool
}

func newReplay(t *testing.T, rec recording) *replay {
	dir := t.TempDir()
	h, err := secretsmanager.Open(secretsmanager.Config{
		Path: filepath.Join(dir, "secrets"), KeyPath: filepath.Join(dir, "key"), Region: "us-east-1", Account: "111111111111",
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &replay{
		t: t, rec: rec, url: server.URL, done: map[string]bool{},
		bound: bindings{"<partition>": "aws", "<region>": "us-east-1", "<SecretId-0idx>": "first", "<name:1>": "first"},
	}
}

type object map[string]any

// send makes a request and returns the answer's body.
func (r *replay) send(operation string, in object) map[string]any {
	r.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "secretsmanager."+operation)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		r.t.Fatal(err)
	}
	if failed := out["__type"] != nil; failed != (res.StatusCode >= 400) {
		r.t.Errorf("%s: status %d with %v", operation, res.StatusCode, out)
	}
	return out
}

// step makes a request and holds its answer against the recorded one of that name.
func (r *replay) step(name, operation string, in object) map[string]any {
	r.t.Helper()
	recorded, ok := r.rec.Content[name]
	if !ok {
		r.t.Fatalf("the recording has no step %s", name)
	}
	r.done[name] = true
	got := r.send(operation, in)
	if got["__type"] == "NotImplementedException" {
		r.refused = true
		return got
	}
	if d := r.bound.unify(name, expectation(r.t, recorded), actual(got)); d != "" {
		r.t.Error(d)
	}
	return got
}

// with adds a fresh request token, as every client library does.
func (r *replay) with(in object) object {
	r.tokens++
	in["ClientRequestToken"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", r.tokens)
	return in
}

// create makes the case's secret in a step, or unrecorded when the step has no name.
func (r *replay) create(step string, in object) map[string]any {
	r.t.Helper()
	if in["Name"] == nil {
		in["Name"] = "first"
	}
	if step == "" {
		return r.send("CreateSecret", r.with(in))
	}
	return r.step(step, "CreateSecret", r.with(in))
}

func (r *replay) put(step, value string, stages ...string) string {
	r.t.Helper()
	in := object{"SecretId": "first", "SecretString": value}
	if stages != nil {
		in["VersionStages"] = stages
	}
	out, _ := r.step(step, "PutSecretValue", r.with(in))["VersionId"].(string)
	return out
}

func (r *replay) get(step string, more object) {
	r.t.Helper()
	in := object{"SecretId": "first"}
	maps.Copy(in, more)
	r.step(step, "GetSecretValue", in)
}

func (r *replay) versions(step string) {
	r.t.Helper()
	r.step(step, "ListSecretVersionIds", object{"SecretId": "first"})
}

func (r *replay) allVersions(step string) {
	r.t.Helper()
	r.step(step, "ListSecretVersionIds", object{"SecretId": "first", "IncludeDeprecated": true})
}

func (r *replay) describe(step string) {
	r.t.Helper()
	r.step(step, "DescribeSecret", object{"SecretId": "first"})
}

func (r *replay) moveCurrent(step, from, to string) {
	r.t.Helper()
	r.step(step, "UpdateSecretVersionStage", object{
		"SecretId": "first", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": from, "MoveToVersionId": to,
	})
}

func (r *replay) delete(step, id string) {
	r.t.Helper()
	r.step(step, "DeleteSecret", object{"SecretId": id, "ForceDeleteWithoutRecovery": true})
}
