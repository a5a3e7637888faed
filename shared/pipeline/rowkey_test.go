package pipeline_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/headwaterhq/headwater/shared/pipeline"
)

const secret = "the key of a workspace"

var withKey = pipeline.WithHMAC([]byte(secret))

// rowKeyed is the row key that an identifier has under the secret.
func rowKeyed(identifier string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("headwater row key\x00" + identifier))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestRowKey(t *testing.T) {
	key, other := []byte(secret), []byte("the key of another workspace")
	got := pipeline.RowKey(key, "+4479")
	if got != rowKeyed("+4479") {
		t.Errorf("the row key is %s", got)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("+4479"))
	for name, same := range map[string]string{
		"what anybody can compute": hashed("+4479"), "what the transform makes": hex.EncodeToString(mac.Sum(nil)),
		"another's": pipeline.RowKey(key, "+4478"), "another workspace's": pipeline.RowKey(other, "+4479"),
	} {
		if got == same {
			t.Errorf("the row key is %s", name)
		}
	}
	if pipeline.RowKey(nil, "+4479") != "" || pipeline.RowKey(key, "") != "" {
		t.Error("a row key without a key, or of nobody")
	}
}
