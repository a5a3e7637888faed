package source

import (
	"fmt"
	"slices"

	"github.com/headwaterhq/headwater/shared/fault"
)

// Spec describes a platform. Catalog, validation, documentation and forms
// are made from it.
type Spec struct {
	Platform    string // "s3"
	Title       string // "Amazon S3"
	Description string
	Category    string       // "data_warehouse" or "cloud_storage"
	Settings    []Field      // what is not secret
	Auth        []AuthMethod // the first one is recommended
}

// AuthMethod is one way to authenticate.
type AuthMethod struct {
	Name        string // "access_key"
	Title       string
	Description string
	Deprecated  bool
	Fields      []Field
}

// Field is one setting or one part of a credential. Values are strings unless Kind says otherwise.
type Field struct {
	Name        string
	Title       string
	Description string
	Kind        Kind
	Required    bool
	Secret      bool   // never shown again
	Pattern     string // RE2 that the whole value must match; empty takes any
	Allowed     []string
	Default     string
	Example     string
	MaxLength   int // 0 means 1024
}

// Kind is the JSON type of a field.
type Kind string

// The kinds of fields.
const (
	Text    Kind = "string"
	Boolean Kind = "boolean"
	Integer Kind = "integer"
)

// Catalog is the platforms that a program knows, whether or not it can open them.
type Catalog []Spec

// Spec returns a platform's Spec, or fault.PlatformUnknown.
func (c Catalog) Spec(platform string) (Spec, error) {
	names := make([]string, len(c))
	for n, s := range c {
		if s.Platform == platform {
			return s, nil
		}
		names[n] = s.Platform
	}
	return Spec{}, unknownPlatform(names)
}

func unknownPlatform(known []string) error {
	slices.Sort(known)
	return fault.Field(fault.PlatformUnknown, "platform", fmt.Sprintf("must be one of: %v", known))
}

// Method returns the auth method with this name.
func (s Spec) Method(name string) (AuthMethod, bool) {
	for _, m := range s.Auth {
		if m.Name == name {
			return m, true
		}
	}
	return AuthMethod{}, false
}
