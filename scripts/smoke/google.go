package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/sourcetest/googlepeer"
)

const (
	googleProject = "acme-data"
	googleReader  = "headwater@acme-data.iam.gserviceaccount.com"
	googleBucket  = "acme-visitors"
)

// startGoogle starts a Google Cloud with a dataset and a bucket, and a service account that may read both.
func startGoogle(ctx context.Context) ([]service, error) {
	peer, err := googlepeer.Start(ctx, googlepeer.Config{Project: googleProject, Location: "EU"})
	if err != nil {
		return nil, fmt.Errorf("starting a Google Cloud: %w", err)
	}
	key, err := asGoogleMakesIt(peer.ServiceAccount(googleReader))
	if err != nil {
		return nil, err
	}
	credentials := map[string]any{"method": "service_account_key", "key_json": string(key)}
	reachable := map[string]string{}
	for _, name := range []string{
		source.EndpointBigQuery, source.EndpointBigQueryStorage, source.EndpointGCS, source.EndpointGoogleOAuth,
		source.EndpointGoogleIAMCredentials, source.EndpointGoogleResourceManager, source.EndpointGoogleSTS,
	} {
		reachable[name] = peer.Endpoints()(name)
	}
	started := []service{
		{
			platform: demo.Platform{
				Name: "bigquery", Settings: map[string]any{"project": googleProject}, Credentials: credentials,
				Table: "crm.visitors", Rows: visitors, Who: who,
				Query: "SELECT * FROM crm.visitors WHERE country = 'DE'", QueryRows: visitors / 3,
			},
			secret: secretOf(key), endpoint: reachable, close: func() error { peer.Close(); return nil },
		},
		{
			platform: demo.Platform{
				Name: "gcs", Settings: map[string]any{"bucket": googleBucket, "prefix": "crm"}, Credentials: credentials,
				Table: "visitors", Rows: visitors, Who: who,
			},
			secret: secretOf(key), close: func() error { return nil },
		},
	}
	if err := seedGoogle(ctx, peer); err != nil {
		return started, fmt.Errorf("seeding a Google Cloud: %w", err)
	}
	return started, nil
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
		panic("smoke: the peer's own key file: " + err.Error())
	}
	return strings.Split(file.PrivateKey, "\n")[2] // a line in the middle
}

func seedGoogle(ctx context.Context, peer *googlepeer.Peer) error {
	peer.GrantAll(googleReader, "projects/"+googleProject,
		"bigquery.jobs.create", "bigquery.readsessions.create", "bigquery.readsessions.getData")
	peer.GrantAll(googleReader, "projects/"+googleProject+"/datasets/crm",
		"bigquery.datasets.get", "bigquery.tables.list", "bigquery.tables.get", "bigquery.tables.getData")
	peer.GrantAll(googleReader, "projects/_/buckets/"+googleBucket, "storage.buckets.get", "storage.objects.list", "storage.objects.get")
	if err := peer.CreateDataset(ctx, "crm", "EU"); err != nil {
		return err
	}
	rows := fmt.Sprintf("CREATE TABLE `%s.crm.visitors` AS SELECT %s FROM UNNEST(GENERATE_ARRAY(1, %d)) AS n", googleProject, visitorsOf("STRING"), visitors)
	if err := peer.Exec(ctx, rows); err != nil {
		return err
	}
	if err := peer.CreateBucket(ctx, googlepeer.Bucket{Name: googleBucket, Location: "EU"}); err != nil {
		return err
	}
	_, err := peer.PutObject(ctx, googleBucket, "crm/visitors/part-0.ndjson", "application/x-ndjson", visitorsNDJSON())
	return err
}

func visitorsNDJSON() []byte {
	var b strings.Builder
	for n := 1; n <= visitors; n++ {
		fmt.Fprintf(&b, `{"user_id":"visitor-%[1]d","email":"v%[1]d@example.com","country":"DE","visits":%[1]d,"seen_at":"2026-01-01T00:00:00Z"}`+"\n", n)
	}
	return []byte(b.String())
}
