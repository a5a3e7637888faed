package bigquery_test

import (
	"maps"
	"net/http"
	"testing"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/bigquery"
	"github.com/headwaterhq/headwater/shared/source/catalog"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const (
	project = "acme-data"
	reader  = "reader@acme-data.iam.gserviceaccount.com"
)

// batchRows is how many rows the peer puts in a batch.
const batchRows = 4

// start starts a peer that runs SQL.
func start(t testing.TB) *googlepeer.Peer {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a third-party server")
	}
	return googlepeer.Run(t, googlepeer.Config{Project: project, Location: "EU", BatchRows: batchRows, Streams: 1})
}

// member makes a service account that may do what a connection needs, less some
// permissions, and returns a configuration with its key.
func member(t testing.TB, peer *googlepeer.Peer, email string, less ...string) source.Config {
	t.Helper()
	key := peer.ServiceAccount(email)
	peer.GrantAll(email, "projects/"+project, append(catalog.BigQueryRunPermissions(), catalog.BigQueryReadPermissions()...)...)
	for _, permission := range less {
		peer.Revoke(email, permission, "projects/"+project)
	}
	return config(key)
}

func config(key []byte) source.Config {
	return source.Config{
		Connection: "con_01",
		Settings:   map[string]any{"project": project, "datasets": "crm"},
		Credential: source.Credential{Method: "service_account_key", Fields: map[string]source.Secret{
			"key_json": source.Secret(key),
		}},
	}
}

// with changes a setting.
func with(cfg source.Config, name string, value any) source.Config {
	cfg.Settings = maps.Clone(cfg.Settings)
	cfg.Settings[name] = value
	return cfg
}

func open(t testing.TB, peer *googlepeer.Peer, cfg source.Config) *source.Source {
	t.Helper()
	s, err := source.Open(t.Context(), bigquery.New(peer.Endpoints()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func field(name, typ string) *bq.TableFieldSchema { return &bq.TableFieldSchema{Name: name, Type: typ} }

func list(name, typ string) *bq.TableFieldSchema {
	return &bq.TableFieldSchema{Name: name, Type: typ, Mode: "REPEATED"}
}

func record(name string, fields ...*bq.TableFieldSchema) *bq.TableFieldSchema {
	return &bq.TableFieldSchema{Name: name, Type: "RECORD", Fields: fields}
}

// bearing is an HTTP client with a token.
func bearing(t *testing.T, token string) *http.Client {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+token)
		return transport.RoundTrip(r)
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func driver(peer *googlepeer.Peer) source.Driver { return bigquery.New(peer.Endpoints()) }
