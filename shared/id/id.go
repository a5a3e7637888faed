// Package id makes and recognises identifiers: a prefix that says what the
// thing is, and a ULID in lower case, so that ids sort by creation time.
package id

import (
	"strings"

	"github.com/oklog/ulid/v2"
)

// Kind is an id's prefix.
type Kind string

// The kinds of ids.
const (
	Connection Kind = "con"
	Validation Kind = "val"
	Import     Kind = "imp"
	Run        Kind = "run"
	Upkeep     Kind = "upk"
)

// New returns a fresh id of a kind: "con_01k9…".
func New(k Kind) string { return string(k) + "_" + Nonce() }

// Nonce returns a fresh ULID without a prefix, for names that only must differ.
func Nonce() string { return strings.ToLower(ulid.Make().String()) }

// Is reports whether s is an id of kind k.
func Is(k Kind, s string) bool {
	text, ok := strings.CutPrefix(s, string(k)+"_")
	if !ok || text != strings.ToLower(text) {
		return false
	}
	_, err := ulid.ParseStrict(strings.ToUpper(text))
	return err == nil
}
