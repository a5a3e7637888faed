package authorizer_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwaterhq/headwater/shared/authorizer"
	"github.com/headwaterhq/headwater/shared/caller"
	"github.com/headwaterhq/headwater/shared/fault"
)

const peer = "../../scripts/peers/oidc"

// provider starts a real OpenID provider and returns its issuer URL.
func provider(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(peer + "/node_modules/oidc-provider"); err != nil {
		t.Fatal("the OpenID provider is missing; run make tools-node")
	}
	settings, err := json.Marshal(map[string]any{
		"audience": audience, "claim": "https://headwater.example/workspace", "workspace": "acme",
		"scopes": []string{caller.ConnectionsRead, caller.ImportsWrite, "profile"},
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", "provider.mjs", string(settings))
	command.Dir = peer
	stdin, err := command.StdinPipe() // the provider ends with it, whatever becomes of us
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait() // ended by the context if it did not end by itself
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the provider did not start: %v", err)
	}
	var ready struct{ Issuer string }
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	return ready.Issuer
}

// grant asks the provider for an access token by the client_credentials grant.
func grant(t *testing.T, issuer, client, scope, resource string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "resource": {resource}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(client, "secret")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Token == "" {
		t.Fatalf("no token: %s", body)
	}
	return answer.Token
}

func TestRealProvider(t *testing.T) {
	issuer := provider(t)
	tokens := authorizer.NewIssuer(issuer, audience, "https://headwater.example/workspace", time.Now)
	t.Cleanup(func() {
		tokens.Client.CloseIdleConnections()
		http.DefaultClient.CloseIdleConnections()
	})
	for _, client := range []string{"rs256", "es256"} {
		token := grant(t, issuer, client, "connections:read imports:write profile", audience)
		answer, _, err := decide(t, authorizer.Authorizer{Keys: keys{}, Tokens: tokens, Now: time.Now}, "Bearer "+token)
		if err != nil || !answer.IsAuthorized {
			t.Fatalf("%s: %+v, %v", client, answer, err)
		}
		want := map[string]any{"workspace_id": "acme", "subject": client, "permissions": "connections:read imports:write"}
		if diff := cmp.Diff(want, answer.Context); diff != "" {
			t.Errorf("%s (-want +got):\n%s", client, diff)
		}
	}
	// The same provider's token for somebody else.
	elsewhere := grant(t, issuer, "rs256", "connections:read", "https://other.example")
	if _, err := tokens.Caller(t.Context(), elsewhere); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("another audience: %v", err)
	}
	// Six minutes on, a token of five minutes is over.
	late := authorizer.NewIssuer(issuer, audience, tokens.WorkspaceClaim, func() time.Time { return time.Now().Add(6*time.Minute + time.Second) })
	t.Cleanup(late.Client.CloseIdleConnections)
	if _, err := late.Caller(t.Context(), grant(t, issuer, "rs256", "connections:read", audience)); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("expired: %v", err)
	}
	// Another issuer at another address may not vouch for this one's tokens.
	forged := newForger(t)
	if _, err := forged.issuer.Caller(t.Context(), grant(t, issuer, "rs256", "connections:read", audience)); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("another issuer: %v", err)
	}
}
