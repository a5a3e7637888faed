package secretstore_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
	"github.com/headwaterhq/headwater/shared/secretstore"
)

func keys(t *testing.T, s *secretstore.Store, workspaceID string) ingest.WorkspaceKeys {
	t.Helper()
	k, err := s.WorkspaceKeys(t.Context(), workspaceID)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestWorkspaceKeysAreMadeOnce(t *testing.T) {
	s, c := open(t)
	if _, err := s.WorkspaceKeys(t.Context(), "w"); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("before they are made: %v, want %s", err, fault.Unavailable)
	}
	for _, of := range []string{"w", "other", "w"} {
		if err := s.EnsureWorkspaceKeys(t.Context(), of); err != nil {
			t.Fatal(err)
		}
	}
	first := keys(t, s, "w")
	if len(first.HMAC) != 32 || len(first.Quarantine) != 32 || bytes.Equal(first.HMAC, first.Quarantine) {
		t.Errorf("keys of %d and %d bytes, equal: %t", len(first.HMAC), len(first.Quarantine), bytes.Equal(first.HMAC, first.Quarantine))
	}
	if other := keys(t, s, "other"); bytes.Equal(other.HMAC, first.HMAC) || bytes.Equal(other.Quarantine, first.Quarantine) {
		t.Error("two workspaces share a key")
	}
	if err := s.EnsureWorkspaceKeys(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, keys(t, s, "w")); diff != "" {
		t.Errorf("made again, the keys are other ones (-want +got):\n%s", diff)
	}

	const name = "headwater/w/workspace-keys"
	kept, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	var found map[string]any
	if err := json.Unmarshal([]byte(aws.ToString(kept.SecretString)), &found); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"v": float64(1), "hmac_sha256": base64.StdEncoding.EncodeToString(first.HMAC), "quarantine": base64.StdEncoding.EncodeToString(first.Quarantine),
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("what is stored (-want +got):\n%s", diff)
	}
	described, err := c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(name)})
	if err != nil || aws.ToString(described.KmsKeyId) != "key-id" || len(described.Tags) != 1 || *described.Tags[0].Value != "w" {
		t.Errorf("%+v, %v; want our own key, and the workspace as a tag", described, err)
	}
}

// Of callers at once all must see the keys of the one that came first.
func TestWorkspaceKeysAreMadeOnceInARace(t *testing.T) {
	s, _ := open(t)
	const callers = 8
	found := make([]ingest.WorkspaceKeys, callers)
	failed := make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			if failed[i] = s.EnsureWorkspaceKeys(t.Context(), "w"); failed[i] == nil {
				found[i], failed[i] = s.WorkspaceKeys(t.Context(), "w")
			}
		})
	}
	all.Wait()
	for i := range callers {
		if failed[i] != nil {
			t.Fatal(failed[i])
		}
		if diff := cmp.Diff(found[0], found[i]); diff != "" {
			t.Errorf("caller %d sees other keys (-first +it):\n%s", i, diff)
		}
	}
}

func TestWorkspaceKeysAreNoConnection(t *testing.T) {
	s, _ := open(t)
	if err := s.PutCredential(t.Context(), "w", "con_1", credential()); err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureWorkspaceKeys(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if err := s.DropCredential(t.Context(), "w", "con_1"); err != nil {
		t.Fatal(err)
	}
	keys(t, s, "w")
}

// TestKeyErrors has a service that says the keys in its own words, and looks for them in what comes back.
func TestKeyErrors(t *testing.T) {
	var sent string
	echo := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			var in struct{ SecretString string }
			_ = json.Unmarshal(body, &in)
			sent = in.SecretString
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"__type":%q,"Message":%q}`, code, "you sent "+string(body))
		}
	}
	const marked = "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5MTI="
	holds := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, `{"SecretString":%q}`, text) }
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   fault.Code
		reads  bool // only reading can fail so
	}{
		"throttled":         {echo(400, "ThrottlingException"), fault.Throttled, false},
		"their failure":     {echo(500, "InternalServiceError"), fault.Unavailable, false},
		"not allowed":       {echo(400, "AccessDeniedException"), fault.Internal, false},
		"a broken line":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fault.Unavailable, false},
		"no JSON":           {holds(marked), fault.Internal, true},
		"another version":   {holds(`{"v":2,"hmac_sha256":"` + marked + `","quarantine":"` + marked + `"}`), fault.Internal, true},
		"a key that is cut": {holds(`{"v":1,"hmac_sha256":"` + marked + `","quarantine":"Y2FuYXJ5"}`), fault.Internal, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := secretstore.New(client(t, test.answer), "headwater", "")
			_, err := s.WorkspaceKeys(t.Context(), "w")
			verifyKeys(t, err, test.want, "Y2FuYXJ5")
			if !test.reads {
				err := s.EnsureWorkspaceKeys(t.Context(), "w")
				var made struct{ Quarantine string }
				_ = json.Unmarshal([]byte(sent), &made)
				verifyKeys(t, err, test.want, made.Quarantine)
			}
		})
	}
}

func verifyKeys(t *testing.T, err error, want fault.Code, secret string) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != want {
		t.Errorf("error %v, want %s", err, want)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if text := fmt.Sprintf("%v %+v %#v", e, e, e); secret != "" && strings.Contains(text, secret) {
			t.Errorf("an error says a key: %T", e)
		}
	}
}

func TestCancelStaysCancelForKeys(t *testing.T) {
	s, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.EnsureWorkspaceKeys(ctx, "w"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's own", err)
	}
}
