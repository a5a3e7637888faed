package catalog

import "github.com/headwaterhq/headwater/shared/source"

// The auth methods of S3.
const (
	S3Role      = "role"
	S3AccessKey = "access_key"
)

// S3RolePrefix begins the name of every role that a connection may assume, so
// that the deployment's own policy can be limited to such roles.
const S3RolePrefix = "headwater-"

// S3 is Amazon S3.
func S3() source.Spec {
	return source.Spec{
		Platform: "s3",
		Title:    "Amazon S3",
		Description: "Imports CSV, NDJSON and Parquet files of an S3 bucket; CSV and NDJSON also compressed with gzip or zstd. " +
			"Every directory below the prefix that has data files is a table; directories named key=value are columns.",
		Category: "cloud_storage", Keywords: []string{"aws", "csv", "json", "parquet"},
		Availability: source.Available, Capabilities: []source.Capability{source.RowFilter, source.NestedColumns, source.Grants},
		Settings: append(s3Settings(), FileSettings()...),
		Auth:     []source.AuthMethod{s3Role(), s3AccessKey()},
	}
}

func s3Settings() []source.Field {
	return []source.Field{
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
		{
			Name: "kms_key_arn", Title: "KMS key",
			Description: "ARN of the KMS key that encrypts the objects, where one does. Decryption is then limited to this key.",
			Pattern:     `arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+`,
			Example:     "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", MaxLength: 256,
		},
		{
			Name: "requester_pays", Title: "Requester pays", Kind: source.Boolean,
			Description: "The bucket charges its readers: AWS bills requests and transfer to the account of the role or user of this connection.",
		},
		{
			Name: "external_id", Title: "External ID", Generated: true,
			Description: "What the role's trust policy demands, so that nobody else can have Headwater assume the role.",
			Pattern:     `[A-Za-z0-9+=,.@:/_-]{16,128}`, Example: "hw-7QK2M5XH3VJ4N6PBRT2CWDYEA8", MaxLength: 128,
		},
	}
}

func s3Role() source.AuthMethod {
	return source.AuthMethod{
		Name: S3Role, Title: "IAM role",
		Description: "A role in your account that Headwater assumes with the connection's external ID. Nothing secret is stored, and every session is limited to the prefix.",
		Fields: []source.Field{{
			Name: "role_arn", Title: "Role ARN", Required: true,
			Description: "ARN of the role. Its name begins with " + S3RolePrefix + ": Headwater may assume no other.",
			Pattern:     `arn:aws[a-z-]*:iam::[0-9]{12}:role/` + S3RolePrefix + `[A-Za-z0-9+=,.@_-]{1,54}`,
			Example:     "arn:aws:iam::123456789012:role/headwater-exports", MaxLength: 128,
		}},
	}
}

func s3AccessKey() source.AuthMethod {
	return source.AuthMethod{
		Name: S3AccessKey, Title: "Access key", Deprecated: true,
		Description: "The access key of an IAM user that may list and read the prefix and nothing else. It works until somebody revokes it; a role needs no key.",
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
	}
}
