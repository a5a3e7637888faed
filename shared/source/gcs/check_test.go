package gcs_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// small is content that is enough for checks.
var small = map[string]string{"t/a.csv": "a\n1\n"}

// front puts a server before the peer's Cloud Storage. It answers what before
// does, and passes the rest on.
func front(t *testing.T, peer *googlepeer.Peer, before func(w http.ResponseWriter, r *http.Request) (answered bool)) source.Endpoints {
	t.Helper()
	to, err := url.Parse(peer.Endpoints()(source.EndpointGCS))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.Transport = transport
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !before(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return storageAt(peer, server.URL)
}

// storageAt is the peer with Cloud Storage somewhere else.
func storageAt(peer *googlepeer.Peer, url string) source.Endpoints {
	return func(service string) string {
		if service == source.EndpointGCS {
			return url
		}
		return peer.Endpoints()(service)
	}
}

// nothingTested is a testIamPermissions that names no permission: it knows
// nothing of grants under conditions.
func nothingTested(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/iam/testPermissions") {
		return false
	}
	fmt.Fprint(w, `{"kind":"storage#testIamPermissionsResponse"}`)
	return true
}

func TestAGrantUnderAConditionPasses(t *testing.T) {
	peer := cloud(t, googlepeer.Bucket{Name: bucket}, small)
	results := checksOf(t, front(t, peer, nothingTested), byKey(peer, reader))
	for _, name := range []string{"storage.objects.list", "storage.objects.get"} {
		if r := results[name]; r.Outcome != source.Pass || !strings.Contains(r.Detail, "condition") {
			t.Errorf("%+v", r)
		}
	}
}

// TestAnAPIThatLetsEverybodyInDoesNotPass has every probe succeed, whoever asks.
func TestAnAPIThatLetsEverybodyInDoesNotPass(t *testing.T) {
	peer := cloud(t, googlepeer.Bucket{Name: bucket}, small)
	endpoints := front(t, peer, func(w http.ResponseWriter, r *http.Request) bool {
		r.Header.Set("Authorization", "Bearer "+peer.Token(reader))
		return nothingTested(w, r)
	})
	results := checksOf(t, endpoints, byKey(peer, nobody))
	r := results["storage.objects.list"]
	if r.Outcome != source.Fail || r.Code != string(fault.SourcePermission) || !strings.Contains(r.Detail, "storage.objects.list") {
		t.Errorf("%+v", r)
	}
	if got := results["storage.objects.get"]; got.Outcome != source.Skipped {
		t.Errorf("%+v", got)
	}
}

func TestExcessiveRightsAreNamed(t *testing.T) {
	peer := cloud(t, googlepeer.Bucket{Name: bucket}, small)
	peer.GrantAll(reader, resource(bucket), "storage.objects.delete", "storage.buckets.setIamPolicy")
	r := checksOf(t, peer.Endpoints(), byKey(peer, reader))["gcs.over_privilege"]
	if r.Outcome != source.Warn || r.Mandatory || r.Remedy == nil || !strings.Contains(r.Remedy.Snippet, reader) {
		t.Errorf("%+v", r)
	}
	for _, right := range []string{"storage.objects.delete", "storage.buckets.setIamPolicy"} {
		if !strings.Contains(r.Detail, right) {
			t.Errorf("%q does not name %s", r.Detail, right)
		}
	}
	if strings.Contains(r.Detail, "storage.objects.create") {
		t.Errorf("%q names what is not granted", r.Detail)
	}
	if got := peer.Mutations(); got != nil {
		t.Errorf("asking changed something: %q", got)
	}
}

func TestWhatABucketIsLikeIsShown(t *testing.T) {
	peer := cloud(t, googlepeer.Bucket{Name: bucket, Versioned: true}, small)
	results := checksOf(t, peer.Endpoints(), byKey(peer, reader))
	if r := results["storage.buckets.get"]; r.Outcome != source.Warn || !strings.Contains(r.Remedy.Snippet, "roles/storage.bucketViewer") {
		t.Errorf("without the right: %+v", r)
	}
	peer.Grant(reader, "storage.buckets.get", resource(bucket))
	r := checksOf(t, peer.Endpoints(), byKey(peer, reader))["storage.buckets.get"]
	if r.Outcome != source.Pass || !strings.Contains(r.Detail, "in EU") || !strings.Contains(r.Detail, "old generations") {
		t.Errorf("with it: %+v", r)
	}
}

