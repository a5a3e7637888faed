package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"strconv"
)

// Definition is the table as JSON without its estimates: the same as long as
// nothing about the table itself changes.
func (t Table) Definition() []byte {
	t.Rows, t.Bytes, t.Files = 0, 0, 0
	b, err := json.Marshal(t)
	if err != nil {
		panic("schema: tables always marshal: " + err.Error())
	}
	return b
}

// Hash is the SHA-256 of a table's definition, or of any other text, in hex.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Version is the version of tables that are added one by one, in the order of
// their names.
type Version struct{ sum hash.Hash }

// NewVersion is the version of no tables.
func NewVersion() Version { return Version{sha256.New()} }

// Add adds a table by its name and the hash of its definition.
func (v Version) Add(name, hash string) {
	// A hash never fails to write; the length keeps a name from running into the hash.
	_, _ = v.sum.Write([]byte(strconv.Itoa(len(name)) + ":" + name + hash))
}

// Sum is the version, in hex.
func (v Version) Sum() string { return hex.EncodeToString(v.sum.Sum(nil)) }
