package source_test

import (
	"slices"
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
)

func TestSearch(t *testing.T) {
	catalog := source.Catalog{
		{Platform: "bigquery", Title: "Google BigQuery", Category: source.DataWarehouse, Keywords: []string{"bq", "gcp"}},
		{Platform: "gcs", Title: "Google Cloud Storage", Category: source.CloudStorage, Keywords: []string{"csv"}},
		{Platform: "snowflake", Title: "Snowflake", Category: source.DataWarehouse, Keywords: []string{"time travel"}},
	}
	for _, test := range []struct {
		query, category string
		want            []string
	}{
		{"", "", []string{"bigquery", "gcs", "snowflake"}},
		{"  ", "", []string{"bigquery", "gcs", "snowflake"}},
		{"snow", "", []string{"snowflake"}},
		{"SNOW", "", []string{"snowflake"}},
		{"flake", "", nil},
		{"google", "", []string{"bigquery", "gcs"}},
		{"storage google", "", []string{"gcs"}},
		{"google-stor", "", []string{"gcs"}},
		{"google snow", "", nil},
		{"bq", "", []string{"bigquery"}},
		{"travel", "", []string{"snowflake"}},
		{"google", source.DataWarehouse, []string{"bigquery"}},
		{"", source.CloudStorage, []string{"gcs"}},
		{"snow", source.CloudStorage, nil},
	} {
		var got []string
		for _, s := range catalog.Search(test.query, test.category) {
			got = append(got, s.Platform)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("Search(%q, %q) = %v, want %v", test.query, test.category, got, test.want)
		}
	}
}