func TestAnEmptyPrefixIsNoFailure(t *testing.T) {
	peer := cloud(t, googlepeer.Bucket{Name: bucket}, small)
	cfg := with(byKey(peer, reader), "prefix", "nothing/here")
	results := checksOf(t, peer.Endpoints(), cfg)
	if r := results["storage.objects.list"]; r.Outcome != source.Warn || !strings.Contains(r.Detail, "no object") {
		t.Errorf("%+v", r)
	}
	if r := results["storage.objects.get"]; r.Outcome != source.Pass {
		t.Errorf("%+v", r)
	}
	if r := checksOf(t, front(t, peer, nothingTested), cfg)["storage.objects.get"]; r.Outcome != source.Warn {
		t.Errorf("nothing to try, and nothing granted on the bucket: %+v", r)
	}
}

func TestTheRequesterPays(t *testing.T) {
	peer := cloud(t, googlepeer.Bucket{Name: bucket, RequesterPays: true}, small)
	results := checksOf(t, peer.Endpoints(), byKey(peer, reader))
	if r := results["storage.objects.list"]; r.Outcome != source.Fail || r.Code != string(fault.SourceInvalidConfig) || !strings.Contains(r.Detail, "project") {
		t.Errorf("without a project: %+v", r)
	}
	paying := with(byKey(peer, reader), "billing_project", "acme-money")
	results = checksOf(t, peer.Endpoints(), paying)
	r := results["storage.objects.list"]
	if r.Outcome != source.Fail || r.Code != string(fault.SourcePermission) || !strings.Contains(r.Remedy.Snippet, "gcloud projects add-iam-policy-binding acme-money") {
		t.Errorf("without the right to bill: %+v", r)
	}
	peer.Grant(reader, "serviceusage.services.use", "projects/acme-money")
	if failed := names(checksOf(t, peer.Endpoints(), paying), source.Fail); failed != "" {
		t.Errorf("with it, these fail: %s", failed)
	}
	if got := rowsOf(t, open(t, peer.Endpoints(), paying), "t", nil); got != 1 {
		t.Errorf("%d rows, want 1", got)
	}
}

func TestReachNamesWhatIsWrong(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	answering := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	for name, tt := range map[string]struct {
		url   string
		want  fault.Code
		paste string
	}{
		"nobody listens": {"http://127.0.0.1:1", fault.SourceNetwork, "https://storage.googleapis.com"},
		"no such host":   {"http://storage.invalid", fault.SourceNetwork, "https://storage.googleapis.com"},
		"no such bucket": {answering(404, `{"error":{"code":404,"message":"The specified bucket does not exist."}}`), fault.SourceNotFound, "buckets describe gs://" + bucket},
		"a perimeter":    {answering(403, `{"error":{"code":403,"message":"Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x"}}`), fault.SourceNetwork, "--set-ingress-policies"},
		"an IP filter":   {answering(403, `{"error":{"code":403,"message":"There is an IP filtering condition that is preventing access to the resource."}}`), fault.SourceNetwork, "--ip-filter-file"},
		"down":           {answering(503, ``), fault.SourceUnavailable, "buckets describe gs://" + bucket},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results := checksOf(t, storageAt(peer, tt.url), byKey(peer, reader))
			if r := results["gcs.reach"]; r.Outcome != source.Fail || r.Code != string(tt.want) || r.Remedy == nil || r.Remedy.Text == "" || !strings.Contains(r.Remedy.Snippet, tt.paste) {
				t.Errorf("%+v, want %s", r, tt.want)
			}
			if failed := names(results, source.Fail); failed != "gcs.reach" {
				t.Errorf("these fail: %s", failed)
			}
		})
	}
}
