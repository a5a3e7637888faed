package googlepeer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const (
	reader = "reader@acme.iam.gserviceaccount.com"
	nobody = "nobody@acme.iam.gserviceaccount.com"
	bucket = "projects/_/buckets/events"
)

// byKey authenticates with a key file, through Google's own library.
func byKey(t *testing.T, key []byte) oauth2.TokenSource {
	t.Helper()
	config, err := google.JWTConfigFromJSON(key, storage.ScopeReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	// The library keeps the context for as long as it fetches tokens.
	return config.TokenSource(context.WithValue(t.Context(), oauth2.HTTPClient, httpClient(t)))
}

// httpClient leaves no idle connection behind.
func httpClient(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func storageClient(t *testing.T, peer *googlepeer.Peer, tokens oauth2.TokenSource) *storage.Client {
	t.Helper()
	client := httpClient(t)
	client.Transport = &oauth2.Transport{Source: tokens, Base: client.Transport}
	c, err := storage.NewClient(t.Context(), option.WithHTTPClient(client), option.WithEndpoint(peer.Endpoints()(source.EndpointGCS)+"/storage/v1/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetRetry(storage.WithPolicy(storage.RetryNever))
	return c
}

func seedBucket(t *testing.T, peer *googlepeer.Peer, b googlepeer.Bucket) (generation int64) {
	t.Helper()
	if err := peer.CreateBucket(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	generation, err := peer.PutObject(t.Context(), b.Name, "2026/a b%.ndjson", "application/x-ndjson", []byte("0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	return generation
}

func TestStorageThroughTheRealClient(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{Location: "EU"})
	generation := seedBucket(t, peer, googlepeer.Bucket{Name: "events"})
	client := storageClient(t, peer, byKey(t, peer.ServiceAccount(reader))).Bucket("events")
	object := client.Object("2026/a b%.ndjson")

	t.Run("nothing is allowed at first", func(t *testing.T) {
		_, err := client.Attrs(t.Context())
		wantStatus(t, err, http.StatusForbidden)
		_, err = client.Objects(t.Context(), nil).Next()
		wantStatus(t, err, http.StatusForbidden)
		_, err = object.NewReader(t.Context())
		wantStatus(t, err, http.StatusForbidden)
		granted, err := client.IAM().TestPermissions(t.Context(), []string{"storage.objects.list"})
		if err != nil || len(granted) != 0 {
			t.Errorf("got %v, %v", granted, err)
		}
	})
	peer.GrantAll(reader, bucket, "storage.objects.get")
	t.Run("a missing object is not told from a forbidden one", func(t *testing.T) {
		_, err := client.Object("absent").Attrs(t.Context())
		wantStatus(t, err, http.StatusForbidden)
	})
	peer.GrantAll(reader, bucket, "storage.objects.list", "storage.buckets.get")
	t.Run("granted", func(t *testing.T) {
		attrs, err := client.Attrs(t.Context())
		if err != nil || attrs.Location != "EU" {
			t.Errorf("got %+v, %v", attrs, err)
		}
		granted, err := client.IAM().TestPermissions(t.Context(), []string{"storage.objects.create", "storage.objects.list"})
		if diff := cmp.Diff([]string{"storage.objects.list"}, granted); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		listed, err := client.Objects(t.Context(), &storage.Query{Prefix: "2026/"}).Next()
		if err != nil || listed.Generation != generation || listed.Size != 10 {
			t.Errorf("got %+v, %v", listed, err)
		}
		if got := read(t, object.Generation(generation), 2, 5); got != "23456" {
			t.Errorf("read %q", got)
		}
	})
	t.Run("pinned", func(t *testing.T) {
		_, err := object.If(storage.Conditions{GenerationMatch: generation + 1}).NewReader(t.Context())
		wantStatus(t, err, http.StatusPreconditionFailed)
		if _, err = object.Generation(generation + 1).NewReader(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
			t.Errorf("got %v", err)
		}
		if _, err = client.Object("absent").NewReader(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("only reads so far", func(t *testing.T) {
		if diff := cmp.Diff([]string(nil), peer.Mutations()); diff != "" {
			t.Error(diff)
		}
		wantStatus(t, object.Delete(t.Context()), http.StatusForbidden)
		if diff := cmp.Diff([]string{"DELETE /storage/v1/b/events/o/2026/a b%.ndjson"}, peer.Mutations()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestStorageRefusesTokens(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	seedBucket(t, peer, googlepeer.Bucket{Name: "events"})
	peer.GrantAll(reader, bucket, "storage.objects.list", "storage.buckets.get")
	key := peer.ServiceAccount(reader)
	tests := map[string]func() oauth2.TokenSource{
		"made up": func() oauth2.TokenSource { return fixed("ya29.made-up") },
		"expired": func() oauth2.TokenSource {
			token := peer.Token(reader)
			peer.ExpireTokens()
			return fixed(token)
		},
		"of another scope": func() oauth2.TokenSource { return fixed(peer.Token(reader, "https://www.googleapis.com/auth/drive")) },
		"of a disabled account": func() oauth2.TokenSource {
			token := peer.Token(nobody)
			peer.ServiceAccount(nobody)
			peer.DisableAccount(nobody)
			return fixed(token)
		},
	}
	for name, tokens := range tests {
		t.Run(name, func(t *testing.T) {
			want := http.StatusUnauthorized
			if name == "of another scope" {
				want = http.StatusForbidden
			}
			_, err := storageClient(t, peer, tokens()).Bucket("events").Attrs(t.Context())
			wantStatus(t, err, want)
		})
	}
	t.Run("a live one passes", func(t *testing.T) {
		if _, err := storageClient(t, peer, byKey(t, key)).Bucket("events").Attrs(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStorageRequesterPays(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	seedBucket(t, peer, googlepeer.Bucket{Name: "events", RequesterPays: true})
	peer.GrantAll(reader, bucket, "storage.objects.list", "storage.objects.get")
	client := storageClient(t, peer, fixed(peer.Token(reader))).Bucket("events")
	_, err := client.Objects(t.Context(), nil).Next()
	wantStatus(t, err, http.StatusBadRequest)
	_, err = client.UserProject("payer").Objects(t.Context(), nil).Next()
	wantStatus(t, err, http.StatusForbidden)
	peer.Grant(reader, "serviceusage.services.use", "projects/payer")
	if got := read(t, client.UserProject("payer").Object("2026/a b%.ndjson"), 0, -1); got != "0123456789" {
		t.Errorf("read %q", got)
	}
}

func TestInjectedFaults(t *testing.T) {
	peer := googlepeer.Run(t, googlepeer.Config{})
	seedBucket(t, peer, googlepeer.Bucket{Name: "events"})
	peer.GrantAll(reader, bucket, "storage.objects.list")
	peer.Inject(googlepeer.Fault{Service: source.EndpointGCS, Times: 2, Status: http.StatusServiceUnavailable, Reason: "backendError", RetryAfter: time.Second})
	client := storageClient(t, peer, fixed(peer.Token(reader))).Bucket("events")
	for range 2 {
		_, err := client.Objects(t.Context(), nil).Next()
		wantStatus(t, err, http.StatusServiceUnavailable)
	}
	objects := client.Objects(t.Context(), nil)
	if _, err := objects.Next(); err != nil {
		t.Error(err)
	}
	if _, err := objects.Next(); !errors.Is(err, iterator.Done) {
		t.Error(err)
	}
}

func fixed(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}

func read(t *testing.T, object *storage.ObjectHandle, offset, length int64) string {
	t.Helper()
	r, err := object.NewRangeReader(t.Context(), offset, length)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	var api *googleapi.Error
	if !errors.As(err, &api) || api.Code != status {
		t.Errorf("got %v, want status %d", err, status)
	}
}
