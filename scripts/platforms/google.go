// Package platforms brings up platforms to import from, each with a principal
// that may read one place and nothing else.
package platforms

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

// Google is a Google Cloud with a dataset and a bucket, and a service account that may read both.
type Google struct {
	*googlepeer.Peer
	Credentials map[string]any // as the API takes them
	Secret      string         // the part of the key file that no answer, log or file may hold
}

// What the Google Cloud has.
const (
	GoogleProject = "acme-data"
	GoogleDataset = "crm"
	GoogleBucket  = "acme-visitors"

	googleReader = "headwater@acme-data.iam.gserviceaccount.com"
)

// StartGoogle starts one. Its dataset and its bucket are empty.
func StartGoogle(ctx context.Context) (*Google, error) {
	peer, err := googlepeer.Start(ctx, googlepeer.Config{Project: GoogleProject, Location: "EU"})
	if err != nil {
		return nil, fmt.Errorf("starting a Google Cloud: %w", err)
	}
	g := &Google{Peer: peer}
	if err := g.prepare(ctx); err != nil {
		peer.Close()
		return nil, fmt.Errorf("preparing a Google Cloud: %w", err)
	}
	return g, nil
}

func (g *Google) prepare(ctx context.Context) error {
	key, err := asGoogleMakesIt(g.ServiceAccount(googleReader))
	if err != nil {
		return err
	}
	g.Credentials = map[string]any{"method": "service_account_key", "key_json": string(key)}
	g.Secret = secretOf(key)
	g.GrantAll(googleReader, "projects/"+GoogleProject,
		"bigquery.jobs.create", "bigquery.readsessions.create", "bigquery.readsessions.getData")
	g.GrantAll(googleReader, "projects/"+GoogleProject+"/datasets/"+GoogleDataset,
		"bigquery.datasets.get", "bigquery.tables.list", "bigquery.tables.get", "bigquery.tables.getData")
	g.GrantAll(googleReader, "projects/_/buckets/"+GoogleBucket, "storage.buckets.get", "storage.objects.list", "storage.objects.get")
	if err := g.CreateDataset(ctx, GoogleDataset, "EU"); err != nil {
		return err
	}
	return g.CreateBucket(ctx, googlepeer.Bucket{Name: GoogleBucket, Location: "EU"})
}

// Endpoints are where its services are, by their names in package source.
func (g *Google) Endpoints() map[string]string {
	at := map[string]string{}
	for _, name := range []string{
		source.EndpointBigQuery, source.EndpointBigQueryStorage, source.EndpointGCS, source.EndpointGoogleOAuth,
		source.EndpointGoogleIAMCredentials, source.EndpointGoogleResourceManager, source.EndpointGoogleSTS,
	} {
		at[name] = g.Peer.Endpoints()(name)
	}
	return at
}

// asGoogleMakesIt names Google's token endpoint in a key file, where the peer
// names its own: a driver takes no other, and asks the configured one.
func asGoogleMakesIt(key []byte) ([]byte, error) {
	var file map[string]string
	if err := json.Unmarshal(key, &file); err != nil {
		return nil, fmt.Errorf("reading the peer's key file: %w", err)
	}
	file["token_uri"] = "https://oauth2.googleapis.com/token"
	return json.Marshal(file)
}

// secretOf is the secret part of a key file, as it is in any text.
func secretOf(key []byte) string {
	var file struct {
		PrivateKey string `json:"private_key"`
	}
	if err := json.Unmarshal(key, &file); err != nil {
		panic("the peer's own key file: " + err.Error())
	}
	return strings.Split(file.PrivateKey, "\n")[2] // a line in the middle
}
