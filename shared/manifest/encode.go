package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/headwaterhq/headwater/shared/schema"
)

// Encode returns the manifest's only encoding, and the hash of it: JSON in the
// order of the fields, without insignificant space, in one line.
func (m Manifest) Encode() (body []byte, hash string, err error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		return nil, "", fmt.Errorf("encoding manifest: %w", err)
	}
	return out.Bytes(), Hash(out.Bytes()), nil
}

// Hash is the SHA-256 of an encoded manifest, in hex.
func Hash(body []byte) string { return schema.Hash(body) }

// Decode reads an encoded manifest. What Encode would write in any other way is refused.
func Decode(body []byte) (Manifest, error) {
	var m Manifest
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return Manifest{}, errors.New("decoding manifest: it is not one") // the cause could quote it
	}
	if m.Version != Version {
		return Manifest{}, fmt.Errorf("decoding manifest: its version is %d, this program knows %d", m.Version, Version)
	}
	again, _, err := m.Encode()
	if err != nil {
		return Manifest{}, err
	}
	if !bytes.Equal(again, body) {
		return Manifest{}, errors.New("decoding manifest: it is not in the canonical form")
	}
	return m, nil
}
