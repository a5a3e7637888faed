package caller

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
)

// Key is an API key as it is stored: by its hash, so that whoever reads the
// table cannot call with it.
type Key struct {
	Hash        string // of the key's text, see Hash
	WorkspaceID string
	Subject     string // who the key acts for
	Name        string // for people
	Permissions []Permission
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
}

// Expired reports whether the key is of no use any more.
func (k Key) Expired(now time.Time) bool { return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) }

// Caller is who a request with this key is made by.
func (k Key) Caller() Caller {
	return Caller{WorkspaceID: k.WorkspaceID, Subject: k.Subject, Permissions: k.Permissions}
}

const (
	keyPrefix = "hwk_"
	keyBytes  = 32
)

// NewKey returns the text of a fresh key, which is shown once, and its hash.
func NewKey() (text, hash string) {
	secret := make([]byte, keyBytes)
	_, _ = rand.Read(secret) // never fails: it ends the program instead
	text = keyPrefix + base64.RawURLEncoding.EncodeToString(secret)
	return text, Hash(text)
}

// Hash is the SHA-256 of a key's text in hex. A key has 256 random bits, so a plain hash is enough.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// IsKey reports whether text has the shape of an API key.
func IsKey(text string) bool {
	rest, ok := strings.CutPrefix(text, keyPrefix)
	if !ok {
		return false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	return err == nil && len(secret) == keyBytes && len(rest) == base64.RawURLEncoding.EncodedLen(keyBytes) // the decoder skips line ends
}
