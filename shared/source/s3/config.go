package s3

import (
	"strings"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// config is a connection's configuration.
type config struct {
	bucket, prefix, region string
	keyID                  string
	secret, token          source.Secret
	policy                 string // what the connection needs, and no more
}

func parse(cfg source.Config) config {
	prefix := strings.Trim(cfg.Text("prefix"), "/")
	if prefix != "" {
		prefix += "/"
	}
	fields := cfg.Credential.Fields
	return config{
		bucket: cfg.Text("bucket"),
		prefix: prefix,
		region: cfg.Text("region"),
		keyID:  fields["access_key_id"].Reveal(),
		secret: fields["secret_access_key"],
		token:  fields["session_token"],
		policy: catalog.S3Grants(source.GrantRequest{Settings: cfg.Settings, Method: cfg.Credential.Method})[0].Text,
	}
}
