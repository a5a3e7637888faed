package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/headwaterhq/headwater/scripts/demo"
	"github.com/headwaterhq/headwater/scripts/platforms"
)

// startGoogle starts a Google Cloud with the visitors in its dataset and in its bucket.
func startGoogle(ctx context.Context) ([]service, error) {
	google, err := platforms.StartGoogle(ctx)
	if err != nil {
		return nil, err
	}
	started := []service{
		{
			platform: demo.Platform{
				Name: "bigquery", Settings: map[string]any{"project": platforms.GoogleProject}, Credentials: google.Credentials,
				Table: platforms.GoogleDataset + ".visitors", Rows: visitors, Who: who,
				Query: "SELECT * FROM crm.visitors WHERE country = 'DE'", QueryRows: visitors / 3,
			},
			secret: google.Secret, endpoint: google.Endpoints(), close: func() error { google.Close(); return nil },
		},
		{
			platform: demo.Platform{
				Name: "gcs", Settings: map[string]any{"bucket": platforms.GoogleBucket, "prefix": "crm"}, Credentials: google.Credentials,
				Table: "visitors", Rows: visitors, Who: who,
			},
			secret: google.Secret, close: func() error { return nil },
		},
	}
	rows := fmt.Sprintf("CREATE TABLE `%s.%s.visitors` AS SELECT %s FROM UNNEST(GENERATE_ARRAY(1, %d)) AS n",
		platforms.GoogleProject, platforms.GoogleDataset, visitorsOf("STRING"), visitors)
	if err := google.Exec(ctx, rows); err != nil {
		return started, fmt.Errorf("seeding a Google Cloud: %w", err)
	}
	if _, err := google.PutObject(ctx, platforms.GoogleBucket, "crm/visitors/part-0.ndjson", "application/x-ndjson", visitorsNDJSON()); err != nil {
		return started, fmt.Errorf("seeding a Google Cloud: %w", err)
	}
	return started, nil
}

func visitorsNDJSON() []byte {
	var b strings.Builder
	for n := 1; n <= visitors; n++ {
		fmt.Fprintf(&b, `{"user_id":"visitor-%[1]d","email":"v%[1]d@example.com","country":"DE","visits":%[1]d,"seen_at":"2026-01-01T00:00:00Z"}`+"\n", n)
	}
	return []byte(b.String())
}
