package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headwaterhq/headwater/shared/manifest"
)

// TestWhatRunsLeaveIsVerified: each run leaves a manifest that the API returns and hw verifies, until a byte of one is changed.
func TestWhatRunsLeaveIsVerified(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.put(t, "people/1.csv", people(1, 50).csv())
	i := w.importing(t, w.active(t), "people", "append")
	for range 3 {
		w.succeeded(t, i, w.begin(t, i), counts{Read: 50, Written: 50})
	}
	reports, code := w.verify(t, i)
	if code != 0 || len(reports) != 1 || !reports[0].OK() || len(reports[0].Links) != 3 {
		t.Fatalf("code %d, %+v", code, reports)
	}
	for _, l := range reports[0].Links {
		if l.Landed != 50 || l.Lake != manifest.Present || l.Proof == "" {
			t.Errorf("a run is reported as %+v", l)
		}
		var kept json.RawMessage
		w.get(t, "/v1/imports/"+i.ID+"/runs/"+l.RunID+"/manifest", &kept)
		var m manifest.Manifest
		if err := json.Unmarshal(kept, &m); err != nil || m.RunID != l.RunID || m.Definition.CredentialVersion == "" || m.After == nil || m.After.ID != l.SnapshotID {
			t.Errorf("the manifest of %s is %s, %v", l.RunID, kept, err)
		}
	}
	second := reports[0].Links[1].RunID
	w.change(t, manifest.Prefix(w.id, i.ID)+second+".json", `"rows_read":50`, `"rows_read":51`)
	reports, code = w.verify(t, i)
	if code != 1 || len(reports) != 1 || reports[0].OK() {
		t.Fatalf("a changed manifest: code %d, %+v", code, reports)
	}
	for _, p := range reports[0].Problems {
		if p.RunID == second && p.Kind == manifest.Inconsistent {
			return
		}
	}
	t.Errorf("nothing says that the manifest of %s was changed: %+v", second, reports[0].Problems)
}

// verify runs hw as a terminal does.
func (w workspace) verify(t *testing.T, i imported) (reports []manifest.Report, code int) {
	t.Helper()
	program := filepath.Join(here.dir, "hw")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./scripts/hw").CombinedOutput(); err != nil {
		t.Fatalf("building hw: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), program, "verify", "--workspace", w.id, "--json", i.ID).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	if err := json.Unmarshal(out, &reports); err != nil {
		t.Fatalf("hw exited with %d: %v\n%s", code, err, exit.Stderr)
	}
	return reports, code
}

// change replaces text of an object of the lake bucket.
func (w workspace) change(t *testing.T, key, old, changed string) {
	t.Helper()
	object, err := here.bucket.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &here.Bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(object.Body)
	if err := errors.Join(err, object.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(body, []byte(old)) {
		t.Fatalf("%s does not have %s", key, old)
	}
	text := strings.NewReader(strings.Replace(string(body), old, changed, 1))
	if _, err := here.bucket.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &here.Bucket, Key: &key, Body: text}); err != nil {
		t.Fatal(err)
	}
}
