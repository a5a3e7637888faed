package s3

import (
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// config is a connection's configuration.
type config struct {
	bucket, prefix, region string
	kmsKey                 string
	requesterPays          bool
	connection             string

	method      string
	role        string // ARN
	externalID  string
	keyID       string
	secret      source.Secret
	token       source.Secret
	permissions source.GrantRequest // asks for what the connection needs
}

func parse(cfg source.Config) (config, error) {
	prefix := strings.Trim(cfg.Text("prefix"), "/")
	if prefix != "" {
		prefix += "/"
	}
	fields := cfg.Credential.Fields
	c := config{
		bucket:        cfg.Text("bucket"),
		prefix:        prefix,
		region:        cfg.Text("region"),
		kmsKey:        cfg.Text("kms_key_arn"),
		requesterPays: cfg.Bool("requester_pays"),
		connection:    cfg.Connection,

		method:      cfg.Credential.Method,
		role:        fields["role_arn"].Reveal(),
		externalID:  cfg.Text("external_id"),
		keyID:       fields["access_key_id"].Reveal(),
		secret:      fields["secret_access_key"],
		token:       fields["session_token"],
		permissions: source.GrantRequest{Settings: cfg.Settings, Method: cfg.Credential.Method, Identity: fields["role_arn"].Reveal()},
	}
	if c.assumes() && c.externalID == "" {
		return config{}, fault.New(fault.SourceInvalidConfig, "the connection has no external ID, so a role cannot be assumed safely; create the connection anew")
	}
	return c, nil
}

// assumes reports whether the connection authenticates by a role.
func (c config) assumes() bool { return c.method == catalog.S3Role }

// holder is what the permissions are given to, for people.
func (c config) holder() string {
	if c.assumes() {
		return "role"
	}
	return "IAM user"
}

// policy is what the connection needs, and no more.
func (c config) policy() string { return c.grant("iam_policy") }

// grant is one of the connection's grants.
func (c config) grant(language string) string {
	for _, g := range catalog.S3Grants(c.permissions) {
		if g.Language == language {
			return g.Text
		}
	}
	return ""
}
