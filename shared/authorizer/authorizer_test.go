package authorizer_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/authorizer"
	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// keys answers with what is stored under a hash, or fails.
type keys struct {
	stored map[string]caller.Key
	err    error
}

func (k keys) Key(_ context.Context, hash string) (caller.Key, error) {
	if k.err != nil {
		return caller.Key{}, k.err
	}
	key, ok := k.stored[hash]
	if !ok {
		return caller.Key{}, fault.New(fault.Unauthenticated, "there is no such key")
	}
	return key, nil
}

// decide asks an authorizer about one Authorization header.
func decide(t *testing.T, a authorizer.Authorizer, header string) (events.APIGatewayV2CustomAuthorizerSimpleResponse, string, error) {
	t.Helper()
	var log bytes.Buffer
	a.Log = telemetry.New(&log, slog.LevelInfo)
	if a.Now == nil {
		a.Now = func() time.Time { return now }
	}
	answer, err := a.Authorize(t.Context(), events.APIGatewayV2CustomAuthorizerV2Request{
		Version: "2.0", Type: "REQUEST", Headers: map[string]string{"authorization": header, "host": "x"},
	})
	if credential := strings.TrimPrefix(header, "Bearer "); len(credential) > 20 && strings.Contains(log.String(), credential) {
		t.Errorf("the log repeats the credential:\n%s", log.String())
	}
	return answer, log.String(), err
}

func TestKeys(t *testing.T) {
	fresh := func(change func(*caller.Key)) (string, keys) {
		text, hash := caller.NewKey()
		key := caller.Key{
			Hash: hash, WorkspaceID: "acme", Subject: "key:ci", Permissions: []caller.Permission{caller.ConnectionsRead, caller.LakeRead},
		}
		if change != nil {
			change(&key)
		}
		return text, keys{stored: map[string]caller.Key{hash: key}}
	}
	for name, test := range map[string]struct {
		change func(*caller.Key)
		header func(text string) string
		allow  bool
	}{
		"good":                 {nil, func(k string) string { return "Bearer " + k }, true},
		"scheme in lower case": {nil, func(k string) string { return "bearer " + k }, true},
		"not expired yet":      {func(k *caller.Key) { k.ExpiresAt = now.Add(time.Second) }, func(k string) string { return "Bearer " + k }, true},
		"expired":              {func(k *caller.Key) { k.ExpiresAt = now }, func(k string) string { return "Bearer " + k }, false},
		"another hash stored":  {func(k *caller.Key) { k.Hash = strings.Repeat("0", 64) }, func(k string) string { return "Bearer " + k }, false},
		"no workspace":         {func(k *caller.Key) { k.WorkspaceID = "" }, func(k string) string { return "Bearer " + k }, false},
		"odd workspace":        {func(k *caller.Key) { k.WorkspaceID = "acme#x" }, func(k string) string { return "Bearer " + k }, false},
		"unknown":              {nil, func(string) string { text, _ := caller.NewKey(); return "Bearer " + text }, false},
		"cut":                  {nil, func(k string) string { return "Bearer " + k[:46] }, false},
		"bare":                 {nil, func(k string) string { return k }, false},
		"basic":                {nil, func(k string) string { return "Basic " + k }, false},
		"twice":                {nil, func(k string) string { return "Bearer " + k + ",Bearer " + k }, false},
		"two spaces":           {nil, func(k string) string { return "Bearer  " + k }, false},
		"empty":                {nil, func(string) string { return "" }, false},
		"a JWT, no provider":   {nil, func(string) string { return "Bearer e30.e30.c2ln" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			text, stored := fresh(test.change)
			answer, log, err := decide(t, authorizer.Authorizer{Keys: stored}, test.header(text))
			if err != nil || answer.IsAuthorized != test.allow {
				t.Fatalf("%+v, %v", answer, err)
			}
			want := map[string]any{"workspace_id": "acme", "subject": "key:ci", "permissions": "connections:read lake:read"}
			if !test.allow {
				want = nil
				if !strings.Contains(log, "refused") {
					t.Errorf("the refusal is not logged: %s", log)
				}
			}
			if diff := cmp.Diff(want, answer.Context); diff != "" {
				t.Errorf("context (-want +got):\n%s", diff)
			}
		})
	}
}

// When the table does not answer, nobody is refused and nobody is let in.
func TestUnavailableTableIsAnError(t *testing.T) {
	text, _ := caller.NewKey()
	for _, err := range []error{fault.New(fault.Throttled, ""), errors.New("dial: refused")} {
		answer, _, got := decide(t, authorizer.Authorizer{Keys: keys{err: err}}, "Bearer "+text)
		if !errors.Is(got, err) || answer.IsAuthorized {
			t.Errorf("%+v, %v", answer, got)
		}
	}
}

func TestIsWorkspace(t *testing.T) {
	for text, want := range map[string]bool{
		"acme": true, "org_2aBc": true, "9f1c-77": true, strings.Repeat("a", 64): true,
		"": false, "-a": false, "a#b": false, "a/b": false, "a b": false, "é": false, "a\n": false, strings.Repeat("a", 65): false,
	} {
		if authorizer.IsWorkspace(text) != want {
			t.Errorf("IsWorkspace(%q) = %t", text, !want)
		}
	}
}
