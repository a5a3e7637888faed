package catalog

import "github.com/headwaterhq/headwater/shared/source"

// GCS is Google Cloud Storage.
func GCS() source.Spec {
	return source.Spec{
		Platform: "gcs",
		Title:    "Google Cloud Storage",
		Description: "Imports CSV, NDJSON and Parquet files of a Cloud Storage bucket; CSV and NDJSON also compressed with gzip or zstd. " +
			"Every directory below the prefix that has data files is a table; directories named key=value are columns.",
		Category: "cloud_storage", Keywords: []string{"google", "gcp", "bucket", "csv", "json", "parquet"},
		Availability: source.Available, Capabilities: []source.Capability{source.RowFilter, source.NestedColumns, source.Grants},
		Settings: append(gcsSettings(), FileSettings()...),
		Auth:     googleAuth(),
	}
}

func gcsSettings() []source.Field {
	return []source.Field{
		{
			Name: "bucket", Title: "Bucket", Required: true,
			Description: "Name of the bucket, without gs:// and without a path.",
			Pattern:     `[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]`, Example: "acme-exports", MaxLength: 222,
		},
		{
			Name: "prefix", Title: "Prefix",
			Description: "Directory below which the tables are. Empty takes the whole bucket.",
			Pattern:     `[^\x00-\x1f\x7f]*`, Example: "exports/crm", MaxLength: 900,
		},
		{
			Name: "billing_project", Title: "Billing project",
			Description: "Id of the project that pays for requests and transfer, where the bucket wants the requester to pay.",
			Pattern:     `([a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]`, Example: "acme-data", MaxLength: 100,
		},
	}
}
