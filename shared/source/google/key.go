package google

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"regexp"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// jwtAudience is the audience of the JWTs that service accounts sign, wherever they are sent.
const jwtAudience = "https://oauth2.googleapis.com/token"

// tokenURLs are what Google has written into keys over the years.
var tokenURLs = []string{
	jwtAudience,
	"https://accounts.google.com/o/oauth2/token",
	"https://www.googleapis.com/oauth2/v4/token",
}

var account = regexp.MustCompile(`^(?:` + catalog.GoogleAccount + `)$`)

// serviceAccountKey is what of a key file is used. The URLs in it are not.
type serviceAccountKey struct {
	Type         string `json:"type"`
	ClientEmail  string `json:"client_email"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
	TokenURI     string `json:"token_uri"`
	Universe     string `json:"universe_domain"`
}

// parseKey reads a key file. A key that names a token endpoint which is neither
// Google's nor the deployment's is refused: nobody would make one in good faith.
// No message repeats anything of the key.
func parseKey(text source.Secret, endpoint string) (serviceAccountKey, error) {
	var key serviceAccountKey
	if json.Unmarshal([]byte(text.Reveal()), &key) != nil {
		return key, badKey("is not a JSON object: paste the whole key file, from { to }")
	}
	switch {
	case key.Type != "service_account":
		return key, badKey("is not a service-account key: its type must be service_account")
	case !account.MatchString(key.ClientEmail):
		return key, badKey("has no client_email of a service account")
	case key.PrivateKeyID == "":
		return key, badKey("has no private_key_id")
	case !isPrivateKey(key.PrivateKey):
		return key, badKey("has no readable RSA private_key: line breaks in it must stay \\n")
	case key.TokenURI != "" && key.TokenURI != endpoint && !slices.Contains(tokenURLs, key.TokenURI):
		return key, badKey("names a token_uri that is not Google's")
	case key.Universe != "" && key.Universe != "googleapis.com":
		return key, badKey("is of another universe than googleapis.com")
	}
	return key, nil
}

func isPrivateKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		_, ok := parsed.(*rsa.PrivateKey)
		return ok
	}
	_, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	return err == nil
}

func badKey(problem string) error {
	return fault.Field(fault.SourceInvalidConfig, "credentials.key_json", problem)
}
