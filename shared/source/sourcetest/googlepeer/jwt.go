package googlepeer

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// claims are those of a JWT that a service account signed.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Scope    string `json:"scope"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

// Google's words for what is wrong with an assertion.
const (
	errFormat    = refusal("Invalid JWT: Token could not be parsed.")
	errSignature = refusal("Invalid JWT Signature.")
	errAccount   = refusal("Invalid grant: account not found")
	errTimes     = refusal("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.")
)

type refusal string

func (r refusal) Error() string { return string(r) }

// skew is how far the signer's clock may be off.
const skew = time.Minute

// verify returns the claims of a JWT signed by a key of an account that is enabled.
func (i *identity) verify(token string) (claims, error) {
	var header struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
	}
	var c claims
	signed, signature, ok := cutLast(token)
	head, body, two := strings.Cut(signed, ".")
	if !ok || !two || decodePart(head, &header) != nil || decodePart(body, &c) != nil {
		return c, errFormat
	}
	key, known := i.key(header.KeyID, c.Issuer)
	if !known {
		return c, errAccount
	}
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	sum := sha256.Sum256([]byte(signed))
	if err != nil || header.Algorithm != "RS256" || key == nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) != nil {
		return c, errSignature
	}
	now := time.Now()
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	if issued.After(now.Add(skew)) || !expires.After(now) || expires.Sub(issued) > time.Hour+skew {
		return c, errTimes
	}
	return c, nil
}

// key returns a key of an account, nil when it has none with this id. An
// account that is unknown or disabled has no keys at all.
func (i *identity) key(id, email string) (*rsa.PublicKey, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	a := i.accounts[email]
	if a == nil || a.disabled {
		return nil, false
	}
	k := i.keys[id]
	if k == nil || k.email != email || k.deleted {
		return nil, true
	}
	return k.public, true
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func decodePart(part string, to any) error {
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, to)
}
