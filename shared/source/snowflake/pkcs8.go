package snowflake

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // Snowflake's own instructions encrypt keys with it
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // the default of the key derivation, by its standard
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
)

// Object identifiers of PKCS#5 version 2 (RFC 8018) and of the ciphers and
// hashes that OpenSSL uses with it.
var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}

	ciphers = map[string]struct {
		size  int
		block func([]byte) (cipher.Block, error)
	}{
		"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
		"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
		"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
		"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
	}
	hashes = map[string]func() hash.Hash{
		"":                    sha1.New,
		"1.2.840.113549.2.7":  sha1.New,
		"1.2.840.113549.2.8":  sha256.New224,
		"1.2.840.113549.2.9":  sha256.New,
		"1.2.840.113549.2.10": sha512.New384,
		"1.2.840.113549.2.11": sha512.New,
	}
)

type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2 struct {
	Derivation, Cipher pkix.AlgorithmIdentifier
}

type pbkdf2Parameters struct {
	Salt       []byte
	Iterations int
	Length     int                      `asn1:"optional"`
	Hash       pkix.AlgorithmIdentifier `asn1:"optional"`
}

// maxIterations bounds the work that a key can demand.
const maxIterations = 10_000_000

var (
	errKeyScheme     = errors.New("is encrypted in a way that is not known: use openssl pkcs8 -topk8 -v2 aes-256-cbc")
	errKeyPassphrase = errors.New("does not open the key")
)

// decryptPKCS8 opens an encrypted PKCS#8 key (PBES2 with PBKDF2). Its errors
// hold nothing of the key.
func decryptPKCS8(der, passphrase []byte) ([]byte, error) {
	var key encryptedKey
	if _, err := asn1.Unmarshal(der, &key); err != nil || !key.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, errKeyScheme
	}
	var scheme pbes2
	var derivation pbkdf2Parameters
	var iv []byte
	if _, err := asn1.Unmarshal(key.Algorithm.Parameters.FullBytes, &scheme); err != nil || !scheme.Derivation.Algorithm.Equal(oidPBKDF2) {
		return nil, errKeyScheme
	}
	if _, err := asn1.Unmarshal(scheme.Derivation.Parameters.FullBytes, &derivation); err != nil {
		return nil, errKeyScheme
	}
	if _, err := asn1.Unmarshal(scheme.Cipher.Parameters.FullBytes, &iv); err != nil {
		return nil, errKeyScheme
	}
	used, known := ciphers[scheme.Cipher.Algorithm.String()]
	digest, digestKnown := hashes[derivation.Hash.Algorithm.String()]
	if !known || !digestKnown || derivation.Iterations < 1 || derivation.Iterations > maxIterations {
		return nil, errKeyScheme
	}
	secret, err := pbkdf2.Key(digest, string(passphrase), derivation.Salt, derivation.Iterations, used.size)
	if err != nil {
		return nil, errKeyScheme
	}
	block, err := used.block(secret)
	if err != nil || len(iv) != block.BlockSize() || len(key.Data) == 0 || len(key.Data)%block.BlockSize() != 0 {
		return nil, errKeyScheme
	}
	plain := make([]byte, len(key.Data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, key.Data)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > block.BlockSize() {
		return nil, errKeyPassphrase
	}
	return plain[:len(plain)-padding], nil
}
