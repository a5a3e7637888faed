package pipeline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// rowKeyOf keeps row keys apart from what ingest.HMACSHA256 makes of the same text under the same key.
const rowKeyOf = "headwater row key\x00"

// RowKey finds a rejected row again without telling whose it is: the HMAC-SHA-256, in lower-case hex, of the
// identifier as it stands after mapping, under the workspace's key. It is the same in every run of the workspace, and
// who has no key cannot tell which of all telephone numbers it is of. Empty without a key or an identifier.
func RowKey(key []byte, identifier string) string {
	if len(key) == 0 || identifier == "" {
		return ""
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(rowKeyOf + identifier)) // a hash takes everything
	return hex.EncodeToString(mac.Sum(nil))
}
