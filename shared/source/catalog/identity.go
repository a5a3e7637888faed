package catalog

import (
	"encoding/json"
	"regexp"

	"github.com/headwaterhq/headwater/shared/source"
)

// openly is what an identity looks like: an ARN, an e-mail address. Whatever
// else a credential has in that place is not shown.
var openly = regexp.MustCompile(`^[A-Za-z0-9+=,.@:/_-]{1,320}$`)

// Identity returns who a connection becomes at its platform, where its
// credential says so openly: the role that is assumed, the service account of a
// key. Grants name it. It is empty where nobody but the platform knows, or where a
// setting says it.
func Identity(platform string, c source.Credential) string {
	var identity string
	switch platform {
	case S3().Platform, Snowflake().Platform:
		identity = c.Fields["role_arn"].Reveal()
	case BigQuery().Platform, GCS().Platform:
		identity = serviceAccount(c)
	}
	if !openly.MatchString(identity) {
		return ""
	}
	return identity
}

// serviceAccount is that of a key, or the one that a federated identity impersonates.
func serviceAccount(c source.Credential) string {
	var key struct {
		ClientEmail string `json:"client_email"`
	}
	if text, ok := c.Fields["key_json"]; ok && json.Unmarshal([]byte(text.Reveal()), &key) == nil {
		return key.ClientEmail
	}
	return c.Fields["service_account_email"].Reveal()
}
