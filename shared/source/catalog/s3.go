package catalog

import "github.com/headwaterhq/headwater/shared/source"

// S3 is Amazon S3.
func S3() source.Spec {
	return source.Spec{
		Platform: "s3",
		Title:    "Amazon S3",
		Description: "Imports CSV, NDJSON and Parquet files of an S3 bucket; CSV and NDJSON also compressed with gzip or zstd. " +
			"Every directory below the prefix that has data files is a table; directories named key=value are columns.",
		Category: "cloud_storage", Keywords: []string{"aws", "csv", "json", "parquet"},
		Availability: source.Available, Capabilities: []source.Capability{source.NestedColumns, source.Grants},
		Settings: []source.Field{
			{
				Name: "bucket", Title: "Bucket", Required: true,
				Description: "Name of the bucket, without s3:// and without a path.",
				Pattern:     `[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`, Example: "acme-exports", MaxLength: 63,
			},
			{
				Name: "prefix", Title: "Prefix",
				Description: "Directory below which the tables are. Empty takes the whole bucket.",
				Pattern:     `[^\x00-\x1f\x7f]*`, Example: "exports/crm", MaxLength: 900,
			},
			{
				Name: "region", Title: "Region", Required: true,
				Description: "AWS region of the bucket.",
				Pattern:     `[a-z]{2}(-[a-z]+)+-[0-9]{1,2}`, Example: "eu-central-1", MaxLength: 32,
			},
		},
		Auth: []source.AuthMethod{{
			Name: "access_key", Title: "Access key",
			Description: "The access key of an IAM user that may list and read the prefix and nothing else.",
			Fields: []source.Field{
				{
					Name: "access_key_id", Title: "Access key ID", Required: true,
					Description: "Identifies the key; not secret.",
					Pattern:     `[A-Za-z0-9_]{4,128}`, Example: "AKIAEXAMPLE", MaxLength: 128,
				},
				{
					Name: "secret_access_key", Title: "Secret access key", Required: true, Secret: true,
					Description: "The secret part of the key.", MaxLength: 256,
				},
				{
					Name: "session_token", Title: "Session token", Secret: true,
					Description: "Only with temporary credentials, which stop working when they expire.", MaxLength: 8192,
				},
			},
		}},
	}
}
