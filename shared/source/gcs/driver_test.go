package gcs_test

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/gcs"
	"github.com/headwaterhq/headwater/shared/source/sourcetest"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// The service accounts, by what they may do.
const (
	reader = "reader@acme.iam.gserviceaccount.com"
	lister = "lister@acme.iam.gserviceaccount.com"
	nobody = "nobody@acme.iam.gserviceaccount.com"
	former = "former@acme.iam.gserviceaccount.com"
)

const noBucket = "no-such-bucket"

func resource(bucket string) string { return "projects/_/buckets/" + bucket }

// cloud starts a Google Cloud with the content in a bucket.
func cloud(t testing.TB, b googlepeer.Bucket, objects map[string]string) *googlepeer.Peer {
	t.Helper()
	peer := googlepeer.Run(t, googlepeer.Config{Location: "EU"})
	if err := peer.CreateBucket(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for name, content := range objects {
		put(t, peer, prefix+"/"+name, content)
	}
	put(t, peer, "other/outside.csv", "a\n1\n")
	peer.GrantAll(reader, resource(bucket), "storage.objects.list", "storage.objects.get")
	peer.GrantAll(reader, resource(noBucket), "storage.buckets.get", "storage.objects.list")
	peer.GrantAll(lister, resource(bucket), "storage.objects.list", "storage.buckets.get")
	return peer
}

func put(t testing.TB, peer *googlepeer.Peer, name, content string) {
	t.Helper()
	if _, err := peer.PutObject(t.Context(), bucket, name, "application/octet-stream", []byte(content)); err != nil {
		t.Fatal(err)
	}
}

// byKey is a connection with a key of an account.
func byKey(peer *googlepeer.Peer, account string) source.Config {
	return source.Config{
		Settings: map[string]any{"bucket": bucket, "prefix": prefix},
		Credential: source.Credential{Method: "service_account_key", Fields: map[string]source.Secret{
			"key_json": source.Secret(peer.ServiceAccount(account)),
		}},
	}
}

// with is a connection with another setting.
func with(cfg source.Config, name, value string) source.Config {
	settings := map[string]any{name: value}
	for n, v := range cfg.Settings {
		if n != name {
			settings[n] = v
		}
	}
	cfg.Settings = settings
	return cfg
}

// deleted is a connection whose key was deleted.
func deleted(peer *googlepeer.Peer) source.Config {
	cfg := byKey(peer, reader)
	peer.DeleteKey([]byte(cfg.Credential.Fields["key_json"].Reveal()))
	return cfg
}

func disabled(peer *googlepeer.Peer) source.Config {
	cfg := byKey(peer, former)
	peer.DisableAccount(former)
	return cfg
}

// recorded sends what goes to Cloud Storage through a recorder.
func recorded(t *testing.T, peer *googlepeer.Peer) (source.Endpoints, *sourcetest.Recorder) {
	t.Helper()
	recorder := sourcetest.Record(t, peer.Endpoints()(source.EndpointGCS))
	return func(service string) string {
		if service == source.EndpointGCS {
			return recorder.URL
		}
		return peer.Endpoints()(service)
	}, recorder
}

func open(t testing.TB, endpoints source.Endpoints, cfg source.Config) *source.Source {
	t.Helper()
	s, err := source.Open(t.Context(), gcs.New(endpoints), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("suite", func(t *testing.T) {
		objects, tables := content(t)
		peer := cloud(t, googlepeer.Bucket{Name: bucket}, objects)
		endpoints, recorder := recorded(t, peer)
		sourcetest.Run(t, sourcetest.Harness{
			Driver: gcs.New(endpoints),
			Config: byKey(peer, reader),
			Broken: []sourcetest.Broken{
				{Name: "deleted key", Config: deleted(peer), Check: "gcs.authenticate", Code: fault.SourceAuthentication},
				{Name: "disabled account", Config: disabled(peer), Check: "gcs.authenticate", Code: fault.SourceAuthentication},
				{Name: "missing bucket", Config: with(byKey(peer, reader), "bucket", noBucket), Check: "gcs.reach", Code: fault.SourceNotFound},
				{Name: "may not list", Config: byKey(peer, nobody), Check: "storage.objects.list", Code: fault.SourcePermission},
				{Name: "may not read", Config: byKey(peer, lister), Check: "storage.objects.get", Code: fault.SourcePermission},
				{Name: "may not bill", Config: with(byKey(peer, reader), "billing_project", "others-money"), Check: "storage.objects.list", Code: fault.SourcePermission},
			},
			Tables:      tables,
			Types:       schema.Types(),
			TargetBytes: oneSplit,
			Counts:      sourcetest.Counts{Rows: true},
			Mutations:   func() []string { return append(peer.Mutations(), recorder.Mutations()...) },
			Interrupt:   recorder.Break,
			Expire:      func(*testing.T) { peer.ExpireTokens() },
			Change:      func(t *testing.T) { put(t, peer, prefix+"/big/users.csv", users(bigRows+1)) },
		})
	})
}

// checksOf runs the checks of a connection, by name.
func checksOf(t *testing.T, endpoints source.Endpoints, cfg source.Config) map[string]source.CheckResult {
	t.Helper()
	results, err := open(t, endpoints, cfg).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]source.CheckResult{}
	for _, r := range results {
		byName[r.Name] = r
	}
	return byName
}

func names(results map[string]source.CheckResult, outcome source.Outcome) string {
	var list []string
	for name, r := range results {
		if r.Outcome == outcome {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
