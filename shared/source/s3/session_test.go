package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/s3"
)

// notary stands before the laptop's STS, notes what is asked of it, and may say
// that sessions end at another time or answer instead.
type notary struct {
	mu      sync.Mutex
	asked   []url.Values
	signed  []string
	lasts   time.Duration // 0 leaves what STS says
	instead string        // error code that AssumeRole is answered with
}

var expiration = regexp.MustCompile(`<Expiration>[^<]*</Expiration>`)

func watchSTS(t *testing.T, c *cloud) *notary {
	t.Helper()
	n := &notary{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		form, _ := url.ParseQuery(string(body))
		n.mu.Lock()
		n.asked, n.signed = append(n.asked, form), append(n.signed, r.Header.Get("Authorization"))
		instead, lasts := n.instead, n.lasts
		n.mu.Unlock()
		if instead != "" && form.Get("Action") == "AssumeRole" {
			refuse(w, instead, "The provider's words.")
			return
		}
		again, err := http.NewRequestWithContext(r.Context(), r.Method, c.sts+r.URL.RequestURI(), bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		again.Header, again.Host = r.Header, r.Host
		answer, err := http.DefaultTransport.RoundTrip(again)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		if lasts != 0 {
			text = expiration.ReplaceAll(text, fmt.Appendf(nil, "<Expiration>%s</Expiration>", time.Now().Add(lasts).UTC().Format(time.RFC3339)))
		}
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(answer.StatusCode)
		_, _ = w.Write(text)
	}))
	t.Cleanup(func() {
		server.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	return n
}

// assumed are the requests for a session.
func (n *notary) assumed() (forms []url.Values) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, form := range n.asked {
		if form.Get("Action") == "AssumeRole" {
			forms = append(forms, form)
		}
	}
	return forms
}

func TestEverySessionIsLimited(t *testing.T) {
	c := newCloud(t)
	put(t, admin(c.s3), prefix+"/t/a.csv", "a\n1\n")
	n := watchSTS(t, c)
	t.Setenv("AWS_REGION", "ap-southeast-2") // where the deployment runs; the bucket is elsewhere
	check(t, byRole(bucket, readerRole))
	forms := n.assumed()
	if len(forms) < 4 {
		t.Fatalf("%d sessions were asked for, want one to read, two without the external ID and one to look for rights", len(forms))
	}
	with := 0
	for _, form := range forms {
		policy := form.Get("Policy")
		pinned := strings.Contains(policy, bucket+"/"+prefix+"/*") || strings.Contains(policy, `"Deny"`) || !strings.Contains(policy, "s3:GetObject\"")
		if policy == "" || !pinned || form.Get("RoleSessionName") != "headwater-con_01J9ZK" || form.Get("DurationSeconds") != "3600" {
			t.Errorf("a session that is not limited: %v", form)
		}
		switch id := form.Get("ExternalId"); {
		case id == externalID:
			with++
		case !strings.Contains(policy, `"Deny"`):
			t.Errorf("a session that can do something, with external ID %q", id)
		}
	}
	if with != 2 {
		t.Errorf("%d sessions were asked for with the external ID", with)
	}
	for _, signature := range n.signed {
		if !strings.Contains(signature, "/ap-southeast-2/sts/") {
			t.Errorf("STS was asked in another region than the deployment's: %s", signature)
		}
	}
}

// TestCredentialsAreRenewedAheadOfTheirEnd: within five minutes of it they are not used any more.
func TestCredentialsAreRenewedAheadOfTheirEnd(t *testing.T) {
	for lasts, want := range map[time.Duration]int{time.Hour: 1, 2 * time.Minute: 3} {
		t.Run(lasts.String(), func(t *testing.T) {
			c := newCloud(t)
			put(t, admin(c.s3), prefix+"/t/a.csv", "a\n1\n")
			n := watchSTS(t, c)
			n.lasts = lasts
			s := open(t, byRole(bucket, readerRole))
			for range 3 {
				if _, err := s.Discover(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
			}
			if got := len(n.assumed()); got < want || want == 1 && got != 1 {
				t.Errorf("%d sessions, want %d", got, want)
			}
		})
	}
}

func TestAnswersOfSTSAreClassified(t *testing.T) {
	for _, tt := range []struct {
		code    string
		want    fault.Code
		message string
		paste   string
	}{
		{"AccessDenied", fault.SourceAuthentication, "trust policy", externalID},
		{"RegionDisabledException", fault.SourceAuthentication, "not active", "get-region-opt-status --region-name " + region},
		{"PackedPolicyTooLarge", fault.SourceInvalidConfig, "session", bucket},
		{"MalformedPolicyDocument", fault.SourceInvalidConfig, "session", bucket},
		{"Throttling", fault.SourceRateLimited, "STS", ""},
		{"ServiceUnavailable", fault.SourceUnavailable, "STS", ""},
		{"ExpiredToken", fault.Internal, "", ""},
		{"InvalidClientTokenId", fault.Internal, "", ""},
	} {
		t.Run(tt.code, func(t *testing.T) {
			c := newCloud(t)
			n := watchSTS(t, c)
			n.instead = tt.code
			_, err := open(t, byRole(bucket, readerRole)).Discover(t.Context(), "")
			if e, _ := fault.As(err); fault.CodeOf(err) != tt.want || !strings.Contains(e.Message, tt.message) || !strings.Contains(err.Error(), tt.code) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if fault.Retryable(err) {
				return // the checks would wait
			}
			if r := failed(t, check(t, byRole(bucket, readerRole))); r.Name != "s3.authenticate" || r.Remedy.Text == "" || !strings.Contains(r.Remedy.Snippet, tt.paste) {
				t.Errorf("got %+v", r)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		newCloud(t)
		t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
		if r := failed(t, check(t, byRole(bucket, readerRole))); r.Name != "s3.authenticate" || r.Code != string(fault.SourceNetwork) || !strings.Contains(r.Detail, "STS") {
			t.Errorf("got %+v", r)
		}
	})
}

// TestAnOpeningWithoutAnExternalID: a role must not be assumed without one.
func TestAnOpeningWithoutAnExternalID(t *testing.T) {
	newCloud(t)
	cfg := byRole(bucket, readerRole)
	delete(cfg.Settings, "external_id")
	s, err := source.Open(t.Context(), s3.New(), cfg)
	if fault.CodeOf(err) != fault.SourceInvalidConfig {
		t.Errorf("got %v, %v", s, err)
	}
}
