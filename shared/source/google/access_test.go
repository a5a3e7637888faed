package google_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/google"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const (
	reader     = "reader@acme.iam.gserviceaccount.com"
	connection = "con_01"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func credential(method string, fields ...string) source.Credential {
	c := source.Credential{Method: method, Fields: map[string]source.Secret{}}
	for i := 0; i < len(fields); i += 2 {
		c.Fields[fields[i]] = source.Secret(fields[i+1])
	}
	return c
}

func keyOf(peer *googlepeer.Peer, account string) source.Credential {
	return credential("service_account_key", "key_json", string(peer.ServiceAccount(account)))
}

func open(t *testing.T, c source.Credential, endpoints source.Endpoints) *google.Access {
	t.Helper()
	access, err := google.Open(c, endpoints, google.ScopePlatform)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(access.Close)
	access.Identify(connection)
	return access
}

// tokenServer gives a new token to everybody who asks, and says how long it lasts.
func tokenServer(t *testing.T, seconds int) (url string, issued *atomic.Int64) {
	t.Helper()
	issued = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":%d}`, issued.Add(1), seconds)
	}))
	t.Cleanup(server.Close)
	return server.URL, issued
}

// api is where the resource manager and the token endpoint are.
func api(manager, tokens string) source.Endpoints {
	return func(service string) string {
		switch service {
		case source.EndpointGoogleResourceManager:
			return manager
		case source.EndpointGoogleOAuth:
			return tokens
		}
		return "http://127.0.0.1:1"
	}
}

var consent = credential("oauth", "client_id", "client", "client_secret", "canary-secret", "refresh_token", "canary-refresh")

func TestATokenThatIsRefusedIsReplacedOnce(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	peer.Grant(reader, "bigquery.jobs.create", "projects/acme")
	access := open(t, keyOf(peer, reader), peer.Endpoints())
	for round := range 3 {
		got, err := access.ProjectPermissions(t.Context(), "acme", "bigquery.jobs.create", "bigquery.jobs.delete")
		if diff := cmp.Diff([]string{"bigquery.jobs.create"}, got); diff != "" || err != nil {
			t.Fatalf("%v, permissions (-want +got):\n%s", err, diff)
		}
		if n := peer.TokensIssued(); n != round+1 {
			t.Errorf("round %d: %d tokens so far", round, n)
		}
		peer.ExpireTokens()
	}
	peer.DisableAccount(reader)
	_, err := access.ProjectPermissions(t.Context(), "acme", "bigquery.jobs.create")
	if class := google.Classify(err); class == nil || class.Code != fault.SourceAuthentication {
		t.Errorf("of a disabled account: %v", err)
	}
}

func TestAnAPIThatRefusesEveryTokenIsNotAskedForever(t *testing.T) {
	tokens, issued := tokenServer(t, 3600)
	var asked atomic.Int64
	manager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.ContentLength == 0 {
			t.Error("the body was not sent again")
		}
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":{"code":401,"message":"The provider's words.","errors":[{"reason":"authError"}]}}`)
	}))
	t.Cleanup(manager.Close)
	_, err := open(t, consent, api(manager.URL, tokens)).ProjectPermissions(t.Context(), "acme", "a.b.c")
	if class := google.Classify(err); class == nil || class.Code != fault.SourceAuthentication || !strings.Contains(err.Error(), "The provider's words.") {
		t.Errorf("got %v", err)
	}
	if asked.Load() != 2 || issued.Load() != 2 {
		t.Errorf("asked %d times with %d tokens, want 2 and 2", asked.Load(), issued.Load())
	}
}

func TestATokenIsRenewedBeforeItExpires(t *testing.T) {
	t.Parallel()
	tokens, issued := tokenServer(t, 2)
	access := open(t, consent, api("", tokens))
	for _, step := range []struct {
		after time.Duration
		want  int64
	}{{0, 1}, {0, 1}, {1600 * time.Millisecond, 2}} {
		time.Sleep(step.after)
		if err := access.Authenticate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if issued.Load() != step.want {
			t.Errorf("%d tokens, want %d", issued.Load(), step.want)
		}
	}
}

func TestManyRequestsShareOneRenewal(t *testing.T) {
	tokens, issued := tokenServer(t, 3600)
	access := open(t, consent, api("", tokens))
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if err := access.Authenticate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if issued.Load() != 1 {
		t.Errorf("%d tokens, want 1", issued.Load())
	}
}

// TestWaitingForATokenEndsWithTheContext also shows that a renewal that was given
// up leaves the next one its turn.
func TestWaitingForATokenEndsWithTheContext(t *testing.T) {
	release, asked := make(chan struct{}), make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
			select {
			case <-release:
			case <-r.Context().Done():
			}
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"access_token":"x","expires_in":3600}`)
		}
	}))
	t.Cleanup(server.Close)
	access := open(t, consent, api("", server.URL))
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- access.Authenticate(ctx) }()
	for len(asked) == 0 {
		time.Sleep(time.Millisecond)
	}
	short, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer end()
	if err := access.Authenticate(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the one who waits: %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who asks: %v", err)
	}
	if err := access.Authenticate(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	close(release)
}
