// Package quarantine keeps the rows that a run rejected: why each was, readable
// by everybody who may read the bucket, and what it held, readable only with the
// run's key, which can be destroyed.
//
// The rejected rows of one part of a split are two objects. The lines, gzipped
// NDJSON, say of each row where it is from and what is wrong with it; the value at
// fault is sealed in its line. The rows, sealed as a whole, are the rows as they
// came from the source, for those lines that have one: a row that the source's
// reader could not read has none, nor has one that another stage left over.
//
// Everything is sealed by AES-256-GCM under the run's key. A value is bound to
// the run, its place among the lines and everything that its line says; the rows to the run,
// the split and the very lines that they were written with. So nothing can be moved, dropped or
// put in another's place without being refused.
package quarantine

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/ingest"
)

// keySize is the size of a run's key, and of a workspace's, in bytes.
const keySize = 32

// Key seals and opens what one run has put into quarantine; a Vault has it. It prints as ***.
type Key struct {
	run  ingest.Ref
	aead cipher.AEAD
}

// Format prints a mask, whatever the verb.
func (Key) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, "***") }

// What is sealed for one purpose cannot be opened for another.
const (
	forKey   = "headwater/run-key/1"
	forValue = "headwater/quarantine/value/1"
	forRows  = "headwater/quarantine/rows/1"
)

// newKey returns the key of a run. What secret holds must be keySize long.
func newKey(run ingest.Ref, secret []byte) (Key, error) {
	aead, err := newAEAD(secret)
	return Key{run, aead}, err
}

// newAEAD draws a nonce for each message and puts it before it. A key is good
// for 2^32 messages: a run has one for each rejected value and each chunk of rows.
func newAEAD(secret []byte) (cipher.AEAD, error) {
	if len(secret) != keySize {
		return nil, fmt.Errorf("a key has %d bytes, not %d", keySize, len(secret))
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("making cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal appends a sealed message to dst, which shares no memory with it.
func seal(with cipher.AEAD, dst, message, data []byte) []byte {
	return with.Seal(dst, nil, message, data) //nolint:gosec // G407: the cipher draws the nonce itself, and takes none
}

// bind appends texts to additional data so that no two lists of them are the same bytes.
func bind(data []byte, texts ...string) []byte {
	for _, text := range texts {
		data = append(binary.AppendUvarint(data, uint64(len(text))), text...)
	}
	return data
}

func bindRun(data []byte, purpose string, run ingest.Ref) []byte {
	return bind(data, purpose, run.WorkspaceID, run.ImportID, run.RunID)
}

// damaged is about objects that are not what a Writer made with this key.
func damaged(what string) error {
	return fault.New(fault.Internal, "an object in quarantine is damaged: "+what)
}
