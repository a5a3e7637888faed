package catalog_test

import (
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

func TestIdentity(t *testing.T) {
	const role, account = "arn:aws:iam::123456789012:role/headwater-exports", "reader@acme.iam.gserviceaccount.com"
	for name, test := range map[string]struct {
		platform string
		fields   map[string]source.Secret
		want     string
	}{
		"a role":               {"s3", map[string]source.Secret{"role_arn": role}, role},
		"an access key":        {"s3", map[string]source.Secret{"access_key_id": "AKIA", "secret_access_key": "s"}, ""},
		"a key":                {"bigquery", map[string]source.Secret{"key_json": `{"client_email":"` + account + `","private_key":"s"}`}, account},
		"a key of storage":     {"gcs", map[string]source.Secret{"key_json": `{"client_email":"` + account + `"}`}, account},
		"a broken key":         {"gcs", map[string]source.Secret{"key_json": `{"client_email`}, ""},
		"a key with a secret":  {"gcs", map[string]source.Secret{"key_json": `{"client_email":"-----BEGIN PRIVATE KEY-----\n"}`}, ""},
		"a key with much":      {"gcs", map[string]source.Secret{"key_json": source.Secret(`{"client_email":"` + strings.Repeat("a", 321) + `"}`)}, ""},
		"a federated identity": {"bigquery", map[string]source.Secret{"service_account_email": account}, account},
		"somebody's consent":   {"gcs", map[string]source.Secret{"refresh_token": "s"}, ""},
		"a role to log in by":  {"snowflake", map[string]source.Secret{"role_arn": role}, role},
		"another platform":     {"mysql", map[string]source.Secret{"role_arn": role}, ""},
	} {
		if got := catalog.Identity(test.platform, source.Credential{Fields: test.fields}); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
