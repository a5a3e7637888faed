package snowflake

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// Keys of a key pair, by the fields that hold them.
var keyFields = []struct{ key, passphrase string }{
	{"private_key", "passphrase"},
	{"second_private_key", "second_passphrase"},
}

// privateKeys returns the keys of a credential, in the order in which to try
// them. What is wrong with one is reported by its field.
func privateKeys(fields map[string]source.Secret) ([]*rsa.PrivateKey, error) {
	var keys []*rsa.PrivateKey
	for _, f := range keyFields {
		text := fields[f.key].Reveal()
		if text == "" {
			continue
		}
		key, passphrase, message := parseKey([]byte(text), []byte(fields[f.passphrase].Reveal()))
		if message != "" {
			field := f.key
			if passphrase {
				field = f.passphrase
			}
			return nil, fault.Field(fault.SourceInvalidConfig, "credentials."+field, message)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// parseKey reads a PKCS#8 key. When it cannot, message says why, and
// atPassphrase whether the passphrase is at fault.
func parseKey(text, passphrase []byte) (key *rsa.PrivateKey, atPassphrase bool, message string) {
	block, _ := pem.Decode(bytes.TrimSpace(text))
	if block == nil {
		return nil, false, "is no PEM: it must begin with -----BEGIN PRIVATE KEY----- or -----BEGIN ENCRYPTED PRIVATE KEY-----"
	}
	der, encrypted := block.Bytes, block.Type == "ENCRYPTED PRIVATE KEY"
	switch {
	case encrypted && len(passphrase) == 0:
		return nil, true, "is missing: the key is encrypted"
	case encrypted:
		var err error
		if der, err = decryptPKCS8(der, passphrase); err != nil {
			return nil, errors.Is(err, errKeyPassphrase), err.Error()
		}
	case block.Type != "PRIVATE KEY":
		return nil, false, "is not PKCS#8: convert it with openssl pkcs8 -topk8"
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	switch {
	case err != nil && encrypted:
		return nil, true, errKeyPassphrase.Error()
	case err != nil:
		return nil, false, "is not a PKCS#8 key"
	}
	rsaKey, ok := parsed.(*rsa.PrivateKey)
	if !ok || rsaKey.N.BitLen() < minKeyBits {
		return nil, false, "must be an RSA key of at least 2048 bits"
	}
	return rsaKey, false, ""
}

// minKeyBits is what Snowflake asks for.
const minKeyBits = 2048
