package secretsmanager

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const keyLen = 32

// vault keeps the secrets in one file, encrypted with AES-256-GCM under a key that lives in another file. Neither a name nor a
// value can be read from the first one.
type vault struct {
	path string
	aead cipher.AEAD
}

// openVault makes the key, readable by its owner alone, if there is none.
func openVault(path, keyPath string) (*vault, error) {
	key, err := os.ReadFile(keyPath)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, keyLen)
		_, _ = rand.Read(key) // never fails
		err = errors.Join(os.MkdirAll(filepath.Dir(keyPath), 0o700), os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(keyPath, key, 0o600))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key of the secrets: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("reading the key of the secrets: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("reading the key of the secrets: %w", err)
	}
	return &vault{path: path, aead: aead}, nil
}

func (v *vault) load() (map[string]*secret, error) {
	secrets := map[string]*secret{}
	sealed, err := os.ReadFile(v.path)
	if errors.Is(err, fs.ErrNotExist) {
		return secrets, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the secrets: %w", err)
	}
	n := v.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("the file of the secrets is damaged")
	}
	plain, err := v.aead.Open(nil, sealed[:n], sealed[n:], nil)
	if err != nil {
		return nil, fmt.Errorf("decrypting the secrets: %w", err)
	}
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return nil, errors.New("the file of the secrets is damaged")
	}
	return secrets, nil
}

// save replaces the file at once: a crash leaves the old secrets or the new ones.
func (v *vault) save(secrets map[string]*secret) error {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return fmt.Errorf("encoding the secrets: %w", err)
	}
	nonce := make([]byte, v.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	temp := v.path + ".new"
	if err := os.WriteFile(temp, v.aead.Seal(nonce, nonce, plain, nil), 0o600); err != nil {
		return fmt.Errorf("writing the secrets: %w", err)
	}
	if err := os.Rename(temp, v.path); err != nil {
		return fmt.Errorf("writing the secrets: %w", err)
	}
	return nil
}
